"""Cases of ten pairs of which all is known, and what a case says when a score falls short."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tradegen.testing import TradeCase, make_case

# What is known before anything is altered: each of ten pairs is 100 shares of AAPL at 100.00, traded on
# 2025-07-21, at 10:00:00, between BKR001 and BKR002.
PLAIN: dict[str, Any] = {
    "pairs": 10,
    "tickers": {"AAPL": "100.00"},
    "price_band": 0,
    "quantity_min": 100,
    "quantity_max": 100,
    "brokers": 2,
    "start": "10:00:00",
    "end": "10:00:01",
    "buy_share": 1.0,
    "fields_per_pair": [1.0],
}
IDS = [f"tid{number:08d}" for number in range(1, 11)]


def booked_late(**more: Any) -> TradeCase:
    """Ten pairs, all of whose BUY legs are dated 2025-07-22."""
    return make_case(**{**PLAIN, "mechanisms": {"date.next_session": 1}, "mismatch_rate": 1.0, **more})


def within_tolerance(**more: Any) -> TradeCase:
    """Ten pairs, all of whose BUY legs are a tick off, which is within tolerance."""
    price = {
        "mechanisms": {"price.tick": 1},
        "settings": {"price.tick": {"min": 1, "max": 1}},
        "tolerances": {"price": {"ticks": 2}},
    }
    return make_case(**{**PLAIN, **price, "mismatch_rate": 0.0, "benign_rate": 1.0, **more})


def refusal(case: TradeCase, findings: Any, **bounds: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        case.assert_score(findings, **bounds)
    return str(caught.value)


def brokers_aside(text: str) -> str:
    return re.sub(r"BKR00[12]", "BKR", text)
