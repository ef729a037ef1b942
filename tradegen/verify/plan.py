"""What is to be verified: files told apart by their content, and what the manifest says about them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from tradegen.errors import shown
from tradegen.verify.moments import Moments
from tradegen.verify.rows import Source
from tradegen.verify.vocabulary import COLUMNS, LEGS, LISTS, TRUTH_COLUMNS, VerifyError

__all__ = ["Plan", "Trades", "make_plan"]

_DECIMALS = {"s": 0, "ms": 3, "us": 6}
_SAMPLE = 65_536
_LARGEST_MANIFEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Trades:
    """A list of trades: its file, how it is written, and the leg it holds (-1: both)."""

    source: Source
    columns: Mapping[str, str]  # by column, its name in the file
    date: Moments
    moment: Moments
    leg: int

    @property
    def with_record_id(self) -> bool:
        """Whether records have ids of their own."""
        return self.columns["record_id"] in self.source.names


@dataclass(frozen=True, slots=True)
class Plan:
    """The files, and all that is known about them before they are read through."""

    trades: tuple[Trades, ...]
    truth: Source
    view: str
    decimals: int
    manifest: Mapping[str, Any] | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict)

    @property
    def legs(self) -> tuple[str, str]:
        """The names of leg 0 and leg 1."""
        return LEGS[self.view]

    @property
    def facing(self) -> bool:
        """Whether the legs face each other: BUY and SELL, with brokers the other way round."""
        return self.view != "two_system"

    @property
    def with_record_ids(self) -> bool:
        """Whether records have ids of their own."""
        return any(item.with_record_id for item in self.trades)

    @property
    def ids(self) -> tuple[int, int] | None:
        """The first and the last id of the run, where a manifest tells."""
        if self.manifest is None:
            return None
        first = int(self.manifest["replay"]["first_id"])
        return first, first + int(self.scenario["pairs"]) - 1

    def tolerance(self, name: str) -> Fraction | None:
        """The tolerance of a field as the manifest's text has it: shares, seconds or days."""
        given = self.scenario.get("tolerances", {}).get(name)
        return None if given is None else Fraction(given)

    def price_tolerance(self) -> tuple[Fraction, bool] | None:
        """The tolerance of prices: in ticks, or, where the second is true, as a share of the original."""
        given = self.scenario.get("tolerances", {}).get("price")
        if not given:
            return None
        for name, unit in (("absolute", Fraction(100)), ("ticks", Fraction(1)), ("bps", Fraction(1, 10_000))):
            if given.get(name) is not None:
                return Fraction(given[name]) * unit, name == "bps"
        raise VerifyError(f"tolerances.price is {shown(given)}; expected absolute, bps or ticks")


def make_plan(paths: Sequence[Path]) -> Plan:
    """Look into the files and settle which is what.

    Raises
    ------
    VerifyError
        Where a file cannot be read, or the files are not trades, a truth and perhaps a manifest.
    """
    manifest: dict[str, Any] | None = None
    others: list[Source] = []
    for path in paths:
        found = _look(Path(path))
        if isinstance(found, Source):
            others.append(found)
        elif manifest is not None:
            raise VerifyError(f"{path} is a second manifest; expected one at most")
        else:
            manifest = found
    scenario = _scenario(manifest)
    view = str(scenario.get("view", "single"))
    if view not in LISTS:
        raise VerifyError(f"view is {shown(view)} in the manifest; expected one of: {', '.join(LISTS)}")
    truth, lists = _truth_of(others, view)
    decimals = _DECIMALS.get(str(scenario.get("timestamp_precision", "s")), 0)
    if manifest is None and lists:
        decimals = _decimals(lists[0])
    trades = _trades(lists, view, scenario, decimals, manifest is not None)
    # A list or a truth without rows may say nothing of its columns.
    named = [source for source in (truth, *(item.source for item in trades)) if source.names]
    with_ids = [item.with_record_id for item in trades if item.source.names]
    with_ids += ["record_id" in truth.names] if truth.names else []
    if len(set(with_ids)) > 1:
        raise VerifyError(
            f"{' and '.join(source.name for source in named)} do not go together; "
            "expected the column record_id in all of them or in none"
        )
    return Plan(trades, truth, view, decimals, manifest, scenario)


def _look(path: Path) -> Source | dict[str, Any]:
    """A manifest as a dictionary, or a file of records as a source."""
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
    except OSError as error:
        raise VerifyError(f"{path} cannot be read: {error.strerror}") from None
    text = sample.decode("utf-8-sig", "backslashreplace").replace("\r\n", "\n")
    lines = text.split("\n")
    size = len(sample) / max(1, sample.count(b"\n") + (not sample.endswith(b"\n")))
    if not text.strip():
        return Source(path, "ndjson", (), 1)
    if text.lstrip().startswith("["):
        record = next((line for line in lines if line.strip() not in ("[", "]", "[]", "")), None)
        return Source(path, "json", _keys(path, record.lstrip("[")) if record else (), size)
    if text.lstrip().startswith("{"):
        found = _object(lines[0]) or (_manifest(path) if "manifest" in text else None)
        if found is not None and "manifest" in found:
            return found
        return Source(path, "ndjson", _keys(path, lines[0]), size)
    return Source(path, "csv", tuple(next(csv.reader([lines[0]]))), size)


def _manifest(path: Path) -> dict[str, Any] | None:
    if path.stat().st_size > _LARGEST_MANIFEST:
        return None
    return _object(path.read_text("utf-8-sig", "backslashreplace"))


