"""The strategy of trade cases: what it draws, and what it shrinks to."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from shell import run_pytest
from sizes import size

from tradegen import ScenarioError
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.testing import TradeCase, make_case
from tradegen.testing.strategies import trade_cases

Finding = tuple[str, str]

# Shrinking is to end by itself, and the same each time.
SEARCH = settings(max_examples=2_000, derandomize=True, database=None, deadline=None)


def compare(case: TradeCase, *skipped: str) -> Iterator[Finding]:
    """A correct engine for the view single without tolerances, but for the fields that it skips."""
    for trade_id, legs in case.trades.groupby("trade_id", sort=False):
        sides = legs["order_type"].tolist()
        if sorted(sides) != ["BUY", "SELL"]:
            yield str(trade_id), "record"
            continue
        first, second = legs.to_dict("records")
        for field in ("ticker", "quantity", "price", "date", "trade_timestamp"):
            if field not in skipped and first[field] != second[field]:
                yield str(trade_id), field
        if (first["broker_id"], second["broker_id"]) != (
            second["contra_broker_id"],
            first["contra_broker_id"],
        ):
            yield str(trade_id), "broker_id"


def misses(engine: Callable[[TradeCase], set[Finding]]) -> Callable[[TradeCase], bool]:
    """Whether an engine overlooks a pair, or invents one; by the truth alone, without the scorer."""

    def wrong(case: TradeCase) -> bool:
        truth = case.truth
        expected = set(truth.loc[~truth["benign"], "trade_id"])
        return {trade_id for trade_id, _ in engine(case)} != expected

    return wrong


FIELDS = [name for name in HOUSE if name.partition(".")[0] in ("quantity", "price", "date", "ticker")]


@pytest.mark.slow
def test_an_engine_that_never_compares_prices_is_shown_one_pair_with_a_wrong_price() -> None:
    case = find(
        trade_cases(mechanisms=FIELDS), misses(lambda case: set(compare(case, "price"))), settings=SEARCH
    )
    assert case.scenario.pairs == 1
    assert case.seed == 0
    assert case.scenario.view == "single"
    assert case.scenario.mismatch_rate == 1
    # The first of the catalogue's mechanisms that alter a price.
    assert dict(case.scenario.mechanisms) == {"price.nudge": 1}
    assert case.truth[["trade_id", "field"]].to_numpy().tolist() == [["tid00000001", "price"]]
    assert len(case.trades) == 2


@pytest.mark.slow
def test_an_engine_that_reports_all_is_shown_one_clean_pair() -> None:
    everything = misses(lambda case: {(name, "price") for name in case.trades["trade_id"]})
    case = find(trade_cases(), everything, settings=SEARCH)
    assert case.scenario.pairs == 1
    assert case.truth.empty
    assert case.seed == 0


@pytest.mark.slow
def test_an_engine_that_knows_no_tolerance_is_shown_one_pair_within_it() -> None:
    strategy = trade_cases(mechanisms=["quantity.nudge", "price.tick"], tolerances={"quantity": 5})
    case = find(strategy, misses(lambda case: set(compare(case))), settings=SEARCH)
    assert case.scenario.pairs == 1
    assert case.truth[["field", "benign"]].to_numpy().tolist() == [["quantity", True]]
    assert not case.scenario.boundary


@pytest.mark.slow
def test_an_engine_that_stops_at_the_first_wrong_field_is_shown_a_pair_with_two() -> None:
    def first_only(case: TradeCase) -> bool:
        named = dict(compare(case))
        rows = case.truth[["trade_id", "field"]].to_numpy().tolist()
        return any(named.get(trade_id) != field for trade_id, field in rows)

    strategy = trade_cases(mechanisms=["quantity.nudge", "price.nudge", "date.next_session"])
    case = find(strategy, first_only, settings=SEARCH)
    assert case.scenario.pairs == 1
    assert len(case.truth) == 2
    assert len(case.scenario.mechanisms) == 2


@pytest.mark.sized
@settings(max_examples=size(25, 100), deadline=None, derandomize=True)
@given(trade_cases(max_pairs=8, views=["single", "counterparty", "two_system"]))
def test_whatever_is_drawn_is_small_and_made_again_by_its_repr(case: TradeCase) -> None:
    assert 1 <= case.scenario.pairs <= 8
    assert 1 <= len(case.scenario.mechanisms) <= 4
    assert set(case.truth["mechanism"]) <= set(case.scenario.mechanisms)
    assert (
        case.truth.groupby("trade_id").size().max() in (1, 2)
        or case.truth.empty
        or "broker_id.swapped" in (case.scenario.mechanisms)
    )
    assert case.scenario.date == dt.date(2025, 7, 21)
    again: TradeCase = eval(repr(case), {"make_case": make_case})
    assert again.manifest == case.manifest


@pytest.mark.slow
@pytest.mark.sized
@settings(max_examples=size(30, 100), deadline=None, derandomize=True)
@given(trade_cases(mechanisms=FIELDS))
def test_a_correct_engine_is_never_wrong(case: TradeCase) -> None:
    assert not misses(lambda case: set(compare(case)))(case)


def drawn(strategy: Any, examples: int = 60) -> list[TradeCase]:
    cases: list[TradeCase] = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: TradeCase) -> None:
        cases.append(case)

    collect()
    return cases


@pytest.mark.slow
def test_all_that_is_offered_is_drawn() -> None:
    # Of four mechanisms; of all 28, some would be drawn only once in a hundred cases.
    strategy = trade_cases(views=["single", "counterparty", "two_system"], mechanisms=FIELDS[:4])
    cases = drawn(strategy, 200)
    assert {case.scenario.view for case in cases} == {"single", "counterparty", "two_system"}
    assert {name for case in cases for name in case.scenario.mechanisms} == set(FIELDS[:4])
    assert {case.scenario.mismatch_rate for case in cases} == {1.0, 0.5, 0.1, 0.0}
    assert {len(case.scenario.fields_per_pair) for case in cases} == {1, 2}


@pytest.mark.parametrize("scenario", ["hard", "everything", "us_equity_t1", "dual_report", "clean"])
def test_any_scenario_can_be_drawn_from(scenario: str) -> None:
    base = make_case(scenario, pairs=1).scenario
    strategy = trade_cases(5, scenario=scenario)
    for case in drawn(strategy):
        assert case.scenario.pairs <= 5
        assert case.scenario.view == base.view
        assert case.scenario.tolerances == base.tolerances
        assert set(case.scenario.mechanisms) <= set(base.weights or HOUSE)


def test_what_is_given_is_not_drawn() -> None:
    strategy = trade_cases(
        mismatch_rate=0.3,
        mechanisms=["price.tick"],
        settings={"price.tick": {"max": 1}},
        first_id=500,
        pairs=7,
    )
    for case in drawn(strategy, 20):
        assert (case.scenario.pairs, case.scenario.mismatch_rate) == (7, 0.3)
        assert case.trades["trade_id"].min() == "tid00000500"
        truth = case.truth
        assert (truth["delta"].abs().round(2) == 0.01).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"max_pairs": 0}, "max_pairs is 0; expected a whole number from 1 to 10000"),
        ({"max_fields": 5}, "max_fields is 5; expected a whole number from 1 to 4"),
        (
            {"mechanisms": ["price.tik"]},
            "mechanisms has 'price.tik', which is unknown; did you mean price.tick?",
        ),
        ({"mechanisms": []}, "mechanisms is empty; expected one or more"),
        ({"views": ["buy"]}, "views has 'buy', which is unknown"),
        ({"views": ["single"], "view": "single"}, "views and view are both given; expected one of them"),
        ({"scenario": "hrad"}, "scenario hrad is unknown; did you mean hard?"),
        ({"pirs": 3}, "did you mean pairs?"),
        ({"seed": 3}, "seed is given; expected none"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_at_once(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        trade_cases(**arguments)
    assert sentence in str(caught.value)


@pytest.mark.slow
def test_a_hundred_examples_take_seconds() -> None:
    cases = drawn(trade_cases(), 100)
    started = pd.Timestamp.now()
    for case in cases:
        eval(repr(case), {"make_case": make_case}).lists  # noqa: B018 - made when it is looked at
    # Some 0.5 s on an idle machine.
    assert (pd.Timestamp.now() - started).total_seconds() < 10


@pytest.mark.slow
def test_a_failure_prints_the_call_that_makes_the_smallest_case_again(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(
        """
