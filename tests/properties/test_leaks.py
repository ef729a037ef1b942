"""One record alone tells nothing of whether it is altered, beyond what its mechanism itself shows.

`benchmarks/leaks.py` is the attacker, here with small samples; `make audit` has large ones. Seeds are fixed;
a change of the random numbers meets each test anew, and then the audits together have a false-alarm
probability of 1e-3 if all is well: `ALARM` for each interval and each test.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sizes import chosen
from sklearn.metrics import roc_auc_score

from tradegen import generate
from tradegen.mechanisms.catalogue import CATALOGUE

PAIRS = 10_000


# `benchmarks` is no package: its programs are run by path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
leaks = importlib.import_module("leaks")
features = importlib.import_module("leak_features")
injected = importlib.import_module("leak_injected")
# What mechanisms themselves show has its own test.
AUDITS = leaks.audits(PAIRS, also_shown=False)
ALARM = 1e-3 / (2 * len(AUDITS))


# Of coarser grids, ticks by ticker and columns that scenarios add, one mechanism of each way to alter; of
# dirty data, and of lists that `inject` wrote, one.
ALWAYS = [
    title
    for title in AUDITS
    if (
        title.partition(",")[0] in CATALOGUE
        and not re.search(", (tick|quantity_step|ticks by|columns) ", title)
    )
    or title.startswith(("us_equity_t1", "position"))
] + [
    "price.nudge, tick 0.05", "price.tick, ticks by ticker", "quantity.nudge, quantity_step 100",
    "currency.other", "commission.nudge", "gross_amount.rounding", "settlement_date.next_session",
    "booked_at.delay", "order_ref.mistyped", "price.blank", "ticker.other, columns added, without price",
    "trade_timestamp.delay, columns added", "injected Client.other, quoted where needed",
    "injected price.nudge, ticks by ticker", "injected quantity.nudge, existing kept",
]  # fmt: skip
# One audit of each sort of attack.
QUICK = [
    "us_equity_t1, single", "us_equity_t1, counterparty", "position alone, two_system", "price.nudge",
    "quantity.nudge", "trade_timestamp.delay", "broker_id.other", "ticker.other, without price",
    "record.split", "price.blank", "settlement_date.next_session",
    "injected Client.other, quoted where needed",
]  # fmt: skip


@pytest.mark.parametrize(
    "title", chosen(AUDITS, ALWAYS, slow=[title for title in ALWAYS if title not in QUICK])
)
def test_an_attacker_does_no_better_than_chance(title: str) -> None:
    finding = AUDITS[title]()
    assert not finding.leaks(ALARM), finding.line(ALARM)


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.shows])
def test_what_a_mechanism_is_said_to_show_does_show_it(name: str) -> None:
    seen = features.sample(name, 20_000 if name == "ticker.share_class" else 3_000)
    for shown in CATALOGUE[name].shows:
        assert leaks.attack(seen, shown.groups).interval(ALARM)[0] > 0.55


def test_what_is_said_to_show_is_of_the_catalogue_and_among_the_features() -> None:
    groups = features.sample("record.split", 100).groups
    assert set(leaks.ZOOMS) <= set(CATALOGUE)
    for name, entry in CATALOGUE.items():
        for shown in entry.shows:
            assert shown.groups, name
            assert set(shown.groups) <= groups, name
            assert shown.why, name


@functools.cache
def clean_table():
    batch = generate("us_equity_t1", pairs=PAIRS, mismatch_rate=0, seed=5, date="2025-07-08",
                     timestamp_precision="ms")  # fmt: skip
    return features.tables(batch)["trades"]


def altered_by_hand(change=None):
    """Clean records, one leg of half of the pairs marked, once `change(table, rows, generator)` was there."""
    table = clean_table().copy()
    generator = np.random.default_rng(7)
    pair = table["trade_id"].str[3:].astype(int).to_numpy() - 1
    legs = np.argsort(pair, kind="stable").reshape(-1, 2)
    chosen = generator.random(PAIRS) < 0.5
    rows = legs[chosen, generator.integers(0, 2, chosen.sum())]
    if change is not None:
        rows = change(table, rows, generator)
    flags = np.zeros(len(table), bool)
    flags[rows] = True
    return features.Sample(features.features(table), flags, pair)


def test_the_attacker_invents_nothing_where_clean_legs_are_marked_at_random() -> None:
    assert not leaks.examine("clean", altered_by_hand()).leaks(ALARM)


def plain_price_nudge(table, rows, generator):
    ticks = table["price"].str.replace(".", "").astype(int).to_numpy()
    moved = ticks[rows] * (
        1 + generator.choice([-1, 1], len(rows)) * generator.uniform(0.003, 0.03, len(rows))
    )
    table.loc[rows, "price"] = [f"{tick / 100:.2f}" for tick in moved.round()]
    return rows


def plain_quantity_nudge(table, rows, generator):
    quantity = table["quantity"].astype(int).to_numpy()[rows]
    sign = generator.choice([-1, 1], len(rows))
    moved = quantity * (1 + sign * generator.uniform(0.01, 0.05, len(rows)))
    table.loc[rows, "quantity"] = np.maximum(moved.round(), 1).astype(int).astype(str)
    return rows


def plain_delay(table, rows, generator):
    moment = table.loc[rows, "trade_timestamp"].to_numpy("datetime64[ms]")
    sign = generator.choice([-1, 1], len(rows))
    moved = moment + sign * generator.integers(60, 1801, len(rows)) * 1000
    table.loc[rows, "trade_timestamp"] = [str(one).replace("T", " ") for one in moved]
    return rows


def coarse_clock(table, rows, generator):
    table.loc[rows, "trade_timestamp"] = table.loc[rows, "trade_timestamp"].str[:-1] + "0"
    return rows


def only_some_quantities(table, rows, generator):
    even = table["quantity"].astype(int).to_numpy()[rows] % 2 == 0
    return rows[even | (generator.random(len(rows)) < 0.8)]


def only_some_brokers(table, rows, generator):
    low = table["broker_id"].to_numpy()[rows] < "BKR008"
    return rows[low | (generator.random(len(rows)) < 0.6)]


def only_some_ids(table, rows, generator):
    odd = table["trade_id"].str[-1].astype(int).to_numpy()[rows] % 2 == 1
    return rows[odd | (generator.random(len(rows)) < 0.8)]


def mostly_at_the_front(table, rows, generator):
    return rows[generator.random(len(rows)) < 1 - 0.6 * rows / len(table)]


def written_otherwise(table, rows, generator):
    few = generator.random(len(rows)) < 0.1
    table.loc[rows[few], "quantity"] = "0" + table.loc[rows[few], "quantity"]
    return rows


LEAKY = [
    plain_price_nudge,
    plain_quantity_nudge,
    plain_delay,
    coarse_clock,
    only_some_quantities,
    only_some_brokers,
    only_some_ids,
    mostly_at_the_front,
    written_otherwise,
]


@pytest.mark.parametrize("change", LEAKY)
def test_an_alteration_that_gives_itself_away_is_found(change) -> None:
    assert leaks.examine(change.__name__, altered_by_hand(change)).leaks(ALARM)


def test_quotes_that_only_altered_cells_of_a_list_have_are_found() -> None:
    dialect = "quoted where needed"
    cells = injected.clean_cells(2_000, dialect)
    altered = np.random.default_rng(7).random(len(cells)) < 0.5
    cells.loc[altered, "Ccy"] = '"' + cells.loc[altered, "Ccy"] + '"'
    seen = features.Sample(injected.list_features(cells, dialect), altered, np.arange(len(cells)))
    assert leaks.examine("quotes", seen).leaks(ALARM)


def test_altered_records_that_come_in_runs_or_early_are_found() -> None:
    seen = altered_by_hand(mostly_at_the_front)
    assert leaks.order_tests(seen)[1] < ALARM
    in_runs = features.Sample(seen.features, np.arange(len(seen.pair)) % 40 < 10, seen.pair)
    assert leaks.order_tests(in_runs)[0] < ALARM


def test_the_area_is_that_of_scikit_learn_and_its_error_that_of_delong_where_no_records_pair_up() -> None:
    generator = np.random.default_rng(3)
    altered = generator.random(300) < 0.4
    score = np.round(generator.normal(size=300) + 0.5 * altered, 1)  # with ties
    area = leaks.area_under_curve(score, altered, np.arange(300))
    assert area.auc == pytest.approx(roc_auc_score(altered, score), abs=1e-12)
    right = np.where(score[altered][:, None] > score[~altered], 1.0, 0.0)
    right += 0.5 * (score[altered][:, None] == score[~altered])
    variance = right.mean(axis=1).var() / altered.sum() + right.mean(axis=0).var() / (~altered).sum()
    assert area.error == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_intervals_cover_chance_as_often_as_they_say() -> None:
    # Legs of a pair have scores that are alike, and at most one of them is altered.
    generator = np.random.default_rng(4)
    outside = 0
    for _ in range(1_000):
        altered = np.zeros((200, 2), bool)
        altered[np.arange(200), generator.integers(0, 2, 200)] = generator.random(200) < 0.5
        score = generator.normal(size=(200, 1)) + 0.3 * generator.normal(size=(200, 2))
        area = leaks.area_under_curve(score.ravel(), altered.ravel(), np.repeat(np.arange(200), 2))
        low, high = area.interval(0.1)
        outside += not low <= 0.5 <= high
    assert stats.binomtest(outside, 1_000, 0.1).pvalue > 1e-3


def test_a_single_odd_value_is_found_and_named() -> None:
    seen = altered_by_hand()
    quantity = seen.features["quantity", "value"]
    flags = seen.altered & (quantity != 77)
    chance, where = leaks.oddest(features.Sample(seen.features, flags, seen.pair), ["quantity"])
    assert chance < 1e-3
    assert "77" in where
