"""The tuning bench without its controls: its tables against the truth's own frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sizes import chosen

from tradegen import Batch, generate
from tradegen.analysis.tuning import Tuning
from tradegen.analysis.tuning_figure import draw_bench, headline, png
from tradegen.errors import ScenarioError
from tradegen.scenario.model import scenario_names

PAIRS = 5_000


@pytest.fixture(scope="module")
def tuning() -> Tuning:
    return Tuning("us_equity_t1", pairs=PAIRS, seed=3)


@pytest.fixture(scope="module")
def batch() -> Batch:
    return generate("us_equity_t1", pairs=PAIRS, seed=3)


def test_it_makes_what_generate_makes(tuning: Tuning, batch: Batch) -> None:
    assert tuning.outcome.mismatched == batch.truth["trade_id"].nunique()


def test_breaks_count_the_trades_of_each_field_in_the_truth(tuning: Tuning, batch: Batch) -> None:
    counts = batch.truth.groupby("field", observed=True)["trade_id"].nunique()
    found = tuning.outcome.breaks("field")["count"]
    assert found.to_dict() == counts.to_dict()


def test_the_interval_of_a_count_holds_the_count(tuning: Tuning) -> None:
    table = tuning.outcome.breaks("mechanism")
    assert (table["low_count"] <= table["count"]).all()
    assert (table["count"] <= table["high_count"]).all()


def test_sizes_of_prices_are_the_differences_of_the_truth_without_their_sign(
    tuning: Tuning, batch: Batch
) -> None:
    rows = batch.truth[batch.truth["field"] == "price"]
    dollars = (rows["altered"].astype(float) - rows["original"].astype(float)).abs().round(2)
    found = tuning.outcome.sizes("price", "dollars")
    assert found.round(2).tolist() == dollars.tolist()
    assert found.index.tolist() == rows["mechanism"].astype(str).tolist()


def test_where_counts_the_legs_of_clean_trades_and_those_that_the_truth_names(
    tuning: Tuning, batch: Batch
) -> None:
    clean = generate("us_equity_t1", pairs=PAIRS, seed=3, mismatch_rate=0).trades
    times = clean["trade_timestamp"].dt.floor("30min").dt.strftime("%H:%M").rename("half_hour")
    broker = clean["broker_id"].astype(str).rename("broker")
    legs = clean.groupby([broker, times]).size()
    altered = pd.MultiIndex.from_frame(batch.truth[["trade_id", "leg"]].astype(str)).unique()
    named = pd.MultiIndex.from_arrays([clean["trade_id"].astype(str), clean["order_type"].astype(str)])
    hit = clean[np.asarray(named.isin(altered))]
    mismatched = hit.groupby([broker, times]).size().reindex(legs.index, fill_value=0)
    found = tuning.outcome.where
    assert found["legs"].to_dict() == legs.to_dict()
    assert found["mismatched"].to_dict() == mismatched.to_dict()


def test_a_trade_counts_once_for_the_notional_at_risk_however_many_of_its_fields_are_altered(
    tuning: Tuning, batch: Batch
) -> None:
    once = batch.truth.drop_duplicates("trade_id")["notional"].astype(float).sum()
    assert tuning.outcome.notional_at_risk == pytest.approx(once)
    by_field = batch.truth.drop_duplicates(["trade_id", "field"]).astype({"notional": float, "field": str})
    expected = by_field.groupby("field")["notional"].sum()
    assert tuning.outcome.notional[expected.index].to_dict() == pytest.approx(expected.to_dict())


def test_benign_differences_are_no_break_and_put_no_notional_at_risk() -> None:
    found = Tuning({"mismatch_rate": 0, "benign_rate": 0.5, "tolerances": {"price": {"bps": 50}}}, pairs=500)
    assert found.outcome.mismatched == 0
    assert found.outcome.notional_at_risk == 0
    assert found.outcome.breaks()["benign"].sum() > 0


def test_what_was_asked_takes_hot_spots_in() -> None:
    spot = {"name": "all of it", "where": {"hours": "09:30-16:00"}, "rate": 0.25}
    assert Tuning({"mismatch_rate": 0.01, "hot_spots": [spot]}, pairs=500).outcome.asked == 0.25


def test_a_higher_rate_keeps_every_mismatch_there_was() -> None:
    tuning = Tuning(pairs=2_000)

    def broken() -> set[int]:
        return {int(one) for block in tuning.outcome.batch.blocks for one in block.truth.trade_id}

    tuning.change(mismatch_rate=0.1)
    before = broken()
    tuning.change(mismatch_rate=0.2)
    assert len(before) == 200
    assert before < broken()


def test_a_refused_change_leaves_all_as_it_was() -> None:
    tuning = Tuning(pairs=500)
    scenario, outcome = tuning.scenario, tuning.outcome
    with pytest.raises(ScenarioError, match="mismatch_rate is 2"):
        tuning.change(mismatch_rate=2)
    # Only generating shows this one.
    spot = {"name": "late", "where": {"broker_id": "BKR999"}, "factor": 3}
    with pytest.raises(ScenarioError, match="BKR999"):
        tuning.change(hot_spots=[spot])
    assert (tuning.scenario, tuning.outcome) == (scenario, outcome)


def test_a_mechanism_with_the_weight_0_is_off() -> None:
    tuning = Tuning(pairs=500)
    tuning.weigh("price.nudge", 0)
    assert "price" not in tuning.outcome.breaks().index
    assert "price.nudge" not in tuning.outcome.breaks("mechanism").index


def test_the_saved_scenario_makes_the_same_counts(tmp_path: Path) -> None:
    tuning = Tuning("clock_trouble", pairs=1_000, seed=5)
    tuning.change(mismatch_rate=0.123)
    tuning.save(tmp_path / "desk.toml")
    again = generate(tmp_path / "desk.toml", seed=5)
    assert again.truth.loc[~again.truth["benign"], "trade_id"].nunique() == tuning.outcome.mismatched


@pytest.mark.parametrize(("name", "why"), [("there.toml", "is there already"), ("desk.csv", "ends in .toml")])
def test_a_scenario_is_not_saved_over_a_file_nor_as_something_else(
    tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "there.toml").write_text("mine")
    with pytest.raises(ScenarioError, match=why):
        Tuning(pairs=15).save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == "mine"


def test_another_scenario_is_compared_on_the_same_pairs() -> None:
    tuning = Tuning("us_equity_t1", pairs=700)
    tuning.compare_with("clean")
    assert tuning.other is not None
    assert (tuning.other.scenario.pairs, tuning.other.mismatched) == (700, 0)
    tuning.compare_with(None)
    assert tuning.other is None


def test_examples_show_altered_trades_of_this_very_run() -> None:
    tuning = Tuning("original", pairs=15, seed=7)
    assert generate(seed=7).truth["trade_id"].iloc[0] in tuning.examples(limit=1)


# Two lists, columns of its own, tolerances, hot spots, and no mismatch.
UNLIKE = ("dual_report", "settlement", "hard", "clock_trouble", "clean")


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(scenario_names(), UNLIKE))
def test_every_named_scenario_can_be_drawn_alone_and_compared(name: str) -> None:
    tuning = Tuning(name, pairs=1_000)
    tuning.compare_with("us_equity_t1")
    for other in (None, tuning.other):
        assert png(draw_bench(tuning.outcome, other)).startswith(b"\x89PNG")
    assert f"{tuning.outcome.mismatched:,} of 1,000 pairs" in headline(tuning.outcome)


def test_the_command_can_be_pasted_whatever_the_file_is_called() -> None:
    command = Tuning(pairs=15).command("a b.toml")
    assert "--scenario 'a b.toml' " in command
    assert command.endswith("--out trades.csv --truth truth.csv")
