"""Figures of scores: what a matcher finds by mechanism, by size of the difference, and at other tolerances.

Each draws a frame of one or several scores; several are told apart by `Score.matcher`, in colour and marker.
Figures belong to no pyplot state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tradegen.core.axes import BLUE, PALE_BLUE, VERMILLION, plain_axes
from tradegen.core.statistics import wilson_interval
from tradegen.scoring.report import printable
from tradegen.scoring.size_axis import SizeAxis

By: TypeAlias = Literal["mechanism", "field", "cause", "leg", "notional", "records"]

# The first ones as in all figures, and then others of Okabe and Ito's.
_COLOURS = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", PALE_BLUE)
_MARKERS = ("o", "s", "D", "^", "v", "P")
_ENOUGH = 20  # differences in a range: with fewer, an interval is wider than a third of the scale


class Framed(Protocol):
    """What figures need of a score, or of its report."""

    @property
    def matcher(self) -> str:
        """What the findings are called."""

    def frame(self, by: str) -> pd.DataFrame:
        """One of its tables."""


def plot_recall(*scores: Framed, by: By = "mechanism", ax: Axes | None = None) -> Figure:
    """Draw recall by mechanism, or another group, with 95% intervals; what is found least comes first.

    Values of pairs and legs stay in their own order. A range of values without any mismatch, between two that
    have some, is an empty row.

    Parameters
    ----------
    *scores : Score
        The first one sets the order.
    by : {"mechanism", "field", "cause", "leg", "notional", "records"}
    ax : Axes, optional
        Where to draw; in a figure of its own if not given.

    Raises
    ------
    ScoringError
        If `by` is something else.
    """
    tables = [score.frame(by) for score in scores]
    some = np.flatnonzero(tables[0]["expected"] > 0)
    if by == "notional" and len(some):
        some = np.arange(some[0], some[-1] + 1)
    first = tables[0].iloc[some]
    if by not in ("notional", "leg"):
        first = first.sort_values(["recall", "expected"], ascending=[True, False])
    names = list(first.index)
    groups = {"records": "record", "notional": "value of the pair, dollars"}.get(by, by)
    title = f"Recall by {groups}{_alone(scores)}"
    if ax is None:
        several = 0.14 * (len(scores) - 1)
        figure = Figure(figsize=(8, 1.6 + (0.3 + several) * len(names)), dpi=100, layout="constrained")
        figure.suptitle(title, parse_math=False)
        axes = figure.subplots()
    else:
        axes, figure = ax, ax.figure.figure
        axes.set_title(title, fontsize="medium", parse_math=False)
    axes.set_xlabel("found, %")
    rows = np.arange(len(names))
    for number, table in enumerate(tables):
        shown = table[table["expected"] > 0].reindex(names)
        heights = rows + _beside(number, len(tables), 0.6)
        axes.hlines(heights, 100 * shown["low"], 100 * shown["high"], color=_COLOURS[number % 6], linewidth=2)
        axes.plot(100 * shown["recall"], heights, linestyle="", **_mark(scores, number))
    labels = [f"{printable(str(name))}  ({expected:,})" for name, expected in first["expected"].items()]
    axes.set_yticks(rows, labels, parse_math=False)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.grid(axis="x", alpha=0.3)
    plain_axes(axes)
    if len(scores) > 1 and ax is None:
        _legend(figure, 3)
    elif len(scores) > 1:
        for text in axes.legend(frameon=False, fontsize="small").get_texts():
            text.set_parse_math(False)
    return figure


def plot_detection(*scores: Framed) -> Figure:
    """Draw, for each measured field and unit, recall against the size of the difference.

    A step is the recall in a range of sizes, and a dot in its middle stands on the 95% interval. Ranges go
    from one mark of the scale to the next (1, 2, 5, 10, ...). Those with fewer than 20 differences are joined
    to their neighbours. Where nothing differs, nothing is drawn.
    """
    tables = [score.frame("detection") for score in scores]
    figure, panels = _panels(tables, f"Recall by size of the difference{_alone(scores)}")
    for axes, unit, narrow in panels:
        shown = _joined(narrow)
        axes.set_xlabel(f"{shown[0]['field'].iloc[0]}: size of the difference, {unit}")
        axes.set_ylabel("found, %")
        axes.set_title(f"{shown[0]['expected'].sum():,} differences", fontsize="medium")
        ranges = pd.concat(shown)
        scale = SizeAxis(ranges["size"], ranges["below"], unit)
        for number, table in enumerate(shown):
            places = scale.middle(table["size"], table["below"]) + _beside(
                number, len(shown), scale.width / 25
            )
            axes.vlines(places, 100 * table["low"], 100 * table["high"], color=_COLOURS[number % 6])
            axes.plot(places, 100 * table["recall"], linestyle="", **_mark(scores, number))
            left, right = scale.edges(table["size"], table["below"])
            # Ranges in which nothing differs lie between the end of one and the start of the next.
            gaps = np.flatnonzero(right[:-1] < left[1:]) + 1
            edges = np.insert(np.append(left, right[-1:]), gaps, right[gaps - 1])
            recall = np.insert(100 * table["recall"].to_numpy(), gaps, np.nan)
            axes.stairs(recall, edges, baseline=None, color=_COLOURS[number % 6])
        scale.draw(axes)
    if panels and len(scores) > 1:
        _legend(figure, 3)
    return figure


def plot_tolerance_sweep(*scores: Framed) -> Figure:
    """Draw, for each measured field and unit, recall and precision against the tolerance.

    The truth is labelled anew at each mark of the scale: every difference of that field up to the tolerance
    is benign there, and reporting it a false alarm. The findings stay the same.

    Recall is drawn at tolerances that leave at least 20 differences to be found, and precision where at least
    20 are reported. Where there are fewer from the start, the point with the most is drawn.
    """
    tables = [_swept(score.frame("tolerance_sweep")) for score in scores]
    figure, panels = _panels(tables, f"The same findings at other tolerances{_alone(scores)}")
    for axes, unit, shown in panels:
        axes.set_xlabel(f"{shown[0]['field'].iloc[0]}: tolerance, {unit}")
        axes.set_ylabel("%")
        tolerances = pd.concat(shown)["tolerance"]
        scale = SizeAxis(tolerances, tolerances, unit)
        for number, table in enumerate(shown):
            mark = _mark(scores, number)
            places, name = scale.position(table["tolerance"]), mark.pop("label")
            recall = 100 * table["recall"].where(_enough(table["expected"]))
            axes.plot(places, recall, **mark, label=f"{name} recall".strip())
            mark |= {"markerfacecolor": "none", "linestyle": "--", "label": f"{name} precision".strip()}
            precision = 100 * table["precision"].where(_enough(table["found"] + table["false_alarms"]))
            axes.plot(places, precision, **mark)
        scale.draw(axes)
    if panels:
        _legend(figure, 2)
    return figure


PLOTS = {"recall": plot_recall, "detection": plot_detection, "tolerance_sweep": plot_tolerance_sweep}
"""The figures of a report by name."""


def _joined(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """The ranges of sizes of one panel, joined until each has enough differences to tell its recall."""
    starts: list[float] = []
    differences = _ENOUGH
    for size, expected in tables[0].groupby("size")["expected"].sum().items():
        if differences >= _ENOUGH:
            starts.append(float(str(size)))
            differences = 0
        differences += expected
    if differences < _ENOUGH and len(starts) > 1:
        starts.pop()
    joined = []
    for table in tables:
        place = np.searchsorted(starts, table["size"], side="right").clip(1)
        ranges = table.groupby(place)
        found, expected = ranges["found"].sum(), ranges["expected"].sum()
        low, high = wilson_interval(found, expected)
        whole = {"field": table["field"].iloc[:1].repeat(len(found)).to_numpy()} if len(table) else {}
        joined.append(
            pd.DataFrame(
                {
                    **whole,
                    "size": ranges["size"].min(),
                    "below": ranges["below"].max(),
                    "expected": expected,
                    "recall": found / expected,
                    "low": low,
                    "high": high,
                }
            )
        )
    return joined


def _swept(table: pd.DataFrame) -> pd.DataFrame:
    """Only the tolerances between the smallest difference and the largest: elsewhere, nothing changes."""
    kept = [
        places.loc[(places["expected"] > 0) & (places["expected"].shift(-1) < places["expected"].iloc[0])]
        for _, places in table.groupby(["field", "unit"], sort=False)
    ]
    return pd.concat(kept) if kept else table


def _enough(counts: pd.Series[int]) -> pd.Series[bool]:
    """Whether a share of so many says anything; where none does, that of the most."""
    return counts >= min(_ENOUGH, counts.max())


def _panels(
    tables: Sequence[pd.DataFrame], title: str
) -> tuple[Figure, list[tuple[Axes, str, list[pd.DataFrame]]]]:
    """A figure with axes for each field and unit, and for each of them its unit and rows by score."""
    keys = list(
        dict.fromkeys(key for table in tables for key in zip(table["field"], table["unit"], strict=True))
    )
    columns = {1: 1, 2: 2, 4: 2}.get(len(keys), 3)
    lines = max(math.ceil(len(keys) / columns), 1)
    figure = Figure(figsize=(3 + 3 * columns, 0.9 + 2.8 * lines), dpi=100, layout="constrained")
    if not keys:
        figure.suptitle("No quantity, price, date or timestamp was altered")
        return figure, []
    figure.suptitle(title, parse_math=False)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(keys) :]:
        axes.remove()
    of_each = [
        [table[(table["field"] == field) & (table["unit"] == unit)] for table in tables]
        for field, unit in keys
    ]
    return figure, [
        (axes, unit, shown) for axes, (_, unit), shown in zip(grid[: len(keys)], keys, of_each, strict=True)
    ]


def _mark(scores: Sequence[Framed], number: int) -> dict[str, Any]:
    name = printable(scores[number].matcher) or f"matcher {number + 1}"
    return {
        "color": _COLOURS[number % 6],
        "marker": _MARKERS[number % 6],
        "markersize": 4.5,
        "label": name if len(scores) > 1 else "",
    }


def _beside(number: int, several: int, width: float) -> float:
    """How far to move the marks of one of several scores, so that none hides another."""
    return width * (number - (several - 1) / 2) / several


def _alone(scores: Sequence[Framed]) -> str:
    name = printable(scores[0].matcher) if len(scores) == 1 else ""
    return f": {name}" if name else ""


def _legend(figure: Figure, columns: int) -> None:
    """One legend below the figure, each score once; it must not be wider than a figure of one panel."""
    marks, labels = figure.axes[0].get_legend_handles_labels()
    legend = figure.legend(
        marks, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize="small"
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
