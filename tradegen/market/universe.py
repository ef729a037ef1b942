"""The market: which tickers trade, and at what price.

``tickers.csv`` holds a header ``ticker,price`` and a row per ticker, and perhaps more columns, of which
``tick`` says what the ticker's prices are multiples of. A market is validated once, frozen, and known by its
digest.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.compression import content_of
from tradegen.core.formatting import decimals
from tradegen.core.grids import CENTS, Grid
from tradegen.core.regular_files import text_of
from tradegen.core.text_columns import strings
from tradegen.errors import MarketError, shown
from tradegen.market.ticks import priced
from tradegen.mechanisms.share_classes import other_share_class
from tradegen.scenario.validation import NAME, is_writable

if TYPE_CHECKING:
    import pandas as pd

_HEADER = ["ticker", "price"]
_TICK = "tick"
_TICKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,23}")


@dataclass(frozen=True, eq=False)
class Market:
    """The universe: `tickers`, and their `prices` on a grid (int64, shape (tickers,)).

    `columns` holds what else the file says of each ticker, such as an ISIN, `given` the prices as they were
    given, and `ticks` the ticks, where there are any: "" where the tick is that of the scenario, `asked`.
    Then the grid is that of the finest tick, and `steps` has the ticks in units of its last decimal place
    (int64, shape (tickers,)); None where all are alike.
    """

    tickers: tuple[str, ...]
    prices: Array
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    grid: Grid = CENTS
    given: tuple[str, ...] = ()
    ticks: tuple[str, ...] = ()
    steps: Array | None = None
    asked: Grid = CENTS

    def on(self, grid: Grid) -> Market:
        """The same universe, with the prices that were given rounded to another grid, or to their own ticks.

        Raises
        ------
        MarketError
            Where a price is less than one step of it.
        """
        return self if grid == self.asked else _on(self, grid)

    @property
    def settled(self) -> Market:
        """The same universe, in which every ticker has a tick of its own if any has."""
        if not self.ticks:
            return self
        steps = np.broadcast_to(self.step, len(self.tickers)).tolist()
        ticks = (f"{Grid(self.grid.places, step).written.normalize():f}" for step in steps)
        return replace(self, ticks=tuple(ticks), asked=self.grid)

    @property
    def step(self) -> Array | int:
        """What prices are multiples of, in units of their last place; by ticker, where ticks differ."""
        return self.grid.step if self.steps is None else self.steps

    def step_of(self, ticker: Array) -> Array | int:
        """The same, for the tickers of some pairs by their codes."""
        return self.grid.step if self.steps is None else self.steps.take(ticker)

    @property
    def coarse(self) -> bool:
        """Whether some prices are multiples of more than their last place."""
        return self.steps is not None or self.grid.step > 1

    @property
    def _columns(self) -> dict[str, tuple[str, ...]]:
        """The columns after the price, as a file has them."""
        return ({_TICK: self.ticks} if self.ticks else {}) | dict(self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Ticker to price as exact decimal text, or to all columns; ``load_market`` takes it back."""
        prices = strings(decimals(self.prices, self.grid.places)).tolist()
        columns = self._columns
        if not columns:
            return dict(zip(self.tickers, prices, strict=True))
        rows = zip(*columns.values(), strict=True)
        return {
            ticker: {"price": price, **dict(zip(columns, row, strict=True))}
            for ticker, price, row in zip(self.tickers, prices, rows, strict=True)
        }

    @functools.cached_property
    def share_classes(self) -> Array:
        """The code of each ticker's other share class in this universe (int64); -1 where there is none."""
        codes = {ticker: code for code, ticker in enumerate(self.tickers)}
        other = np.full(len(self.tickers), -1, np.int64)
        for ticker, code in codes.items():
            other[code] = codes.get(other_share_class(ticker) or "", -1)
        return other

    @functools.cached_property
    def sha256(self) -> str:
        """The digest of tickers and prices, in order; layout and line ends of the file do not count."""
        prices = strings(decimals(self.prices, self.grid.places)).tolist()
        rows = zip(self.tickers, prices, *self._columns.values(), strict=True)
        text = "".join(f"{','.join(row)}\n" for row in rows)
        return hashlib.sha256(text.encode()).hexdigest()


Tickers: TypeAlias = "Market | Mapping[str, Any] | pd.Series[Any] | str | os.PathLike[str] | None"


@functools.lru_cache(maxsize=8)
def _on(market: Market, grid: Grid) -> Market:
    rows = [("tickers", *row) for row in zip(market.tickers, market.given, strict=True)]
    prices, finest, steps = priced("tickers", rows, market.ticks, grid)
    return replace(market, prices=prices, grid=finest, steps=steps, asked=grid)


def load_market(source: Tickers = None, tick: float = 0.01) -> Market:
    """Read and check a universe.

    Parameters
    ----------
    source : Market, mapping, Series, path or None
        A market is given back as it is. A mapping, or a Series, holds dollars by ticker. A path is that of
        a CSV file with the header ``ticker,price`` (UTF-8, with or without byte order mark, any line ends),
        which may be compressed: ``.csv.gz`` or ``.csv.zst``. Where it has a column ``tick``, or a mapping
        holds tables with one, that is what the ticker's prices are rounded to.
        None is tradegen's own ``tickers.csv``.
    tick : float, optional
        What prices are rounded to otherwise, as in a scenario.

    Raises
    ------
    MarketError
        Where the file cannot be read, a row is no ticker with a price of at least one tick, or a tick is no
        multiple of the finest.
    """
    grid = Grid.of(tick)
    if source is None:
        return _default_market().on(grid)
    if isinstance(source, Market):
        return source.on(grid)
    if isinstance(source, Mapping) or _is_series(source):
        return _from_mapping(cast("Mapping[str, Any]", source), grid)
    if not isinstance(source, (str, os.PathLike)):
        raise MarketError(
            f"tickers is {shown(source)}; expected prices by ticker, such as {{'AAPL': 154}}, or a path"
        )
    return _from_file(Path(source), grid)


