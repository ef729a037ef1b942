"""A figure of a sweep: a measure against one thing that was swept, with a line for each value of another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from pandas.api.types import is_numeric_dtype

from tradegen.core.axes import plain_axes
from tradegen.errors import ScenarioError, nearest

# Okabe and Ito's colours, each with a mark and a dash of its own, for those who see few colours or none.
_STYLES = [
    ("#0072B2", "o", "-"),
    ("#D55E00", "s", "--"),
    ("#009E73", "^", "-."),
    ("#CC79A7", "D", ":"),
    ("#56B4E9", "v", "-"),
    ("#222222", "P", "--"),
]


_FEW = 7  # places, with a tick at each


def read_summary(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The table of a sweep's folder, a row a run.

    Raises
    ------
    ScenarioError
        Where there is none, as before the sweep has ended.
    """
    path = Path(folder) / "summary.parquet"
    if not path.is_file():
        raise ScenarioError(f"{path} is not there; expected the folder of a sweep that has ended")
    return pd.read_parquet(path)


def swept(table: pd.DataFrame) -> list[str]:
    """What has more than one value in the grid; the seed comes last, as it says nothing by itself."""
    names = list(table.columns[1 : table.columns.get_loc("failed")])
    return sorted((name for name in names if len(table[name].unique()) > 1), key=lambda name: name == "seed")


def plot_measure(
    table: pd.DataFrame, measure: str, by: str = "", lines: str = "", *, ax: Axes | None = None
) -> Axes:
    """Draw a measure of the runs that are whole: a dot a run, and a line through the means.

    Parameters
    ----------
    table : DataFrame
        As `read_summary` gives it.
    measure : str
        A column of numbers: of the manifest's counts, or of the notebook's own ``results.json``.
    by : str, optional
        What to draw it against; the first of `swept` if not given.
    lines : str, optional
        What to draw a line for each value of; the second of `swept`, except the seed, if not given. Runs
        that differ in anything else are dots on the same line.
    ax : Axes, optional
        Where to draw it; a new figure if not given.

    Raises
    ------
    ScenarioError
        Where a column is not there, or holds no numbers, or would make more than six lines.
    """
    names = swept(table)
    by = by or (names or ["run"])[0]
    others = [name for name in names if name not in (by, "seed")]
    lines = lines or (others[0] if others else "")
    for name in filter(None, (measure, by, lines)):
        if name not in table:
            raise ScenarioError(f"{name} is not a column of the summary; {nearest(name, table.columns)}")
    if not is_numeric_dtype(table[measure]):
        raise ScenarioError(f"measure is {measure}, which holds no numbers; expected a column that does")
    runs = table[~table["failed"] & table[measure].notna()]
    groups: dict[Any, pd.DataFrame] = dict(iter(runs.groupby(lines))) if lines else {"": runs}
    if len(groups) > len(_STYLES):
        raise ScenarioError(
            f"lines is {lines}, which has {len(groups)} values; expected a column of at most {len(_STYLES)}"
        )
    if ax is None:
        ax = Figure(figsize=(7, 3.6), dpi=100, layout="constrained").subplots()
    numeric = is_numeric_dtype(runs[by])
    # What is no number stands at places, in the order of the grid.
    places = {value: value if numeric else place for place, value in enumerate(runs[by].unique())}
    for (value, group), (colour, mark, dash) in zip(groups.items(), _STYLES, strict=False):
        x = group[by].map(places)
        means = group[measure].groupby(x).mean()
        ax.plot(x, group[measure], mark, color=colour, alpha=0.5, markersize=5)
        label = f"{value:g}" if isinstance(value, float) else str(value)
        ax.plot(means.index, means, dash, color=colour, marker=mark, markersize=0, label=label)
    for name, axis in ((by, ax.xaxis), (measure, ax.yaxis)):
        if "rate" in name and is_numeric_dtype(runs[name]) and runs[name].max() <= 1:
            axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%"))
        axis.set_label_text(_label(name))
    if not numeric:
        ax.set_xticks(list(places.values()), [str(value) for value in places])
    elif len(places) <= _FEW:
        ax.set_xticks(list(places))
    ax.margins(x=0.05 if numeric else 0.15, y=0.1)
    # From zero: half as high is to mean half as many.
    ax.set_ylim(bottom=min(0, runs[measure].min()))
    if lines:
        legend = ax.legend(title=_label(lines), frameon=False, fontsize="small", title_fontsize="small")
        # Beside the axes: within, it would hide some run.
        legend.set_loc("center left")
        legend.set_bbox_to_anchor((1, 0.5))
    plain_axes(ax)
    ax.grid(axis="y", alpha=0.3)
    return ax


def _label(name: str) -> str:
    if name == "seconds":
        return "time of a run, seconds"
    if name.startswith("altered_"):
        return f"{name.removeprefix('altered_')}: values altered"
    return {"rate_made": "mismatch rate made", "mismatch_rate": "mismatch rate asked for"}.get(name, name)
