"""The tables behind the figures, against worked figures, hand counts and brute force."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sizes import size

from tradegen import Batch, TradegenError, generate
from tradegen.analysis.figures import plot_mismatch_rates
from tradegen.analysis.rates import By, field_counts, mismatch_rates
from tradegen.core.statistics import wilson_interval

DAY = "2025-07-21"
GROUPS: tuple[By, ...] = ("ticker", "broker", "hour")


# Intervals


def test_wilson_interval_of_none_of_ten_ends_at_z2_over_n_plus_z2() -> None:
    low, high = wilson_interval(0, 10)
    assert (float(low), float(high)) == pytest.approx((0, 3.841459 / 13.841459))  # z is 1.959964


def test_wilson_interval_of_half_lies_symmetric() -> None:
    low, high = wilson_interval(5, 10)
    half = 1.959964 / 13.841459 * math.sqrt(5 * 5 / 10 + 3.841459 / 4)
    assert (float(low), float(high)) == pytest.approx((0.5 - half, 0.5 + half))


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.9999])
@pytest.mark.parametrize(
    ("hits", "trials"), [(0, 1), (1, 1), (3, 7), (299, 1000), (1000, 1000), (60_000, 200_000)]
)
def test_wilson_interval_is_the_one_of_scipy(hits: int, trials: int, confidence: float) -> None:
    interval = stats.binomtest(hits, trials).proportion_ci(confidence, method="wilson")
    low, high = wilson_interval(hits, trials, confidence)
    assert (float(low), float(high)) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_all_of_all_and_none_of_none_end_exactly() -> None:
    low, high = wilson_interval([0, 7, 0], [7, 7, 0])
    assert [low[0], high[1], low[2], high[2]] == [0, 1, 0, 1]


def test_counts_with_hot_spots_follow_the_weights_of_each() -> None:
    spot = {
        "name": "late",
        "where": {"ticker": "AAPL"},
        "rate": 1,
        "mechanisms": {"trade_timestamp.delay": 1},
    }
    batch = generate(
        pairs=20_000, mechanisms={"price.nudge": 1}, hot_spots=[spot], mismatch_rate=0.1, seed=7, date=DAY
    )
    apple = sum(clean(batch).trades["ticker"] == "AAPL") / 2
    table = field_counts(batch)
    assert table["asked_count"].to_dict() == pytest.approx(
        {"price": 0.1 * (20_000 - apple), "trade_timestamp": apple}
    )
    assert table["count"].to_dict() == pytest.approx(table["asked_count"].to_dict(), abs=1)


def test_what_was_asked_is_left_out_where_a_mechanism_was_not_possible_for_all_who_drew_it() -> None:
    weights = {"ticker.share_class": 1, "price.nudge": 1}
    batch = generate(pairs=2_000, mechanisms=weights, fields_per_pair=[1], seed=7, date=DAY)
    table = field_counts(batch, "mechanism")
    assert table[["asked", "asked_count"]].isna().all(axis=None)
    assert not table["stands_out"].any()
    # Whoever drew a share class where there is none has a wrong price.
    row = table.loc["ticker.share_class"]
    assert 0 < row["count"] < 30 < 250 < row["requested"] < 350
    assert table.at["price.nudge", "count"] == 600 - row["count"]
    # Everybody still found a mechanism: the rates are those that were asked.
    assert mismatch_rates(batch, "ticker")["asked"].tolist() == pytest.approx([0.3] * 152)


def test_benign_differences_are_counted_apart_and_in_no_rate() -> None:
    batch = generate(
        pairs=2_000,
        mismatch_rate=0.1,
        benign_rate=0.4,
        mechanisms={"quantity.nudge": 1},
        tolerances={"quantity": 2},
        quantity_min=200,
        seed=7,
        date=DAY,
    )
    table = field_counts(batch, "mechanism")
    columns = ["count", "benign", "requested", "total"]
    assert table[columns].to_numpy().tolist() == [[200, 800, 1000, 200]]
    assert mismatch_rates(batch, "hour")["count"].sum() == 200
    assert mismatch_rates(batch, "cause")["applied"].sum() == 200


# Rates by group


def clean(batch: Batch) -> Batch:
    """The same pairs, with nothing altered."""
    run = batch.run
    nothing = {"mismatch_rate": 0, "benign_rate": 0, "hot_spots": [], "boundary": False}
    return generate(run.scenario.replace(**nothing), seed=run.seed, first_id=run.first_id)


def legs(batch: Batch) -> Iterator[tuple[Any, str]]:
    """Every clean record, and the name of its leg."""
    before, count = clean(batch).trades, batch.run.scenario.pairs
    for number, row in enumerate(before.itertuples()):
        side = ("OURS" if number < count else "THEIRS") if batch.run.scenario.view == "two_system" else None
        yield row, side or str(row.order_type)


def hour_of(row: Any) -> str:
    hour = row.trade_timestamp.hour
    return f"{hour:02d}:00-{(hour + 1) % 24:02d}:00"


def by_loops(batch: Batch, by: str) -> dict[str, tuple[int, int]]:
    """(mismatched, total) by group, one record after the other."""
    altered = {(row.trade_id, row.leg) for row in batch.truth.itertuples() if not row.benign}
    mismatched = {trade_id for trade_id, _ in altered}
    found: dict[str, tuple[int, int]] = {}
    seen = set()
    for row, leg in legs(batch):
        if by == "broker":
            group, hit = row.broker_id, (row.trade_id, leg) in altered
        elif row.trade_id in seen:
            continue
        else:
            seen.add(row.trade_id)
            group = row.ticker if by == "ticker" else hour_of(row)
            hit = row.trade_id in mismatched
        count, total = found.get(group, (0, 0))
        found[group] = count + hit, total + 1
    return found


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
@pytest.mark.parametrize("scenario", ["original", "everything", "dual_report"])
def test_rates_are_those_counted_record_by_record(scenario: str, view: str, by: By) -> None:
    # Ids are mistyped, sides flipped, legs missing and split, and timestamps moved to other hours.
    batch = generate(scenario, pairs=1_000, view=view, seed=7, first_id=21)
    table = mismatch_rates(batch, by)
    assert dict(zip(table.index, zip(table["count"], table["total"], strict=True), strict=True)) == by_loops(
        batch, by
    )


def test_rates_are_counted_over_all_blocks() -> None:
    batch = generate(pairs=70_000, seed=7, date=DAY)
    assert mismatch_rates(batch, "ticker")[["count", "total"]].sum().tolist() == [
        batch.truth["trade_id"].nunique(),
        70_000,
    ]


def test_without_hot_spots_all_groups_are_asked_for_one_rate() -> None:
    batch = generate(pairs=500, seed=7, date=DAY)
    for by, rate in (("ticker", 0.30), ("hour", 0.30), ("broker", 0.15)):
        assert mismatch_rates(batch, by)["asked"].tolist() == pytest.approx(  # type: ignore[arg-type]
            [rate] * len(mismatch_rates(batch, by))  # type: ignore[arg-type]
        )


SPOTS = [
    {"name": "bad broker", "where": {"broker_id": "BKR003"}, "rate": 0.8},
    {"name": "bad hour", "where": {"hours": "10:00-11:00"}, "rate": 0.6, "leg": "SELL"},
]


def asked_by_loops(batch: Batch, by: str) -> dict[str, float]:
    """What `SPOTS`, and 0.2 elsewhere, ask of each group: worked out leg by leg."""
    sums: dict[str, list[float]] = {}
    for row, leg in legs(batch):
        if "BKR003" in (row.broker_id, row.contra_broker_id):
            # The hot spot's own leg is the one that is altered.
            chance = 0.8 if row.broker_id == "BKR003" else 0.0
        elif row.trade_timestamp.hour == 10:
            chance = 0.6 if leg == "SELL" else 0.0
        else:
            chance = 0.2 * (0.7 if leg == "BUY" else 0.3)
        group = {"broker": row.broker_id, "ticker": row.ticker, "hour": hour_of(row)}[by]
        sums.setdefault(group, []).append(chance)
    # A pair has two legs, either of which makes it mismatched.
    return {group: (1 if by == "broker" else 2) * sum(all_) / len(all_) for group, all_ in sums.items()}


def spotted(**fields: Any) -> Batch:
    return generate(
        **{"pairs": 3_000, "mismatch_rate": 0.2, "buy_share": 0.7, "hot_spots": SPOTS, "seed": 7} | fields,
        date=DAY,
    )


@pytest.mark.parametrize("by", GROUPS)
def test_what_is_asked_of_a_group_takes_in_its_hot_spots(by: By) -> None:
    batch = spotted()
    table = mismatch_rates(batch, by)
    assert table["asked"].to_dict() == pytest.approx(asked_by_loops(batch, by))
    assert not table["stands_out"].any()


@pytest.mark.parametrize("rate_mode", ["exact", "bernoulli"])
def test_the_table_of_causes_is_the_one_counted_by_hand(rate_mode: str) -> None:
    batch = spotted(rate_mode=rate_mode)
    eligible: Counter[str] = Counter()
    for row, leg in legs(batch):
        if leg == "BUY":
            broker = "BKR003" in (row.broker_id, row.contra_broker_id)
            eligible["bad broker" if broker else "bad hour" if row.trade_timestamp.hour == 10 else ""] += 1
    applied = Counter(
        str(cause) for _, cause in batch.truth.drop_duplicates("trade_id")[["trade_id", "cause"]].to_numpy()
    )
    table = mismatch_rates(batch, "cause")
    assert list(table.index) == ["bad broker", "bad hour", ""]
    assert table["eligible"].to_dict() == eligible
    assert table["applied"].to_dict() == table["requested"].to_dict() == applied
    assert table["asked"].to_dict() == {"bad broker": 0.8, "bad hour": 0.6, "": 0.2}
    low, high = wilson_interval(applied["bad hour"], eligible["bad hour"])
    assert tuple(table.loc["bad hour", ["share", "low", "high"]]) == pytest.approx(
        (applied["bad hour"] / eligible["bad hour"], float(low), float(high))
    )
    assert not table["stands_out"].any()


def test_a_cause_that_was_possible_for_few_pairs_stands_out() -> None:
    batch = generate(pairs=2_000, mismatch_rate=0.5, mechanisms={"ticker.share_class": 1}, seed=7, date=DAY)
    # BRK.A, BRK.B, GOOG and GOOGL of 152 tickers are all that can be altered, and all of them are.
    assert set(by_loops(batch, "ticker")) >= {"BRK.A", "BRK.B", "GOOG", "GOOGL"}
    can = sum(n for name, (_, n) in by_loops(batch, "ticker").items() if name[:3] in ("BRK", "GOO"))
    row = mismatch_rates(batch, "cause").loc[""]
    assert (row["eligible"], row["requested"], row["applied"], row["asked"]) == (2_000, 1_000, can, 0.5)
    assert row["stands_out"]
    # Which pairs were passed over is up to the data, and so is what was asked of each group.
    for by in GROUPS:
        table = mismatch_rates(batch, by)
        assert table["asked"].isna().all()
        assert not table["stands_out"].any()


def test_hours_follow_the_window_across_midnight() -> None:
    batch = generate(pairs=500, start="22:30", end="01:00", seed=7, date=DAY)
    assert list(mismatch_rates(batch, "hour").index) == ["22:00-23:00", "23:00-00:00", "00:00-01:00"]


@pytest.mark.slow
@pytest.mark.sized
@pytest.mark.parametrize(
    ("groups", "scenario", "fields"),
    [
        (GROUPS, "original", {}),
        (["broker"], "clock_trouble", {"view": "two_system"}),
        (["cause"], "clock_trouble", {"rate_mode": "bernoulli"}),
    ],
)
def test_honest_batches_rarely_have_a_group_that_stands_out(
    groups: Sequence[By], scenario: str, fields: dict[str, Any]
) -> None:
    # One in a hundred is to: five or more of a hundred happen to one in 290 of these groups, four or more of
    # 50 to one in 620.
    stand_out: Counter[By] = Counter()
    for seed in range(size(50, 100)):
        batch = generate(scenario, pairs=3_000, seed=seed, date=DAY, **fields)
        stand_out.update(by for by in groups if mismatch_rates(batch, by)["stands_out"].any())
    assert all(count < size(4, 5) for count in stand_out.values()), stand_out


def with_truth_missing_for(batch: Batch, ticker: str) -> Batch:
    """A batch whose truth lost the rows of one ticker: a generator that never broke it."""
    before = clean(batch).trades
    lost = before.loc[before["ticker"] == ticker, "trade_id"].str[3:].astype(int)
    truths = [block.truth for block in batch.blocks]
    kept = [truth.take(~np.isin(truth.trade_id, lost)) for truth in truths]
    blocks = (replace(block, truth=truth) for block, truth in zip(batch.blocks, kept, strict=True))
    return replace(batch, blocks=tuple(blocks))


def test_a_ticker_that_is_never_mismatched_stands_out() -> None:
    batch = with_truth_missing_for(generate(pairs=30_000, seed=7, date=DAY), "AAPL")
    table = mismatch_rates(batch, "ticker")
    assert list(table.index[table["stands_out"]]) == ["AAPL"]
    figure = plot_mismatch_rates(batch, "ticker", top=5)
    assert figure.get_suptitle() == f"1 of {len(table)} tickers does not have the 30% asked for"
    assert figure.axes[0].get_yticklabels()[0].get_text() == "AAPL"
    assert "found, stands out" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_hot_spot_is_among_the_few_groups_that_are_drawn() -> None:
    spot = {"name": "hot", "where": {"ticker": "AAPL"}, "rate": 0.9}
    figure = plot_mismatch_rates(generate(pairs=5_000, hot_spots=[spot], seed=7, date=DAY), "ticker", top=3)
    # By share, from the top: the last one.
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-1] == "AAPL"
    assert re.fullmatch(
        r"AAPL \([0-9.]+%\) is far from the other 151, as the scenario asks", figure.get_suptitle()
    )
    assert figure.axes[0].get_title() == "Shown: the 3 of 152 tickers whose rates differ most"


def test_an_unknown_grouping_is_refused() -> None:
    with pytest.raises(TradegenError, match=r"^by is 'tickers'; did you mean ticker\?$"):
        mismatch_rates(generate(seed=7, date=DAY), "tickers")  # type: ignore[arg-type]
    with pytest.raises(TradegenError, match=r"^by is 'fields'; did you mean field\?$"):
        field_counts(generate(seed=7, date=DAY), "fields")  # type: ignore[arg-type]
