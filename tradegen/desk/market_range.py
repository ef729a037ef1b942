"""Where a desk's trades lie: their quantities, and the hours of the day."""

# ruff: noqa: S608 - what is put into SQL is ours

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.desk.list_comparison import Compared
from tradegen.desk.observing import Breaks
from tradegen.desk.trade_codes import Trades
from tradegen.desk.trade_groups import half_hour
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ENOUGH = 20  # quantities that a range is told from
_FEW = 0.001  # of the trades: so many may lie outside


@dataclass(frozen=True, slots=True)
class MarketRange:
    """Fields of a scenario, as far as the lists tell them; round numbers, and those of no single trade."""

    start: str | None = None
    end: str | None = None
    quantity_min: int | None = None
    quantity_max: int | None = None

    def fields(self) -> dict[str, Any]:
        """What a scenario would be given."""
        import datetime as dt

        found: dict[str, Any] = {}
        if self.start is not None and self.end is not None and self.start != self.end:
            found |= {name: dt.time.fromisoformat(getattr(self, name)) for name in ("start", "end")}
        if self.quantity_min is not None and self.quantity_max is not None:
            found |= {"quantity_min": self.quantity_min, "quantity_max": self.quantity_max}
        return found


def market_range(connection: DuckDBPyConnection, compared: Compared, trades: Trades) -> MarketRange:
    """The window of times in half-hours, and the range of quantities, that nearly all trades lie in."""
    start = end = low = high = None
    hours = next((axis for axis in trades.axes if axis.name == "hours"), None)
    if hours is not None:
        codes = trades.clean[hours.rows[0]]
        counts = np.bincount(codes[codes >= 0], minlength=len(hours.values))
        busy = np.flatnonzero(counts > _FEW * counts.sum())
        if len(busy):
            start = half_hour(int(busy[0])).partition("-")[0]
            end = half_hour(int(busy[-1])).partition("-")[2]
    if "quantity" in compared.fields:
        ends = first_row(
            connection,
            f"SELECT quantile_cont(quantity::DOUBLE, [{_FEW}, {1 - _FEW}]) FROM "
            "(SELECT quantity FROM ours WHERE quantity > 0 LIMIT 1000000)",
        )[0]
        if ends is not None:
            low, high = _round(*ends)
    return MarketRange(start, end, low, high)


def range_of_breaks(breaks: Breaks) -> MarketRange:
    """The range of the quantities that break, as far as they are told: both values are nearly alike."""
    pairs = [
        sorted((float(one.ours), float(one.theirs)))
        for trade in breaks.observed
        for one in trade.differences
        if one.field == "quantity" and one.ours and one.theirs
    ]
    alike = [least for least, most in pairs if most <= 2 * least]
    if len(alike) < _ENOUGH:
        return MarketRange()
    low, high = _round(min(alike), max(alike))
    return MarketRange(quantity_min=low, quantity_max=high)


def _round(low: float, high: float) -> tuple[int, int] | tuple[None, None]:
    """The ends in two digits; none where they are the same."""
    ends = [max(int(float(f"{end:.2g}")), 1) for end in (low, high)]
    return (ends[0], ends[1]) if ends[0] < ends[1] else (None, None)
