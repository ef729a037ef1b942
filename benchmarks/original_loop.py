"""The job as the original script did it: a record at a time, a database commit an id.

Written anew from the script's description, to have something to measure against.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3
from pathlib import Path

_TICKERS = [(f"TCK{number}", 20.0 + 7 * number) for number in range(150)]


def invocation(ledger: Path, pairs: int = 15) -> str:
    """Make the records of one invocation as JSON text, each id committed to the counter in `ledger`."""
    connection = sqlite3.connect(ledger)
    connection.execute("CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER)")
    connection.execute("INSERT OR IGNORE INTO counters VALUES ('trade_id', 0)")
    connection.commit()
    numbers = []
    for _ in range(pairs):
        connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'trade_id'")
        numbers.append(connection.execute("SELECT value FROM counters").fetchone()[0])
        connection.commit()
    connection.close()
    return json.dumps(in_memory(pairs, numbers))


def in_memory(pairs: int, numbers: list[int] | None = None) -> list[dict[str, object]]:
    """Make the records of some pairs, without a database."""
    records: list[dict[str, object]] = []
    mismatched = set(random.sample(range(pairs), int(pairs * 0.3)))
    for pair, number in enumerate(numbers or range(1, pairs + 1)):
        buy, sell = _legs(number)
        if pair in mismatched:
            _alter(random.choice((buy, sell)))
        records += (buy, sell)
    random.shuffle(records)
    return records


def _legs(number: int) -> tuple[dict[str, object], dict[str, object]]:
    ticker, price = random.choice(_TICKERS)
    buyer, seller = random.sample(range(1, 16), 2)
    moment = dt.datetime(2025, 7, 21, 9, 30) + dt.timedelta(seconds=random.randrange(23_400))
    leg = {
        "trade_id": f"tid{number:08d}",
        "ticker": ticker,
        "broker_id": f"BKR{buyer:03d}",
        "contra_broker_id": f"BKR{seller:03d}",
        "quantity": random.randint(1, 500),
        "price": round(price * random.uniform(0.99, 1.01), 2),
        "order_type": "BUY",
        "date": moment.strftime("%Y-%m-%d"),
        "trade_timestamp": moment.strftime("%Y-%m-%d %H:%M:%S"),
    }
    other = {"broker_id": leg["contra_broker_id"], "contra_broker_id": leg["broker_id"], "order_type": "SELL"}
    return leg, {**leg, **other}


def _alter(leg: dict[str, object]) -> None:
    field = random.choice(("quantity", "price", "timestamp", "date"))
    if field == "quantity":
        leg["quantity"] = max(1, round(int(str(leg["quantity"])) * random.uniform(0.95, 1.05)))
    elif field == "price":
        leg["price"] = round(float(str(leg["price"])) * random.uniform(0.99, 1.01), 2)
    elif field == "timestamp":
        moment = dt.datetime.fromisoformat(str(leg["trade_timestamp"]))
        leg["trade_timestamp"] = str(moment + dt.timedelta(minutes=random.randint(-30, 30)))
    else:
        day = dt.date.fromisoformat(str(leg["date"]))
        leg["date"] = str(day + dt.timedelta(days=random.choice((-1, 1))))
