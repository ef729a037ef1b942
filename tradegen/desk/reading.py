"""What two lists, or a file of breaks, show: broken trades, the groups they are in, where trades lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.columns import TRADE_COLUMNS
from tradegen.core.databases import temporary_database
from tradegen.desk.breaks_file import observe_breaks
from tradegen.desk.groups import HotGroups, hot_groups
from tradegen.desk.list_columns import ListColumns
from tradegen.desk.list_comparison import compare
from tradegen.desk.market_range import MarketRange, market_range, range_of_breaks
from tradegen.desk.observing import Breaks, observe
from tradegen.desk.trade_groups import trades_by_group
from tradegen.errors import FitError, ScoringError
from tradegen.scoring.relations import Reader, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.layouts import Layout
    from tradegen.scenario.tolerances import Tolerances

MEMORY = "500MB"
"""What DuckDB may hold in memory; the rest waits on the disk."""


@dataclass(frozen=True, slots=True)
class Observations:
    """All that was seen.

    Attributes
    ----------
    breaks : Breaks
    groups : HotGroups
    ids : sequence of str
        Of the broken trades that `HotGroup.members` is about.
    market : MarketRange
        Where the trades lie.
    """

    breaks: Breaks
    groups: HotGroups = field(default_factory=HotGroups)
    ids: Sequence[str] = ()
    market: MarketRange = field(default_factory=MarketRange)


def read_lists(
    ours: Any,
    theirs: Any,
    layouts: Mapping[str, Layout],
    tolerances: Tolerances,
    confidence: float,
    *,
    hide: bool = False,
) -> Observations:
    """Compare two lists of the same trades.

    With `hide`, columns beside the nine are called by their kinds, and their names are made ones.

    Raises
    ------
    FitError
        Where they cannot be read or compared, or have no break.
    """
    with _errors(), _database() as (connection, folder):
        reader, lists = Reader(connection, folder), []
        for name, given in (("ours", ours), ("theirs", theirs)):
            lists.append(ListColumns(connection, _source(reader, given, name, layouts[name]), layouts[name]))
        compared = compare(connection, lists[0], lists[1], tolerances, hide=hide)
        found = observe(connection, compared, hide=hide)
        if not found.broken:
            differ = f"; {found.benign:,} differ within the tolerance" if found.benign else ""
            raise FitError(
                f"all {found.pairs:,} trades of {lists[0].source.name} and {lists[1].source.name} "
                f"agree{differ}; expected lists with breaks"
            )
        trades, ids = trades_by_group(
            connection, compared, found.recogniser.zones, [one.column.name for one in found.own if one.listed]
        )
        return Observations(
            found, hot_groups(trades, confidence), ids, market_range(connection, compared, trades)
        )


def _source(reader: Reader, given: Any, name: str, layout: Layout) -> Source:
    """A list with all its columns; of a frame, those beside the nine that hold one sort of values."""
    try:
        return reader.source(given, name)
    except ScoringError:
        wanted = [layout.columns.get(one, one) for one in TRADE_COLUMNS]
        return reader.source(given, name, wanted + _readable(reader, given, name))


def _readable(reader: Reader, given: Any, name: str) -> list[str]:
    found = []
    for column in map(str, getattr(given, "columns", ())):
        with suppress(ScoringError):
            reader.source(given, name, [column])
            found.append(column)
    return found


def read_breaks(
    breaks: Any,
    trades: int | None,
    columns: Mapping[str, str],
    fields: Mapping[str, str],
    tickers: Collection[str],
    tolerances: Tolerances,
) -> Observations:
    """Read a file of breaks.

    Parameters
    ----------
    breaks : path, DataFrame or Arrow table
    trades : int
        Of how many trades these are the breaks.
    columns : mapping of str to str
        What the columns trade_id, field, ours and theirs are called.
    fields : mapping of str to str
        What fields are called, by our names.
    tickers : collection of str
        The universe's.
    tolerances : Tolerances
        Differences up to these are benign.

    Raises
    ------
    FitError
        Where it cannot be read, or contradicts itself.
    """
    with _errors(), _database() as (connection, folder):
        source = Reader(connection, folder).source(breaks, "breaks")
        found = observe_breaks(connection, source, columns, fields, trades, tickers, tolerances)
        return Observations(found, market=range_of_breaks(found))


@contextmanager
def _errors() -> Iterator[None]:
    """Call errors of reading by the name of what is done here."""
    import duckdb

    try:
        yield
    except ScoringError as error:
        raise FitError(str(error)) from None
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        first = str(error).partition("\n")[0]
        raise FitError(
            f"{MEMORY} of memory, or the disk for temporary files, is too small: {first}"
        ) from None
    except duckdb.Error as error:
        raise FitError(f"the lists cannot be read: {str(error).partition(chr(10))[0]}") from None


def _database() -> AbstractContextManager[tuple[DuckDBPyConnection, Path]]:
    return temporary_database("fit", MEMORY, on_disk=True, preserve_insertion_order=False)
