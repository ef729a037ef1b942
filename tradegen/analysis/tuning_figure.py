"""Four panels of what a scenario makes: what breaks, by how much, where, and for how much money."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tradegen.core.axes import BLACK, BLUE, PALE_BLUE, VERMILLION, count_axis, plain_axes, power_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tradegen.analysis.rates import Per
    from tradegen.analysis.tuning import Outcome
    from tradegen.core.columns import Array

_MOST_MECHANISMS = 14
_MOST_BROKERS = 20
# Told apart by their dashes, too. Okabe and Ito's colours, without those that stand for something else here.
_LINES = ((BLUE, "-"), ("#E69F00", "--"), ("#009E73", "-."), ("#CC79A7", ":"))
_OTHERS = ("#777777", "-")


def draw_bench(
    outcome: Outcome, other: Outcome | None = None, measure: tuple[str, str] | None = None
) -> Figure:
    """Draw the four panels.

    Parameters
    ----------
    outcome : Outcome
    other : Outcome, optional
        What another scenario makes, to hold it against.
    measure : (str, str), optional
        Field and unit of the sizes, one of ``outcome.measures``; the first of them if not given.
    """
    figure = Figure(figsize=(9.4, 6.6), dpi=96)
    figure.subplots_adjust(left=0.19, right=0.985, bottom=0.08, top=0.955, wspace=0.5, hspace=0.4)
    ((breaks, sizes), (where, notional)) = figure.subplots(2, 2)
    draw_breaks(breaks, outcome, other)
    draw_sizes(sizes, outcome, other, measure)
    draw_where(where, outcome, other)
    draw_notional(notional, outcome, other)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    # Little compression: it takes as long as all the drawing otherwise.
    figure.savefig(file, format="png", pil_kwargs={"compress_level": 1})
    return file.getvalue()


def headline(outcome: Outcome, other: Outcome | None = None) -> str:
    """How many pairs are mismatched, in words."""
    pairs = outcome.scenario.pairs
    text = (
        f"{outcome.mismatched:,} of {pairs:,} pairs are mismatched: {100 * outcome.mismatched / pairs:.4g}%, "
        f"asked {100 * outcome.asked:.4g}%"
    )
    return f"{text}; in the scenario compared with: {other.mismatched:,}" if other else text


def draw_breaks(axes: Axes, outcome: Outcome, other: Outcome | None = None) -> None:
    """Draw how many mismatched pairs have each mechanism, or each field where there are many mechanisms."""
    both = [one for one in (outcome, other) if one]
    by: Per = "mechanism" if max(len(one.scenario.active) for one in both) <= _MOST_MECHANISMS else "field"
    tables = [one.breaks(by) for one in both]
    names = list(dict.fromkeys(name for table in tables for name in table.index))
    table = tables[0].reindex(names)
    rows = np.arange(len(names))
    axes.hlines(
        rows, table["low_count"], table["high_count"], color=PALE_BLUE, linewidth=5, label="95% interval"
    )
    axes.vlines(
        table["asked_count"], rows - 0.4, rows + 0.4, color=BLACK, linestyle="--", label="asked", linewidth=1
    )
    axes.plot(table["count"], rows, "o", color=BLUE, markersize=5, label="made")
    most = np.nanmax([1.0, *table["high_count"], *table["asked_count"].dropna()])
    if other:
        counts = tables[1].reindex(names)["count"]
        axes.plot(counts, rows, "D", mfc="none", mec=VERMILLION, markersize=6, label="compared with")
        most = max(most, counts.max())
    axes.set_yticks(rows, names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_xlim(0, 1.05 * most)
    _head(axes, f"What breaks, by {by}", "mismatched pairs")
    axes.legend(frameon=False, fontsize="x-small", loc="best")
    count_axis(axes.xaxis)


def draw_sizes(
    axes: Axes, outcome: Outcome, other: Outcome | None = None, measure: tuple[str, str] | None = None
) -> None:
    """Draw how far altered values of one field lie from the originals, mechanism by mechanism."""
    measures = outcome.measures
    field, unit = measure if measure in measures else measures[0] if measures else ("", "")
    if not field:
        _head(axes, "How far", "")
        axes.text(0.5, 0.5, "no measured field is altered", ha="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    sizes = outcome.sizes(field, unit)
    others = other.sizes(field, unit) if other and (field, unit) in other.measures else pd.Series(dtype=float)
    edges, logarithmic = _edges(np.concatenate([sizes.to_numpy(), others.to_numpy()]))
    names = list(sizes.index.value_counts().index)
    alone = names if len(names) <= len(_LINES) else names[: len(_LINES) - 1]
    lines = [(name, sizes[sizes.index == name], line) for name, line in zip(alone, _LINES, strict=False)]
    if len(names) > len(alone):
        lines.append((f"{len(names) - len(alone)} others", sizes[~sizes.index.isin(alone)], _OTHERS))
    for name, values, (color, dashes) in lines:
        label = f"{name.partition('.')[2] or name}: median {values.median():,.3g}"
        axes.stairs(
            np.histogram(values, edges)[0], edges, color=color, linestyle=dashes, linewidth=1.6, label=label
        )
    if len(others):
        counts = np.histogram(others, edges)[0]
        axes.stairs(counts, edges, fill=True, color=VERMILLION, alpha=0.18, label="compared with, all")
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: power_label(value)))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    beyond = int((sizes > edges[-1]).sum())
    cut = f"; {beyond:,} more, up to {sizes.max():,.4g}" if beyond else ""
    _head(axes, f"How far, in the {field}", f"{unit}{cut}")
    axes.set_ylabel("altered values", fontsize="small")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="x-small", loc="best")
    count_axis(axes.yaxis)


def _edges(sizes: Array) -> tuple[Array, bool]:
    """Edges of 40 bins, and whether they are even on a logarithmic scale; a long tail is cut."""
    low, high = np.quantile(sizes, (0.02, 0.98))
    if high > 30 * low:
        return np.geomspace(0.9 * sizes.min(), 1.1 * sizes.max(), 41), True
    return np.linspace(0, min(1.3 * high, 1.02 * sizes.max()), 41), False


def draw_where(axes: Axes, outcome: Outcome, other: Outcome | None = None) -> None:
    """Draw the share of each broker's legs that are mismatched, by half-hour; or by how much it differs."""
    share = _shares(outcome)
    title, label = "Where, by broker and half-hour", "mismatched legs, %"
    colors, least, most = "cividis", 0.0, None
    if other:
        share = share.sub(_shares(other)).reindex_like(share)
        title, label, colors = "Where: this, less what it is compared with", "percentage points", "PuOr"
        most = float(np.nanmax(share.abs().to_numpy(), initial=0.1))
        least = -most
    if len(share) > _MOST_BROKERS:
        highest = share.abs().mean(axis=1).nlargest(_MOST_BROKERS).index
        title = f"{title}: {_MOST_BROKERS} of {len(share)} brokers"
        share = share[share.index.isin(highest)]
    image = axes.imshow(share, aspect="auto", cmap=colors, interpolation="nearest", vmin=least, vmax=most)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=30)
    bar.ax.tick_params(labelsize="x-small")
    bar.set_label(label, fontsize="x-small")
    bar.outline.set_visible(False)
    step = max(1, round(share.shape[1] / 7))
    axes.set_xticks(np.arange(0, share.shape[1], step), share.columns[::step])
    axes.set_yticks(np.arange(len(share)), share.index)
    axes.tick_params(labelsize="x-small")
    _head(axes, title, "start of the half-hour")


