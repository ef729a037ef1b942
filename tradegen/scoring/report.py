"""The report on a score: one model that text, HTML, JSON and frames are rendered from.

`report_building` makes it. Numbers are kept as they are; a column knows how its numbers are printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tradegen.errors import ScoringError, nearest
from tradegen.scoring.outcomes import Interval
from tradegen.scoring.score_counts import GROUPS, MEASURES

if TYPE_CHECKING:
    import pandas as pd

TABLES = (*GROUPS, "records", "confusion", "detection", "tolerance_sweep", "thresholds", "runs")
"""The tables that `Report.frame` knows."""

Row: TypeAlias = Mapping[str, Any]
"""The values of a row by column: a name, a count, a share, an interval, or None for what is not known."""

_CURVES = ("detection", "tolerance_sweep", "thresholds")
_RUN_COLUMNS = ("matcher", "expected", "found", "false_alarms", "unknown", *MEASURES)
_QUIET_COLUMNS = ["quiet", "false_alarm_rate", "false_alarm_low", "false_alarm_high"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        In JSON and frames; that of an interval is the name of its share and ``_interval``.
    kind : str
        A ``name``, a ``count``, a ``share`` from 0 to 1, its 95% ``interval``, or a ``deviation`` of shares.
    header : str
        What people read above it; empty in a column that text and HTML leave out.
    """

    name: str
    kind: Literal["name", "count", "share", "interval", "deviation"] = "count"
    header: str = ""

    def text(self, row: Row) -> str:
        """The value of a row, as people read it."""
        value: Any = row.get(self.name)
        if self.kind == "name":
            return printable(str(value))
        if self.kind == "count":
            return "" if value is None else f"{value:,}"
        if self.kind == "deviation":
            return f"{value:.4f}"
        if self.kind == "share":
            return share(value)
        of: Any = row[self.name.removesuffix("_interval")]
        return "" if math.isnan(of) else range_of(value, share(of))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values.

    Attributes
    ----------
    columns : tuple of Column
    rows : tuple of mapping of str to value
        By column. A measure of nothing is NaN, and what is not known is None.
    key : str
        The column that names the rows; empty where they are only numbered.
    matrix : bool
        Whether it counts by row and by column: such a table has no value where it counts nothing.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    key: str = ""
    matrix: bool = False

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns that people read."""
        return tuple(column for column in self.columns if column.header)

    def cells(self) -> list[list[str]]:
        """The rows as people read them."""
        return [[column.text(row) for column in self.shown] for row in self.rows]

    def by_name(self) -> dict[str, Row]:
        """The rows by their names."""
        return {
            str(row[self.key]): {name: row[name] for name in row if name != self.key} for row in self.rows
        }

    def frame(self) -> pd.DataFrame:
        """The rows as a frame; an interval is two columns, its ends."""
        import pandas as pd  # only where a frame is asked for

        columns = [column for column in self.columns if column.name != self.key]
        if self.matrix:
            counts = [[row.get(column.name, 0) for column in columns] for row in self.rows]
            table = pd.DataFrame(counts, columns=[column.name for column in columns], dtype="int64")
        else:
            ends = [end for column in columns for end in _ends(column)]
            rows = [[value for column in columns for value in _values(column, row)] for row in self.rows]
            table = pd.DataFrame(rows, columns=ends)
        if self.key:
            table.index = pd.Index([row[self.key] for row in self.rows], name=self.key, dtype="str")
        return table


def _values(column: Column, row: Row) -> tuple[Any, ...]:
    """The values of a row in the columns of a frame that hold a column's."""
    value: Any = row.get(column.name)
    if column.kind != "interval":
        return (value,)
    return (math.nan, math.nan) if value is None else value


