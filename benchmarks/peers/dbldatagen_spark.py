"""Trades as dbldatagen makes them on Spark, two local cores, to Parquet, and no truth.

Spark and what it needs are kept apart from tradegen's own packages: `seconds` has
``benchmarks/.peers-dbldatagen`` made once (400 MB to download, 700 MB on disk), and runs this file as a
script in there. What counts is the write alone: neither the start of the JVM nor that of the session, and
after writes that do not count, so that the JVM has compiled what it runs. (The first write of a session
takes nearly twice as long.)

Prices are whole cents until the end: with `round`, of doubles, the loop that Spark makes of all columns is
longer than what the JVM compiles, and takes half as long again.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# dbldatagen 0.4 is of the time of Spark 3.5, which Java 17 still runs; that Spark knows pandas 2 and numpy 1.
PINS = (
    "dbldatagen==0.4.0.post1",
    "jmespath==1.0.1",
    "numpy==1.26.4",
    "pandas==2.2.3",
    "pyarrow==18.1.0",
    "pyparsing==3.2.3",
    "pyspark==3.5.9",
    "setuptools==75.8.2",
)
TICKERS = Path(__file__).resolve().parents[2] / "tickers.csv"
WARM_UP = 1_000_000

# A mismatch of 0 to 7 says which field of which leg; 8 and above, none.
LEGS = """
SELECT trade_id, ticker, IF(leg = 0, buyer, seller) AS broker_id,
    IF(leg = 0, seller, buyer) AS contra_broker_id,
    IF(mismatch = leg, quantity + IF(quantity > 1, up, 1)
        * GREATEST(1, CAST(quantity * (0.01D + 0.04D * size) AS INT)), quantity) AS quantity,
    CAST(IF(mismatch = leg + 2, ticks + up
        * GREATEST(1, CAST(ticks * (0.001D + 0.009D * size) AS INT)), ticks) AS DECIMAL(15, 0))
        * 0.01BD AS price,
    IF(leg = 0, 'BUY', 'SELL') AS order_type,
    IF(mismatch = leg + 4, DATE '2025-07-22', DATE '2025-07-21') AS date,
    TIMESTAMP_SECONDS(1753090200 + IF(mismatch = leg + 6, second + 60 + CAST(size * 1741 AS INT), second))
        AS trade_timestamp
FROM (SELECT *, EXPLODE(ARRAY(0, 1)) AS leg FROM pairs)
"""


def missing() -> str:
    """Why this is skipped: the reason, or nothing where there is Java."""
    return "" if shutil.which("java") else "java is not on the PATH; Spark needs it (17)"


def seconds(pairs: int, folder: Path) -> float:
    """Write so many pairs to a folder, in the environment; the seconds of the write alone."""
    from matcher_environments import environment  # which is not there within the environment

    words = [environment("dbldatagen", PINS), __file__, "--pairs", str(pairs), "--out", folder]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(done.stdout.split()[-1])


def clean_pairs(spark: SparkSession, pairs: int) -> DataFrame:
    """A row a pair: what both legs share, and how one of them is to be altered."""
    import dbldatagen

    rows = [line.split(",") for line in TICKERS.read_text("utf-8").split()[1:]]
    tickers = _array(f"'{ticker}'" for ticker, _ in rows)
    cents = _array(f"{round(100 * float(price))}" for _, price in rows)
    brokers = _array(f"'BKR{broker:03d}'" for broker in range(1, 16))
    most = {"position": len(rows) - 1, "buys": 14, "further": 13, "second": 23_399}
    generator = dbldatagen.DataGenerator(spark, name="pairs", rows=pairs, partitions=2, random=True)
    for name, value in most.items():
        generator = generator.withColumn(name, "int", minValue=0, maxValue=value)
    generator = generator.withColumn("quantity", "int", minValue=1, maxValue=500)
    uses = {"seller": ["buys", "further"], "buyer": "buys", "ticker": "position", "ticks": "position"}
    formulas = {
        "size": ("double", "rand()"),
        "up": ("int", "if(rand() < 0.5D, -1, 1)"),
        "mismatch": ("int", "cast(rand() * 8 / 0.3D as int)"),
        "trade_id": ("string", "concat('tid', lpad(cast(id + 1 as string), 8, '0'))"),
        "ticker": ("string", f"{tickers}[position]"),
        "buyer": ("string", f"{brokers}[buys]"),
        "seller": ("string", f"{brokers}[(buys + further + 1) % 15]"),
        "ticks": ("int", f"cast({cents}[position] * (0.99D + 0.02D * rand()) as int)"),
    }
    for name, (kind, formula) in formulas.items():
        generator = generator.withColumn(name, kind, expr=formula, baseColumn=uses.get(name))
    return generator.build()


def _array(values: Iterable[str]) -> str:
    return f"array({', '.join(values)})"


def write(spark: SparkSession, pairs: int, folder: Path) -> None:
    """Make pairs and write their legs to a folder of Parquet files."""
    clean_pairs(spark, pairs).createOrReplaceTempView("pairs")
    spark.sql(LEGS).write.mode("overwrite").parquet(str(folder))


def main() -> None:
    """Write, and print the seconds: ``dbldatagen_spark.py --pairs N --out DIR [--warm-ups K]``."""
    words = argparse.ArgumentParser(description="Trades by dbldatagen on Spark, and the seconds it took.")
    words.add_argument("--pairs", type=int, required=True)
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--warm-ups", type=int, default=2, help="writes of a million pairs before")
    options = words.parse_args()
    if reason := missing():
        sys.exit(f"skipped: {reason}")
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").appName("peers")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    for name, value in settings.items():
        session = session.config(name, value)
    spark = session.getOrCreate()
    for _ in range(options.warm_ups):
        write(spark, min(options.pairs, WARM_UP), options.out)
    start = time.perf_counter()
    write(spark, options.pairs, options.out)
    print(time.perf_counter() - start)
    spark.stop()


if __name__ == "__main__":
    main()
