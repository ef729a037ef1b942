"""What a notebook shows of a batch, a scenario, a fit and a score."""

from __future__ import annotations

import re

import pytest
from html_tags import Tags
from score_cases import example

from tradegen import Scenario, generate

MARKED = re.compile(r'<td style="[^"]*background: rgba[^"]*">([^<]*)</td>')


def test_a_batch_shows_its_counts_and_marks_the_altered_cells_of_its_first_trades() -> None:
    batch = generate(pairs=200, mismatch_rate=0.1, seed=7, first_id=21, date="2025-07-21")
    shown = batch._repr_html_()
    assert "200 pairs, 20 of them mismatched: 10.00%, where 10.00% was to be expected" in shown
    first = sorted(batch.truth["trade_id"].astype(str).unique())[:3]
    rows = batch.truth[batch.truth["trade_id"].isin(first)]
    assert sorted(MARKED.findall(shown)) == sorted(rows["altered"])
    assert all(one in shown for one in first)


def test_a_clean_batch_says_that_nothing_is_altered() -> None:
    shown = generate(pairs=5, mismatch_rate=0, seed=1)._repr_html_()
    assert "altered: nothing" in shown
    assert "<table" not in shown


def test_each_mechanism_has_one_example_and_the_most_frequent_comes_first() -> None:
    from tradegen.analysis.examples import one_of_each

    batch = generate("everything", pairs=3000, seed=5)
    truth = batch.truth[~batch.truth["benign"]]
    counts = truth["mechanism"].value_counts()
    found = one_of_each(batch, 100)
    assert {row.mechanism for trade in found.trades for row in trade.altered} >= set(counts[counts > 0].index)
    assert counts.index[0] in {row.mechanism for row in found.trades[0].altered}
    assert found.total == truth["trade_id"].nunique()


def test_a_scenario_shows_what_is_not_the_default_and_the_share_of_each_weight() -> None:
    scenario = Scenario(
        pairs=1500,
        benign_rate=0.1,
        tolerances={"price": {"bps": 2}},
        mechanisms={"price.nudge": 3, "date.next_session": 1},
        settings={"price.nudge": {"max": 0.02}},
    )
    rows = [
        re.findall(r"<t[hd][^>]*>([^<]*)</t", row)
        for row in re.findall(r"<tr>(.*?)</tr>", scenario._repr_html_())
    ]
    assert rows == [
        ["field", "value", "default"],
        ["pairs", "1,500", "15"],
        ["mismatch_rate", "0.3", "0.3"],
        ["benign_rate", "0.1", "0"],
        ["tolerances", "price.bps = 2", "none"],
        ["mechanism", "weight", "share", "settings"],
        ["price.nudge", "3", "75.0%", "max = 0.02"],
        ["date.next_session", "1", "25.0%", ""],
    ]


@pytest.mark.parametrize(
    "shown",
    [generate("onboarding", pairs=30, seed=2), Scenario.load("everything"), example("$a$ & <b>")],
    ids=["batch", "scenario", "score"],
)
def test_html_for_a_notebook_is_well_formed_without_a_style_of_its_own(shown: object) -> None:
    html = shown._repr_html_()  # type: ignore[attr-defined]
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert "<style" not in html
    assert "<b>&" not in html
    # Colours of text are the notebook's; the one background lets its own shine through.
    assert "color:" not in html.replace("background", "")


def test_no_notebook_takes_two_amounts_for_a_formula() -> None:
    shown = example()._repr_html_()
    assert "<span>$</span>" in shown
    assert "$" not in shown.replace("<span>$</span>", "")
