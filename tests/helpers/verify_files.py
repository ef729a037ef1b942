"""Small files written by hand, right in every way, for the tests of `verify` to damage."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tradegen.verify import Report, verify

TRADES = """\
trade_id,ticker,broker_id,contra_broker_id,quantity,price,order_type,date,trade_timestamp,record_id
tid00000002,MSFT,BKR004,BKR003,100,410.25,SELL,2025-07-21,2025-07-21 09:31:00,00000000000000a4
tid00000001,AAPL,BKR001,BKR002,250,154.00,BUY,2025-07-21,2025-07-21 10:33:00,00000000000000a1
tid00000001,AAPL,BKR002,BKR001,250,154.00,SELL,2025-07-21,2025-07-21 10:33:00,00000000000000a2
tid00000002,MSFT,BKR003,BKR004,100,410.00,BUY,2025-07-21,2025-07-21 09:31:00,00000000000000a3
tid00000003,AAPL,BKR002,BKR001,10,150.00,SELL,2025-07-21,2025-07-21 11:00:00,00000000000000a6
tid00000004,IBM,BKR005,BKR006,20,200.00,BUY,2025-07-21,2025-07-21 11:01:00,00000000000000a7
tid00000004,IBM,BKR006,BKR005,20,200.00,SELL,2025-07-21,2025-07-21 11:01:00,00000000000000a8
tid00000004,IBM,BKR006,BKR005,20,200.00,SELL,2025-07-21,2025-07-21 11:01:00,00000000000000b8
tid00000005,IBM,BKR007,BKR008,15,201.00,BUY,2025-07-21,2025-07-21 11:02:00,00000000000000a9
tid00000005,IBM,BKR007,BKR008,30,201.00,BUY,2025-07-21,2025-07-21 11:02:00,00000000000000b9
tid00000005,IBM,BKR008,BKR007,45,201.00,SELL,2025-07-21,2025-07-21 11:02:00,00000000000000aa
tid00000006,KO,BKR001,BKR002,70,60.00,SELL,2025-07-21,2025-07-21 11:03:00,00000000000000ab
tid00000006,KO,BKR002,BKR001,70,60.00,SELL,2025-07-21,2025-07-21 11:03:00,00000000000000ac
tid00000007,KO,BKR003,BKR001,80,61.00,BUY,2025-07-21,2025-07-21 11:04:00,00000000000000ad
tid00900007,KO,BKR001,BKR003,80,61.00,SELL,2025-07-21,2025-07-21 11:04:00,00000000000000ae
tid00000008,PEP,BKR009,BKR001,5,170.00,BUY,2025-07-21,2025-07-21 11:05:00,00000000000000af
tid00000008,PEP,BKR009,BKR001,5,170.00,SELL,2025-07-22,2025-07-21 11:05:00,00000000000000ba
tid00000009,PEP,BKR001,BKR002,6,170.00,BUY,2025-07-21,2025-07-21 11:36:00,00000000000000bb
tid00000009,PEP,BKR002,BKR001,6,170.00,SELL,2025-07-21,2025-07-21 11:06:00,00000000000000bc
"""

TRUTH = """\
trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause,record_id
tid00000002,SELL,price,price.nudge,410.00,410.25,0.25,false,41000.00,,00000000000000a4
tid00000003,BUY,record,record.missing,1,0,-1,false,1500.00,,
tid00000004,SELL,record,record.duplicate,1,2,1,false,4000.00,,00000000000000b8
tid00000005,BUY,record,record.split,1,2,1,false,9045.00,,00000000000000a9
tid00000006,BUY,order_type,order_type.flip,BUY,SELL,,false,4200.00,,00000000000000ab
tid00000007,SELL,trade_id,trade_id.mistyped,tid00000007,tid00900007,,false,4880.00,,00000000000000ae
tid00000008,SELL,broker_id,broker_id.swapped,BKR001,BKR009,,false,850.00,,00000000000000ba
tid00000008,SELL,contra_broker_id,broker_id.swapped,BKR009,BKR001,,false,850.00,,00000000000000ba
tid00000008,SELL,date,date.next_session,2025-07-21,2025-07-22,1,false,850.00,,00000000000000ba
tid00000009,BUY,trade_timestamp,trade_timestamp.delay,2025-07-21 11:06:00,2025-07-21 11:36:00,1800,false,1020.00,,00000000000000bb
"""  # noqa: E501 - rows are as long as rows are

MANIFEST: dict[str, Any] = {
    "manifest": 2,
    "replay": {"scenario": {"pairs": 9, "brokers": 15}, "seed": 7, "first_id": 1},
    "counts": {"pairs": 9, "trades": 19, "mismatched_pairs": 8, "truth_rows": 10},
}

BARE = {"quantity", "price", "delta", "benign", "notional", "Px"}


def as_form(text: str, form: str) -> str:
    """CSV text as another format, written here and not by tradegen."""
    if form == "csv":
        return text
    lines = []
    for row in csv.DictReader(io.StringIO(text)):
        members = (
            f'"{name}": {value or "null"}' if name in BARE else f'"{name}": "{value}"'
            for name, value in row.items()
        )
        lines.append("{" + ", ".join(members) + "}")
    if form == "ndjson":
        return "".join(f"{line}\n" for line in lines)
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def proof(
    folder: Path,
    trades: str = TRADES,
    truth: str = TRUTH,
    manifest: dict[str, Any] | None = None,
    form: str = "csv",
    **options: Any,
) -> Report:
    """Verify texts as files."""
    paths = [folder / f"a.{form}", folder / f"b.{form}"]
    paths[0].write_text(as_form(trades, form), "utf-8", newline="")
    paths[1].write_text(as_form(truth, form), "utf-8", newline="")
    if manifest is not None:
        paths.append(folder / "m.json")
        paths[-1].write_text(json.dumps(manifest), "utf-8")
    return verify(paths[::-1], **options)


def two_lists(folder: Path, view: str, change: Any = lambda leg, row: row, **scenario: Any) -> list[Path]:
    """Two clean pairs in two lists, with a manifest; `change` alters rows as they are written."""
    names = {"counterparty": ("buy", "sell"), "two_system": ("ours", "theirs")}[view]
    paths = []
    for leg, name in enumerate(names):
        rows = []
        for number in (1, 2):
            brokers = ("BKR001", "BKR002") if view == "two_system" or not leg else ("BKR002", "BKR001")
            side = "BUY" if view == "two_system" or not leg else "SELL"
            rows.append(
                {
                    "trade_id": f"tid{number:08d}",
                    "ticker": "AAPL",
                    "broker_id": brokers[0],
                    "contra_broker_id": brokers[1],
                    "quantity": "250",
                    "price": "154.00",
                    "order_type": side,
                    "date": "2025-07-21",
                    "trade_timestamp": "2025-07-21 22:33:00.500",
                }
            )
        rows = [change(leg, row) for row in rows]
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        paths.append(folder / f"t.{name}.csv")
        paths[-1].write_text(text.getvalue(), "utf-8")
    paths.append(folder / "truth.csv")
    paths[-1].write_text(TRUTH.splitlines()[0].removesuffix(",record_id") + "\n", "utf-8")
    paths.append(folder / "m.json")
    told = {"pairs": 2, "view": view, "timestamp_precision": "ms", **scenario}
    counts = {"pairs": 2, "trades": 4, "truth_rows": 0}
    manifest = {"manifest": 2, "replay": {"scenario": told, "first_id": 1}, "counts": counts}
    paths[-1].write_text(json.dumps(manifest, indent=2), "utf-8")
    return paths
