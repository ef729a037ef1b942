"""What a report is made from: manifests, scores and fits, told apart by what stands in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradegen.core.compression import content_of, plain_name, start_of
from tradegen.core.regular_files import text_of
from tradegen.errors import OutputError, TradegenError
from tradegen.output.manifest_files import MANIFEST, load_manifest
from tradegen.report.fit_parts import fit_parts
from tradegen.scoring.scores import Score
from tradegen.scoring.written_scores import score_from

_EXPECTED = (
    "expected the folder of a dataset, a manifest, what `tradegen score --format json` or `tradegen fit "
    "--format json` writes, or the files of a manifest's run"
)


@dataclass
class Sources:
    """What was given.

    Attributes
    ----------
    place : str
        Where the manifest is from; "" where there is none.
    manifest : mapping or None
    files : list of str
        Trades and truth of the manifest's run, to be checked.
    scores : list of Score
    fits : list of list of str
        The HTML of each.
    """

    place: str = ""
    manifest: Mapping[str, Any] | None = None
    files: list[str] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    fits: list[list[str]] = field(default_factory=list)

    @property
    def dataset(self) -> bool:
        """Whether the manifest is that of a dataset, whose files lie beside it."""
        return bool(self.manifest and self.manifest.get("dataset"))


def read_sources(places: Sequence[str], endpoint: str | None = None) -> Sources:
    """Read everything but trades and truths, which are left to the proof.

    Raises
    ------
    TradegenError
        Where something cannot be read, is nothing of ours, or does not go with the rest.
    """
    found = Sources()
    for place in places:
        values = None if "://" in place or Path(place).is_dir() else _object(place)
        if values is None and ("://" in place or Path(place).is_dir()):
            _add_manifest(found, place, endpoint)
        elif values is None:
            found.files.append(place)
        elif "manifest" in values:
            _add_manifest(found, place, endpoint)
        elif "by" in values and "pairs" in values:
            found.scores.append(score_from(values, place))
        elif "numbers" in values and "scenario" in values:
            found.fits.append(fit_parts(values, place))
        else:
            raise OutputError(f"{place} is none of what a report is made from; {_EXPECTED}")
    _require_together(found)
    return found


def _add_manifest(found: Sources, place: str, endpoint: str | None) -> None:
    if found.manifest is not None:
        raise OutputError(f"{found.place} and {place} are two runs; expected one, and a report for the other")
    found.place, found.manifest = place, load_manifest(place, endpoint)
    if found.dataset and "://" not in place and Path(place).is_file() and Path(place).name != MANIFEST:
        raise OutputError(f"{place} is the manifest of a dataset; expected the folder that holds its files")


def _require_together(found: Sources) -> None:
    if not found.files:
        return
    if found.manifest is None:
        raise OutputError(f"{found.files[0]} is given without the manifest of its run; {_EXPECTED}")
    if found.dataset:
        raise OutputError(
            f"{found.files[0]} is given along with a dataset, which has its own files; {_EXPECTED}"
        )


def _object(place: str) -> dict[str, Any] | None:
    """The object that a JSON file holds; None where it holds records, or is no JSON."""
    try:
        start = start_of(Path(place), 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
        if plain_name(place).suffix.lower() != ".json" or start.startswith(b"["):
            return None
        values = json.loads(text_of(content_of(Path(place)), Path(place)))
    except OSError as error:
        if isinstance(error, TradegenError):
            raise
        raise OutputError(f"{place} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise OutputError(f"{place} is not JSON, which its suffix says it is; {_EXPECTED}") from None
    if not isinstance(values, dict):
        raise OutputError(f"{place} is none of what a report is made from; {_EXPECTED}")
    return values
