"""Truth rows as a table of integers, checked for what a row says of itself."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np

from tradegen.verify.cells import Cells
from tradegen.verify.columns import Rows
from tradegen.verify.tables import Reading
from tradegen.verify.values import MILLION, flags, millionths, record_ids, ticks, trade_ids
from tradegen.verify.vocabulary import (
    ABSENT,
    CONTRA,
    DATE,
    FIELDS,
    MOMENT,
    NAMES,
    PRICE,
    QUANTITY,
    RECORD,
    T_ALTERED,
    T_BENIGN,
    T_FIELD,
    T_LEG,
    T_MECHANISM,
    T_NOTIONAL,
    T_ORIGINAL,
    T_PAIR,
    T_RECORD_ID,
    TRADE_ID,
    TRUTH_WIDTH,
    UNREADABLE,
    Array,
)

__all__ = ["TruthRows"]

_MILLIONTHS = {QUANTITY: MILLION, PRICE: MILLION // 100, DATE: MILLION, MOMENT: 1, RECORD: MILLION}
"""By field, how many millionths of its delta's unit (shares, dollars, days, seconds, records) a value has."""

_RECORDS = {"record.missing": (0, 0), "record.duplicate": (2, 2), "record.split": (2, 5)}
"""By mechanism, the fewest and the most records that it leaves of one."""

_SWAPPED = "broker_id.swapped"
"""The one mechanism with two rows: the other is for contra_broker_id, and is not counted."""


