"""Trades as DuckDB's SQL makes them: `range`, `random()` and `COPY`, and no truth.

Two legs a pair, in the same nine columns; three pairs in ten are wrong on one leg in one of the four
fields of the original script. The ways to write it are two:

- ``plain``, as one writes it down at first: one `range`, `printf`, names as text, DuckDB's own settings.
  `range` feeds one thread, and so does keeping the order of rows, which is the default.
- ``tuned``, the fastest found: a `range` a thread under `UNION ALL`, rows in any order, names as ENUM in a
  table of every ticker and two brokers that one draw chooses from, prices as whole ticks, and Parquet
  without the dictionaries that hold a value a row.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path
from typing import Literal, TypeAlias

import duckdb

Form: TypeAlias = Literal["parquet", "csv", "ndjson"]
Way: TypeAlias = Literal["plain", "tuned"]

TICKERS = Path(__file__).resolve().parents[2] / "tickers.csv"
MOST = 99_999_999  # ids have eight digits

_READ = {"parquet": "read_parquet", "csv": "read_csv", "ndjson": "read_json"}
_COPY = {"parquet": "FORMAT parquet", "csv": "FORMAT csv", "ndjson": "FORMAT json"}
# Above 1,000 distinct values a dictionary costs more time than it saves; names and quantities have fewer.
_TUNED_PARQUET = ", DICTIONARY_SIZE_LIMIT 1000, WRITE_BLOOM_FILTER false"

_PLAIN = """
WITH tickers AS (SELECT row_number() OVER () AS position, ticker, price FROM read_csv('{tickers}')),
draws AS (
    SELECT printf('tid%08d', range) AS trade_id, 1 + floor(random() * 152)::INTEGER AS position,
        1 + floor(random() * 15)::INTEGER AS buyer, 1 + floor(random() * 14)::INTEGER AS further,
        1 + floor(random() * 500)::INTEGER AS quantity, 0.99 + 0.02 * random() AS level,
        TIMESTAMP '2025-07-21 09:30:00' + to_seconds(floor(random() * 23400)::INTEGER) AS trade_timestamp,
        floor(random() * 8 / 0.3)::INTEGER AS mismatch
    FROM range(1, {pairs} + 1)
),
pairs AS (
    SELECT draws.*, ticker, printf('BKR%03d', buyer) AS buys,
        printf('BKR%03d', 1 + (buyer + further - 1) % 15) AS sells,
        (tickers.price * level)::DECIMAL(18, 2) AS price
    FROM draws JOIN tickers USING (position)
)
SELECT trade_id, ticker, CASE leg WHEN 0 THEN buys ELSE sells END AS broker_id,
    CASE leg WHEN 0 THEN sells ELSE buys END AS contra_broker_id,
    CASE WHEN mismatch = leg
        THEN quantity + CASE WHEN quantity > 1 AND random() < 0.5 THEN -1 ELSE 1 END
            * greatest(1, (quantity * (0.01 + 0.04 * random()))::INTEGER)
        ELSE quantity END AS quantity,
    CASE WHEN mismatch = leg + 2
        THEN (price + CASE WHEN random() < 0.5 THEN -1 ELSE 1 END
            * greatest(0.01, price * (0.001 + 0.009 * random())))::DECIMAL(18, 2)
        ELSE price END AS price,
    CASE leg WHEN 0 THEN 'BUY' ELSE 'SELL' END AS order_type,
    CASE WHEN mismatch = leg + 4 THEN DATE '2025-07-22' ELSE DATE '2025-07-21' END AS date,
    CASE WHEN mismatch = leg + 6 THEN trade_timestamp + to_seconds(60 + floor(random() * 1741)::INTEGER)
        ELSE trade_timestamp END AS trade_timestamp
FROM pairs CROSS JOIN (VALUES (0), (1)) AS legs(leg)
"""

_CHOICES = """
CREATE TYPE ticker AS ENUM (SELECT ticker FROM read_csv('{tickers}'));
CREATE TYPE broker AS ENUM (SELECT printf('BKR%03d', range) FROM range(1, 16));
CREATE TYPE side AS ENUM ('BUY', 'SELL');
CREATE TABLE choices AS
    SELECT (row_number() OVER () - 1)::INTEGER AS choice, ticker::ticker AS ticker,
        ceil(price * 99)::INTEGER AS lowest, (floor(price * 101) - ceil(price * 99) + 1)::INTEGER AS prices,
        printf('BKR%03d', buyer.range)::broker AS buyer, printf('BKR%03d', seller.range)::broker AS seller
    FROM read_csv('{tickers}'), range(1, 16) AS buyer, range(1, 16) AS seller
    WHERE buyer.range <> seller.range
