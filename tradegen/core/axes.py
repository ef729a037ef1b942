"""What every figure has in common, whatever it is about: colours, and the look of its axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Okabe and Ito's colours, which colour-blind people tell apart; shape, hatching or position says it as well.
BLUE, PALE_BLUE, VERMILLION = "#0072B2", "#56B4E9", "#D55E00"
BLACK, WHITE = "#222222", "#FFFFFF"

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain_axes(axes: Axes) -> None:
    """Leave out what says nothing: the frame above and to the right, and the ticks beside the y labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def count_axis(axis: Axis) -> None:
    """Give an axis of counts a few whole ticks, with separators."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # loaded where it is used

    axis.set_major_locator(MaxNLocator(5, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def power_label(value: float) -> str:
    """Label a tick of a logarithmic axis.

    Parameters
    ----------
    value : float
        Where the tick stands.

    Returns
    -------
    str
        The plain number from 0.0001 to 100,000, and otherwise the nearest power of ten, with its sign.
    """
    sign, size = "\N{MINUS SIGN}" if value < 0 else "", abs(value)
    if value == 0 or 1e-4 < size < 1e5:
        return f"{sign}{size:,.10g}"
    return f"{sign}10{str(round(math.log10(size))).translate(_SUPERSCRIPTS)}"
