"""The trades by broker, ticker, half-hour, size and columns of names beside the nine, as codes."""

# ruff: noqa: S608 - what is put into SQL is quoted by `literal` and `identifier`, or is ours

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.list_comparison import Compared
from tradegen.desk.time_zones import clock_difference
from tradegen.desk.trade_codes import Axis, Trades
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_CLEAN = 600_000
_MOST_BROKEN = 200_000
_MOST_NAMES = 2_000  # a column with more names divides the trades too finely to tell anything
_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # round sizes of trades, times powers of ten
_OTHERS = ("hours", "notional", "min_notional", "max_notional", "fine")  # groups by more than a name
_HALF_HOURS = 48
_HALF_HOUR = dt.timedelta(minutes=30)
_FINE, _FINEST = 4, 250  # classes of sizes to a doubling, and how many there are


def trades_by_group(
    connection: DuckDBPyConnection,
    compared: Compared,
    zones: Mapping[str, str] | None = None,
    own: Sequence[str] = (),
) -> tuple[Trades, list[str]]:
    """Clean and broken trades by their codes: all, or a sample that the hash of the id decides.

    Where times are as far apart as two `zones`, the one in the desk's own zone is right. `own` are columns
    of names beside the nine.

    Returns
    -------
    Trades
    list of str
        The ids of the broken ones.
    """
    # With blanks around it, a name is the same.
    cells: dict[str, list[str]] = {
        name: _cells(connection, name)
        for name in ("ticker", "broker_id", "contra_broker_id", *(one for one in own if one not in _OTHERS))
        if name in compared.fields
    }
    names = {name: sorted({cell.strip() for cell in found}) for name, found in cells.items()}
    if {"broker_id", "contra_broker_id"} <= set(names):
        both = sorted({*names["broker_id"], *names["contra_broker_id"]})
        names |= {"broker_id": both, "contra_broker_id": both}
    names = {name: values for name, values in names.items() if 2 <= len(values) <= _MOST_NAMES}
    for name, values in names.items():
        codes = {value: code for code, value in enumerate(values)}
        connection.execute(
            f"CREATE TABLE codes_{name} AS SELECT unnest(?::VARCHAR[]) AS name, unnest(?::INTEGER[]) AS code",
            [cells[name], [codes[cell.strip()] for cell in cells[name]]],
        )
    rows: list[str] = [*names]
    timed, sized = "trade_timestamp" in compared.fields, {"quantity", "price"} <= set(compared.fields)
    rows += ["hours"] * timed + ["notional", "fine"] * sized
    if not rows:
        return Trades((), np.zeros((0, 0), np.int32), np.zeros((2, 0, 0), np.int32)), []
    clean_share, broken_share, weights = _shares(connection, compared)
    clean = _fetched(
        connection,
        f"SELECT {_columns(rows)} FROM ours o {_joined(names)} WHERE {clean_share} AND o.trade_id NOT IN "
        "(SELECT trade_id FROM broken WHERE trade_id IS NOT NULL)",
    )
    chosen = f"(SELECT * FROM broken WHERE {broken_share})"
    sides = [
        _fetched(
            connection,
            f"SELECT {_columns(rows)} FROM {chosen} b LEFT JOIN {records} o ON o.trade_id = b.{id_name} "
            f"{_joined(names)} ORDER BY b.id",
        )
        for records, id_name in (("our_records", "trade_id"), ("their_records", "their_id"))
    ]
    edges = _edges(clean[rows.index("notional")]) if sized else np.zeros(0)
    coded = [_coded(one, rows, edges) for one in (clean, *sides)]
    ours, theirs = coded[1], coded[2]
    if timed and zones:
        _in_own_zone(ours[rows.index("hours")], theirs[rows.index("hours")], zones)
    # A record that is missing leaves the other one's word.
    ours, theirs = np.where(ours < 0, theirs, ours), np.where(theirs < 0, ours, theirs)
    telling = tuple(number for number, row in enumerate(rows) if row != "notional")
    found = Trades(_axes(names, rows, edges, compared), coded[0], np.stack([ours, theirs]), telling, *weights)
    ids = connection.execute(f"SELECT id FROM {chosen} ORDER BY 1").fetchall()
    return found, [row[0] for row in ids]