def _from_mapping(source: Mapping[str, Any], grid: Grid) -> Market:
    tables = {ticker: given for ticker, given in source.items() if isinstance(given, Mapping)}
    prices = (
        (f"tickers[{ticker!r}]", ticker, str(given.get("price") if ticker in tables else given))
        for ticker, given in source.items()
    )
    names = _names(next(iter(tables.values()), {}))
    for ticker in source if names else ():
        if _names(tables.get(ticker, {})) != names:
            raise MarketError(
                f"tickers[{ticker!r}] has other columns than the first; expected price and {', '.join(names)}"
            )
    columns = {name: [str(tables[ticker][name]) for ticker in source] for name in names}
    if any(_TICK in table for table in tables.values()):
        ticks = [tables.get(ticker, {}).get(_TICK) for ticker in source]
        # A frame has NaN for what is missing, which equals nothing.
        columns[_TICK] = ["" if tick is None or tick != tick else str(tick) for tick in ticks]
    return _market("tickers", prices, columns, grid)


def _names(table: Mapping[str, Any]) -> list[str]:
    """The columns that each ticker must have; a tick may be missing."""
    return [name for name in table if name not in ("price", _TICK)]


def _is_series(source: object) -> TypeGuard[pd.Series[Any]]:
    # Whoever holds a Series has imported pandas; nobody else need wait for it.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(source, pandas.Series)


@functools.cache
def _default_market() -> Market:
    # In a wheel or an image the file sits in the package; in a checkout, beside it.
    package = Path(__file__).resolve().parents[1]
    paths = (package / "tickers.csv", package.parent / "tickers.csv")
    return _from_file(next((path for path in paths if path.is_file()), paths[0]), CENTS)


def _from_file(path: Path, grid: Grid) -> Market:
    try:
        text = text_of(content_of(path), path)
    except OSError as error:
        raise MarketError(f"tickers file {path} cannot be read: {error.strerror}") from None
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(lines.line_num, [cell.strip() for cell in row]) for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise MarketError(f"tickers file {path}, line {lines.line_num}: {error}") from None
    if not rows:
        raise MarketError(
            f"tickers file {path} is empty; expected the header ticker,price and a row a ticker"
        )
    header = rows[0][1]
    if header[:2] != _HEADER:
        raise MarketError(
            f"tickers file {path} starts with {','.join(rows[0][1])[:60]!r}; expected the header ticker,price"
        )
    more = header[2:]
    if "" in more or len({*header}) < len(header):
        raise MarketError(
            f"tickers file {path} has a column without a name, or two of one name; expected neither"
        )
    cells = list(_cells(path, rows[1:], len(header)))
    columns = {name: [row[place] for _, row in cells] for place, name in enumerate(more, len(_HEADER))}
    return _market(f"tickers file {path}", ((where, row[0], row[1]) for where, row in cells), columns, grid)


def _cells(path: Path, rows: Iterable[tuple[int, list[str]]], width: int) -> Iterable[tuple[str, list[str]]]:
    wanted = "two" if width == len(_HEADER) else str(width)
    for line, cells in rows:
        where = f"tickers file {path}, line {line}"
        if len(cells) != width:
            row = ",".join(cells)[:60]
            count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            raise MarketError(f"{where}: {row!r} has {count}; expected {wanted}, such as AAPL,154.00")
        yield where, cells


def _market(
    name: str, rows: Iterable[tuple[str, Any, str]], columns: Mapping[str, list[str]], grid: Grid
) -> Market:
    found: dict[str, tuple[str, str]] = {}
    for where, ticker, price in rows:
        if not isinstance(ticker, str) or not _TICKER.fullmatch(ticker):
            raise MarketError(
                f"{where}: ticker is {str(ticker)[:40]!r}; expected 1 to 24 letters, digits, dots, dashes or "
                "slashes, such as BRK.B"
            )
        if ticker in found:
            raise MarketError(f"{where}: ticker {ticker} is there twice; expected each ticker once")
        found[ticker] = where, price
    if not found:
        raise MarketError(f"{name} names no ticker; expected at least one, such as AAPL,154.00")
    more = {column: tuple(values) for column, values in columns.items()}
    ticks = more.pop(_TICK, ())
    for column, values in more.items():
        for ticker, value in zip(found, values, strict=True):
            if not is_writable(value, NAME):
                raise MarketError(
                    f"{name}: {column} of {ticker} is {value[:40]!r}; expected 1 to 64 characters, without "
                    "quotes or backslashes, or blanks at its ends"
                )
    named = [(where, ticker, price) for ticker, (where, price) in found.items()]
    prices, finest, steps = priced(name, named, ticks, grid)
    given = tuple(price for _, price in found.values())
    return Market(tuple(found), prices, more, finest, given, ticks if any(ticks) else (), steps, grid)