def _shares(outcome: Outcome) -> pd.DataFrame:
    """Percent by broker and half-hour, half-hours in the order of the window."""
    table = outcome.where
    share = (100 * table["mismatched"] / table["legs"]).rename("share").reset_index()
    share = share.pivot_table("share", "broker", "half_hour")
    first = _floor(outcome.scenario.start.strftime("%H:%M"))
    slots: list[str] = [str(slot) for slot in share.columns]
    # From the start of the window on, which may cross midnight.
    return share[
        [*sorted(slot for slot in slots if slot >= first), *sorted(slot for slot in slots if slot < first)]
    ]


def _floor(time: str) -> str:
    """The start of the half-hour that a time lies in."""
    return f"{time[:3]}{'30' if time[3:] >= '30' else '00'}"


def draw_notional(axes: Axes, outcome: Outcome, other: Outcome | None = None) -> None:
    """Draw the dollars of the mismatched pairs, field by field."""
    values = outcome.notional
    names = list(values.index)
    if other:
        names = list(dict.fromkeys([*names, *other.notional.index]))
    rows = np.arange(len(names))
    scale, unit = _scale(max([1.0, *values, *(other.notional if other else ())]))
    axes.barh(rows, values.reindex(names).fillna(0) / scale, height=0.6, color=PALE_BLUE, label="made")
    if other:
        compared = other.notional.reindex(names).fillna(0) / scale
        axes.plot(compared, rows, "D", mfc="none", mec=VERMILLION, markersize=6, label="compared with")
        axes.legend(frameon=False, fontsize="x-small", loc="best")
    axes.set_yticks(rows, names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_xlim(left=0)
    total, total_unit = _scale(outcome.notional_at_risk)
    at_risk = f"{outcome.notional_at_risk / total:,.3g} {total_unit}".strip()
    _head(
        axes,
        f"Notional at risk: ${at_risk} in all",
        f"notional of the mismatched pairs, ${unit and f' {unit}'}",
    )


def _scale(most: float) -> tuple[float, str]:
    for power, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if most >= power:
            return power, name
    return 1.0, ""


def _head(axes: Axes, title: str, xlabel: str) -> None:
    axes.set_title(title, fontsize="small", fontweight="bold", loc="left")
    axes.set_xlabel(xlabel, fontsize="small")
    axes.tick_params(labelsize="small" if not axes.images else "x-small")
    plain_axes(axes)
