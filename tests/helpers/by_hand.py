"""What tests of single mechanisms share: all that one makes of a value, and what its entry recognises."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from plausible import BROKERS, default_settings, universe

from tradegen import Scenario, load_market
from tradegen.core.blocks import Pairs
from tradegen.engine.context import BlockContext
from tradegen.mechanisms.allowed_sizes import NO_TOLERANCE, AllowedSizes
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.mechanism import Case

TICKERS = {"AAPL": 154, "GOOGL": 168.95, "GOOG": 170.49, "ZZZ": 1}
LEG = {
    "trade_id": "tid00000021", "ticker": "AAPL", "broker_id": "BKR005", "contra_broker_id": "BKR011",
    "quantity": "250", "price": "154.00", "order_type": "BUY", "date": "2025-07-21",
    "trade_timestamp": "2025-07-21 10:33:27", "record": "1",
}  # fmt: skip


def days(text: str) -> int:
    """A date in its unit: days since 1970-01-01."""
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def microseconds(text: str) -> int:
    """A timestamp in its unit: microseconds since 1970-01-01."""
    return int((dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))


def outcomes(
    mechanism: str, value: int, scenario: dict[str, Any] | None = None, first_id: int = 1, **settings: Any
) -> set[int]:
    """All that a mechanism makes of one value, over many draws; of several altered fields, the first.

    Values are in the field's integer unit: shares, ticks, days, microseconds, codes, records.
    """
    count = 2_000
    entry = HOUSE[mechanism]
    whole = {"pairs": 15, "date": "2025-07-21", "brokers": 5} | (scenario or {})
    columns = {
        "ticker": 0,
        "buyer": 2,
        "seller": 4,
        "quantity": 300,
        "price": 15_400,
        "side": 0,
        "date": days("2025-07-21"),
        "trade_timestamp": microseconds("2025-07-21 10:33:27"),
    }
    field = {"broker_id": "buyer", "contra_broker_id": "seller"}.get(entry.field, entry.field)
    if field in columns:
        columns[field] = value
    pairs = Pairs(**{name: np.full(count, number) for name, number in columns.items()})
    context = BlockContext(Scenario(**whole), load_market(TICKERS), pairs, first_id, first_id)
    raw = np.random.default_rng(1).integers(0, 2**64 - 1, count, np.uint64, endpoint=True)
    values = default_settings(mechanism) | settings
    step = context.step if entry.field == "trade_timestamp" else 1
    allowed = AllowedSizes(NO_TOLERANCE, step=step)
    original = np.full(count, value)
    case = Case(
        original=original,
        raw=raw,
        pairs=np.arange(count),
        legs=np.zeros(count, np.int8),
        settings=values,
        allowed=allowed,
        context=context,
        keep_in_range=context.scenario.keep_in_range,
        limited=np.zeros(count, bool),
    )
    found = entry.alter(case)
    return set(found.reshape(-1, count)[0].tolist())


def recognises(mechanism: str, original: str, altered: str, **settings: Any) -> bool:
    """Whether an entry takes a difference, as CSV prints it, for one of its own."""
    seen = Difference(
        original,
        altered,
        LEG | {HOUSE[mechanism].field: original},
        default_settings(mechanism) | settings,
        universe(),
        BROKERS,
        prices_before={"153.87"},
    )
    return bool(HOUSE[mechanism].recognises(seen))
