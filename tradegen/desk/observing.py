"""The breaks that were found: how many trades have them, and a sample of these trades to look at closely."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradegen.desk.clean_columns import Described, described
from tradegen.desk.desk_columns import DeskColumn
from tradegen.desk.differences import Observed, Recogniser, Record
from tradegen.desk.list_columns import NAMES, NUMBERS
from tradegen.desk.list_comparison import Compared
from tradegen.desk.time_zones import zones_of
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TICK_PLACES = 2  # decimals of the prices that are generated
_VALUES = 5_000  # clean values that are looked at

SAMPLE = 40_000
"""Trades that are looked at one by one, at most; the rates are counted over all."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """What was seen of the trades that break.

    Attributes
    ----------
    pairs, broken, benign : int
        Trades; those that break; those that differ within the tolerance alone.
    observed : sequence of Observed
        Broken trades: all of them, or a sample.
    recogniser : Recogniser
        With the names that occur.
    mirrored : bool
    fields : tuple of str
        The fields that were compared.
    precision : str
        Of timestamps: s, ms or us.
    values : mapping of str to sequence of str
        Quantities and prices of some trades on which the lists agree.
    remarks : tuple of str
        Sentences on what was compared.
    own : tuple of Described
        Columns beside the nine.
    within : frozenset of str
        The fields in which some trades differ within the tolerance.
    """

    pairs: int
    broken: int
    observed: Sequence[Observed]
    recogniser: Recogniser
    fields: tuple[str, ...]
    benign: int = 0
    mirrored: bool = False
    precision: str = "s"
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    own: tuple[Described, ...] = ()
    within: frozenset[str] = frozenset()

    @property
    def sampled(self) -> float:
        """The share of the broken trades that `observed` has."""
        return len(self.observed) / self.broken if self.broken else 1.0


def observe(connection: DuckDBPyConnection, compared: Compared, *, hide: bool = False) -> Breaks:
    """Count the breaks, and take a sample of the trades that have them: those of least hash."""
    broken, benign, within = first_row(
        connection,
        "SELECT (SELECT count(*) FROM broken), "
        "(SELECT count(*) FROM pairs WHERE differs > 0 AND breaks = 0 AND fault IS NULL), "
        "(SELECT coalesce(bit_or(differs & ~breaks), 0) FROM pairs)",
    )
    precision = _precision(connection, compared)
    columns_of = {column.name: column for column in compared.own}
    texts = {
        name: _text(name, precision, columns_of.get(name), bare=name in compared.bare)
        for name in compared.fields
    }
    columns = [f"{text.format(side)}" for side in "ot" for text in texts.values()]
    rows = connection.execute(f"""
        SELECT s.id, s.fault, s.fills, s.breaks, {", ".join(columns)}
        FROM (SELECT * FROM broken ORDER BY hash(id) LIMIT {SAMPLE}) s
            LEFT JOIN our_records o ON o.trade_id = s.trade_id
            LEFT JOIN their_records t ON t.trade_id = s.their_id
        ORDER BY 1""").fetchall()
    # Trades on which the lists agree: names on others may be the mistake itself.
    connection.execute("""
        CREATE VIEW agreed AS FROM ours WHERE trade_id NOT IN (SELECT trade_id FROM pairs
        WHERE trade_id IS NOT NULL AND (differs > 0 OR fault IS NOT NULL))""")
    own = tuple(described(connection, column, compared.fields, hide=hide) for column in compared.own)
    tickers, brokers = _names(connection, compared.fields)
    found = [_records(row, compared.fields) for row in rows]
    recogniser = Recogniser(
        tickers=tickers,
        brokers=brokers,
        kinds=tuple(one.column.known for one in own if one.setting and not one.column.own),
        names={one.column.name: one.names for one in own},
        by={one.column.name: one.column.by for one in own if one.column.sources},
        zones=zones_of(
            (ours["trade_timestamp"], theirs["trade_timestamp"])
            for _, ours, theirs, fields in found
            if "trade_timestamp" in fields and ours.get("trade_timestamp") and theirs.get("trade_timestamp")
        ),
    )
    observed = [
        Observed(
            row[0],
            tuple(recogniser.differences(ours, theirs, fields)),
            tuple(row[1].split(",")) if row[1] else (),
            row[2],
        )
        for row, ours, theirs, fields in found
    ]
    values = _clean_values(connection, texts, columns_of)
    return Breaks(
        pairs=compared.pairs,
        broken=broken,
        benign=benign,
        observed=observed,
        recogniser=recogniser,
        fields=compared.fields,
        mirrored=compared.mirrored,
        precision=precision,
        values=values,
        remarks=(*compared.remarks, *_finer(values)),
        own=own,
        within=frozenset(name for number, name in enumerate(compared.fields) if within >> number & 1),
    )


def _records(
    row: Sequence[Any], fields: tuple[str, ...]
) -> tuple[Sequence[Any], Record, Record, tuple[str, ...]]:
    """A row of the sample as our record, theirs, and the fields that break."""
    values, count, bits = row[4:], len(fields), row[3]
    ours, theirs = (
        {name: value for name, value in zip(fields, part, strict=True) if value is not None}
        for part in (values[:count], values[count:])
    )
    return row, ours, theirs, tuple(name for number, name in enumerate(fields) if bits >> number & 1)


def _names(connection: DuckDBPyConnection, fields: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """The tickers and the brokers of trades on which the lists agree."""
    asked = [name for name in ("ticker", "broker_id", "contra_broker_id") if name in fields]
    if not asked:
        return set(), set()
    found = first_row(
        connection,
        f"SELECT {', '.join(f'list(DISTINCT {name})' for name in asked)} FROM agreed",
    )
    by_name = {
        name: {value.strip() for value in values or () if value}
        for name, values in zip(asked, found, strict=True)
    }
    tickers = by_name.pop("ticker", set())
    return tickers, set().union(*by_name.values())


def _clean_values(
    connection: DuckDBPyConnection, texts: Mapping[str, str], own: Mapping[str, DeskColumn]
) -> dict[str, list[str]]:
    found = {}
    for name, text in texts.items():
        if name in NUMBERS or (name in own and own[name].kind in ("integer", "decimal")):
            rows = connection.execute(
                f"SELECT {text.format('o')} FROM (SELECT {name} FROM ours WHERE {name} > 0 AND "
                f"trade_id NOT IN (SELECT trade_id FROM pairs WHERE trade_id IS NOT NULL) "
                f"ORDER BY hash(trade_id) LIMIT {_VALUES}) o"
            ).fetchall()
            found[name] = [row[0] for row in rows]
    return found


def _finer(values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What of the desk's values is finer than what the generator makes."""
    places = {
        name: max((len(one.partition(".")[2]) for one in values.get(name, ())), default=0) for name in NUMBERS
    }
    if places["price"] > _TICK_PLACES:
        yield (
            f"Prices have up to {places['price']} decimals, and generated ones have {_TICK_PLACES}: smaller "
            "differences cannot be made."
        )
    if places["quantity"]:
        yield "Quantities have decimals, and generated ones are whole: smaller differences cannot be made."