def _object(text: str) -> dict[str, Any] | None:
    """A JSON object with its numbers as they stand in the text; None where it is none."""
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _keys(path: Path, line: str) -> tuple[str, ...]:
    found = _object(line.strip().removesuffix("]").removesuffix(","))
    if found is None:
        raise VerifyError(
            f"{path} is not JSON as tradegen writes it; expected an object a line, or a manifest"
        )
    return tuple(found)


def _scenario(manifest: dict[str, Any] | None) -> Mapping[str, Any]:
    if manifest is None:
        return {}
    try:
        scenario = manifest["replay"]["scenario"]
        int(scenario["pairs"])
        int(manifest["replay"]["first_id"])
    except (KeyError, TypeError, ValueError):
        raise VerifyError(
            "the manifest does not say what was run; expected replay.scenario and replay.first_id"
        ) from None
    return dict(scenario)


def _truth_of(sources: list[Source], view: str) -> tuple[Source, list[Source]]:
    """The truth, and the other files."""
    truths = [item for item in sources if {"mechanism", "original", "altered"} <= set(item.names)]
    if not truths:
        # A run without mismatches leaves a JSON truth without rows: nothing in it says what it is.
        empty = [item for item in sources if not item.names]
        truths = [item for item in empty if "truth" in item.name] or empty
        truths = truths if len(sources) - len(truths) == len(LISTS[view]) else []
    if len(truths) != 1:
        names = ", ".join(item.name for item in sources) or "none"
        raise VerifyError(
            f"the files hold {'no truth' if not truths else 'more than one truth'}: {names}; "
            "expected one file with the columns " + ", ".join(TRUTH_COLUMNS)
        )
    truth = truths[0]
    known = {(), TRUTH_COLUMNS, (*TRUTH_COLUMNS, "record_id")}
    if truth.names not in known:
        raise VerifyError(
            f"{truth.name} has the columns {', '.join(truth.names)}; expected {', '.join(TRUTH_COLUMNS)}"
        )
    return truth, [item for item in sources if item is not truth]


def _trades(
    sources: list[Source], view: str, scenario: Mapping[str, Any], decimals: int, told: bool
) -> tuple[Trades, ...]:
    lists = LISTS[view]
    if len(sources) == 2 and not told:
        raise VerifyError(
            "two trades files need the manifest, which says how they go together; it is not given"
        )
    if len(sources) != len(lists):
        raise VerifyError(
            f"{len(sources)} trades file{'s' if len(sources) != 1 else ''} given; the view {view} has "
            f"{len(lists)}: {', '.join(lists)}"
        )
    layouts = [dict(scenario.get(name) or {}) for name in lists]
    order = [0] if len(lists) == 1 else _sides(sources, lists, layouts)
    found = []
    for leg, (position, layout) in enumerate(zip(order, layouts, strict=True)):
        source = sources[position]
        names = _written(layout)
        if source.names and source.names not in _headers(names):
            raise VerifyError(
                f"{source.name} has the columns {', '.join(source.names)}; expected "
                + ", ".join(names[column] for column in COLUMNS)
            )
        moment = f"%Y-%m-%d %H:%M:%S{'.%f' if decimals else ''}"
        own = layout.get("timestamp_format")
        found.append(
            Trades(
                source,
                names,
                Moments(layout.get("date_format") or "%Y-%m-%d", timestamp=False),
                Moments(own or moment, timestamp=True, decimals=6 if own else decimals),
                leg if len(lists) == 2 else -1,
            )
        )
    return tuple(found)


def _sides(sources: list[Source], lists: Sequence[str], layouts: list[dict[str, Any]]) -> list[int]:
    """Which file is which list: by their columns where these differ, else by their names."""
    heads = [_headers(_written(layout)) for layout in layouts]
    fits = [[source.names in head for source in sources] for head in heads]
    for order in ([0, 1], [1, 0]):
        first, second = order
        if fits[0][first] and fits[1][second] and not (fits[0][second] and fits[1][first]):
            return order
    marks = [[f".{name}." in source.name for source in sources] for name in lists]
    for order in ([0, 1], [1, 0]):
        if marks[0][order[0]] and marks[1][order[1]]:
            return order
    raise VerifyError(
        f"{sources[0].name} and {sources[1].name} cannot be told apart; "
        f"expected names with .{lists[0]}. and .{lists[1]}."
    )


def _written(layout: Mapping[str, Any]) -> dict[str, str]:
    """By column, the name a list has for it."""
    return {column: column for column in (*COLUMNS, "record_id")} | dict(layout.get("columns") or {})


def _headers(names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = tuple(names[column] for column in COLUMNS)
    return columns, (*columns, names["record_id"])


def _decimals(source: Source) -> int:
    """The decimals of seconds in the first record of a list in the default form."""
    with source.path.open("rb") as file:
        sample = file.read(_SAMPLE).decode("utf-8-sig", "backslashreplace")
    for line in sample.split("\n")[: 2 if source.form != "ndjson" else 1][-1:]:
        if source.form == "csv":
            record = dict(zip(source.names, next(csv.reader([line])), strict=False))
        else:
            record = _object(line.strip().removesuffix(",")) or {}
        _, _, decimals = str(record.get("trade_timestamp", "")).partition(".")
        if len(decimals) in (3, 6):
            return len(decimals)
    return 0
