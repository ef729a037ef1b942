"""One altered value as somebody sees it who compares the records and knows nothing of how they were made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

Leg: TypeAlias = Mapping[str, str]
"""A record by column, as CSV prints it without a layout of its own."""

Settings: TypeAlias = Mapping[str, Any]
"""A mechanism's settings by name."""


class Difference(NamedTuple):
    """A field's original and altered value, as CSV prints them, and what is known of the trades around it."""

    original: str
    altered: str
    leg: Leg  # the leg's record before it was altered
    settings: Settings = MappingProxyType({})  # the mechanism's
    tickers: Collection[str] = ()  # all there are
    brokers: Collection[str] = ()
    prices_before: Collection[
        str
    ] = ()  # what the ticker's price may have been before: at the trade before it

    @property
    def numbers(self) -> tuple[Decimal, Decimal]:
        """Both values as numbers."""
        return Decimal(self.original), Decimal(self.altered)

    @property
    def size(self) -> Decimal:
        """By how much the altered number is larger or smaller."""
        original, altered = self.numbers
        return abs(altered - original)

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """Both values as dates."""
        return dt.date.fromisoformat(self.original), dt.date.fromisoformat(self.altered)

    @property
    def times(self) -> tuple[dt.datetime, dt.datetime]:
        """Both values as timestamps."""
        return dt.datetime.fromisoformat(self.original), dt.datetime.fromisoformat(self.altered)
