"""recordlinkage: candidate links by blocking, similarities column by column, and a threshold on their sum.

That is the way of its guide for two datasets without labels. (Its classifier without labels,
`ECMClassifier`, was tried as well: see the leaderboard's notes.) Of the candidates above the threshold, the
most alike are linked first, and each record once. It never sees trade ids.
"""

from __future__ import annotations

import pandas as pd
import recordlinkage
from comparing import findings_of_links, load
from job import Job
from recordlinkage.network import OneToOneLinking

BLOCKS = (
    ["ticker", "broker_id", "contra_broker_id", "quantity"],
    ["ticker", "quantity", "price"],
    ["ticker", "trade_timestamp"],
    ["broker_id", "contra_broker_id", "trade_timestamp"],
    ["quantity", "trade_timestamp"],
)
NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type", "date")
LEAST = 6.0  # of eight columns


def frame(job: Job, name: str) -> pd.DataFrame:
    """One list, by reference; times in seconds, for `Numeric` compares numbers."""
    table = pd.read_parquet(job.path(name)).set_index(job.reference)
    table["price"] = table["price"].astype(float)
    table["date"] = table["date"].astype(str)
    seconds = table["trade_timestamp"].astype("datetime64[us]").astype("int64") / 1e6
    return table.assign(seconds=seconds)


def offsets(job: Job, ours: pd.DataFrame) -> dict[str, float]:
    """How far numbers may be apart and still count as alike: the tolerance, or the smallest step."""
    price = job.tolerances.get("price") or {}
    dollars = price.get("ticks", 0) / 100 + price.get("bps", 0) / 10_000 * float(ours["price"].median())
    return {
        "quantity": job.tolerances.get("quantity", 0.5),
        "price": max(dollars, 0.01),
        "seconds": job.tolerances.get("trade_timestamp", 1.0),
    }


def link(job: Job, ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.MultiIndex:
    """Pairs of references, each record in one pair at most."""
    indexer = recordlinkage.Index()
    for columns in BLOCKS:
        indexer.block(left_on=columns, right_on=columns)
    candidates = indexer.index(ours, theirs)
    compare = recordlinkage.Compare()
    for column in NAMES:
        compare.exact(column, column, label=column)
    for column, offset in offsets(job, ours).items():
        compare.numeric(column, column, method="gauss", offset=offset, scale=offset, label=column)
    alike = compare.compute(candidates, ours, theirs).sum(axis=1)
    best = alike[alike > LEAST].sort_values(ascending=False, kind="stable")
    return OneToOneLinking().compute(best.index)


if __name__ == "__main__":
    job = Job.given()
    database = load(job)
    ours, theirs = frame(job, "ours"), frame(job, "theirs")
    with job.matching():
        links = link(job, ours, theirs)
        database.register("links", links.to_frame(index=False, name=["ours", "theirs"]))
        findings = findings_of_links(database, job)
    job.write(findings, recordlinkage.__version__)
