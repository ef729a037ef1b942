"""A run of ten pairs written by hand, and how tests put it and findings about it into files."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from scoring_reference import FIELDS

from tradegen import Batch
from tradegen.scoring import Score, score

VIEWS = ("single", "counterparty", "two_system")

# Pair: what is wrong with it, and what it is worth in dollars.
#  1   price                       1,000.00
#  2   quantity                      100.00
#  3   quantity and price         30,000.00
#  4   SELL missing                2,000.00
#  5   id mistyped                 3,000.00
#  6   id mistyped, price too      4,000.00
#  7   price, within tolerance     5,000.00
#  8   brokers swapped             6,000.00
#  9   clean                         999.99
# 10   clean                   1,000,000.00
TRUTH = """\
trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause,record_id
tid00000001,SELL,price,price.nudge,100.00,100.50,0.50,false,1000.00,,00000000000000a1
tid00000002,BUY,quantity,quantity.nudge,5,8,3,false,100.00,,00000000000000a2
tid00000003,BUY,quantity,quantity.extra_digit,300,3000,2700,false,30000.00,spot,00000000000000a3
tid00000003,BUY,price,price.nudge,100.00,99.00,-1.00,false,30000.00,spot,00000000000000a3
tid00000004,SELL,record,record.missing,1,0,-1,false,2000.00,,
tid00000005,BUY,trade_id,trade_id.mistyped,tid00000005,tid00900005,,false,3000.00,,00000000000000a5
tid00000006,SELL,trade_id,trade_id.mistyped,tid00000006,tid00900006,,false,4000.00,,00000000000000a6
tid00000006,SELL,price,price.nudge,40.00,41.00,1.00,false,4000.00,,00000000000000a6
tid00000007,SELL,price,price.tick,50.00,50.01,0.01,true,5000.00,,00000000000000a7
tid00000008,BUY,broker_id,broker_id.swapped,BKR001,BKR002,,false,6000.00,spot,00000000000000a8
tid00000008,BUY,contra_broker_id,broker_id.swapped,BKR002,BKR001,,false,6000.00,spot,00000000000000a8
"""

TRADES = """\
trade_id,ticker,broker_id,contra_broker_id,quantity,price,order_type,date,trade_timestamp,record_id
tid00000001,AAPL,BKR001,BKR002,10,100.00,BUY,2025-07-21,2025-07-21 10:00:01,01
tid00000001,AAPL,BKR002,BKR001,10,100.50,SELL,2025-07-21,2025-07-21 10:00:01,02
tid00000002,AAPL,BKR001,BKR002,8,20.00,BUY,2025-07-21,2025-07-21 10:00:02,03
tid00000002,AAPL,BKR002,BKR001,5,20.00,SELL,2025-07-21,2025-07-21 10:00:02,04
tid00000003,AAPL,BKR001,BKR002,3000,99.00,BUY,2025-07-21,2025-07-21 10:00:03,05
tid00000003,AAPL,BKR002,BKR001,300,100.00,SELL,2025-07-21,2025-07-21 10:00:03,06
tid00000004,AAPL,BKR001,BKR002,20,100.00,BUY,2025-07-21,2025-07-21 10:00:04,07
tid00900005,AAPL,BKR001,BKR002,30,100.00,BUY,2025-07-21,2025-07-21 10:00:05,08
tid00000005,AAPL,BKR002,BKR001,30,100.00,SELL,2025-07-21,2025-07-21 10:00:05,09
tid00000006,AAPL,BKR001,BKR002,100,40.00,BUY,2025-07-21,2025-07-21 10:00:06,10
tid00900006,AAPL,BKR002,BKR001,100,41.00,SELL,2025-07-21,2025-07-21 10:00:06,11
tid00000007,AAPL,BKR001,BKR002,100,50.00,BUY,2025-07-21,2025-07-21 10:00:07,12
tid00000007,AAPL,BKR002,BKR001,100,50.01,SELL,2025-07-21,2025-07-21 10:00:07,13
tid00000008,AAPL,BKR002,BKR001,60,100.00,BUY,2025-07-21,2025-07-21 10:00:08,14
tid00000008,AAPL,BKR002,BKR001,60,100.00,SELL,2025-07-21,2025-07-21 10:00:08,15
tid00000009,AAPL,BKR001,BKR002,1,999.99,BUY,2025-07-21,2025-07-21 10:00:09,16
tid00000009,AAPL,BKR002,BKR001,1,999.99,SELL,2025-07-21,2025-07-21 10:00:09,17
tid00000010,AAPL,BKR001,BKR002,1000,1000.00,BUY,2025-07-21,2025-07-21 10:00:10,18
tid00000010,AAPL,BKR002,BKR001,1000,1000.00,SELL,2025-07-21,2025-07-21 10:00:10,19
"""

MANIFEST: dict[str, Any] = {"replay": {"scenario": {"pairs": 10, "view": "single"}, "first_id": 1}}


def tid(number: int) -> str:
    """A trade id."""
    return f"tid{number:08d}"


def frame(text: str) -> pd.DataFrame:
    """CSV as a frame of text; nothing is ""."""
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def said(*findings: Any, **columns: Any) -> pd.DataFrame:
    """Findings from numbers, or tuples of a number and a field; more columns by name."""
    rows = [one if isinstance(one, tuple) else (one, "") for one in findings]
    ids = [tid(number) if isinstance(number, int) else number for number, _ in rows]
    return pd.DataFrame({"trade_id": ids, "field": [field for _, field in rows], **columns}, dtype=object)


def scored(findings: Any, **others: Any) -> Score:
    """The score of findings about the run above, with its manifest and its trades unless others are given."""
    given = {"manifest": MANIFEST, "trades": frame(TRADES), **others}
    return score(frame(TRUTH), findings, **given)


def write(path: Path, rows: Iterable[Mapping[str, Any]], columns: list[str]) -> Path:
    """Write rows as text in the form that the path's suffix says."""
    rows = [{column: row[column] for column in columns} for row in rows]
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".json":
        path.write_text(json.dumps([{k: v or None for k, v in row.items()} for row in rows]))
    elif path.suffix in (".ndjson", ".jsonl"):
        path.write_text("".join(json.dumps({k: v for k, v in row.items() if v}) + "\n" for row in rows))
    else:
        pd.DataFrame(rows, columns=columns, dtype="str").to_parquet(path)
    return path


