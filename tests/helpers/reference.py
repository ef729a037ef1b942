"""What the truth must say, worked out apart from the generator: plain Python over the written text.

Nothing here imports tradegen. The legs of a pair are compared as text, column by column: every comparison is
of what a reader of the files would see. A failed assertion names the id.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import repeat
from operator import contains, itemgetter
from typing import Any, TypeAlias

from reading import _FRACTIONS, _VALUES, COLUMNS, MICROSECOND, TICK, TRUTH_COLUMNS, Lists, Row

Pair: TypeAlias = tuple[Row, Row]
"""Leg 0 (BUY or OURS) and leg 1 (SELL or THEIRS)."""
Legs: TypeAlias = tuple[list[Row], list[Row]]
"""The records of both legs of a pair."""
Plain: TypeAlias = tuple[dict[str, Row], dict[str, Row]]
"""By leg and id, the records that the truth does not tell of."""
Stated: TypeAlias = dict[str, dict[str, Row]]
"""Rows of the truth by id and field."""
LISTS = {"single": ("trades",), "counterparty": ("buy", "sell"), "two_system": ("ours", "theirs")}
LEGS = {"single": ("BUY", "SELL"), "counterparty": ("BUY", "SELL"), "two_system": ("OURS", "THEIRS")}
SIDES = ("BUY", "SELL")

_FIELDS = {name: number for number, name in enumerate((*COLUMNS, "record"))}
_COUNTS = {"record.missing": (0, 0), "record.duplicate": (2, 2), "record.split": (2, 5)}
_but_quantity = itemgetter(*(name for name in COLUMNS if name != "quantity"))
_side = itemgetter("order_type")
_record_id = itemgetter("record_id")
_both_brokers = itemgetter("broker_id", "contra_broker_id")
_as_first = itemgetter(
    "ticker", "broker_id", "contra_broker_id", "quantity", "price", "date", "trade_timestamp"
)
_as_second = itemgetter(
    "ticker", "contra_broker_id", "broker_id", "quantity", "price", "date", "trade_timestamp"
)


# Properties 1 and 2: effective and complete -------------------------------------------------------------


def check_truth(
    lists: Lists | list[Row],
    truth: list[Row],
    view: str = "single",
    tolerances: Mapping[str, Any] | None = None,
) -> dict[str, Pair]:
    """The truth is exactly the differences between the legs, and all it says of them is right.

    Gives back the clean pairs, as `clean` does.
    """
    named = _named(lists)
    stated = _stated(truth, view)
    found, plain = _records(named, stated, view)
    pairs = _rebuilt(found, plain, stated, view)
    _check_ids(pairs, stated)
    with_ids = _check_record_ids(named, truth)
    columns = TRUTH_COLUMNS + (("record_id",) if with_ids else ())
    for trade_id, fields in stated.items():
        _check_together(trade_id, fields)
        legs = found[trade_id]
        first = pairs[trade_id][0]
        notional = Decimal(first["quantity"]) * Decimal(first["price"])
        for row in fields.values():
            assert tuple(row) == columns, f"{trade_id} has {list(row)}"
            _check_label(row, notional, tolerances or {})
        if with_ids:
            leg = LEGS[view].index(row["leg"])
            _check_named_records(trade_id, fields, [record["record_id"] for record in legs[leg]])
    return pairs


def clean(lists: Lists | list[Row], truth: list[Row], view: str = "single") -> dict[str, Pair]:
    """The pairs as they were, by id, from trades and truth alone: both legs must then agree.

    What is altered is put back; fills are added up, copies taken once; a missing leg is its other's mirror.
    """
    stated = _stated(truth, view)
    return _rebuilt(*_records(_named(lists), stated, view), stated, view)


def legs_by_id(lists: Lists | list[Row], view: str = "single") -> dict[str, Pair]:
    """The pairs of a run without any mismatch."""
    return clean(lists, [], view)


def difference(field: str, original: str, altered: str) -> Decimal | None:
    """Altered less original in shares, dollars, days, seconds or records; None where there is no amount."""
    if not altered:
        return None
    if field in ("quantity", "price", "record"):
        return Decimal(altered) - Decimal(original)
    if field == "date":
        return Decimal((dt.date.fromisoformat(altered) - dt.date.fromisoformat(original)).days)
    if field == "trade_timestamp":
        moved = dt.datetime.fromisoformat(altered) - dt.datetime.fromisoformat(original)
        return Decimal(moved // MICROSECOND) / 1_000_000
    return None


def tolerance(field: str, original: str, tolerances: Mapping[str, Any]) -> Decimal | None:
    """The largest difference that does not count, in the unit of `difference`; None where all count."""
    given = tolerances.get(field)
    if given is None:
        return None
    if field != "price":
        return Decimal(str(given))
    ((kind, size),) = given.items()
    factor = {"absolute": Decimal(1), "ticks": TICK, "bps": Decimal(original) / 10_000}[kind]
    return Decimal(str(size)) * factor


def _named(lists: Lists | list[Row]) -> Lists:
    return {"trades": lists} if isinstance(lists, list) else lists


def _stated(truth: list[Row], view: str) -> Stated:
    """The truth by id and field: one leg a pair, no field twice, nothing that changes nothing."""
    stated: Stated = {}
    for row in truth:
        trade_id, field = row["trade_id"], row["field"]
        fields = stated.setdefault(trade_id, {})
        assert field in _FIELDS, f"{trade_id} has the field {field!r}"
        assert field not in fields, f"{trade_id} has {field} in the truth twice"
        assert row["original"] != row["altered"], f"{trade_id}: the alteration of {field} vanished"
        fields[field] = row
    for trade_id, fields in stated.items():
        legs = {row["leg"] for row in fields.values()}
        assert len(legs) == 1, f"{trade_id} is altered on both legs"
        assert legs <= set(LEGS[view]), f"{trade_id} has the leg {legs} in view {view}"
    return stated


def _records(lists: Lists, stated: Stated, view: str) -> tuple[dict[str, Legs], Plain]:
    """By true id, the records of leg 0 and of leg 1 of pairs that the truth tells of; and all other rows."""
    assert tuple(lists) == LISTS[view], f"view {view} has the lists {list(lists)}"
    true = {trade_id: trade_id for trade_id in stated}
    for trade_id, fields in stated.items():
        if "trade_id" in fields:
            other = true.setdefault(fields["trade_id"]["altered"], trade_id)
            assert other == trade_id, f"{trade_id} and {other} are mistyped alike"
    found: dict[str, Legs] = {trade_id: ([], []) for trade_id in stated}
    plain: Plain = ({}, {})
    sides = {"BUY": 0, "SELL": 1}
    for place, listed in enumerate(lists.values()):
        for row in listed:
            # A side that is missing or misspelled says nothing: the truth tells whose record it is.
            leg = sides.get(row["order_type"], 0) if view == "single" else place
            trade_id = row["trade_id"]
            if trade_id in true:
                found[true[trade_id]][leg].append(row)
            elif plain[leg].setdefault(trade_id, row) is not row:
                raise AssertionError(f"{trade_id} has more than one record of a leg, untold")
    for trade_id, fields in stated.items():
        assert any(found[trade_id]), f"{trade_id} is in the truth and not in the trades"
        if view == "single" and "order_type" in fields:
            found[trade_id] = _parted(trade_id, found[trade_id], fields["order_type"])
    return found, plain


def _parted(trade_id: str, legs: Legs, flip: Row) -> Legs:
    """The legs of a pair whose records do not say their side: the truth names a record of the altered one."""
    together = legs[0] + legs[1]
    if flip["altered"] in SIDES:
        assert not legs[SIDES.index(flip["original"])], f"{trade_id} is flipped and has records of both sides"
    named = [row for row in together if row["record_id"] == flip["record_id"]]
    assert len(named) == 1, f"{trade_id} has no record {flip['record_id']!r} in the trades"
    # Copies and fills of one leg are alike in all but the quantity.
    leg = _but_quantity(named[0])
    flipped = [row for row in together if _but_quantity(row) == leg]
    rest = [row for row in together if _but_quantity(row) != leg]
    return (flipped, rest) if flip["leg"] == "BUY" else (rest, flipped)


def _rebuilt(found: dict[str, Legs], plain: Plain, stated: Stated, view: str) -> dict[str, Pair]:
    """Both legs of every pair, as they were: named in the truth or not, they must agree."""
    firsts, seconds = plain
    for trade_id in firsts.keys() ^ seconds.keys():
        raise AssertionError(f"{trade_id} has only one leg, untold")
    pairs = {trade_id: (row, seconds[trade_id]) for trade_id, row in firsts.items()}
    for trade_id, fields in stated.items():
        one, other = pairs[trade_id] = _restored(trade_id, found[trade_id], fields, view)
        assert one["trade_id"] == other["trade_id"] == trade_id, f"{trade_id} is {one['trade_id']}"
    mirrored, allowed = _as_second, {SIDES}
    if view == "two_system":
        mirrored, allowed = _as_first, {("BUY", "BUY"), ("SELL", "SELL")}
    ones, others = zip(*pairs.values(), strict=True)
    agree = list(map(_as_first, ones)) == list(map(mirrored, others))
    if not (agree and set(zip(map(_side, ones), map(_side, others), strict=True)) <= allowed):
        for trade_id, (one, other) in pairs.items():
            if _as_first(one) != mirrored(other) or (_side(one), _side(other)) not in allowed:
                raise AssertionError(f"{trade_id} differs beyond what the truth says: {one} and {other}")
    if len(ones[0]) == len(others[0]) == len(COLUMNS):
        return pairs
    return {trade_id: tuple(map(_without_record_id, pair)) for trade_id, pair in pairs.items()}


def _without_record_id(row: Row) -> Row:
    copy = row.copy()
    copy.pop("record_id", None)
    return copy


def _mirror(row: Row, view: str) -> Row:
    """What the other leg of a clean pair holds, but for the record id."""
    other = _without_record_id(row)
    if view != "two_system":
        other["broker_id"], other["contra_broker_id"] = row["contra_broker_id"], row["broker_id"]
        other["order_type"] = SIDES[row["order_type"] == "BUY"]
    return other


def _restored(trade_id: str, legs: Legs, fields: dict[str, Row], view: str) -> Pair:
    """The legs with what the truth says put back."""
    leg = next(LEGS[view].index(row["leg"]) for row in fields.values())
    others = legs[1 - leg]
    assert len(others) == 1, f"{trade_id} has {len(others)} records of the leg that is not altered"
    other = others[0]
    row = _one_record(trade_id, legs[leg], fields.get("record")) or _mirror(other, view)
    for field, stated in fields.items():
        if field != "record":
            held, altered = row[field], stated["altered"]
            assert held == altered, f"{trade_id}: {field} is {held} in the trades, {altered} in the truth"
            row[field] = stated["original"]
    return (row, other) if leg == 0 else (other, row)


def _one_record(trade_id: str, records: list[Row], stated: Row | None) -> Row:
    """One record for the leg, whatever became of it: a copy. Empty where the leg is missing."""
    count = int(stated["altered"]) if stated else 1
    assert len(records) == count, f"{trade_id} has {len(records)} records of a leg; the truth says {count}"
    if not stated:
        return dict(records[0])
    assert stated["original"] == "1", f"{trade_id} had {stated['original']} records of a leg"
    how = stated["mechanism"]
    least, most = _COUNTS.get(how, (1, 0))
    assert least <= count <= most, f"{trade_id} is {how} in {count} records"
    if not records:
        return {}
    assert len(set(map(_but_quantity, records))) == 1, f"{trade_id} has copies or fills that differ"
    if how == "record.duplicate":
        assert records[0]["quantity"] == records[1]["quantity"], f"{trade_id} has copies that differ"
        return dict(records[0])
    quantities = [Decimal(record["quantity"]) for record in records]
    assert min(quantities) > 0, f"{trade_id} has an empty fill"
    # `_rebuilt` sees whether the fills add up to what the other leg says.
    return records[0] | {"quantity": str(sum(quantities))}


def _check_ids(pairs: dict[str, Pair], stated: Stated) -> None:
    """The ids of the run are consecutive, and mistyped ones lie outside."""
    numbers = {int(trade_id.removeprefix("tid")) for trade_id in pairs}
    low, high = min(numbers), max(numbers)
    assert high - low + 1 == len(numbers) == len(pairs), f"ids from {low} to {high}, {len(pairs)} pairs"
    for trade_id, fields in stated.items():
        if "trade_id" in fields:
            assert fields["trade_id"]["original"] == trade_id, f"{trade_id} was another id"
            number = int(fields["trade_id"]["altered"].removeprefix("tid"))
            assert not low <= number <= high, f"{trade_id} is mistyped as an id of the run"


def _check_together(trade_id: str, fields: dict[str, Row]) -> None:
    """Each mechanism is one of its field, and only such meet as may."""
    mechanisms = {field: row["mechanism"] for field, row in fields.items()}
    for field, mechanism in mechanisms.items():
        swapped = field == "contra_broker_id" and mechanism == "broker_id.swapped"
        assert mechanism.startswith(f"{field}.") or swapped, f"{trade_id}: {mechanism} altered {field}"
    brokers = (mechanisms.get("broker_id"), mechanisms.get("contra_broker_id"))
    if "broker_id.swapped" in brokers:
        assert brokers[0] == brokers[1], f"{trade_id} has only one broker swapped"
        one, other = fields["broker_id"], fields["contra_broker_id"]
        crossed = (one["altered"], other["altered"]) == (other["original"], one["original"])
        assert crossed, f"{trade_id} has brokers that are not swapped"
        assert "order_type" not in fields, f"{trade_id} is swapped and flipped"
    alone = len(fields) == 1 or all(row["benign"] != "true" for row in fields.values())
    assert alone, f"{trade_id} has a benign difference, and more"
    record = mechanisms.get("record")
    assert record != "record.missing" or len(fields) == 1, f"{trade_id} is missing, and more"
    assert record != "record.split" or "quantity" not in fields, f"{trade_id} is split, of another quantity"


def _check_label(row: Row, notional: Decimal, tolerances: Mapping[str, Any]) -> None:
    trade_id, field, original, altered = row["trade_id"], row["field"], row["original"], row["altered"]
    size = difference(field, original, altered)
    if size is None:
        assert row["delta"] == "", f"{trade_id}: {field} has the delta {row['delta']}"
    else:
        right = row["delta"] != "" and Decimal(row["delta"]) == size
        assert right, f"{trade_id}: {field} has the delta {row['delta']!r}; expected {size}"
    limit = tolerance(field, original, tolerances)
    benign = size is not None and limit is not None and abs(size) <= limit
    assert row["benign"] == ("true" if benign else "false"), f"{trade_id}: {field} has benign {row['benign']}"
    given = row["notional"]
    # As many decimals as the quantity and the price have together: two, for whole shares and cents.
    assert given == f"{notional:f}", f"{trade_id} has the notional {given}; expected {notional:f}"


def _check_record_ids(lists: Lists, truth: list[Row]) -> bool:
    """Whether trades have record ids: all or none, no two alike, and the truth as they do."""
    counts = {name: sum(map(contains, listed, repeat("record_id"))) for name, listed in lists.items()}
    total = sum(map(len, lists.values()))
    assert sum(counts.values()) in (0, total), f"some rows have a record_id: {counts}"
    with_ids = sum(counts.values()) > 0
    for row in truth:
        assert ("record_id" in row) == with_ids, f"{row['trade_id']}: record_id in trades or truth alone"
    if with_ids:
        distinct = set().union(*(map(_record_id, listed) for listed in lists.values()))
        assert len(distinct) == total, "a record_id is there twice"
    return with_ids


def _check_named_records(trade_id: str, fields: dict[str, Row], ids: list[str]) -> None:
    """A row names the leg's first record; a duplicate the added copy; a missing leg none."""
    names = {field: row["record_id"] for field, row in fields.items()}
    if not ids:
        assert names == {"record": ""}, f"{trade_id} is missing and has the records {names}"
        return
    assert set(names.values()) <= set(ids), f"{trade_id} names the records {names}; its leg has {ids}"
    if fields.get("record", {}).get("mechanism") == "record.duplicate":
        added = names.pop("record")
        assert added not in names.values(), f"{trade_id} names the added copy for more than the duplicate"
    assert len(set(names.values())) <= 1, f"{trade_id} names several records for one leg: {names}"


