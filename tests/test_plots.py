"""The tables behind the figures against worked figures and brute force, and the figures as they are drawn."""

from __future__ import annotations

import io
import itertools
import math
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from scipy import stats

from tradegen import Batch, Scenario, TradegenError, generate
from tradegen.plots import plot_field_counts, plot_magnitudes, plot_mismatch_rates
from tradegen.rates import expected_shares, field_counts, mismatch_rates, wilson_interval

DAY = "2025-07-21"
GROUPS = ("ticker", "broker", "hour")


def shares(**fields: Any) -> dict[str, float]:
    return {name: float(share) for name, share in expected_shares(Scenario(**fields)).items()}


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


# What was asked for


def test_by_default_each_field_is_altered_in_three_of_ten_mismatched_pairs() -> None:
    # A quarter of the pairs each, and a quarter of the second fields of one pair in five.
    assert shares() == pytest.approx(
        dict.fromkeys(("quantity", "price", "date", "trade_timestamp"), 0.25 + 0.2 * 0.25)
    )


def test_a_second_field_is_drawn_among_the_others() -> None:
    # First: 1/2, 1/4, 1/4. Second: quantity after price or date, 2/3 each, so 2 x 1/4 x 2/3 = 1/3;
    # price after quantity, 1/2 x 1/2, or after date, 1/4 x 1/3, so 1/3; likewise date.
    weights = {"quantity.nudge": 2, "price.nudge": 1, "date.next_session": 1}
    assert shares(mechanisms=weights, fields_per_pair=[0.8, 0.2]) == pytest.approx(
        {"quantity": 1 / 2 + 0.2 / 3, "price": 1 / 4 + 0.2 / 3, "date": 1 / 4 + 0.2 / 3}
    )


def test_mechanisms_of_one_field_share_its_second_chance() -> None:
    # The date's two mechanisms are one field: no pair has both, and there is no second field to draw.
    weights = {"date.next_session": 1, "date.previous_session": 3}
    assert shares(mechanisms=weights, fields_per_pair=[0.5, 0.5]) == pytest.approx({"date": 1})


def test_pairs_with_as_many_fields_as_there_are_have_all_of_them() -> None:
    weights = {"quantity.nudge": 3, "price.nudge": 1}
    assert shares(mechanisms=weights, fields_per_pair=[0, 1]) == pytest.approx({"quantity": 1, "price": 1})
    assert shares(mechanisms=weights, fields_per_pair=[0.5, 0.5]) == pytest.approx(
        {"quantity": 0.75 + 0.5 * 0.25, "price": 0.25 + 0.5 * 0.75}
    )


UNEVEN = {
    "quantity.nudge": 5,
    "price.nudge": 0.5,
    "date.next_session": 2,
    "date.previous_session": 1,
    "trade_timestamp.delay": 1,
}


def by_brute_force(weights: dict[str, float], fields_per_pair: list[float]) -> dict[str, float]:
    """Every order in which all mechanisms could finish, with its chance; a field counts once."""
    found: Counter[str] = Counter()
    for order in itertools.permutations(weights):
        chance = math.prod(
            weights[name] / sum(weights[later] for later in order[place:]) for place, name in enumerate(order)
        )
        fields = list(dict.fromkeys(name.partition(".")[0] for name in order))
        for number, share in enumerate(fields_per_pair, start=1):
            for field in fields[:number]:
                found[field] += share * chance
    return dict(found)


@pytest.mark.parametrize("per_pair", [[1.0], [0.8, 0.2], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 1.0]])
def test_asked_shares_are_those_of_all_orders_of_all_mechanisms(per_pair: list[float]) -> None:
    assert shares(mechanisms=UNEVEN, fields_per_pair=per_pair) == pytest.approx(
        by_brute_force(UNEVEN, per_pair)
    )


