"""Lists as a desk has them, with a column of each kind, and what was altered in them by nobody's reader."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAMES = (
    "TradeRef",
    "Ticker",
    "Qty",
    "Px",
    "Side",
    "Trade Date",
    "Exec Time",
    "Acct",
    "Net.Amt",
    "Lots",
    "Note",
)
COLUMNS: dict[str, Any] = {
    "id": ["TradeRef"],
    "columns": [
        {"name": "TradeRef", "kind": "reference", "role": "trade_id"},
        {"name": "Ticker", "kind": "code", "role": "ticker"},
        {"name": "Qty", "kind": "integer", "role": "quantity"},
        {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
        {"name": "Side", "kind": "code", "role": "order_type"},
        {"name": "Trade Date", "kind": "date", "format": "%Y-%m-%d", "role": "date"},
        {"name": "Exec Time", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S", "role": "trade_timestamp"},
        {"name": "Acct", "kind": "code"},
        {"name": "Net.Amt", "kind": "decimal", "places": 2},
        {"name": "Lots", "kind": "integer"},
        {"name": "Note", "kind": "text"},
    ],
}


def desk_rows(count: int, seed: int = 1) -> list[list[str]]:
    """Trades of a desk, as texts."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        quantity, cents = int(rng.integers(1, 800)), int(rng.integers(9_000, 20_000))
        day = np.datetime64("2025-07-01") + int(rng.integers(0, 28))
        second = int(rng.integers(9 * 3600, 16 * 3600))
        time = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        amount = quantity * cents * (1 if number % 3 else -1)
        rows.append([
            f"T{number:05}", str(rng.choice(["AAPL", "MSFT", "IBM"])), str(quantity), f"{cents / 100:.2f}",
            str(rng.choice(["B", "S"])), str(day), f"{day} {time}", f"ACC{int(rng.integers(40)):03}",
            f"{amount / 100:.2f}", str(100 * int(rng.integers(1, 60))),
            "" if number % 5 == 0 else f"note of {number}, ok",
        ])  # fmt: skip
    return rows


def write_rows(path: Path, rows: list[list[str]]) -> Path:
    """The rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([NAMES, *rows])
    path.write_text(text.getvalue(), "utf-8")
    return path


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file without its header, as Python's own module reads them."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def expected_rows(rows: list[list[str]], truth: pd.DataFrame) -> list[list[str]]:
    """The rows with the cells altered that a truth names, and rows left out or twice; no splits."""
    found = []
    by_id = dict(iter(truth.groupby("trade_id", observed=True)))
    for row in rows:
        new, times = list(row), 1
        for told in by_id.get(row[0], truth.iloc[:0]).itertuples():
            if told.field == "record":
                times = int(told.altered)
                continue
            at = NAMES.index(told.field)
            assert new[at] == told.original
            new[at] = "" if pd.isna(told.altered) else told.altered
        found += [new] * times
    return found