from hypothesis import given, settings
from tradegen.testing.strategies import trade_cases

@settings(database=None, derandomize=True, deadline=None)
@given(trade_cases(mechanisms=["quantity.nudge", "price.nudge"]))
def test_prices(case):
    reported = [
        trade_id for trade_id, legs in case.trades.groupby("trade_id") if legs["quantity"].nunique() > 1
    ]
    case.assert_score(reported)
"""
    )
    done = run_pytest("test_inner.py", cwd=tmp_path, timeout=200)
    assert done.code == 1
    assert "recall is 0.0000, expected at least 1: 0 of 1 mismatched pairs found" in done.out
    assert "make_case('original', pairs=1, seed=0, mechanisms={'price.nudge': 1.0}" in done.out
    assert "  1.   tid00000001 " in done.out


@pytest.mark.slow
def test_without_hypothesis_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import tradegen.testing.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    [*_, last] = done.stderr.strip().splitlines()
    assert "tradegen.testing.strategies needs Hypothesis" in last
    assert "pip install 'tradegen[pytest]'" in last


OWN = [
    {"name": "account", "kind": "code", "codes": 20, "prefix": "ACC"},
    {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
]


@pytest.mark.slow
def test_mechanisms_of_own_columns_are_drawn_along_with_those_of_the_house() -> None:
    strategy = trade_cases(columns=OWN, max_pairs=3)
    any_case = settings(SEARCH, phases=[Phase.generate])  # not the smallest, which takes most of the time
    for name in ("account.blank", "gross_amount.sign", "price.nudge"):
        case = find(strategy, lambda case, name=name: name in set(case.truth["mechanism"]), settings=any_case)
        assert set(case.trades.columns) >= {"account", "gross_amount"}


def test_an_engine_that_compares_no_account_is_shown_the_smallest_case_with_one() -> None:
    strategy = trade_cases(columns=OWN, mechanisms=["price.nudge", "account.blank"])
    found = find(strategy, misses(lambda case: set(compare(case))), settings=SEARCH)
    assert found.scenario.pairs == 1
    assert found.truth["field"].to_list() == ["account"]
    assert eval(repr(found)).truth.equals(found.truth)


def test_what_follows_on_others_cannot_be_asked_for() -> None:
    with pytest.raises(ScenarioError, match=r"mechanisms has 'gross_amount.follows', which is unknown"):
        trade_cases(columns=OWN, mechanisms=["gross_amount.follows"])
