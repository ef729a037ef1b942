"""splink: a model of how records agree, trained on the data itself, and the best link of each record.

It never sees trade ids. The steps are those of its tutorial: how likely two random records are a match from
rules that are nearly sure, how values agree by chance from random pairs, how they agree in matches by
expectation maximisation over two blockings, predictions over several blockings, and one link a record.
"""

from __future__ import annotations

import logging

import splink
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from comparing import findings_of_links, load
from job import Job
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

BLOCKS = (
    block_on("ticker", "broker_id", "contra_broker_id", "quantity"),
    block_on("ticker", "quantity", "price"),
    block_on("ticker", "trade_timestamp"),
    block_on("broker_id", "contra_broker_id", "trade_timestamp"),
    block_on("quantity", "trade_timestamp"),
)
RANDOM_PAIRS = 1e7
THRESHOLD = 0.9


def settings(job: Job) -> SettingsCreator:
    """Names agree or not; numbers agree, are near, or not."""
    price = job.tolerances.get("price") or {}
    near_price = (
        levels.AbsoluteDifferenceLevel("price", price["ticks"] / 100)
        if "ticks" in price
        else levels.PercentageDifferenceLevel("price", max(price.get("bps", 0) / 10_000, 0.0001))
    )
    near_time = job.tolerances.get("trade_timestamp", 1.0)
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name=job.reference,
        comparisons=[
            comparisons.ExactMatch("ticker"),
            comparisons.ExactMatch("broker_id"),
            comparisons.ExactMatch("contra_broker_id"),
            comparisons.ExactMatch("order_type"),
            comparisons.ExactMatch("date"),
            comparisons.CustomComparison(
                output_column_name="quantity",
                comparison_levels=[
                    levels.NullLevel("quantity"),
                    levels.ExactMatchLevel("quantity"),
                    levels.PercentageDifferenceLevel("quantity", 0.05),
                    levels.ElseLevel(),
                ],
            ),
            comparisons.CustomComparison(
                output_column_name="price",
                comparison_levels=[
                    levels.NullLevel("price"),
                    levels.ExactMatchLevel("price"),
                    near_price,
                    levels.PercentageDifferenceLevel("price", 0.005),
                    levels.ElseLevel(),
                ],
            ),
            comparisons.AbsoluteTimeDifferenceAtThresholds(
                "trade_timestamp",
                input_is_string=False,
                metrics=["second", "minute"],
                thresholds=[near_time, 30],
            ),
        ],
        blocking_rules_to_generate_predictions=list(BLOCKS),
    )


def link(job: Job, linker: Linker) -> str:
    """Train, predict, and keep the best link of each record; SQL that gives them."""
    train = linker.training
    sure = block_on("ticker", "broker_id", "contra_broker_id", "quantity", "trade_timestamp")
    train.estimate_probability_two_random_records_match([sure], recall=0.8)
    train.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    train.estimate_parameters_using_expectation_maximisation(block_on("ticker", "quantity"))
    train.estimate_parameters_using_expectation_maximisation(
        block_on("broker_id", "contra_broker_id", "trade_timestamp")
    )
    predictions = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_using_single_best_links(
        predictions, duplicate_free_datasets=["ours", "theirs"], threshold_match_probability=THRESHOLD
    )
    return f"""
        SELECT o.{job.reference} AS ours, t.{job.reference} AS theirs
        FROM {clusters.physical_name} o JOIN {clusters.physical_name} t USING (cluster_id)
        WHERE o.source_dataset = 'ours' AND t.source_dataset = 'theirs'
    """


if __name__ == "__main__":
    logging.getLogger("splink").setLevel(logging.ERROR)
    job = Job.given()
    database = load(job)
    api = DuckDBAPI(connection=database)
    lists = [api.register(name, dataset_display_name=name) for name in ("ours", "theirs")]
    with job.matching():
        found = link(job, Linker(lists, settings(job), log_level=logging.ERROR))
        database.execute(f"CREATE TABLE links AS {found}")
        findings = findings_of_links(database, job)
    job.write(findings, splink.__version__)
