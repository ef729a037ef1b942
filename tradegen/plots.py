"""Figures that show whether a batch is what was asked for.

Every figure of shares draws a table of `rates`. matplotlib is loaded here and nowhere else; figures belong to
no pyplot state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tradegen.generate import Batch
from tradegen.rates import (
    CONFIDENCE,
    CONFIDENCE_ALL,
    By,
    field_counts,
    mismatch_rates,
    mismatched_pairs,
)
from tradegen.schema import TICKS_PER_DOLLAR, Array

__all__ = ["plot_field_counts", "plot_magnitudes", "plot_mismatch_rates"]

# Okabe and Ito's colours, which colour-blind people tell apart; shape or position always says it as well.
_BLUE, _PALE_BLUE, _VERMILLION, _BLACK = "#0072B2", "#56B4E9", "#D55E00", "#222222"


def plot_field_counts(batch: Batch) -> Figure:
    """Draw `field_counts`: counts against what was asked, and shares with their intervals."""
    table, scenario = field_counts(batch), batch.run.scenario
    figure = Figure(figsize=(10, 2.3 + 0.45 * len(table)), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    figure.suptitle(
        f"{mismatched_pairs(batch):,} of {scenario.pairs:,} pairs are mismatched, "
        f"{round(scenario.pairs * scenario.mismatch_rate, 2):,.12g} were asked: which fields are altered"
    )
    rows, widest = np.arange(len(table)), max([1, *table["count"], *table["asked_count"]])
    left.barh(rows, table["count"], height=0.6, color=_PALE_BLUE)
    left.vlines(table["asked_count"], rows - 0.4, rows + 0.4, color=_BLACK, linestyle="--")
    left.set_xlim(0, 1.35 * widest)
    for row, (count, asked) in enumerate(zip(table["count"], table["asked_count"], strict=True)):
        label = f"{count:,}\nasked {round(asked, 2):,.12g}"
        left.text(max(count, asked) + 0.02 * widest, row, label, va="center", fontsize="small")
    left.set_title("How often", fontsize="medium")
    left.set_xlabel("altered fields, count")
    _count_axis(left.xaxis)
    right.set_title("As a share, with intervals", fontsize="medium")
    right.set_xlabel("mismatched pairs with this field altered, %")
    _draw_shares(figure, right, table, of=len(table))
    _plain(left)
    return figure


def plot_mismatch_rates(batch: Batch, by: By, top: int = 24) -> Figure:
    """Draw `mismatch_rates` with intervals, by share; hours by time.

    Where there are more than `top` groups, those `top` are drawn that lie furthest from what was asked, in
    standard errors: if they do not stand out, none does.
    """
    table = mismatch_rates(batch, by)
    distance = (table["share"] - table["asked"]).abs() * table["total"] ** 0.5
    shown = table.loc[table.index.isin(distance.nlargest(top).index)]
    if by != "hour":
        shown = shown.sort_values("share", kind="stable")
    figure = Figure(figsize=(8, 2.1 + 0.24 * len(shown)), dpi=100, layout="constrained")
    axes = figure.subplots()
    found = table["stands_out"].sum()
    figure.suptitle(
        f"{found or 'None'} of {len(table)} {by}s {'stands' if found == 1 else 'stand'} out "
        f"from the {100 * table['asked'].iloc[0]:g}% asked"
    )
    if len(shown) < len(table):
        axes.set_title(f"the {len(shown)} furthest from it", fontsize="medium")
    what = ("altered", "legs") if by == "broker" else ("mismatched", "pairs")
    axes.set_xlabel(f"{' '.join(what)}, % of the {by}'s {what[1]}")
    if by == "hour":
        axes.set_ylabel("time of the trade")
    _draw_shares(figure, axes, shown, of=len(table))
    return figure


def _draw_shares(figure: Figure, axes: Axes, table: pd.DataFrame, of: int) -> None:
    """Row by row from the top: the share as a dot on its two intervals, and what was asked, dashed."""
    rows = np.arange(len(table))
    percent = 100 * table[["share", "asked", "low", "high", "low_all", "high_all"]]
    out = table["stands_out"].to_numpy()
    label, label_all = (
        f"{CONFIDENCE:.0%} interval, one alone",
        f"{CONFIDENCE_ALL:.0%} interval, all {of} together",
    )
    axes.hlines(rows, percent["low_all"], percent["high_all"], color=_BLUE, linewidth=1, label=label_all)
    axes.hlines(rows, percent["low"], percent["high"], color=_PALE_BLUE, linewidth=5, label=label)
    axes.vlines(percent["asked"], rows - 0.5, rows + 0.5, color=_BLACK, linestyle="--", label="asked")
    axes.plot(percent["share"][~out], rows[~out], "o", color=_BLUE, markersize=5, label="found")
    if out.any():
        axes.plot(percent["share"][out], rows[out], "D", color=_VERMILLION, label="found, stands out")
    axes.set_yticks(rows, table.index)
    axes.set_ylim(len(table) - 0.4, -0.6)
    _plain(axes)
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize="small")


def _count_axis(axis: Axis) -> None:
    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


@dataclass(frozen=True, slots=True)
class _Panel:
    """One histogram: of which field, as a percentage of the original or in units of `per` deltas."""

    field: str
    unit: str
    percent: bool = False
    per: float = 1.0
    step: float = 0.0  # what values are whole multiples of, in this unit; 0 for those that lie close

    def values(self, truth: pd.DataFrame) -> Array:
        rows = truth[truth["field"] == self.field]
        delta = rows["delta"].to_numpy(float)
        if self.percent:
            return np.asarray(100 * delta / pd.to_numeric(rows["original"]).to_numpy(float))
        return delta / self.per


_PANELS = (
    _Panel("quantity", "% of the quantity", percent=True),
    _Panel("quantity", "shares", step=1),
    _Panel("date", "calendar days", step=1),
    _Panel("price", "% of the price", percent=True),
    _Panel("price", "dollars", step=1 / TICKS_PER_DOLLAR),
    _Panel("trade_timestamp", "minutes", per=60, step=1 / 60),
)


def plot_magnitudes(batch: Batch) -> Figure:
    """Draw, for each field and unit, a histogram of altered minus original values.

    Below zero the altered value is smaller, or earlier. Where a long tail is cut, the panel says so.
    """
    figure = Figure(figsize=(11, 6), dpi=100, layout="constrained")
    figure.suptitle("How far altered values lie from the originals: altered minus original")
    for axes, panel in zip(figure.subplots(2, 3).flat, _PANELS, strict=True):
        values = panel.values(batch.truth)
        axes.set_xlabel(f"{panel.field}: difference, {panel.unit}")
        axes.set_ylabel("altered fields, count")
        _plain(axes)
        if not len(values):
            axes.set_title("none altered", fontsize="medium")
            axes.set(xticks=[], yticks=[])
            continue
        edges = _edges(np.abs(values), panel.step)
        counts, _ = np.histogram(values, edges)
        axes.stairs(counts, edges, fill=True, color=_BLUE)
        axes.axvline(0, color=_BLACK, linewidth=0.8)
        title = f"{len(values):,} altered; median size {np.median(np.abs(values)):.3g}"
        if beyond := len(values) - int(counts.sum()):
            title += f"\n{100 * beyond / len(values):.2g}% lie beyond, up to {np.abs(values).max():,.5g}"
        axes.set_title(title, fontsize="medium")
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=panel.step == 1))
        _count_axis(axes.yaxis)
    return figure


def _edges(sizes: Array, step: float) -> Array:
    """Edges of some 60 bins, symmetric about zero, wide enough for all `sizes` but a long tail."""
    limit, bulk = float(sizes.max()), 1.25 * float(np.quantile(sizes, 0.97))
    if limit > 1.6 * bulk:
        limit = bulk
    if not step:
        power = 10.0 ** math.floor(math.log10(limit / 30))
        width = next(power * digit for digit in (1, 2, 5, 10) if 30 * power * digit >= limit)
        reach = math.ceil(limit / width - 1e-9)
        # A hair wider, so that round values such as 5% and -5% fall on the same side of their edges.
        return np.asarray(np.arange(-reach, reach + 1) * width * (1 + 1e-9))
    steps = math.ceil(limit / step / 30 - 1e-9)
    reach = math.ceil(limit / step / steps - 1e-9)
    above = (np.arange(reach + 1) * steps + 0.5) * step
    if steps > 1:
        # A difference is never zero, so that from zero on every bin holds `steps` values.
        above[0] = 0
    return np.unique(np.concatenate([-above, above]))