# What else is always true -------------------------------------------------------------------------------


def check_values(lists: Lists | list[Row], precision: str = "s") -> None:
    """Columns and forms are right, nothing is at or below zero, and no leg has one broker on both sides."""
    stamp = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d" + _FRACTIONS[precision])
    for name, listed in _named(lists).items():
        columns = (*COLUMNS, "record_id")[: len(listed[0]) if listed else None]
        assert all(map(columns.__eq__, map(tuple, listed))), f"{name} has other columns than {columns}"
        for column in columns:
            form = stamp if column == "trade_timestamp" else _VALUES[column]
            for value in set(map(itemgetter(column), listed)):
                assert form.fullmatch(value), f"{name} has the {column} {value!r}"
                if column in ("date", "trade_timestamp"):
                    dt.datetime.fromisoformat(value)  # which refuses what is in no calendar
        for broker, other in set(map(_both_brokers, listed)):
            if broker == other:
                trade_id = next(row["trade_id"] for row in listed if _both_brokers(row) == (broker, other))
                raise AssertionError(f"{trade_id} trades with itself")


def check_order(truth: list[Row]) -> None:
    """The truth is by id, then by field in the order of the columns, `record` last."""
    keys = [(int(row["trade_id"].removeprefix("tid")), _FIELDS[row["field"]]) for row in truth]
    assert keys == sorted(keys), "the truth is out of order"