"""

_TUNED = """
WITH numbers AS ({numbers}),
draws AS (
    SELECT 'tid' || substr((100000000 + number)::VARCHAR, 2) AS trade_id,
        floor(random() * {choices})::INTEGER AS choice, 1 + floor(random() * 500)::INTEGER AS quantity,
        random() AS level, floor(random() * 23400)::INTEGER AS second,
        floor(random() * 8 / 0.3)::INTEGER AS mismatch
    FROM numbers
),
pairs AS (
    SELECT trade_id, ticker, buyer, seller, quantity, lowest + floor(level * prices)::INTEGER AS ticks,
        second, mismatch
    FROM draws JOIN choices USING (choice)
)
SELECT trade_id, ticker, CASE WHEN leg = 0 THEN buyer ELSE seller END AS broker_id,
    CASE WHEN leg = 0 THEN seller ELSE buyer END AS contra_broker_id,
    CASE WHEN mismatch = leg
        THEN quantity + CASE WHEN quantity > 1 AND random() < 0.5 THEN -1 ELSE 1 END
            * greatest(1, (quantity * (0.01 + 0.04 * random()))::INTEGER)
        ELSE quantity END AS quantity,
    CAST(CASE WHEN mismatch = leg + 2
        THEN ticks + CASE WHEN random() < 0.5 THEN -1 ELSE 1 END
            * greatest(1, (ticks * (0.001 + 0.009 * random()))::INTEGER)
        ELSE ticks END AS DECIMAL(16, 0)) * CAST(0.01 AS DECIMAL(2, 2)) AS price,
    CASE WHEN leg = 0 THEN 'BUY'::side ELSE 'SELL'::side END AS order_type,
    CASE WHEN mismatch = leg + 4 THEN DATE '2025-07-22' ELSE DATE '2025-07-21' END AS date,
    make_timestamp({opening} + 1000000 * CASE WHEN mismatch = leg + 6
        THEN second + 60 + floor(random() * 1741)::INTEGER ELSE second END::BIGINT) AS trade_timestamp
FROM pairs CROSS JOIN (VALUES (0), (1)) AS legs(leg)
"""
_OPENING = 1_753_090_200_000_000  # 2025-07-21 09:30:00 in microseconds since 1970-01-01

_LEGS = """
SELECT count(*), count(*) FILTER (WHERE buy.quantity <> sell.quantity),
    count(*) FILTER (WHERE buy.price <> sell.price), count(*) FILTER (WHERE buy.date <> sell.date),
    count(*) FILTER (WHERE buy.trade_timestamp <> sell.trade_timestamp),
    count(*) FILTER (WHERE buy.ticker <> sell.ticker OR buy.broker_id <> sell.contra_broker_id
        OR sell.broker_id <> buy.contra_broker_id OR buy.broker_id = sell.broker_id
        OR least(buy.quantity, sell.quantity) < 1 OR least(buy.price, sell.price) <= 0)
FROM (FROM trades WHERE order_type = 'BUY') AS buy
    JOIN (FROM trades WHERE order_type = 'SELL') AS sell USING (trade_id)
"""


def write(pairs: int, folder: Path, form: Form, threads: int, way: Way = "tuned") -> None:
    """Make pairs and write them to one file, ``trades.parquet`` or the like.

    Parameters
    ----------
    pairs : int
        At most 99,999,999.
    folder : Path
        Is made where there is none; a file of that name is overwritten.
    form : {'parquet', 'csv', 'ndjson'}
    threads : int
    way : {'plain', 'tuned'}
    """
    if not 0 < pairs <= MOST:
        raise ValueError(f"pairs is {pairs}; expected a whole number from 1 to {MOST}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"trades.{form}"
    path.unlink(missing_ok=True)  # giving back the old file's space would count as work
    options = _COPY[form]
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("SET enable_progress_bar = false")
        if way == "plain":
            query = _PLAIN.format(pairs=pairs, tickers=TICKERS)
        else:
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(_CHOICES.format(tickers=TICKERS))
            (choices,) = connection.execute("SELECT count(*) FROM choices").fetchone()
            query = _TUNED.format(numbers=_numbers(pairs, threads), choices=choices, opening=_OPENING)
            options += _TUNED_PARQUET if form == "parquet" else ""
        connection.execute(f"COPY ({query}) TO '{path}' ({options})")


def _numbers(pairs: int, threads: int) -> str:
    """The numbers from 1 on, from a `range` a thread: one `range` alone feeds one thread."""
    ends = [1 + pairs * part // threads for part in range(threads + 1)]
    ranges = itertools.pairwise(ends)
    return " UNION ALL ".join(f"SELECT range AS number FROM range({low}, {high})" for low, high in ranges)


def check(pairs: int, folder: Path, form: Form) -> None:
    """Assert that a file has two legs a pair that agree, but for 7.5% of the pairs in each of four fields."""
    with duckdb.connect() as connection:
        source = f"{_READ[form]}('{folder / f'trades.{form}'}')"
        connection.execute(f"CREATE TABLE trades AS FROM {source}")
        rows = connection.execute("SELECT count(*), count(DISTINCT trade_id) FROM trades").fetchone()
        matched, *wrong, broken = connection.execute(_LEGS).fetchone()
    assert rows == (2 * pairs, pairs), rows
    assert (matched, broken) == (pairs, 0), (matched, broken)
    # Six standard deviations: a false alarm in a hundred million checks.
    slack = 6 * (pairs * 0.075 * 0.925) ** 0.5
    assert all(abs(count - 0.075 * pairs) <= slack for count in wrong), wrong


def main() -> None:
    """Print the nanoseconds a pair of each form and way: ``duckdb_sql.py [PAIRS] [THREADS] [FOLDER]``."""
    words = dict(enumerate(sys.argv[1:]))
    pairs, threads = int(words.get(0, 1_000_000)), int(words.get(1, 2))
    folder = Path(words.get(2, "out/peers"))
    for form in _COPY:
        for way in ("tuned", "plain"):
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                write(pairs, folder, form, threads, way)
                seconds.append(time.perf_counter() - start)
            check(pairs, folder, form)
            each = ", ".join(f"{one / pairs * 1e9:.0f}" for one in sorted(seconds))
            size = (folder / f"trades.{form}").stat().st_size / pairs
            print(f"{form} {way}: {each} ns a pair, {size:.1f} bytes", flush=True)


if __name__ == "__main__":
    main()
