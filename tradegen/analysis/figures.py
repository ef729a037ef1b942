"""Figures that show whether a batch is what was asked for.

Every figure of shares draws a table of `rates`, and every histogram draws what `magnitudes` returns. Figures
belong to no pyplot state.
"""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from tradegen.analysis.difference_sizes import Bins, Magnitudes, magnitudes
from tradegen.analysis.rates import (
    CONFIDENCE_ALL,
    By,
    Per,
    field_counts,
    hour_name,
    mismatch_rates,
    mismatched_pairs,
)
from tradegen.core.axes import BLACK, BLUE, PALE_BLUE, VERMILLION, WHITE, count_axis, plain_axes, power_label
from tradegen.core.columns import Array
from tradegen.core.statistics import CONFIDENCE
from tradegen.engine.generator import GeneratedBlocks

_FEW = 7  # places, with a tick at each
_FAR = 1.5  # times the rate of the others
_NAMED = 3  # groups, in a title
_BENIGN: dict[str, Any] = {"facecolor": WHITE, "edgecolor": VERMILLION, "hatch": "////", "linewidth": 0.8}


def plot_field_counts(batch: GeneratedBlocks, by: Per = "field") -> Figure:
    """Draw `field_counts`: counts against what was asked, and shares with their intervals."""
    table = field_counts(batch, by)
    figure = Figure(figsize=(11, 2.3 + 0.3 * len(table)), dpi=100, layout="constrained")
    if table.empty:
        figure.suptitle("No mechanism is on: no field is altered")
        return figure
    left, right = figure.subplots(1, 2, sharey=True)
    figure.suptitle(
        f"{mismatched_pairs(batch):,} of {batch.run.scenario.pairs:,} pairs are mismatched"
        f"{_requested(batch)}: {'which fields are altered' if by == 'field' else 'by which mechanisms'}"
    )
    rows = np.arange(len(table))
    left.barh(rows, table["count"], height=0.6, color=PALE_BLUE, label="mismatched")
    if (some := table["benign"].to_numpy() > 0).any():
        stacked = table[some]
        left.barh(rows[some], stacked["benign"], height=0.6, left=stacked["count"], label="benign", **_BENIGN)
    left.vlines(table["asked_count"], rows - 0.4, rows + 0.4, color=BLACK, linestyle="--")
    ends = np.fmax((table["count"] + table["benign"]).to_numpy(), table["asked_count"].to_numpy())
    widest = max([1.0, *ends])
    for row, name in enumerate(table.index):
        left.text(ends[row] + 0.02 * widest, row, _counted(table.loc[name]), va="center", fontsize="small")
    # Room for the longest label beside the longest bar.
    left.set_xlim(0, 1.8 * widest)
    left.set_title("How often", fontsize="medium")
    left.set_xlabel("pairs")
    count_axis(left.xaxis)
    unknown = "" if table["asked"].notna().all() else "; what was asked depends on the data"
    right.set_title(f"Share, with intervals{unknown}", fontsize="medium")
    right.set_xlabel(f"mismatched pairs with this {by}{' altered' if by == 'field' else ''}, %")
    _draw_shares(right, table, of=len(table))
    plain_axes(left)
    _legend(figure)
    return figure


def _requested(batch: GeneratedBlocks) -> str:
    requested = mismatch_rates(batch, "cause")["requested"].sum()
    return "" if requested == mismatched_pairs(batch) else f" ({requested:,} were to be)"


def _counted(row: pd.Series[float]) -> str:
    text = f"{row['count']:,.0f}"
    if row["benign"]:
        text += f" + {row['benign']:,.0f} benign"
    if row.get("requested", 0) > row["count"] + row["benign"]:
        text += f" of {row['requested']:,.0f} drawn"
    if not math.isnan(row["asked_count"]):
        text += f", asked {round(row['asked_count'], 2):,.12g}"
    return text


