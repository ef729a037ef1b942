"""Columns of every kind that a scenario may add, and runs with them for the tests of `verify` to edit."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradegen import generate
from tradegen.verify import Report, verify

Row = dict[str, str]

VIEWS, FORMS = ("single", "counterparty", "two_system"), ("csv", "json", "ndjson", "parquet")

COLUMNS: list[dict[str, Any]] = [
    {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 1},
    {"name": "currency", "kind": "code", "values": ["USD", "EUR"]},
    {"name": "account", "kind": "code", "codes": 200, "prefix": "ACC"},
    {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "fee", "kind": "decimal", "places": 4, "min": 0.5, "max": 99.5},
    {"name": "lots", "kind": "integer", "min": 1, "max": 500},
    {"name": "note", "kind": "text", "values": ["late, see mail", "ok"]},
    {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp", "max": 600},
    {"name": "order_ref", "kind": "reference", "prefix": "ORD", "digits": 8},
    {"name": "our_ref", "kind": "reference", "own": True, "prefix": "R-"},
]
SPELLED = ("other", "case", "padded", "truncated", "typo", "blank")
MECHANISMS = [
    *("quantity.nudge", "price.nudge", "date.next_session", "record.split", "record.missing"),
    *("settlement_date.next_session", "settlement_date.blank"),
    *(f"{name}.{way}" for name in ("currency", "account", "note") for way in SPELLED),
    *("gross_amount.nudge", "gross_amount.sign", "gross_amount.blank", "fee.nudge", "fee.blank"),
    *("lots.nudge", "lots.digit_swap", "lots.blank", "booked_at.delay", "booked_at.blank"),
    *("order_ref.mistyped", "order_ref.blank"),
]
ASKED: dict[str, Any] = {
    "columns": COLUMNS,
    "date": "2025-07-18",  # a Friday
    "mismatch_rate": 0.6,
    "mechanisms": dict.fromkeys(MECHANISMS, 1) | {"quantity.nudge": 5, "record.split": 5},
    "pairs": 250,
    "seed": 5,
    "view": "two_system",
}
RENAMED = {"columns": {"trade_id": "TradeRef", "fee": "Fee"}, "date_format": "%d/%m/%y"}


def write(folder: Path, form: str = "csv", **changes: Any) -> list[Path]:
    folder.mkdir(exist_ok=True)
    batch = generate(**ASKED | changes)
    batch.write(folder / f"t.{form}", truth=folder / f"key.{form}", manifest=folder / "m.json")
    return sorted(folder.iterdir())


@dataclass
class Files:
    """The lists, the truth and the manifest of a run, to be edited; each edit has a trade of its own."""

    lists: dict[str, list[Row]]
    truth: list[Row]
    manifest: dict[str, Any]
    edited: set[str] = field(default_factory=set)

    def proof(self, folder: Path) -> Report:
        for name, rows in {**self.lists, "key": self.truth}.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            (folder / (f"t.{name}.csv" if name in self.lists else "key.csv")).write_text(text.getvalue())
        (folder / "m.json").write_text(json.dumps(self.manifest))
        return verify(sorted(folder.iterdir()))

    def clean(self) -> tuple[Row, Row]:
        """Both legs of a pair without a mismatch."""
        wrong = {row["trade_id"] for row in self.truth} | self.edited
        ours = next(row for row in self.lists["ours"] if row["trade_id"] not in wrong)
        self.edited.add(ours["trade_id"])
        return ours, next(row for row in self.lists["theirs"] if row["trade_id"] == ours["trade_id"])

    def told(self, mechanism: str) -> Row:
        """A truth row that is the only one of its pair, or of a quantity and what follows on it."""
        rows = Counter(row["trade_id"] for row in self.truth)
        alone = 2 if mechanism in ("quantity.nudge", "gross_amount.follows") else 1
        found = next(
            row
            for row in self.truth
            if row["mechanism"] == mechanism
            and rows[row["trade_id"]] == alone
            and row["trade_id"] not in self.edited
        )
        self.edited.add(found["trade_id"])
        return found

    def records(self, row: Row) -> list[Row]:
        """The records of a truth row's leg."""
        return [leg for leg in self.lists[row["leg"].lower()] if leg["trade_id"] == row["trade_id"]]
