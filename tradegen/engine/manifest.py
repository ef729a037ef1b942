"""The manifest: what a run was. Enough to replay it, and to see that a replay gave the same.

A manifest states two numbers. ``manifest`` is the version of its own layout. ``generation`` says by which
rules values were drawn and digested (`tradegen.version.GENERATION`): a run of another generation cannot be
made again by this version of tradegen.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import platform
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.blocks import Block, Counts
from tradegen.engine.digests import columns_digest, truth_digest
from tradegen.engine.rate_report import rate_report
from tradegen.engine.run import MANIFEST_VERSION, Run, prepare
from tradegen.errors import ScenarioError, TradegenError, shown
from tradegen.version import GENERATION, __version__

if TYPE_CHECKING:
    from tradegen.scenario.fields import ScenarioFields

_SELECTED = ("eligible", "requested", "applied")


class Tally:
    """Counts and digests of a run's blocks, added in order as they pass, or merged part by part.

    Digests are SHA-256 over the SHA-256 of each block's columns, so that parts can be made apart.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._counts: Counter[str] = Counter(
            pairs=0, trades=0, mismatched_pairs=0, benign_pairs=0, truth_rows=0
        )
        self._by_field = np.zeros(len(run.scenario.fields), np.int64)
        self._selection = Counts.none(len(run.scenario.causes) + 1, len(run.mechanisms))
        self._blocks = {"trades": bytearray(), "truth": bytearray()}

    def add(self, block: Block) -> None:
        """Count a block, the one after those already added."""
        self._counts.update(
            pairs=block.pairs,
            trades=len(block.trades),
            mismatched_pairs=block.mismatched,
            benign_pairs=int(block.counts.applied[-1]),
            truth_rows=len(block.truth),
        )
        self._by_field += np.bincount(block.truth.field, minlength=len(self._by_field))
        self._selection += block.counts
        self._blocks["trades"] += columns_digest(block.trades)
        self._blocks["truth"] += truth_digest(block.truth, self._run.scenario.fields, self._run.mechanisms)

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
            ``manifest``: its version; ``generation``; ``replay``: keyword arguments of `generate`;
            ``last_id``; ``counts``; ``rates``: see `rate_report`; ``digests``: SHA-256 of the trades, the
            truth and the universe, the same on every machine; ``versions``. Among the counts, ``by_cause``
            ("" is none) and ``benign`` say how many pairs were eligible, how many were requested, and to how
            many it was applied; ``by_mechanism`` how many pairs drew each, where it was possible, and, for
            mechanisms that draw sizes, how often the range of clean values was too narrow for sizes as asked
            for.
        """
        return {
            "manifest": MANIFEST_VERSION,
            "generation": GENERATION,
            "replay": self._run.replay(),
            "last_id": self._run.last_id,
            "counts": {**self._counts, **self._by()},
            "rates": rate_report(self._run.scenario, self._selection),
            "digests": {
                **{name: hashlib.sha256(digests).hexdigest() for name, digests in self._blocks.items()},
                "tickers": self._run.market.sha256,
            },
            "versions": dict(_versions()),
        }

    def _by(self) -> dict[str, Any]:
        """Counts by field, by mechanism, and by cause."""
        scenario = self._run.scenario
        fields = {field for name in scenario.active for field in scenario.catalogue[name].fields}
        by_field = {
            field: int(self._by_field[code]) for code, field in enumerate(scenario.fields) if field in fields
        }
        return {"by_field": by_field, **counts_by(scenario, self._selection)}


def counts_by(scenario: ScenarioFields, counts: Counts) -> dict[str, Any]:
    """Counts ``by_mechanism``, ``by_cause`` and of ``benign`` differences, as a manifest has them."""
    active = [(name, scenario.catalogue[name]) for name in scenario.active]
    selected = np.stack([counts.eligible, counts.requested, counts.applied], axis=1).tolist()
    *by_cause, benign = (dict(zip(_SELECTED, row, strict=True)) for row in selected)
    return {
        "by_mechanism": {
            name: {
                "requested": int(counts.drawn[code]),
                "applied": int(counts.possible[code]),
                **({"sizes_limited": int(counts.limited[code])} if entry.sized else {}),
            }
            for code, (name, entry) in enumerate(active)
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


def require_version(version: object, source: object, error: type[TradegenError]) -> None:
    """Refuse a manifest of a version that this tradegen does not read; `source` is what messages call it."""
    if version != MANIFEST_VERSION:
        raise error(
            f"{source} is a manifest of version {shown(version)}; "
            f"this tradegen reads version {MANIFEST_VERSION}"
        )


def require_generation(
    noted: Mapping[str, Any], source: object, error: type[TradegenError], purpose: str
) -> None:
    """Refuse a manifest or a plan whose values this tradegen would make otherwise.

    Parameters
    ----------
    noted : mapping
        With ``generation``, and perhaps the ``versions`` that wrote it.
    source : object
        Where it comes from, for messages.
    error : type
        What to raise.
    purpose : str
        What the right version is to be installed for.

    Raises
    ------
    error
        Where it is of another generation.
    """
    generation, versions = noted.get("generation"), noted.get("versions")
    if generation == GENERATION:
        return
    wrote_it = versions.get("tradegen") if isinstance(versions, Mapping) else None
    raise error(
        f"{source} is of generation {shown(generation)}, and tradegen {__version__} makes generation "
        f"{GENERATION}, whose values are others; to {purpose}, install "
        f"{f'tradegen {wrote_it}' if wrote_it else 'the version of tradegen'} that wrote it"
    )


def run_of(manifest: Mapping[str, Any], source: object) -> Run:
    """The run that a manifest is of, to be made again.

    Parameters
    ----------
    manifest : mapping
        With ``replay``.
    source : object
        Where it comes from, for messages.

    Raises
    ------
    ScenarioError
        Where it is of a version or a generation that this tradegen does not know, or its scenario is refused.
    """
    require_version(manifest.get("manifest"), source, ScenarioError)
    require_generation(manifest, source, ScenarioError, "replay it")
    return prepare(**manifest["replay"])


def differing_digests(stated: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, bool]:
    """By name, whether a digest is another one than a manifest states; only of what can be compared.

    Parameters
    ----------
    stated : mapping
        The manifest that was replayed.
    made : mapping
        That of the replay.
    """
    names = stated["digests"].keys() & made["digests"].keys()
    return {name: stated["digests"][name] != made["digests"][name] for name in sorted(names)}
