"""One mechanism tried on some rows of a list: what the cells become, and where that is a difference."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import numpy as np

from tradegen.core.columns import MICROSECONDS, Array, blank
from tradegen.core.streams import happens
from tradegen.desk.injecting.amounts import Amount, amounts_of
from tradegen.desk.injecting.breaks import Breaks
from tradegen.desk.injecting.case_context import CaseContext
from tradegen.desk.injecting.chosen_rows import ChosenRows
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.column_labels import NAMES, kind_of, label_of
from tradegen.desk.injecting.held_list import HeldList
from tradegen.desk.injecting.possible import Entry
from tradegen.desk.lists.cell_texts import Value, cell_text
from tradegen.desk.lists.date_forms import form_pattern
from tradegen.desk.lists.json_splicing import OBJECTS, can_become
from tradegen.desk.lists.list_form import ColumnForm, FileForm
from tradegen.mechanisms.allowed_sizes import NO_TOLERANCE, AllowedSizes, Tolerance
from tradegen.mechanisms.difference import Settings
from tradegen.mechanisms.mechanism import Case, Context

_MOST = 10**18  # what a number of 64 bits holds for certain
_LARGEST = 10**16  # a hundred times that is still a number of 64 bits
_SHARED_OUT = 2**32 - 1  # quantities up to it can be cut anywhere by one draw
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """An amount that follows in some of the rows of an attempt: cells and deltas, None where it stays."""

    amount: Amount
    kept: Array  # bool, shape (n,): where it is to stay
    cells: list[str | None]
    deltas: list[str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """What rows become by one mechanism: where it `fits`, they have it."""

    name: str
    position: int | None  # of the column; None for whole records
    rows: Array  # int64, shape (n,): of the chosen rows
    altered: Sequence[str | None]  # texts, length n; None for a blank
    records: Array  # int64, shape (n,): how many there are then
    deltas: Sequence[str | None]  # length n; None for what has no size
    fits: Array  # bool, shape (n,)
    limited: Array  # bool, shape (n,): whose size the range of clean values limits
    follows: Sequence[Followed] = ()
    unshown: list[str | None] = field(default_factory=list)  # texts that their columns cannot hold


class Attempts:
    """Tries mechanisms on chosen rows.

    Parameters
    ----------
    breaks : Breaks
    entries : mapping of str to Entry
    clean : CleanValues
    seed : int
    settings : callable
        From the name of a mechanism to its settings.
    benign : bool
        Whether differences are to be within their tolerance.
    """

    def __init__(
        self,
        breaks: Breaks,
        entries: Any,
        clean: CleanValues,
        seed: int,
        settings: Callable[[str], Settings],
        *,
        benign: bool,
    ) -> None:
        self._breaks, self._entries, self._clean, self._benign = breaks, entries, clean, benign
        self._seed, self._settings = seed, settings
        form = clean.held.one.form
        self._file = form.file
        self._amounts = amounts_of(form)
        self._by_role = {column.role: form.position(column.name) for column in form.columns if column.role}

    def tried(self, name: str, chosen: ChosenRows, rows: Array, raw: Array) -> Attempt:
        """One mechanism, tried on some of the chosen rows with a draw for each."""
        entry: Entry = self._entries[name]
        if entry.position is None:
            return self._records(name, entry, chosen, rows, raw)
        attempt = self._altered(name, entry, entry.position, chosen, rows, raw)
        self._take_back(attempt, attempt.position, attempt.altered, chosen)
        for one in attempt.follows:
            self._take_back(attempt, one.amount.position, one.cells, chosen)
        return attempt

    def _take_back(
        self, attempt: Attempt, position: int | None, cells: Sequence[str | None], chosen: ChosenRows
    ) -> None:
        """Take back what a column's type cannot hold, and what JSON would take for another sort of value."""
        if self._file.form == "csv" or position is None:
            return
        sorts = chosen.sorts.get(position, ())
        among = [sorts[row] in OBJECTS for row in attempt.rows.tolist()] if sorts else attempt.fits
        at = np.flatnonzero(attempt.fits | among)
        if position != attempt.position:  # an amount that stays has no cell
            at = at[[cells[one] is not None for one in at.tolist()]]
        texts = [cells[one] for one in at.tolist()]
        shown = self._clean.held.shows(position, texts)
        if sorts:
            named = zip(attempt.rows[at].tolist(), texts, strict=True)
            shown &= np.array([can_become(sorts[row], text) for row, text in named], bool)
        attempt.unshown.extend(texts[lost] for lost in np.flatnonzero(~shown).tolist())
        attempt.fits[at] &= shown

    def _altered(
        self, name: str, entry: Entry, position: int, chosen: ChosenRows, rows: Array, raw: Array
    ) -> Attempt:
        column = self._clean.held.column(position)
        texts = [chosen.texts[position][row] for row in rows.tolist()]
        if name == f"{label_of(column)}.blank":
            filled = np.array([text is not None for text in texts], bool)
            nothing = [None] * len(rows)
            ones, none = np.ones(len(rows), np.int64), np.zeros(len(rows), bool)
            return Attempt(name, position, rows, nothing, ones, nothing, filled, none)
        if kind_of(column) in NAMES:
            return self._names(name, entry, column, texts, rows, raw)
        return self._values(name, entry, column, texts, chosen, rows, raw)

    def _names(
        self, name: str, entry: Entry, column: ColumnForm, texts: list[str | None], rows: Array, raw: Array
    ) -> Attempt:
        assert entry.position is not None
        context = CaseContext(self._clean, entry.position, [text or "" for text in texts])
        if name.endswith(".other"):
            names = tuple(self._clean.names(entry.position))
            codes = {one: code for code, one in enumerate(names)}
            known = [codes.get(text or "") for text in texts]
            original = np.array([code or 0 for code in known], np.int64)
            made = self._made(name, entry, original, raw, context)[0].tolist()
            altered = [None if old is None else names[code] for old, code in zip(known, made, strict=True)]
        else:
            made = self._made(name, entry, np.arange(len(texts)), raw, context)[0].tolist()
            altered = [context.name(code) for code in made]
        fits = [
            old is not None and new is not None and new != old and self._writable(new, column)
            for old, new in zip(texts, altered, strict=True)
        ]
        ones = np.ones(len(rows), np.int64)
        none = np.zeros(len(rows), bool)
        return Attempt(
            name, entry.position, rows, altered, ones, [None] * len(rows), np.array(fits, bool), none
        )

    def _values(
        self,
        name: str,
        entry: Entry,
        column: ColumnForm,
        texts: list[str | None],
        chosen: ChosenRows,
        rows: Array,
        raw: Array,
    ) -> Attempt:
        assert entry.position is not None
        values = chosen.values[entry.position][rows]
        sized, number = entry.mechanism.sized, column.kind in ("integer", "decimal")
        kept = sized and self._breaks.keep_in_range
        largest, grains, units = _MOST, np.ones(len(rows), np.int64), np.ones(len(rows), np.int64)
        if number:
            numbers, grains = self._clean.numbers(entry.position), self._grains(column, chosen, rows)
            if sized:
                units = grains if name.endswith(".tick") else numbers.coarse(grains)
                largest = min(largest, numbers.high) if kept and numbers.count > 1 else largest
        here = np.array([text is not None for text in texts], bool) & (values != blank(np.int64))
        if number:
            here &= (np.abs(values) >= units) & ((np.abs(values) < _LARGEST) | name.endswith(".sign"))
        # No mechanism sees a row without a value: it lies in no range.
        able = np.flatnonzero(here)
        signs = np.where(values[able] < 0, -1, 1) if number else np.ones(len(able), np.int64)
        original = values[able] * signs
        altered, limited = np.empty_like(original), np.zeros(len(able), bool)
        for grain in np.unique(grains[able]).tolist():
            some = np.flatnonzero(grains[able] == grain)
            unit = int(units[able[some[0]]])
            context = CaseContext(
                self._clean,
                entry.position,
                tickers=chosen.tickers(rows[able[some]]),
                ticker=chosen.ticker,
                grain=grain,
                unit=unit,
                keep_in_range=kept,
            )
            coarse, rest = np.divmod(original[some], unit)
            displaced, limited[some] = self._made(name, entry, coarse, raw[able[some]], context)
            altered[some] = displaced * unit + rest
        fitting = self._allowed(entry).fit(original, altered)
        if number:
            fitting &= np.abs(altered) <= largest
            fitting &= (altered > 0) | name.endswith(".sign")
        fits, limits = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
        limits[able] = limited
        new, old = altered * signs, values[able]
        follows = [
            Followed(amount, self._kept(amount, chosen)[rows], [None] * len(rows), [None] * len(rows))
            for amount in self._amounts
            if entry.position in (amount.quantity, amount.price)
        ]
        cells: list[str | None] = [None] * len(rows)
        deltas: list[str | None] = [None] * len(rows)
        now, found = new[fitting], able[fitting].tolist()
        likes = [texts[at] or "" for at in found]
        made = value_cells(self._clean.held, entry.position, now, old[fitting], likes)
        moved = (now - old[fitting]).tolist()
        for at, like, cell, value, delta in zip(found, likes, made, now.tolist(), moved, strict=True):
            if cell is not None and cell != like and self._writable(cell, column):
                if not all(
                    self._follow(one, chosen, int(rows[at]), at, entry.position, value) for one in follows
                ):
                    continue
                fits[at], cells[at], deltas[at] = True, cell, _delta(delta, column.kind, column.places or 0)
        ones = np.ones(len(rows), np.int64)
        return Attempt(name, entry.position, rows, cells, ones, deltas, fits, limits, follows)

    def _grains(self, column: ColumnForm, chosen: ChosenRows, rows: Array) -> Array:
        """What the rows' numbers are multiples of, in the column's unit (int64, shape (n,))."""
        position = self._clean.held.one.form.position(column.name)
        grain, tickers = self._clean.numbers(position).grain, chosen.tickers(rows)
        if column.role != "price" or not tickers:
            return np.full(len(rows), grain)
        grains = self._clean.grains(position, chosen.ticker)
        return np.array([grains.get(ticker or "", grain) for ticker in tickers], np.int64)

    def _kept(self, amount: Amount, chosen: ChosenRows) -> Array:
        return happens(chosen.drawn(self._seed, f"{amount.follows}/kept"), amount.kept)

    def _follow(
        self, followed: Followed, chosen: ChosenRows, row: int, at: int, position: int, new: int
    ) -> bool:
        """Let a row's amount follow on a new value; False where its column cannot hold it.

        It stays where it is another than quantity times price, where one of these is missing, and in as many
        rows as are not recomputed.
        """
        amount, none = followed.amount, blank(np.int64)
        places = (amount.quantity, amount.price, amount.position)
        quantity, price, old = (int(chosen.values[place][row]) for place in places)
        stays = followed.kept[at] or none in (quantity, price, old)
        if stays or not amount.agrees(quantity, price, old):
            return True
        now = [
            new if place == position else was for place, was in zip(places, (quantity, price), strict=False)
        ]
        value = amount.followed((quantity, now[0]), (price, now[1]), old)
        if abs(value) > _MOST:
            return False
        column, like = self._clean.held.column(amount.position), chosen.texts[amount.position][row] or ""
        cell = value_cell(value, like, column, self._file)
        if cell is None or not self._writable(cell, column):
            return False
        if value != old:
            followed.cells[at] = cell
            followed.deltas[at] = _delta(value - old, column.kind, column.places or 0)
        return True

    def _records(self, name: str, entry: Entry, chosen: ChosenRows, rows: Array, raw: Array) -> Attempt:
        quantity, step, ones = np.zeros(len(rows), np.int64), 1, np.ones(len(rows), np.int64)
        if name == "record.split":
            position = self._by_role["quantity"]
            values, step = chosen.values[position][rows], self._clean.numbers(position).grain
            quantity = np.abs(np.where(values == blank(np.int64), 0, values))
            quantity[quantity // step > _SHARED_OUT] = 0
        context = CaseContext(self._clean, -1, quantity=quantity, quantity_step=step)
        made, limited = self._made(name, entry, ones, raw, context)
        fits = self._allowed(entry).fit(ones, made)
        deltas = [str(count - 1) for count in made.tolist()]
        return Attempt(name, None, rows, [str(one) for one in made.tolist()], made, deltas, fits, limited)

    def _made(
        self, name: str, entry: Entry, original: Array, raw: Array, context: CaseContext
    ) -> tuple[Array, Array]:
        step = 1
        if entry.position is not None:
            kind = self._clean.held.column(entry.position).kind
            if kind == "timestamp":
                step = context.step
            elif name.endswith(".digit_swap"):
                step = context.grain
        limited = np.zeros(len(original), bool)
        case = Case(
            original=original,
            raw=raw,
            pairs=np.arange(len(original)),
            legs=np.ones(len(original), np.int8),
            settings=self._settings(name),
            allowed=self._allowed(entry, context.unit, step),
            context=cast(Context, context),  # it has what mechanisms by kind ask for
            keep_in_range=self._breaks.keep_in_range,
            limited=limited,
        )
        return (entry.mechanism.alter(case) if len(original) else original), limited

    def _allowed(self, entry: Entry, unit: int = 1, step: int = 1) -> AllowedSizes:
        """How large a difference may be, counted in so many of the column's own unit."""
        tolerance = NO_TOLERANCE
        if entry.position is not None and entry.mechanism.tolerated:
            tolerance = self._tolerance(self._clean.held.column(entry.position))
            # A benign difference stays within it, and a mismatch beyond it, whichever way it is rounded.
            fixed = tolerance.fixed // unit if self._benign else -(-tolerance.fixed // unit)
            tolerance = Tolerance(fixed, tolerance.parts)
        boundary = self._breaks.boundary and entry.mechanism.sized
        return AllowedSizes(tolerance, benign=self._benign, boundary=boundary, step=step)

    def _tolerance(self, column: ColumnForm) -> Any:
        return self._breaks.tolerance_of(label_of(column), column.places or 0)

    def _writable(self, text: str, column: ColumnForm) -> bool:
        """Whether a cell can hold a text, such that it is seen to be another one."""
        if column.width is not None and (len(text) > column.width or text != text.strip(" ")):
            return False
        if column.kind == "integer" and kind_of(column) in NAMES:
            return text.isdigit() and (text == "0" or text[0] != "0")
        if not text.isascii():
            try:
                text.encode(self._file.encoding)
            except UnicodeEncodeError:
                return False
        mark = self._file.separator
        return bool(self._file.quote) or self._file.form != "csv" or mark not in text


def _value(number: int, column: ColumnForm) -> Value:
    """A number in a column's unit as what the column holds."""
    if column.kind == "decimal":
        return Decimal(number).scaleb(-(column.places or 0))
    if column.kind == "date":
        return (_EPOCH + dt.timedelta(days=number)).date()
    return _EPOCH + dt.timedelta(microseconds=number) if column.kind == "timestamp" else number


def value_cell(number: int, like: str, column: ColumnForm, file: FileForm) -> str | None:
    """A value in its column's unit as the column writes it; in Parquet and frames, as their own texts are."""
    value = _value(number, column)
    form = str(column.format)
    in_form = "%f" not in form and re.fullmatch(form_pattern(form), like)  # as texts of a table may be
    if file.form != "parquet" or not isinstance(value, dt.date) or in_form:
        return cell_text(value, like, column, file)
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ")
        return text.rstrip("0") if "." in text else text
    return f"{value} 00:00:00" if " " in like else str(value)


def value_cells(
    held: HeldList, position: int, new: Array, old: Array, likes: Sequence[str]
) -> list[str | None]:
    """Many values as `value_cell` has each; where DuckDB prints the old cell, it prints the new one."""
    column, file = held.column(position), held.one.form.file
    texts: Iterable[tuple[str | None, ...]] = itertools.repeat((None, None))
    if position in held.printed:
        texts = zip(*(held.printed_texts(position, values) for values in (old, new)), strict=True)
    return [
        now if like == was else value_cell(value, like, column, file)
        for value, like, (was, now) in zip(new.tolist(), likes, texts, strict=False)
    ]


@functools.lru_cache(maxsize=1 << 16)
def _delta(number: int, kind: str, places: int) -> str:
    """By how much a value is larger: in the column's unit, days or seconds."""
    if kind == "decimal":
        return f"{Decimal(number).scaleb(-places):f}"
    if kind != "timestamp":
        return str(number)
    whole, part = divmod(abs(number), MICROSECONDS)
    text = f"{whole}.{part:06}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text