class TruthRows:
    """Reads truth rows, and checks each alone: its values, delta, benign label, mechanism and cause.

    Attributes
    ----------
    count, benign : int
        Rows read so far; those labelled benign.
    by_field : Counter
        Rows read so far, by field.
    by_mechanism : Counter
        Legs that each mechanism altered, so far.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading, self._findings, self._source = reading, reading.findings, reading.plan.truth
        self.count = self.benign = 0
        self.by_field: Counter[str] = Counter()
        self.by_mechanism: Counter[str] = Counter()
        self._price = reading.plan.price_tolerance()
        scales = ((QUANTITY, "quantity", 1), (DATE, "date", 1), (MOMENT, "trade_timestamp", MILLION))
        self._limits = {
            field: tolerance * scale
            for field, name, scale in scales
            if (tolerance := reading.plan.tolerance(name)) is not None
        }
        spots = [str(spot.get("name", "")) for spot in reading.plan.scenario.get("hot_spots", ())]
        self._causes = None if reading.plan.manifest is None else {"", *spots}

    def table(self, rows: Rows) -> Array:
        """A table of truth rows (shape (n, TRUTH_WIDTH), int64), but for those that are about nothing."""
        cells = rows.columns
        table = np.zeros((len(rows), TRUTH_WIDTH), np.int64)
        table[:, T_PAIR] = trade_ids(cells["trade_id"])
        table[:, T_LEG] = self._choice(rows, "leg", self._reading.plan.legs)
        fields = table[:, T_FIELD] = self._choice(rows, "field", FIELDS)
        table[:, T_NOTIONAL] = rows.read("notional", ticks)
        for column, at in (("original", T_ORIGINAL), ("altered", T_ALTERED)):
            table[:, at] = self._by_field(cells[column], fields)
            self._refuse(
                rows, column, (table[:, at] == UNREADABLE) & (fields != UNREADABLE), "a value of the field"
            )
        self._refuse(rows, "trade_id", table[:, T_PAIR] == UNREADABLE, "an id such as tid00000021")
        self._refuse(rows, "notional", table[:, T_NOTIONAL] == UNREADABLE, "dollars with two decimals")
        if "record_id" in cells:
            table[:, T_RECORD_ID] = record_ids(cells["record_id"])
            self._refuse(rows, "record_id", table[:, T_RECORD_ID] == UNREADABLE, "16 hexadecimal digits")
        table[:, T_MECHANISM] = self._reading.names.codes(cells["mechanism"])
        self._mechanisms(rows, table[:, T_MECHANISM], fields)
        self._records(rows, table)
        self._cause(rows)
        self._deltas(rows, table)
        self._benign(rows, table)
        self.count += len(rows)
        for code, count in zip(*np.unique(fields[fields != UNREADABLE], return_counts=True), strict=True):
            self.by_field[FIELDS[code]] += int(count)
        bad = (table == UNREADABLE)[:, [T_PAIR, T_LEG, T_FIELD]].any(axis=1)
        return table[~bad] if bad.any() else table

    def _choice(self, rows: Rows, column: str, choices: tuple[str, ...]) -> Array:
        """The position of each text among a few."""
        codes = self._reading.names.codes(rows.columns[column])
        known = np.full(int(codes.max(initial=0)) + 1, UNREADABLE)
        for position, text in enumerate(choices):
            code = self._reading.names.code(text)
            if code < len(known):
                known[code] = position
        found: Array = known[codes]
        self._refuse(rows, column, found == UNREADABLE, f"one of: {', '.join(choices)}")
        return found

    def _by_field(self, cells: Cells, fields: Array) -> Array:
        values = np.full(len(cells), UNREADABLE)
        for field in np.unique(fields[fields != UNREADABLE]).tolist():
            chosen = np.flatnonzero(fields == field)
            values[chosen] = self._reading.values(field, cells.take(chosen))
        return values

    def _mechanisms(self, rows: Rows, codes: Array, fields: Array) -> None:
        """Each mechanism alters the field that it is named for; brokers that are swapped are two fields."""
        keys, counts = np.unique(codes * 16 + np.maximum(fields, 0), return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            mechanism, field = self._reading.names.text(key // 16), key % 16
            if not (mechanism == _SWAPPED and field == CONTRA):
                self.by_mechanism[mechanism] += count
            prefix = mechanism.rpartition(".")[0]
            if prefix != FIELDS[field] and not (mechanism == _SWAPPED and field == CONTRA):
                bad = (codes == key // 16) & (fields == field)
                self._refuse(rows, "mechanism", bad, f"a mechanism of {FIELDS[field]}")

    def _cause(self, rows: Rows) -> None:
        """A cause is a hot spot of the scenario, where a manifest tells which there are."""
        if self._causes is None:
            return
        codes, names = self._reading.names.codes(rows.columns["cause"]), self._reading.names
        strange = [code for code in np.unique(codes).tolist() if names.text(code) not in self._causes]
        if strange:
            self._refuse(rows, "cause", np.isin(codes, strange), "a hot spot of the scenario, or nothing")

    def _records(self, rows: Rows, table: Array) -> None:
        """Of one record, a missing one leaves none, a doubled one two, a split one two or more."""
        chosen = table[:, T_FIELD] == RECORD
        if not chosen.any():
            return
        good = table[:, T_ORIGINAL] == 1
        for name, (least, most) in _RECORDS.items():
            named = table[:, T_MECHANISM] == self._reading.names.code(name)
            good &= ~named | ((table[:, T_ALTERED] >= least) & (table[:, T_ALTERED] <= most))
        self._refuse(
            rows, "altered", chosen & ~good, "the number of records of such a leg, from an original 1"
        )

    def _deltas(self, rows: Rows, table: Array) -> None:
        fields = table[:, T_FIELD]
        deltas = rows.read("delta", millionths)
        difference = table[:, T_ALTERED] - table[:, T_ORIGINAL]
        factor = np.zeros(len(FIELDS), np.int64)
        factor[list(_MILLIONTHS)] = list(_MILLIONTHS.values())
        named = np.isin(fields, (*NAMES, TRADE_ID))
        expected = np.where(named, ABSENT, difference * factor[np.maximum(fields, 0)])
        unsure = (table[:, [T_ALTERED, T_ORIGINAL, T_FIELD]] == UNREADABLE).any(axis=1)
        bad = np.flatnonzero((deltas != expected) & ~unsure)

        def sentence(row: int) -> str:
            told = self._about(rows, row)
            given = rows.text("delta", row) or "empty"
            original, altered = (rows.text(name, row) for name in ("original", "altered"))
            if named[row]:
                return f"{told}: delta is {given}; expected none, for a name"
            return f"{told}: delta is {given}, from {original} to {altered}"

        self._findings.extend("delta", len(bad), bad, sentence)

    def _benign(self, rows: Rows, table: Array) -> None:
        labels = rows.read("benign", flags)
        yes, no = labels == 1, labels == 0
        self._refuse(rows, "benign", ~(yes | no), "true or false")
        self.benign += int(yes.sum())
        table[:, T_BENIGN] = yes
        if self._reading.plan.manifest is None:
            return  # tolerances are not known: the report says so
        within = self.within_tolerance(table)
        bad = np.flatnonzero((yes | no) & (yes != within))

        def sentence(row: int) -> str:
            original, altered = (rows.text(name, row) for name in ("original", "altered"))
            told = f"{self._about(rows, row)}: benign is {'true' if yes[row] else 'false'}"
            side = "within" if within[row] else "beyond"
            return f"{told}; {original} to {altered} is {side} the tolerance"

        self._findings.extend("benign", len(bad), bad, sentence)

    def within_tolerance(self, table: Array) -> Array:
        """Which rows' differences are within the tolerance of their field."""
        fields, original = table[:, T_FIELD], table[:, T_ORIGINAL]
        size = np.abs(table[:, T_ALTERED] - original)
        within = np.zeros(len(table), bool)
        for field, limit in self._limits.items():
            within |= (fields == field) & (size <= int(limit))
        if self._price is not None:
            limit, relative = self._price
            prices = np.flatnonzero(fields == PRICE)
            if relative:
                within[prices] = _share_within(size[prices], original[prices], limit)
            else:
                within[prices] = size[prices] <= int(limit)
        within &= (original != UNREADABLE) & (table[:, T_ALTERED] != UNREADABLE)
        return within

    def _about(self, rows: Rows, row: int) -> str:
        words = " ".join(rows.text(name, row) for name in ("trade_id", "leg", "field"))
        return f"{words} in {self._source.name}"

    def _refuse(self, rows: Rows, column: str, bad: Array, expected: str) -> None:
        if bad.any():
            found = np.flatnonzero(bad)
            self._findings.extend(
                "invalid",
                len(found),
                found,
                lambda row: (
                    f"{self._about(rows, row)} {self._source.unit} {rows.lines[row]}: {column} is "
                    f"{rows.text(column, row)!r}; expected {expected}"
                ),
            )


def _share_within(size: Array, original: Array, share: Fraction) -> Array:
    """Whether size <= share x original, without rounding: size x denominator <= numerator x original."""
    top = max(int(size.max(initial=0)) * share.denominator, int(original.max(initial=0)) * share.numerator)
    kind: type = np.int64 if top < 2**63 else object
    left: Array = size.astype(kind) * share.denominator
    return np.asarray(left <= original.astype(kind) * share.numerator, bool)
