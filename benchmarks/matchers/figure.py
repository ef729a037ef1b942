"""The leaderboard as a picture: precision, and recall by mechanism, of each matcher; a panel a pack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matchers.page import Board, percent
from matchers.running import Matcher
from matplotlib.figure import Figure

from tradegen.scoring import Score, pool


def _shares(board: Board, names: Sequence[str]) -> dict[str, list[float]]:
    """Precision, and recall by mechanism: a share for each matcher, the seeds added up."""
    scores: dict[str, list[Score]] = {}
    for run in board.runs:
        for matcher, result in run.results.items():
            if result.score is not None:
                scores.setdefault(matcher, []).append(result.score)
    pooled = {matcher: pool(each) for matcher, each in scores.items()}
    recalls = {matcher: score.by["mechanism"] for matcher, score in pooled.items()}
    precisions = [pooled[name].pairs.precision if name in pooled else np.nan for name in names]
    return {"precision, of pairs": precisions} | {
        mechanism: [
            recalls[name][mechanism].recall if mechanism in recalls.get(name, {}) else np.nan
            for name in names
        ]
        for mechanism in sorted({mechanism for one in recalls.values() for mechanism in one})
    }


def draw(boards: Sequence[Board], matchers: Sequence[Matcher], path: Path) -> None:
    """Draw the figure, as SVG: the same figures, the same bytes."""
    names = [matcher.name for matcher in matchers]
    tables = [_shares(board, names) for board in boards]
    columns = min(2, len(boards))
    lines = -(-len(boards) // columns)
    heights = [
        max(len(table) for table in tables[line * columns : (line + 1) * columns]) + 2
        for line in range(lines)
    ]
    figure = Figure(
        figsize=(1.2 + columns * (2.2 + 0.62 * len(names)), 1.2 + 0.27 * sum(heights)), layout="constrained"
    )
    figure.suptitle("What each matcher finds: precision, and recall by mechanism; %, all seeds together")
    grid = figure.subplots(lines, columns, squeeze=False, height_ratios=heights).ravel()
    for axes in grid[len(boards) :]:
        axes.remove()
    shades = mpl.colormaps["cividis"].with_extremes(bad="#dddddd")
    for axes, board, table in zip(grid, boards, tables, strict=False):
        shares = np.array(list(table.values()))
        axes.imshow(np.ma.masked_invalid(shares), cmap=shades, vmin=0, vmax=1, aspect="auto")
        for line, row in enumerate(shares):
            for column, share in enumerate(row):
                text = "failed" if np.isnan(share) else percent(float(share))
                colour = "white" if share < 0.5 else "black"
                axes.text(column, line, text, ha="center", va="center", fontsize=7, color=colour)
        axes.set_title(f"{board.name}: {board.pairs:,} pairs", fontsize="medium")
        axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=7)
        axes.set_yticks(range(len(table)), list(table), fontsize=7)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(max(len(table) - 1, 0)) + 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1)
        axes.axhline(0.5, color="white", linewidth=5)
        axes.tick_params(which="minor", length=0)
    with mpl.rc_context({"svg.hashsalt": "leaderboard", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
