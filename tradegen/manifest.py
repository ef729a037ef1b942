"""The manifest: what a run was. Enough to replay it, and to see that a replay gave the same."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from tradegen.mismatches.catalogue import NAMES
from tradegen.run import Run
from tradegen.schema import FIELDS, Block, Columns
from tradegen.version import __version__

__all__ = ["Tally"]


class Tally:
    """Counts and digests of a run's blocks, added in order as they pass."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._counts: Counter[str] = Counter(pairs=0, trades=0, mismatched_pairs=0, truth_rows=0)
        self._by_field = np.zeros(len(FIELDS), np.int64)
        self._by_mechanism = np.zeros(len(NAMES), np.int64)
        self._trades = hashlib.sha256()
        self._truth = hashlib.sha256()

    def add(self, block: Block) -> None:
        """Count a block, the one after those already added."""
        self._counts.update(
            pairs=block.pairs,
            trades=len(block.trades),
            mismatched_pairs=block.mismatched,
            truth_rows=len(block.truth),
        )
        self._by_field += np.bincount(block.truth.field, minlength=len(FIELDS))
        self._by_mechanism += np.bincount(block.truth.mechanism, minlength=len(NAMES))
        _digest(self._trades, block.trades)
        _digest(self._truth, block.truth)

    def manifest(self) -> dict[str, Any]:
        """The manifest of the blocks added, as JSON would carry it.

        Returns
        -------
        dict
            ``replay``: keyword arguments of `generate`; ``last_id``; ``counts``; ``digests``: SHA-256 of
            the trades, the truth and the universe, the same on every machine; ``versions``.
        """
        return {
            "manifest": 1,
            "replay": self._run.replay(),
            "last_id": self._run.last_id,
            "counts": {
                **self._counts,
                "by_field": dict(zip(FIELDS, self._by_field.tolist(), strict=True)),
                "by_mechanism": {
                    name: int(self._by_mechanism[NAMES.index(name)]) for name in self._run.scenario.weights
                },
            },
            "digests": {
                "trades": self._trades.hexdigest(),
                "truth": self._truth.hexdigest(),
                "tickers": self._run.market.sha256,
            },
            "versions": {
                "tradegen": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "pandas": pd.__version__,
            },
        }


def _digest(into: Any, columns: Columns) -> None:
    for name, values in columns.arrays().items():
        into.update(name.encode())
        # One width and byte order for all, so that no machine's layout shows.
        into.update(np.ascontiguousarray(values, "<i8").data)