def random_findings(batch: Batch, seed: int) -> list[dict[str, Any]]:
    """Much of the truth, some with a wrong field or leg; then false alarms, unknown ids, links, repeats."""
    draw = random.Random(seed)
    rows = batch.truth.to_dict("records")
    first, pairs = batch.run.first_id, batch.run.scenario.pairs
    ids = [tid(number) for number in range(first - 5, first + pairs + 5)]
    ids += [row["altered"] for row in rows if row["mechanism"] == "trade_id.mistyped"] * 3
    ids += ["another", "tid5", "tid000000005"]
    legs = [None, *batch.truth["leg"].cat.categories]
    fields = [None, None, *FIELDS, "missing", "duplicate", "split", "orphan"]
    found = []
    for row in rows:
        if draw.random() < 0.6:
            field = row["field"] if draw.random() < 0.7 else draw.choice(fields)
            found.append(_finding(row["trade_id"], field, draw.choice(legs)))
    found += [_finding(draw.choice(ids), draw.choice(fields), draw.choice(legs)) for _ in range(150)]
    for _ in range(200):
        one = draw.choice(ids)
        found.append(_finding(one, None, None, one if draw.random() < 0.5 else draw.choice(ids)))
    # Of every other mistyped id, in either direction, a link to its pair.
    mistyped = [row for row in rows if row["mechanism"] == "trade_id.mistyped"][::2]
    for number, row in enumerate(mistyped):
        ends = (row["altered"], row["trade_id"])[:: -1 if number % 2 else 1]
        found.append(_finding(ends[0], None, None, ends[1]))
    return [*found, *found[:10]]


def _finding(one: str, field: str | None, leg: str | None, linked: str | None = None) -> dict[str, Any]:
    return {"trade_id": one, "field": field, "leg": leg, "linked_trade_id": linked}