def _ends(column: Column) -> list[str]:
    """The columns of a frame that hold a column's values."""
    if column.kind != "interval":
        return [column.name]
    prefix = column.name.removesuffix("interval").removeprefix("recall_")
    return [f"{prefix}low", f"{prefix}high"]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a title.

    Attributes
    ----------
    title : str
    table : Table or None
        The rows to show, in the order in which to show them.
    caption : str
        What the table is about, where the title does not say it.
    notes : tuple of str
        A sentence each.
    """

    title: str
    table: Table | None = None
    caption: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: one of ``recall``, ``detection`` and ``tolerance_sweep``, and what it shows."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of a score.

    Attributes
    ----------
    matcher : str
        What the findings are called.
    headline : tuple of str
        The answer, a sentence each: by pair, by field, by value.
    warnings : tuple of str
        Sentences on what makes the answer doubtful.
    facts : mapping of str to mapping of str to value, or None
        Counts and measures that are of the whole score, as JSON has them.
    tables : mapping of str to Table
        Every table, whole; `TABLES` and ``spread``.
    sections : tuple of Section
        What people read; one without anything to say is left out.
    figures : tuple of Figure
        Those for which there is something to draw.
    """

    matcher: str
    headline: tuple[str, ...]
    warnings: tuple[str, ...]
    facts: Mapping[str, Mapping[str, Any] | None]
    tables: Mapping[str, Table]
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...]

    def to_dict(self) -> dict[str, Any]:
        """All counts and measures in JSON's own types: NaN as None, intervals as lists, amounts in cents.

        An infinite score among ``thresholds`` is the text ``inf`` or ``-inf``.
        """
        found: dict[str, Any] = {"matcher": self.matcher, **self.facts}
        found["by"] = {group: self.tables[group].by_name() for group in GROUPS}
        found |= {name: self.tables[name].by_name() for name in ("records", "confusion", "spread")}
        found |= {name: _curves(self.tables[name].rows) for name in _CURVES}
        found["thresholds"] = found["thresholds"][0] if found["thresholds"] else None
        found["runs"] = self.tables["runs"].rows if self.tables["spread"].rows else ()
        plain: dict[str, Any] = _json(found)
        return plain

    def frame(self, by: str) -> pd.DataFrame:
        """One of the tables.

        Parameters
        ----------
        by : str
            One of `TABLES`.

        Returns
        -------
        DataFrame
            By group, or by record: ``expected``, ``found``, ``missed``, ``recall`` and its 95% interval,
            ``low`` to ``high``. By field and notional band, and in ``tolerance_sweep`` and ``thresholds``,
            also ``false_alarms``, ``unknown``, ``precision`` with its interval and ``f1``; where the number
            of pairs that must not be reported is known, also ``quiet`` and ``false_alarm_rate``.

            ``confusion``: counts of pairs, by mismatched field and by the field that was named.
            ``detection`` and ``tolerance_sweep``: a row for each measured field, unit and place on its scale;
            in ``detection`` a ``size`` stands for the range up to the next one, ``below``, and ranges
            without a difference are left out. ``runs``: a row for each run, with the counts of pairs and the
            `MEASURES`.

            Shares are from 0 to 1, and NaN where there is nothing to measure.

        Raises
        ------
        ScoringError
            If `by` is something else.
        """
        if by not in TABLES:
            raise ScoringError(f"by is {by!r}; {nearest(str(by), TABLES)}")
        table = self.tables[by].frame()
        if by == "confusion":
            return table.rename_axis(columns="reported as")
        if by == "runs":
            import pandas as pd

            table.index = pd.RangeIndex(1, len(table) + 1, name="run")
            return table[[*_RUN_COLUMNS]]
        if "quiet" in table and table[["quiet", "false_alarm_rate"]].isna().all().any():
            table = table.drop(columns=_QUIET_COLUMNS)
        if by == "thresholds":
            return table.drop(columns=["field", "unit"])
        if by != "detection":
            return table
        following = table.groupby(["field", "unit"], sort=False)["size"].shift(-1, fill_value=math.inf)
        table.insert(3, "below", following.astype("float64"))
        kept = ["field", "unit", "size", "below", "expected", "found", "missed", "recall", "low", "high"]
        return table.loc[table["expected"] > 0, kept].reset_index(drop=True)


def _curves(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows by field and unit, as JSON has curves."""
    curves: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows:
        values = dict(row)
        field, unit = values.pop("field"), values.pop("unit")
        curve = curves.setdefault((field, unit), {"field": field, "unit": unit, "points": []})
        curve["points"].append(values)
    return list(curves.values())


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, float):
        if math.isinf(value):
            return str(value)  # a matcher's score; JSON has no such number
        return None if math.isnan(value) else float(value)
    return value


def printable(name: str) -> str:
    """A name on one line, without anything in it that a terminal would act on."""
    return name if name.isprintable() else repr(name)


def share(value: float, decimals: int = 3) -> str:
    """A share from 0 to 1, with as many decimals as it takes not to say 1 or 0 where it is not quite."""
    if math.isnan(value):
        return "n/a"
    while decimals < 9 and value not in (0, 1) and float(f"{value:.{decimals}f}") in (0, 1):
        decimals += 1
    return f"{value:.{decimals}f}"


def range_of(interval: Interval, like: str) -> str:
    """An interval, with the decimals of the number it is about, or as many as tell its ends apart."""
    low, high = interval
    decimals = len(like.partition(".")[2])
    while low < high and decimals < 9 and f"{low:.{decimals}f}" == f"{high:.{decimals}f}":
        decimals += 1
    return f"{low:.{decimals}f} to {high:.{decimals}f}"