def _in_own_zone(ours: Array, theirs: Array, zones: Mapping[str, str]) -> None:
    """Take the half-hour of the desk's own zone on both lists, where one has that of the other zone."""
    moved = clock_difference(zones) / _HALF_HOUR
    # A quarter-hour is half a step, and rounds either way.
    later, earlier = abs(theirs - ours - moved) < 1, abs(ours - theirs - moved) < 1
    theirs[later], ours[earlier] = ours[later], theirs[earlier]


def _cells(connection: DuckDBPyConnection, name: str) -> list[str]:
    """The texts that stand in a column of ours."""
    found = connection.execute(f"SELECT DISTINCT {name} FROM ours WHERE {name} IS NOT NULL ORDER BY 1")
    return [row[0] for row in found.fetchall()]


def _shares(connection: DuckDBPyConnection, compared: Compared) -> tuple[str, str, tuple[float, float]]:
    """SQL for the samples of clean and of broken trades, and what each trade in them stands for."""
    [broken] = first_row(connection, "SELECT count(*) FROM broken")
    steps = [max(-(-count // most), 1) for count, most in
             ((compared.pairs - broken, _MOST_CLEAN), (broken, _MOST_BROKEN))]  # fmt: skip
    return (
        f"hash(o.trade_id) % {steps[0]} = 0",
        f"hash(id) % {steps[1]} = 0",
        (float(steps[0]), float(steps[1])),
    )


def _joined(names: dict[str, list[str]]) -> str:
    return " ".join(f"LEFT JOIN codes_{name} AS c_{name} ON c_{name}.name = o.{name}" for name in names)


def _columns(rows: list[str]) -> str:
    time = "epoch_us(o.trade_timestamp) // 1800000000"
    other = {
        "hours": f"coalesce({time} % {_HALF_HOURS}, -1)::DOUBLE AS hours",
        "notional": "coalesce((o.quantity * o.price)::DOUBLE, -1) AS notional",
    }
    other["fine"] = other["notional"].replace("notional", "fine")
    return ", ".join(other.get(row) or f"coalesce(c_{row}.code, -1)::DOUBLE AS {row}" for row in rows)


def _fetched(connection: DuckDBPyConnection, query: str) -> Array:
    found = connection.execute(query).fetchnumpy()
    return np.stack([np.ma.filled(values, -1) for values in found.values()])


def _edges(notional: Array) -> Array:
    """Round sizes of trades that have at least a hundredth of all trades on either side."""
    known = notional[notional > 0]
    if not len(known):
        return np.zeros(0)
    low, high = np.quantile(known, [0.01, 0.99])
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    edges = np.outer(powers, _STEPS).reshape(-1)
    found: Array = edges[(edges > low) & (edges < high)]
    return found


def _coded(values: Array, rows: list[str], edges: Array) -> Array:
    codes = np.empty(values.shape, np.int32)
    for number, row in enumerate(rows):
        if row == "notional":
            # Code k: at least edge k - 1, and below edge k.
            found = np.searchsorted(edges, values[number], side="right")
            codes[number] = np.where(values[number] >= 0, found, -1)
        elif row == "fine":
            known = values[number] > 0
            doublings = np.log2(np.where(known, values[number], 1.0))
            codes[number] = np.where(known, np.clip(_FINE * doublings, 0, _FINEST), -1)
        else:
            codes[number] = values[number]
    return codes


def half_hour(code: int) -> str:
    """A half-hour by its number in the day, as hot spots have it."""
    start, end = (divmod(30 * number, 60) for number in (code, (code + 1) % _HALF_HOURS))
    return f"{start[0]:02}:{start[1]:02}-{end[0]:02}:{end[1]:02}"


def _axes(names: dict[str, list[str]], rows: list[str], edges: Array, compared: Compared) -> list[Axis]:
    found = []
    for number, row in enumerate(rows):
        if row == "fine":
            continue
        if row == "hours":
            found.append(Axis("hours", [half_hour(code) for code in range(_HALF_HOURS)], (number,)))
        elif row == "notional":
            texts = [f"{edge:.10g}" for edge in edges]
            found.append(Axis("min_notional", ["", *texts], (number,), 1))
            found.append(Axis("max_notional", [*texts, ""], (number,), -1))
        elif compared.mirrored and row == "contra_broker_id" and "broker_id" in names:
            continue
        else:
            both = compared.mirrored and row == "broker_id" and "contra_broker_id" in names
            places = (number, rows.index("contra_broker_id")) if both else (number,)
            found.append(Axis(row, names[row], places))
    return found
