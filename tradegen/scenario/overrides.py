"""The fields of a scenario as keyword arguments, for type checkers and editors.

They are written out, since type checkers run nothing. The tests compare them with the fields themselves.
Importing this module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import datetime as dt

    import numpy as np

    from tradegen.scenario.hot_spots import HotSpot
    from tradegen.scenario.layouts import Layout
    from tradegen.scenario.own_columns import OwnColumn
    from tradegen.scenario.tolerances import Tolerances

Whole: TypeAlias = "int | np.integer[Any]"
Number: TypeAlias = "float | np.integer[Any] | np.floating[Any]"


class OtherFields(TypedDict, total=False):
    """Every field but `mechanisms`, which a strategy has a parameter of its own for."""

    pairs: Whole
    columns: Sequence[OwnColumn | Mapping[str, Any]]
    mismatch_rate: Number
    benign_rate: Number
    rate_mode: Literal["exact", "bernoulli"]
    settings: Mapping[str, Mapping[str, Any]]
    fields_per_pair: Sequence[Number]
    buy_share: Number
    tolerances: Tolerances | Mapping[str, Any]
    boundary: bool
    keep_in_range: bool
    rate_is: Literal["base", "overall"]
    hot_spots: Sequence[HotSpot | Mapping[str, Any]]
    order: Literal["shuffled", "paired"]
    view: Literal["single", "counterparty", "two_system"]
    shared_id: bool
    trades: Layout | Mapping[str, Any]
    buy: Layout | Mapping[str, Any]
    sell: Layout | Mapping[str, Any]
    ours: Layout | Mapping[str, Any]
    theirs: Layout | Mapping[str, Any]
    date: dt.date | str | None
    start: dt.time | str
    end: dt.time | str
    timestamp_precision: Literal["s", "ms", "us"]
    quantity_min: Number
    quantity_max: Number
    quantity_step: Number
    tick: Number
    price_band: Number
    brokers: Whole


class ScenarioOverrides(OtherFields, total=False):
    """Every field of a scenario; none of them must be given."""

    mechanisms: Mapping[str, Number]
