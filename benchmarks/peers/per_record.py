"""Trades as a tutorial makes them with Faker or Mimesis: a loop, two dicts a pair, and no truth.

Both libraries are optional; `missing` says which of them is not installed, and with what to install it.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]

PINS = {"faker": "faker==40.54.0", "mimesis": "mimesis==22.2.0"}

MISMATCH_RATE = 0.30
OPENING = dt.datetime(2025, 7, 21, 9, 30)
SECONDS = 23_400  # from 09:30 to 16:00
NEXT_SESSION = "2025-07-22"
BROKERS = [f"BKR{number:03d}" for number in range(1, 16)]
_LINES = (Path(__file__).resolve().parents[2] / "tickers.csv").read_text("utf-8").split()[1:]
PRICES = {ticker: float(price) for ticker, price in (line.split(",") for line in _LINES)}
TICKERS = list(PRICES)


def missing(library: str) -> str:
    """Why a library's loop is skipped: the reason, or nothing where it is installed."""
    if importlib.util.find_spec(library):
        return ""
    return f"{library} is not installed: pip install {PINS[library]}"


def faker_records(pairs: int) -> list[Record]:
    """Make pairs with Faker's providers, a value a call."""
    from faker import Faker

    fake = Faker()
    records: list[Record] = []
    for number in range(1, pairs + 1):
        ticker = fake.random_element(TICKERS)
        buyer, seller = fake.random_elements(BROKERS, length=2, unique=True)
        price = round(PRICES[ticker] * fake.pyfloat(min_value=0.99, max_value=1.01), 2)
        moment = OPENING + dt.timedelta(seconds=fake.random_int(0, SECONDS - 1))
        legs = _legs(number, ticker, buyer, seller, fake.random_int(1, 500), price, moment)
        if fake.boolean(chance_of_getting_true=round(100 * MISMATCH_RATE)):
            field = fake.random_element(("quantity", "price", "date", "trade_timestamp"))
            share = fake.pyfloat(min_value=-0.01, max_value=0.01)
            _alter(fake.random_element(legs), field, share, moment, fake.random_int(60, 1800))
        records += legs
    return records


def mimesis_records(pairs: int) -> list[Record]:
    """Make pairs with Mimesis' providers, a value a call."""
    from mimesis import Generic

    generic = Generic()
    choice, numeric, random = generic.choice, generic.numeric, generic.random
    records: list[Record] = []
    for number in range(1, pairs + 1):
        ticker = choice(TICKERS)
        buyer, seller = choice(BROKERS, length=2, unique=True)
        price = round(PRICES[ticker] * numeric.float_number(0.99, 1.01), 2)
        moment = OPENING + dt.timedelta(seconds=numeric.integer_number(0, SECONDS - 1))
        legs = _legs(number, ticker, buyer, seller, numeric.integer_number(1, 500), price, moment)
        if random.random() < MISMATCH_RATE:
            field = choice(("quantity", "price", "date", "trade_timestamp"))
            share = numeric.float_number(-0.01, 0.01)
            _alter(choice(legs), field, share, moment, numeric.integer_number(60, 1800))
        records += legs
    return records


def _legs(
    number: int, ticker: str, buyer: str, seller: str, quantity: int, price: float, moment: dt.datetime
) -> list[Record]:
    buy = {
        "trade_id": f"tid{number:08d}",
        "ticker": ticker,
        "broker_id": buyer,
        "contra_broker_id": seller,
        "quantity": quantity,
        "price": price,
        "order_type": "BUY",
        "date": moment.strftime("%Y-%m-%d"),
        "trade_timestamp": moment.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return [buy, {**buy, "broker_id": seller, "contra_broker_id": buyer, "order_type": "SELL"}]


def _alter(leg: Record, field: str, share: float, moment: dt.datetime, delay: int) -> None:
    if field == "quantity":
        leg[field] += max(1, round(5 * leg[field] * abs(share)))
    elif field == "price":
        step = max(0.01, leg[field] * abs(share))
        leg[field] = round(leg[field] + (step if share > 0 else -step), 2)
    elif field == "date":
        leg[field] = NEXT_SESSION
    else:
        leg[field] = (moment + dt.timedelta(seconds=delay)).strftime("%Y-%m-%d %H:%M:%S")


def main() -> None:
    """Print the microseconds a pair of both: ``per_record.py [PAIRS]``."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    loops: dict[str, Callable[[int], list[Record]]] = {"faker": faker_records, "mimesis": mimesis_records}
    for library, loop in loops.items():
        if reason := missing(library):
            print(f"{library}: skipped, {reason}")
            continue
        loop(1000)
        start = time.perf_counter()
        records = loop(pairs)
        seconds = time.perf_counter() - start
        fields = ("quantity", "price", "date", "trade_timestamp")
        twos = zip(records[::2], records[1::2], strict=True)
        wrong = sum(any(buy[field] != sell[field] for field in fields) for buy, sell in twos)
        print(f"{library}: {seconds / pairs * 1e6:.1f} us a pair, {wrong / pairs:.1%} mismatched")


if __name__ == "__main__":
    main()