def _precision(connection: DuckDBPyConnection, compared: Compared) -> str:
    if "trade_timestamp" not in compared.fields:
        return "s"
    time = "epoch_us(trade_timestamp)"
    finer, finest = first_row(
        connection,
        f"SELECT bool_or({time} % 1000000 <> 0), bool_or({time} % 1000 <> 0) FROM (FROM ours LIMIT 100000)",
    )
    return "us" if finest else "ms" if finer else "s"


def _text(name: str, precision: str, own: DeskColumn | None, *, bare: bool) -> str:
    """SQL for a value as CSV prints it, of a table whose name goes into the braces.

    Names have no blanks around them, unless these are mistakes (`bare`).
    """
    value = f"{{0}}.{name}"
    if name == "quantity":
        return f"regexp_replace(CAST({value} AS VARCHAR), '\\.?0+$', '')"
    if name == "price":
        return f"regexp_replace(CAST({value} AS VARCHAR), '0{{{{1,4}}}}$', '')"
    if name == "trade_timestamp" or (own and own.kind == "timestamp"):
        form = {"s": "", "ms": ".%g", "us": ".%f"}[precision]
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S{form}')"
    if bare and (name in NAMES or (own and own.named)):
        return f"CASE WHEN trim({value}) <> '' THEN {value} END"
    return f"trim(CAST({value} AS VARCHAR))"
