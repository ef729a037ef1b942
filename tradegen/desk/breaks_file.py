"""A file of breaks: a row for each, with the trade's id, the field, our value and theirs."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

import datetime as dt
import difflib
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tradegen.core.columns import RECORD, TRADE_COLUMNS
from tradegen.desk.differences import Observed, Recogniser, is_within, plain_number
from tradegen.desk.list_columns import NUMBERS, TIMES, without_commas
from tradegen.desk.observing import SAMPLE, Breaks
from tradegen.desk.time_zones import zones_of
from tradegen.errors import FitError, nearest, shown, whole_number
from tradegen.scoring.relations import Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.tolerances import Tolerances

_FIELDS = (*TRADE_COLUMNS, RECORD)
_RECORDS = {
    (0, 1): "missing_ours",
    (1, 0): "missing_theirs",
    (2, 1): "duplicate_ours",
    (1, 2): "duplicate_theirs",
}


def observe_breaks(
    connection: DuckDBPyConnection,
    source: Source,
    names: Mapping[str, str],
    fields: Mapping[str, str],
    trades: int | None,
    tickers: Collection[str],
    tolerances: Tolerances,
) -> Breaks:
    """Read the breaks.

    Parameters
    ----------
    connection : DuckDBPyConnection
    source : Source
    names : mapping of str to str
        What the file calls the columns trade_id, field, ours and theirs.
    fields : mapping of str to str
        What it calls fields, by our names.
    trades : int
        Of how many trades these are the breaks.
    tickers : collection of str
        The universe's.
    tolerances : Tolerances
        Differences up to these are benign, and none of the breaks.

    Raises
    ------
    FitError
        Where a column or field is unknown, a value is none of its field, or breaks contradict each other.
    """
    pairs = whole_number("trades", trades, 1, 2**62, FitError)
    source.require(list(names.values()))
    columns = ", ".join(source.trimmed(names[name]) for name in ("trade_id", "field", "ours", "theirs"))
    rows = connection.execute(f"SELECT {columns} FROM {source.relation}").fetchall()
    # Spreadsheets leave empty rows at the end.
    rows = [row for row in rows if any(cell is not None for cell in row)]
    if not rows:
        raise FitError(f"{source.name} has no breaks")
    ours_of = {theirs: name for name, theirs in fields.items()}
    unknown = next((name for name in fields if name not in _FIELDS), None)
    if unknown is not None:
        raise FitError(f"field {shown(unknown)} is unknown; {nearest(unknown, _FIELDS)}")
    _require_known(source.name, [ours_of.get(field, field) for _, field, _, _ in rows if field is not None])
    by_trade: dict[str, dict[str, tuple[str, str]]] = {}
    for trade, field, ours, theirs in rows:
        name = ours_of.get(field, field)
        if trade is None or name is None:
            has = ", ".join(
                f"{names[called]} {shown(cell)}"
                for called, cell in zip(("trade_id", "field", "ours", "theirs"), (trade, field, ours, theirs),
                                        strict=True)
                if cell is not None
            )  # fmt: skip
            raise FitError(
                f"{source.name} has a break without an id or a field, with {has}; expected both in each row"
            )
        values = (
            _canonical(name, ours, source.name, trade),
            _canonical(name, theirs, source.name, trade),
        )
        if values[0] == values[1]:
            raise FitError(
                f"{source.name} has a break of trade {shown(trade)} in {name} whose values are both "
                f"{shown(ours)}; expected values that differ"
            )
        of_trade = by_trade.setdefault(trade, {})
        if of_trade.setdefault(name, values) != values:
            raise FitError(
                f"{source.name} has two breaks of trade {shown(trade)} in {name} that contradict each other; "
                "expected one"
            )
    if len(by_trade) > pairs:
        raise FitError(
            f"{source.name} has breaks of {len(by_trade):,} trades, and trades is {pairs:,}; expected as "
            "many trades at least"
        )
    beyond = {
        trade: {name: pair for name, pair in found.items() if not is_within(tolerances, name, *pair)}
        for trade, found in by_trade.items()
    }
    within = {name for trade, found in by_trade.items() for name in found if name not in beyond[trade]}
    broken = {trade: found for trade, found in beyond.items() if found}
    if not broken:
        raise FitError(
            f"all breaks of {source.name} are within the tolerance; expected some that are beyond it"
        )
    return replace(
        _observed(broken, pairs, tickers), benign=len(by_trade) - len(broken), within=frozenset(within)
    )


def _observed(
    by_trade: Mapping[str, Mapping[str, tuple[str, str]]], pairs: int, tickers: Collection[str]
) -> Breaks:
    times = [found["trade_timestamp"] for found in by_trade.values() if "trade_timestamp" in found]
    codes = [value for found in by_trade.values() for name in ("broker_id", "contra_broker_id")
             for value in found.get(name, ())]  # fmt: skip
    named = [value for found in by_trade.values() for value in found.get("ticker", ())]
    # A ticker with a suffix is the mistake, where the plain one is there as well.
    known = {name for name in named if name.rpartition(".")[0] not in {*named, *tickers}}
    recogniser = Recogniser(known, set(codes), zones_of(times))
    observed = []
    for trade, found in by_trade.items():
        faults: list[str] = []
        fills = 1
        if RECORD in found:
            counts = tuple(map(int, found[RECORD]))
            faults, fills = [_RECORDS.get((counts[0], counts[1]), "unclear")], max(counts)
        if "trade_id" in found:
            faults.append("mistyped")
        values = {name: pair for name, pair in found.items() if name not in (RECORD, "trade_id")}
        ours, theirs = ({name: pair[side] for name, pair in values.items() if pair[side]} for side in (0, 1))
        observed.append(
            Observed(trade, tuple(recogniser.differences(ours, theirs, values)), tuple(faults), fills)
        )
    precision = max((_precision(value) for pair in times for value in pair), default=0)
    return Breaks(
        pairs=pairs,
        broken=len(by_trade),
        observed=observed[:SAMPLE],
        recogniser=recogniser,
        fields=tuple(name for name in TRADE_COLUMNS[1:] if any(name in found for found in by_trade.values())),
        precision="us" if precision > 3 else "ms" if precision else "s",
    )


def _precision(text: str) -> int:
    return len(text.partition(".")[2].rstrip("0"))


def _require_known(file: str, names: Iterable[str]) -> None:
    """Refuse fields that are none of ours, all at once.

    Raises
    ------
    FitError
    """
    unknown = [name for name in dict.fromkeys(names) if name not in _FIELDS]
    if not unknown:
        return
    close = [difflib.get_close_matches(name.lower(), TRADE_COLUMNS[1:], n=1) for name in unknown]
    guesses = [
        f"--field {shlex.quote(f'{found[0]}={name}')}"
        for name, found in zip(unknown, close, strict=True)
        if found
    ]
    are = "which is" if len(unknown) == 1 else "which are"
    hint = (
        f"did you mean {' '.join(guesses)}?"
        if guesses
        else "name yours, such as --field price=Px, or leave out the breaks that are in no such field"
    )
    raise FitError(
        f"{file} has the field{'s' * (len(unknown) > 1)} {', '.join(map(shown, unknown))}, {are} unknown; "
        f"expected some of {', '.join(_FIELDS)}; {hint}"
    )


def _canonical(name: str, text: str | None, file: str, trade: str) -> str:
    """A value as CSV prints it; "" for a blank.

    Raises
    ------
    FitError
        Where it is none of its field.
    """
    if text is None:
        return ""
    try:
        if name == RECORD:
            return str(whole_number("record", int(text), 0, 1_000, ValueError))
        if name in NUMBERS:
            number = Decimal(text)
            if not number.is_finite() or abs(number.adjusted()) > 18:
                raise InvalidOperation
            return plain_number(name, number)
        if name in TIMES:
            return _moment(name, text)
    except (ValueError, InvalidOperation):
        expected = {RECORD: "a number of records", "date": "a date such as 2025-07-21"}.get(
            name, "a plain number such as 154.00" if name in NUMBERS else "a time such as 2025-07-21 10:33:00"
        )
        raise FitError(
            f"{file} has the {name} {shown(text)} in a break of trade {shown(trade)}; expected {expected}"
            f"{without_commas(name, text)}"
        ) from None
    return text


def _moment(name: str, text: str) -> str:
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError
    if name == "date":
        return found.date().isoformat()
    return found.isoformat(" ", "microseconds" if found.microsecond else "seconds")
