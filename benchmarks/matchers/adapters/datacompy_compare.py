"""datacompy: two pandas frames, joined by columns, with a tolerance a column.

Prices are dollars in floats, as pandas reads them - or, with `--cents`, whole cents; datacompy compares them
with NumPy's `isclose`. Its tolerances are for numbers: times are given as whole microseconds. Without shared
ids, the frames are joined by the columns that must agree exactly.
"""

from __future__ import annotations

import sys
from typing import Any

import datacompy
import pandas as pd
from job import Finding, Job, finding

CENTS = "--cents" in sys.argv


def frame(job: Job, name: str) -> pd.DataFrame:
    """One list."""
    table = pd.read_parquet(job.path(name))
    table["price"] = (100 * table["price"]).astype(int) if CENTS else table["price"].astype(float)
    table["date"] = table["date"].astype(str)
    table["trade_timestamp"] = table["trade_timestamp"].astype("datetime64[us]").astype("int64")
    # Rows with the same key are joined in the order they stand in; that of times is the best there is.
    return table.sort_values("trade_timestamp", kind="stable", ignore_index=True)


def tolerances(job: Job) -> dict[str, dict[str, float]]:
    """The same as datacompy takes them: absolute and relative ones by column."""
    absolute: dict[str, float] = {
        "quantity": job.tolerances.get("quantity", 0),
        "trade_timestamp": 1_000_000 * job.tolerances.get("trade_timestamp", 0),
    }
    relative: dict[str, float] = {}
    price: dict[str, Any] = job.tolerances.get("price") or {}
    if "bps" in price:
        relative["price"] = price["bps"] / 10_000
    else:
        dollars = price.get("absolute", price.get("ticks", 0) / 100)
        absolute["price"] = round(100 * dollars) if CENTS else dollars
    return {"abs_tol": absolute, "rel_tol": relative}


def found(job: Job, compared: Any) -> list[Finding]:
    """What the comparison holds, as findings."""
    findings: list[Finding] = []
    for rows in (compared.df1_unq_rows, compared.df2_unq_rows):
        findings += [finding(record, "missing") for record in rows[job.reference]]
    both = compared.intersect_rows
    first = job.reference if job.shared_ids else f"{job.reference}_df1"
    partner = both[f"{job.reference}_df2"] if not job.shared_ids else pd.Series("", both.index)
    if not job.shared_ids:
        findings += [finding(*row) for row in zip(both[first], [""] * len(both), partner, strict=True)]
    for column in job.compared:
        differs = ~both[f"{column}_match"].astype(bool)
        pairs = zip(both.loc[differs, first], partner[differs], strict=True)
        findings += [finding(ours, column, theirs) for ours, theirs in pairs]
    return findings


if __name__ == "__main__":
    job = Job.given()
    ours, theirs = frame(job, "ours"), frame(job, "theirs")
    with job.matching():
        compared = datacompy.PandasCompare(ours, theirs, join_columns=job.key, **tolerances(job))
        findings = found(job, compared)
    job.write(findings, datacompy.__version__)
