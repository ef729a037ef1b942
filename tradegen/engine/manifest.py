"""The manifest: what a run was. Enough to replay it, and to see that a replay gave the same."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import platform
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tradegen.core.blocks import Block, Columns, Counts
from tradegen.core.columns import FIELDS
from tradegen.engine.run import Run
from tradegen.mechanisms.catalogue import CATALOGUE, POSITIONS
from tradegen.version import __version__

__all__ = ["Tally"]

_SELECTED = ("eligible", "requested", "applied")


class Tally:
    """Counts and digests of a run's blocks, added in order as they pass, or merged part by part.

    Digests are SHA-256 over the SHA-256 of each block's columns, so that parts can be made apart. Of the
    `trades`, they cost a sixth of the time: a dataset does without, and has those of its files.
    """

    def __init__(self, run: Run, *, trades: bool = True) -> None:
        self._run = run
        self._counts: Counter[str] = Counter(
            pairs=0, trades=0, mismatched_pairs=0, benign_pairs=0, truth_rows=0
        )
        self._by_field = np.zeros(len(FIELDS), np.int64)
        self._selection = Counts.none(len(run.scenario.hot_spots) + 2, len(CATALOGUE))
        self._blocks = {name: bytearray() for name in (("trades", "truth") if trades else ("truth",))}

    def add(self, block: Block) -> None:
        """Count a block, the one after those already added."""
        self._counts.update(
            pairs=block.pairs,
            trades=len(block.trades),
            mismatched_pairs=block.mismatched,
            benign_pairs=int(block.counts.applied[-1]),
            truth_rows=len(block.truth),
        )
        self._by_field += np.bincount(block.truth.field, minlength=len(FIELDS))
        self._selection += block.counts
        for name, digests in self._blocks.items():
            digests += _digest(getattr(block, name))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON would carry it, for `merge`."""
        return {
            "counts": dict(self._counts),
            "by_field": self._by_field.tolist(),
            "selection": self._selection.to_dict(),
            "blocks": {name: digests.hex() for name, digests in self._blocks.items()},
        }

    def merge(self, part: Mapping[str, Any]) -> None:
        """Add what another tally counted, of the blocks after those already added."""
        self._counts.update(part["counts"])
        self._by_field += np.array(part["by_field"], np.int64)
        self._selection += Counts.from_dict(part["selection"])
        for name, digests in self._blocks.items():
            digests += bytes.fromhex(part["blocks"][name])

    def manifest(self) -> dict[str, Any]:
        """The manifest of the blocks added, as JSON would carry it.

        Returns
        -------
        dict
            ``replay``: keyword arguments of `generate`; ``last_id``; ``counts``; ``digests``: SHA-256 of
            the trades, the truth and the universe, the same on every machine; ``versions``. Among the
            counts, ``by_cause`` ("" is none) and ``benign`` say how many pairs were eligible, how many were
            requested, and to how many it was applied; ``by_mechanism`` how many pairs drew each, and where it
            was possible.
        """
        return {
            "manifest": 1,
            "replay": self._run.replay(),
            "last_id": self._run.last_id,
            "counts": {**self._counts, **self._by()},
            "digests": {
                **{name: hashlib.sha256(digests).hexdigest() for name, digests in self._blocks.items()},
                "tickers": self._run.market.sha256,
            },
            "versions": dict(_versions()),
        }

    def _by(self) -> dict[str, Any]:
        """Counts by field, by mechanism, and by cause."""
        scenario, counts = self._run.scenario, self._selection
        fields = {field for name in scenario.active for field in CATALOGUE[name].fields}
        selected = np.stack([counts.eligible, counts.requested, counts.applied], axis=1).tolist()
        *by_cause, benign = (dict(zip(_SELECTED, row, strict=True)) for row in selected)
        return {
            "by_field": {
                field: int(self._by_field[code]) for code, field in enumerate(FIELDS) if field in fields
            },
            "by_mechanism": {
                name: {
                    "requested": int(counts.drawn[POSITIONS[name]]),
                    "applied": int(counts.possible[POSITIONS[name]]),
                }
                for name in scenario.active
            },
            "by_cause": dict(zip(scenario.causes, by_cause, strict=True)),
            "benign": benign,
        }


@functools.cache
def _versions() -> Mapping[str, str]:
    """The versions of tradegen and of the libraries it makes values and frames with, if they are installed.

    They come from the packages' metadata, so that pandas need not be imported.
    """
    from importlib import metadata  # takes as long as a small run does: loaded where it is used

    versions = {"tradegen": __version__, "python": platform.python_version()}
    for name in ("numpy", "pandas"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _digest(columns: Columns) -> bytes:
    found = hashlib.sha256()
    for name, values in columns.arrays().items():
        found.update(name.encode())
        # The columns' dtypes are the same on all machines; their byte order is to be, too.
        found.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)
    return found.digest()
