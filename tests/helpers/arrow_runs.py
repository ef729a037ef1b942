"""Runs whose columns are of all kinds, and as wide as they come."""

from __future__ import annotations

from typing import Any

__all__ = ["LARGE", "LAYOUT", "RUNS"]

LAYOUT = {
    "columns": {"trade_id": "TradeRef", "price": "Px", "trade_timestamp": "when", "record_id": "row"},
    "date_format": "%d/%m/%Y",
    "timestamp_format": "%Y%m%d %H.%M.%S.%f",
}
# As wide as prices and differences come.
DEAR = {"AAA": "10000000", "BBB": "0.01", "CCC": "9999999.37"}
LARGE = {"scenario": "everything", "view": "two_system", "tickers": DEAR, "hot_spots": []}

RUNS: dict[str, dict[str, Any]] = {
    "single": {"scenario": "everything", "view": "single"},
    "counterparty": {"scenario": "everything", "view": "counterparty"},
    "two_system": {"scenario": "everything", "view": "two_system"},
    "microseconds": {"scenario": "everything", "timestamp_precision": "us"},
    "seconds": {"scenario": "original", "timestamp_precision": "s", "mismatch_rate": 0.9},
    "other names and dates": {"scenario": "everything", "view": "two_system", "theirs": LAYOUT},
    "large and small": LARGE,
    "fat fingers": {"scenario": "fat_finger", "tickers": DEAR, "mismatch_rate": 1.0},
}