@pytest.mark.parametrize("rate_mode", ["exact", "bernoulli"])
def test_counts_are_what_was_asked(rate_mode: str) -> None:
    batch = generate(
        pairs=100_000,
        mismatch_rate=0.4,
        mechanisms=UNEVEN,
        fields_per_pair=[0.5, 0.3, 0.2],
        rate_mode=rate_mode,
        seed=7,
        date=DAY,
    )
    table = field_counts(batch)
    for row in table.itertuples():
        # Five standard errors: one false alarm in 400,000 such tables.
        assert abs(row.share - row.asked) < 5 * math.sqrt(row.asked * (1 - row.asked) / row.total)
        assert row.asked_count == pytest.approx(40_000 * row.asked)
    assert table["count"].to_dict() == batch.truth["field"].value_counts()[list(table.index)].to_dict()


# Rates by group


def by_loops(batch: Batch, by: str) -> dict[str, tuple[int, int]]:
    """(mismatched, total) by group, one record after the other."""
    altered = {(row.trade_id, row.leg) for row in batch.truth.itertuples()}
    mismatched = {trade_id for trade_id, _ in altered}
    original = {
        row.trade_id: row.original for row in batch.truth.itertuples() if row.field == "trade_timestamp"
    }
    found: dict[str, tuple[int, int]] = {}
    seen = set()
    for row in batch.trades.itertuples():
        if by == "broker":
            group, hit = row.broker_id, (row.trade_id, row.order_type) in altered
        elif row.trade_id in seen:
            continue
        else:
            seen.add(row.trade_id)
            hour = int(original.get(row.trade_id, str(row.trade_timestamp))[11:13])
            group = row.ticker if by == "ticker" else f"{hour:02d}:00-{(hour + 1) % 24:02d}:00"
            hit = row.trade_id in mismatched
        count, total = found.get(group, (0, 0))
        found[group] = count + hit, total + 1
    return found


@pytest.mark.parametrize("by", GROUPS)
def test_rates_are_those_counted_record_by_record(by: Any) -> None:
    # Delays of hours: most altered timestamps lie in another hour than the original.
    batch = generate(
        pairs=2_000, settings={"trade_timestamp.delay": {"min": 3_600, "max": 20_000}}, seed=7, date=DAY
    )
    table = mismatch_rates(batch, by)
    assert dict(zip(table.index, zip(table["count"], table["total"], strict=True), strict=True)) == by_loops(
        batch, by
    )
    assert set(table["asked"]) == {0.15 if by == "broker" else 0.30}


def test_hours_follow_the_window_across_midnight() -> None:
    batch = generate(pairs=500, start="22:30", end="01:00", seed=7, date=DAY)
    assert list(mismatch_rates(batch, "hour").index) == ["22:00-23:00", "23:00-00:00", "00:00-01:00"]


@pytest.mark.parametrize("by", GROUPS)
def test_honest_batches_rarely_have_a_group_that_stands_out(by: Any) -> None:
    # One in a hundred is to: five or more of a hundred happen to one in 300 such tests.
    batches = (generate(pairs=3_000, seed=seed, date=DAY) for seed in range(100))
    assert sum(mismatch_rates(batch, by)["stands_out"].any() for batch in batches) < 5


def with_truth_missing_for(batch: Batch, ticker: str) -> Batch:
    """A batch whose truth lost the rows of one ticker: a generator that never broke it."""
    ids = batch.trades.loc[batch.trades["ticker"] == ticker, "trade_id"]
    vars(batch)["truth"] = batch.truth[~batch.truth["trade_id"].isin(ids)]
    return batch


def test_a_ticker_that_is_never_mismatched_stands_out() -> None:
    batch = with_truth_missing_for(generate(pairs=30_000, seed=7, date=DAY), "AAPL")
    table = mismatch_rates(batch, "ticker")
    assert list(table.index[table["stands_out"]]) == ["AAPL"]
    figure = plot_mismatch_rates(batch, "ticker", top=5)
    assert figure.get_suptitle() == f"1 of {len(table)} tickers stands out from the 30% asked"
    assert figure.axes[0].get_yticklabels()[0].get_text() == "AAPL"
    assert "found, stands out" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_an_unknown_grouping_is_refused() -> None:
    with pytest.raises(TradegenError, match=r"^by is 'tickers'; did you mean ticker\?$"):
        mismatch_rates(generate(seed=7, date=DAY), "tickers")  # type: ignore[arg-type]


# Figures