def plot_mismatch_rates(batch: GeneratedBlocks, by: By, top: int = 24, ax: Axes | None = None) -> Figure:
    """Draw `mismatch_rates` with intervals, by share; hours by time, causes in the scenario's order.

    Where there are more than `top` groups, those that stand out come first, and then those furthest, in
    standard errors, from what was asked or from the rate of all.

    Parameters
    ----------
    batch : Batch
    by : {"ticker", "broker", "hour", "cause"}
    top : int
        How many groups to draw at most.
    ax : Axes, optional
        Where to draw; in a figure of its own if not given.
    """
    table = mismatch_rates(batch, by)
    if by == "cause":
        names = [name or ("elsewhere" if len(table) > 1 else "all pairs") for name in table.index]
        table = table.rename(columns={"applied": "count", "eligible": "total"})
        labels = (f"{name}\n{pairs:,} pairs" for name, pairs in zip(names, table["total"], strict=True))
        table.index = pd.Index(list(labels))
    of_all = table["count"].sum() / max(table["total"].sum(), 1)
    distance = np.fmax((table["share"] - table["asked"]).abs(), (table["share"] - of_all).abs())
    distance = (distance * table["total"] ** 0.5).mask(table["stands_out"], np.inf)
    shown = table.loc[table.index.isin(distance.nlargest(top).index)]
    if by in ("ticker", "broker"):
        shown = shown.sort_values("share", kind="stable")
    elif by == "hour":
        shown = _every_hour(shown)
    height = 0.42 if by == "cause" else 0.24
    title, subtitle = _outstanding(table, by), ""
    if len(shown) < len(table):
        subtitle = f"Shown: the {len(shown)} of {len(table)} {by}s whose rates differ most"
    if ax is None:
        figure = Figure(figsize=(8, 2.1 + height * len(shown)), dpi=100, layout="constrained")
        axes = figure.subplots()
        figure.suptitle(title)
        axes.set_title(subtitle, fontsize="medium")
    else:
        axes, figure = ax, ax.figure.figure
        axes.set_title(f"{textwrap.fill(title, 60)}\n{subtitle}".strip(), fontsize="medium")
    what = ("altered", "legs") if by == "broker" else ("mismatched", "pairs")
    axes.set_xlabel(f"{' '.join(what)}, % of the {by}'s {what[1]}")
    if by == "hour":
        axes.set_ylabel("time of the trade")
    _draw_shares(axes, shown, of=len(table))
    if ax is None:
        _legend(figure)
    else:
        axes.legend(frameon=False, fontsize="small")
    return figure


def _every_hour(table: pd.DataFrame) -> pd.DataFrame:
    """With an empty row for each hour, between the first and the last, in which nothing was traded."""
    first, last = (int(table.index[at][:2]) for at in (0, -1))
    every = [hour_name((first + hours) % 24) for hours in range((last - first) % 24 + 1)]
    return table.reindex(every).assign(stands_out=lambda rows: rows["stands_out"].eq(other=True))


def _outstanding(table: pd.DataFrame, by: By) -> str:
    """What the table finds, as a title."""
    known = table["asked"].notna()
    if not known.any():
        return f"{len(table)} {by}s; what was asked of each depends on the data"
    found, asked = int(table["stands_out"].sum()), table["asked"][known]
    groups = by if known.sum() == 1 else f"{by}s"
    alike = asked.max() - asked.min() < 1e-9
    wanted = f"the {100 * asked.iloc[0]:.6g}% asked for" if alike else "the rate asked for"
    far = table[known & _far(table)]
    if found:
        title = f"{found} of {known.sum()} {groups} {'does' if found == 1 else 'do'} not have {wanted}"
    elif by == "cause":
        title = f"There are no hot spots; all pairs have {wanted}"
        if len(table) > 1:
            title = "Each hot spot has the rate that the scenario asks of it"
    elif len(far) and not alike:
        title = f"{_listed(far, by)} far from the other {len(table) - len(far)}, as the scenario asks"
    else:
        title = f"No {by} stands out from {wanted}"
    return title if known.all() else f"{title}; of {(~known).sum()} more that depends on the data"


