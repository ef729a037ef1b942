"""An analyst's desk: 2.1% of trades break, one broker's three times as often, half of all late in the day."""

from __future__ import annotations

from typing import Any

DESK: dict[str, Any] = {
    "view": "two_system",
    "mismatch_rate": 0.021,
    "rate_is": "overall",
    "mechanisms": {
        "quantity.nudge": 0.45,
        "price.nudge": 0.25,
        "trade_timestamp.delay": 0.2,
        "date.next_session": 0.1,
    },
    "settings": {"price.nudge": {"unit": "bps", "shape": "lognormal", "median": 1.5, "p95": 5.0}},
    "fields_per_pair": [1.0],
    "hot_spots": [
        {"name": "BKR004", "where": {"broker_id": "BKR004"}, "factor": 3.0},
        {"name": "late", "where": {"hours": "15:30-16:00"}, "share": 0.5},
    ],
    "date": "2025-07-21",
    "seed": 5,
}
