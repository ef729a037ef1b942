"""The figures as they are drawn, and the bins of their histograms."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tradegen import Batch, generate
from tradegen.analysis.difference_sizes import magnitudes
from tradegen.analysis.figures import plot_field_counts, plot_magnitudes, plot_mismatch_rates
from tradegen.analysis.rates import By

DAY = "2025-07-21"

BATCHES: dict[str, dict[str, Any]] = {
    "default": {},
    "one pair": {"pairs": 1, "mismatch_rate": 1},
    "no mismatch": {"pairs": 100, "mismatch_rate": 0},
    "no mechanism": {"pairs": 100, "mismatch_rate": 0, "mechanisms": {}},
    "all, one field": {"pairs": 300, "mismatch_rate": 1, "mechanisms": {"price.nudge": 1}},
    "names": {"pairs": 300, "mechanisms": {"ticker.other": 1, "record.missing": 1}},
    "basis points": {
        "pairs": 3_000,
        "mechanisms": {"price.nudge": 1},
        "tolerances": {"price": {"bps": 2.5}},
        "benign_rate": 0.3,
    },
    "everything": {"scenario": "everything", "pairs": 20_000, "view": "two_system", "date": "2025-07-08"},
    "boundary": {"scenario": "hard", "pairs": 3_000, "rate_mode": "bernoulli"},
    "few benign": {"scenario": "hard", "pairs": 15},
    "large": {"pairs": 20_000, "brokers": 300, "quantity_max": 1_000_000, "start": "00:00", "end": "00:00"},
}


def figures(batch: Batch) -> dict[str, Figure]:
    return {
        "field": plot_field_counts(batch),
        "mechanism": plot_field_counts(batch, "mechanism"),
        "magnitudes": plot_magnitudes(batch),
        **{by: plot_mismatch_rates(batch, by) for by in ("ticker", "broker", "hour", "cause")},
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", BATCHES)
def test_every_figure_of_every_batch_is_drawn_labelled_and_within_its_frame(name: str) -> None:
    for figure in figures(generate(**{"date": DAY} | BATCHES[name], seed=7)).values():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())
        # The four bytes of a pixel as one number.
        assert len(np.unique(np.ascontiguousarray(pixels[::3, ::3]).view(np.uint32))) > 10
        # The outermost line of pixels is white: nothing runs over the edge.
        for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
            assert (edge == 255).all()
        assert figure.get_suptitle()
        assert all(axes.get_xlabel() for axes in figure.axes)


@pytest.mark.slow
def test_a_title_names_the_groups_whose_rates_are_far_from_the_others_and_says_that_they_were_to_be() -> None:
    trouble = generate("clock_trouble", pairs=50_000, seed=7, date=DAY)
    # BKR007 and BKR012 each have a hot spot, and so has the half-hour from 10:00.
    brokers = plot_mismatch_rates(trouble, "broker").get_suptitle()
    assert re.fullmatch(
        r"BKR007 \(90%\) and BKR012 \(5[0-9.]+%\) are far from the other 13, as the scenario asks",
        brokers,
    )
    hours = plot_mismatch_rates(trouble, "hour").get_suptitle()
    assert re.fullmatch(r"10:00-11:00 \([0-9.]+%\) is far from the other 6, as the scenario asks", hours)
    causes = plot_mismatch_rates(trouble, "cause").get_suptitle()
    assert causes == "Each hot spot has the rate that the scenario asks of it"


@pytest.mark.parametrize("by", ["ticker", "broker", "hour"])
def test_where_all_groups_were_to_have_one_rate_the_title_says_that_none_stands_out(by: By) -> None:
    half = 15 if by == "broker" else 30
    title = plot_mismatch_rates(generate(pairs=20_000, seed=7, date=DAY), by).get_suptitle()
    assert title == f"No {by} stands out from the {half}% asked for"


def test_an_hour_without_trades_keeps_its_place_between_the_others() -> None:
    # With this seed, nothing is traded from one o'clock to two.
    batch = generate(pairs=12, mismatch_rate=0, seed=4, date=DAY)
    hours = sorted(set(batch.trades["trade_timestamp"].dt.hour))
    assert hours == [10, 11, 12, 14, 15]
    [axes] = plot_mismatch_rates(batch, "hour").axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [
        "10:00-11:00",
        "11:00-12:00",
        "12:00-13:00",
        "13:00-14:00",
        "14:00-15:00",
        "15:00-16:00",
    ]
    [found] = [line for line in axes.lines if line.get_label() == "found"]
    drawn = np.asarray(found.get_ydata())[~np.isnan(found.get_xdata())]
    assert [10 + int(row) for row in drawn] == hours


def test_rates_are_drawn_where_they_are_told_to_be() -> None:
    batch = generate("clock_trouble", pairs=3_000, seed=7, date=DAY)
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_mismatch_rates(batch, "broker", ax=left) is figure
    plot_mismatch_rates(batch, "cause", top=2, ax=right)
    assert len(left.get_yticklabels()) == 15
    assert right.get_title().splitlines()[1] == "Shown: the 2 of 4 causes whose rates differ most"
    assert right.get_xlabel() == "mismatched pairs, % of the cause's pairs"
    assert not figure.get_suptitle()
    assert len(figure.axes) == 2


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
        assert axes.get_title().startswith(f"{count[field]:,} mismatched")
        assert bars.values.sum() == pytest.approx(count[field] * (1 - beyond), rel=0.001)
        # As many up as down: five standard errors.
        assert abs(bars.values[bars.edges[:-1] >= 0].sum() / bars.values.sum() - 0.5) < 2.5 / math.sqrt(
            count[field]
        )
    assert units == [
        ("quantity", "% of the quantity"),
        ("quantity", "shares"),
        ("price", "% of the price"),
        ("price", "dollars"),
        ("date", "calendar days"),
        ("trade_timestamp", "seconds"),
    ]


TOLERANCES = {
    "shares": {"tolerances": {"quantity": 5}, "mechanisms": {"quantity.nudge": 1}, "quantity_max": 5_000},
    "ticks": {"tolerances": {"price": {"ticks": 3}}, "mechanisms": {"price.nudge": 1}},
    "dollars": {"tolerances": {"price": {"absolute": 0.05}}, "mechanisms": {"price.nudge": 1}},
    "basis points": {"tolerances": {"price": {"bps": 2.5}}, "mechanisms": {"price.nudge": 1}},
    "seconds": {"tolerances": {"trade_timestamp": 2.5}, "mechanisms": {"trade_timestamp.clock_skew": 1}},
    "days": {"tolerances": {"date": 1}, "mechanisms": {"date.next_session": 1, "date.previous_session": 1}},
}


@pytest.mark.parametrize("precision", ["s", "ms", "us"])
@pytest.mark.parametrize("boundary", [False, True], ids=["clear", "boundary"])
@pytest.mark.parametrize("unit", TOLERANCES)
def test_the_end_of_the_tolerance_parts_benign_bars_from_mismatched_ones(
    unit: str, boundary: bool, precision: str
) -> None:
    batch = generate(
        pairs=2_000,
        benign_rate=0 if unit == "days" else 0.3,
        boundary=boundary,
        timestamp_precision=precision,
        seed=7,
        date=DAY,
        **TOLERANCES[unit],
    )
    if unit != "days":
        assert batch.truth["benign"].sum() > 0
    found = [panel for panel in magnitudes(batch) if panel.tolerance]
    assert len(found) == 1
    panel, bins = found[0], found[0].bins()
    assert panel.tolerance == {"shares": 5, "ticks": 0.03, "dollars": 0.05, "basis points": 0.025}.get(
        unit, 2.5 if unit == "seconds" else 1
    )
    assert bins.within in bins.edges
    assert np.abs(panel.benign).max(initial=0) < bins.within < np.abs(panel.mismatched).min()
    benign, mismatched = (np.histogram(values, bins.edges)[0] for values in (panel.benign, panel.mismatched))
    # Every value has a place, and no bar is both.
    assert (benign.sum(), mismatched.sum()) == (len(panel.benign), len(panel.mismatched))
    assert not ((benign > 0) & (mismatched > 0)).any()


def test_benign_bars_are_hatched_and_stand_on_the_mismatched_ones() -> None:
    batch = generate("hard", pairs=3_000, seed=7, date=DAY)
    truth = batch.truth
    for axes in plot_magnitudes(batch).axes:
        rows = truth[truth["field"] == axes.get_xlabel().partition(":")[0]]
        stairs, *bars = axes.patches
        if "lie beyond" not in axes.get_title():
            assert stairs.get_data().values.sum() == (~rows["benign"]).sum()
            assert sum(bar.get_height() for bar in bars) == rows["benign"].sum()
        assert not stairs.get_hatch()
        assert {bar.get_hatch() for bar in bars} == {"////"}
        heights = dict(zip(stairs.get_data().edges, [*stairs.get_data().values, 0], strict=True))
        assert all(bar.get_y() == heights[bar.get_x()] for bar in bars)


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
        "seconds": {-600, 600},
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
            assert high - low < 2 or unit == "seconds"


@pytest.mark.slow
def test_matplotlib_is_loaded_by_the_plots_alone_and_pyplot_by_none() -> None:
    script = (
        "import sys, tradegen; assert 'matplotlib' not in sys.modules; "
        "from tradegen.analysis import figures as plots; plots.plot_field_counts(tradegen.generate(seed=7)); "
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