def _far(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether a group has half as large a rate again as the middle one, or as much smaller, as asked."""
    middle = table["share"].median()
    beyond = (table["low_all"] > middle) | (table["high_all"] < middle)
    for rate in (table["share"], table["asked"]):
        beyond &= (rate >= _FAR * rate.median()) | (rate <= rate.median() / _FAR)
    return beyond


def _listed(far: pd.DataFrame, by: By) -> str:
    """Name groups with their rates, as long as they fit into a title."""
    if len(far) > _NAMED:
        return f"{len(far)} {by}s are"
    names = [f"{name} ({100 * share:.3g}%)" for name, share in far["share"].items()]
    return f"{names[0]} is" if len(far) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"


def _draw_shares(axes: Axes, table: pd.DataFrame, of: int) -> None:
    """Row by row from the top: the share as a dot on its two intervals, and what was asked, dashed."""
    rows = np.arange(len(table))
    percent = 100 * table[["share", "asked", "low", "high", "low_all", "high_all"]]
    out, known = table["stands_out"].to_numpy(), table["asked"].notna().to_numpy()
    label, label_all = (
        f"{CONFIDENCE:.0%} interval, one alone",
        f"{CONFIDENCE_ALL:.0%} interval, all {of} together",
    )
    axes.hlines(rows, percent["low_all"], percent["high_all"], color=BLUE, linewidth=1, label=label_all)
    axes.hlines(rows, percent["low"], percent["high"], color=PALE_BLUE, linewidth=5, label=label)
    if known.any():
        asked, at = percent["asked"][known], rows[known]
        axes.vlines(asked, at - 0.5, at + 0.5, color=BLACK, linestyle="--", label="asked")
    axes.plot(percent["share"][~out], rows[~out], "o", color=BLUE, markersize=5, label="found")
    if out.any():
        axes.plot(percent["share"][out], rows[out], "D", color=VERMILLION, label="found, stands out")
    axes.set_yticks(rows, table.index)
    axes.set_ylim(len(table) - 0.4, -0.6)
    plain_axes(axes)
    axes.grid(axis="x", alpha=0.3)


def plot_magnitudes(batch: GeneratedBlocks) -> Figure:
    """Draw, for each measured field and unit, a histogram of altered minus original values.

    Below zero the altered value is smaller, or earlier. Mismatches are filled, benign differences hatched and
    on top of them; dashed lines end the tolerance, where it is one number in this unit. Where a long tail is
    cut, the panel says so.
    """
    panels = list(magnitudes(batch))
    columns = {1: 1, 2: 2, 4: 2}.get(len(panels), 3)
    lines = max(math.ceil(len(panels) / columns), 1)
    figure = Figure(figsize=(3 + 3 * columns, 0.8 + 3.1 * lines), dpi=100, layout="constrained")
    if not panels:
        figure.suptitle("No mechanism that is on alters a quantity, price, date or timestamp")
        return figure
    figure.suptitle("How far altered values lie from the originals: altered minus original")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes, panel in zip(grid[: len(panels)], panels, strict=True):
        axes.set_xlabel(f"{panel.field}: difference, {panel.unit}")
        axes.set_ylabel("altered values, count")
        plain_axes(axes)
        if len(panel.all):
            _draw_magnitudes(axes, panel)
        else:
            axes.set_title("none altered", fontsize="medium")
            axes.set(xticks=[], yticks=[])
    if any(len(panel.benign) or panel.tolerance for panel in panels):
        _legend(figure)
    return figure


def _draw_magnitudes(axes: Axes, panel: Magnitudes) -> None:
    bins = panel.bins()
    mismatched, benign = (np.histogram(values, bins.edges)[0] for values in (panel.mismatched, panel.benign))
    axes.stairs(mismatched, bins.edges, fill=True, color=BLUE, label="mismatched")
    title = [_sizes(panel.mismatched, "mismatched")]
    if len(panel.benign):
        some = np.flatnonzero(benign)
        left, width = bins.edges[some], np.diff(bins.edges)[some]
        axes.bar(left, benign[some], width, mismatched[some], align="edge", label="benign", **_BENIGN)
        title.append(_sizes(panel.benign, "benign"))
    if bins.within:
        for edge in (-bins.within, bins.within):
            axes.axvline(edge, color=BLACK, linestyle="--", linewidth=1, label="end of the tolerance")
    if beyond := len(panel.all) - int(mismatched.sum() + benign.sum()):
        share, largest = beyond / len(panel.all), np.abs(panel.all).max()
        title.append(f"{100 * share:.2g}% lie beyond, up to {largest:,.5g}")
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.set_title("\n".join(title), fontsize="medium")
    if bins.logarithmic:
        _logarithmic(axes, bins)
    else:
        places = np.unique([*panel.all, 0]).tolist() if panel.step == 1 else []
        few = 0 < len(places) <= _FEW  # such as a weekend back and a day on
        axes.xaxis.set_major_locator(
            FixedLocator(_apart(places)) if few else MaxNLocator(5, integer=panel.step == 1)
        )
    count_axis(axes.yaxis)


def _apart(places: list[float]) -> list[float]:
    """Of places for ticks, those that leave room for each other's labels; zero goes first."""
    room = (max(places) - min(places)) / 10
    kept: list[float] = []
    for place in sorted(places, key=abs):
        if all(abs(place - other) >= room for other in kept):
            kept.append(place)
    return kept


def _sizes(values: Array, which: str) -> str:
    if not len(values):
        return f"0 {which}"
    median = float(np.median(np.abs(values)))
    return f"{len(values):,} {which}; median size {f'{median:,.0f}' if median >= 1000 else f'{median:.3g}'}"


def _logarithmic(axes: Axes, bins: Bins) -> None:
    """Scale the axis by orders of magnitude on either side of a small gap, where nothing can lie."""
    above = bins.edges[bins.edges > 0]
    axes.set_xscale("symlog", linthresh=above[0], linscale=0.5)
    axes.set_xlim(1.1 * bins.edges[0], 1.1 * bins.edges[-1])
    powers = np.arange(math.ceil(math.log10(above[0])), math.floor(math.log10(above[-1])) + 1)
    # No more than three labels on a side, the largest power among them; none would do where all is close.
    ticks = 10.0 ** powers[:: -max(math.ceil(len(powers) / 3), min(len(powers) - 1, 2), 1)][::-1]
    if bins.tolerance and len(powers) < 2:
        ticks = np.array([bins.tolerance])
    axes.xaxis.set_major_locator(FixedLocator([*(-ticks[::-1]), 0, *ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: power_label(value)))


def _legend(figure: Figure) -> None:
    """One legend below the figure, each mark once."""
    found = {
        label: mark
        for axes in figure.axes
        for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=5,
        frameon=False,
        fontsize="small",
    )