BATCHES: dict[str, dict[str, Any]] = {
    "default": {},
    "one pair": {"pairs": 1, "mismatch_rate": 1},
    "no mismatch": {"pairs": 100, "mismatch_rate": 0},
    "no mechanism": {"pairs": 100, "mismatch_rate": 0, "mechanisms": {}},
    "all, one field": {"pairs": 300, "mismatch_rate": 1, "mechanisms": {"price.nudge": 1}},
    "large": {"pairs": 20_000, "brokers": 300, "quantity_max": 1_000_000, "start": "00:00", "end": "00:00"},
}


def figures(batch: Batch) -> dict[str, Figure]:
    return {
        "counts": plot_field_counts(batch),
        "magnitudes": plot_magnitudes(batch),
        **{by: plot_mismatch_rates(batch, by) for by in ("ticker", "broker", "hour")},
    }


@pytest.mark.parametrize("name", BATCHES)
def test_every_figure_of_every_batch_is_drawn_labelled_and_within_its_frame(name: str) -> None:
    for figure in figures(generate(**BATCHES[name], seed=7, date=DAY)).values():
        image = io.BytesIO()
        figure.savefig(image, format="png")
        image.seek(0)
        pixels = imread(image)
        assert len({tuple(pixel) for pixel in pixels[::3, ::3].reshape(-1, pixels.shape[2])}) > 10
        # The outermost line of pixels is white: nothing runs over the edge.
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 1).all()
        assert figure.get_suptitle()
        assert all(axes.get_xlabel() for axes in figure.axes)


def test_magnitudes_are_drawn_with_their_units_and_all_rows_accounted_for() -> None:
    batch = generate(pairs=20_000, seed=7, date=DAY)
    count = batch.truth["field"].value_counts()
    units = []
    for axes in plot_magnitudes(batch).axes:
        field, unit = axes.get_xlabel().split(": difference, ")
        units.append((field, unit))
        bars = axes.patches[0].get_data()
        beyond = 0.0
        if "\n" in axes.get_title():
            beyond = float(axes.get_title().partition("\n")[2].partition("%")[0]) / 100
        assert axes.get_title().startswith(f"{count[field]:,} altered")
        assert bars.values.sum() == pytest.approx(count[field] * (1 - beyond), rel=0.001)
        # As many up as down: five standard errors.
        assert abs(bars.values[bars.edges[:-1] >= 0].sum() / bars.values.sum() - 0.5) < 2.5 / math.sqrt(
            count[field]
        )
    assert units == [
        ("quantity", "% of the quantity"),
        ("quantity", "shares"),
        ("date", "calendar days"),
        ("price", "% of the price"),
        ("price", "dollars"),
        ("trade_timestamp", "minutes"),
    ]


def test_magnitudes_stand_where_the_settings_put_them() -> None:
    batch = generate(
        pairs=5_000,
        quantity_min=1_000,
        quantity_max=1_000,
        settings={
            "quantity.nudge": {"min": 0.02, "max": 0.02},
            "trade_timestamp.delay": {"min": 600, "max": 600},
        },
        seed=7,
        date=DAY,  # a Monday: the weekday before is 3 days away
    )
    expected = {
        "% of the quantity": {-2, 2},
        "shares": {-20, 20},
        "calendar days": {-3, 1},
        "minutes": {-10, 10},
    }
    drawn = {
        axes.get_xlabel().split(", ")[1]: axes.patches[0].get_data() for axes in plot_magnitudes(batch).axes
    }
    for unit, values in expected.items():
        bars = drawn[unit]
        spans = [
            (low, high)
            for low, high, height in zip(bars.edges[:-1], bars.edges[1:], bars.values, strict=True)
            if height
        ]
        assert len(spans) == 2
        for value, (low, high) in zip(sorted(values), spans, strict=True):
            assert low <= value <= high
            assert high - low < 2


def test_matplotlib_is_loaded_by_the_plots_alone_and_pyplot_by_none() -> None:
    script = (
        "import sys, tradegen; assert 'matplotlib' not in sys.modules; "
        "from tradegen import plots; plots.plot_field_counts(tradegen.generate(seed=7)); "
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
