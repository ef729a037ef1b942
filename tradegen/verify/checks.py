"""The proof, for a batch of pairs: every truth row is a difference, and every difference is in the truth."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from tradegen.verify.legs import Legs, make_legs, other_leg
from tradegen.verify.settling import Batch, rows_of
from tradegen.verify.tables import Reading
from tradegen.verify.vocabulary import (
    COLUMNS,
    LEG,
    MIRROR,
    ORDER_TYPE,
    PRICE,
    QUANTITY,
    RECORD,
    RECORD_ID,
    T_ALTERED,
    T_FIELD,
    T_LEG,
    T_NOTIONAL,
    T_ORIGINAL,
    T_RECORD_ID,
    TRADE_ID,
    UNREADABLE,
    Array,
)

__all__ = ["check"]


def check(batch: Batch, reading: Reading) -> None:
    """Report whatever the records and the truth rows of these pairs do not agree on."""
    if not len(batch.ids):
        return
    legs = make_legs(batch, reading)
    checks = _Checks(batch, legs, reading)
    checks.rows_alone()
    checks.collisions()
    checks.record_ids()
    restored, settled = checks.restored()
    checks.clean(restored, settled)
    checks.notionals(restored)


class _Checks:
    def __init__(self, batch: Batch, legs: Legs, reading: Reading) -> None:
        self.batch, self.legs, self.reading = batch, legs, reading
        self.facing = reading.plan.facing
        truth = batch.truth
        self.leg, self.field = truth[:, T_LEG], truth[:, T_FIELD]
        self.original, self.altered = truth[:, T_ORIGINAL], truth[:, T_ALTERED]
        self.at = batch.truth_at

    def rows_alone(self) -> None:
        """No field of a leg has two rows, and no pair has rows for both legs."""
        key = (self.at * 2 + self.leg) * 16 + self.field
        order = np.argsort(key, kind="stable")
        twice = order[1:][key[order[1:]] == key[order[:-1]]]
        self._tell("repeated", twice, lambda _: "the truth has it twice")
        size = len(self.batch.ids)
        has = np.zeros((2, size), bool)
        has[self.leg, self.at] = True
        both = np.flatnonzero(has[0] & has[1])
        self.reading.findings.extend(
            "both_legs",
            len(both),
            both,
            lambda at: f"{self._id(at)}: the truth has rows for both of its legs",
        )
        same = np.flatnonzero((self.original == self.altered) & (self.original != UNREADABLE))
        self._tell("vanished", same, lambda _: "original and altered are the same")

    def collisions(self) -> None:
        """An id that was mistyped is on the leg that the truth names, and nowhere else."""
        ids = self.batch.records[:, TRADE_ID]
        astray = np.flatnonzero(ids != self.batch.ids[self.batch.at])
        if not len(astray):
            return
        mistyped = np.full((2, len(self.batch.ids)), UNREADABLE)
        rows = self.field == TRADE_ID
        mistyped[self.leg[rows], self.at[rows]] = self.altered[rows]
        other = astray[mistyped[self.batch.records[astray, LEG], self.batch.at[astray]] != ids[astray]]

        def sentence(row: int) -> str:
            leg = self.reading.leg(int(self.batch.records[row, LEG]))
            told = f"{self.reading.text(TRADE_ID, int(ids[row]))} {leg}"
            return f"{told}: the id is also the mistyped one of {self._id(self.batch.at[row])}'s other leg"

        self.reading.findings.extend("collision", len(other), other, sentence)
        run = self.reading.plan.run_ids
        if run is not None:
            inside = np.flatnonzero(rows & (self.altered >= run[0]) & (self.altered <= run[1]))
            self._tell(
                "collision", inside, lambda row: f"{self._value(row, self.altered)} is an id of the run"
            )

    def record_ids(self) -> None:
        """A truth row names a record of its leg; none, where the leg is missing."""
        if not self.reading.plan.with_record_ids or not len(self.at):
            return
        named = self.batch.truth[:, T_RECORD_ID]
        there = self.legs.there[self.leg, self.at]
        good = np.where(there, named == self.legs.record_ids[self.leg, self.at], named == 0)
        doubtful = np.flatnonzero(~good & there)
        if len(doubtful):
            rows, which = rows_of(self.batch.at, self.at[doubtful], len(self.batch.ids))
            records = self.batch.records[rows]
            found = (records[:, RECORD_ID] == named[doubtful[which]]) & (
                records[:, LEG] == self.leg[doubtful[which]]
            )
            good[doubtful[which[found]]] = True
        bad = np.flatnonzero(~good & (named != UNREADABLE))
        self._tell(
            "record_id",
            bad,
            lambda row: f"record_id {self.reading.record_id(int(named[row]))} is none of the leg's records",
        )

    def restored(self) -> tuple[Array, Array]:
        """Put the originals back, and report rows that the records do not bear out.

        Returns
        -------
        restored : ndarray of int64, shape (2, pairs, 9)
        settled : ndarray of bool, shape (2, pairs, 9)
            Values about which nothing more is to be said: absent, unreadable, or reported here.
        """
        values, there = self.legs.values, self.legs.there
        facing = other_leg(values, self.facing)
        rows = np.flatnonzero(self.field != RECORD)
        of = np.minimum(self.field, RECORD - 1)
        leg, at, field = self.leg[rows], self.at[rows], self.field[rows]
        written, across = values[leg, at, field], facing[leg, at, field]
        original, altered = self.original[rows], self.altered[rows]
        sure = (original != UNREADABLE) & (altered != UNREADABLE)
        absent = sure & ~there[leg, at]
        self._tell("vanished", rows[absent], lambda _: "the leg has no record that it could stand in")
        sure &= ~absent
        lost = sure & (written != altered) & (written != UNREADABLE)
        self._tell(
            "vanished",
            rows[lost],
            lambda row: (
                f"{self._value(row, self.altered)} by the truth, "
                f"{self._value(row, values[self.leg, self.at, of])} in the record"
            ),
        )
        foreign = sure & (across != original) & (across != UNREADABLE) & there[1 - leg, at]
        self._tell(
            "vanished",
            rows[foreign & ~lost],
            lambda row: (
                f"original is {self._value(row, self.original)} by the truth, and "
                f"{self._value(row, facing[self.leg, self.at, of])} on the other leg"
            ),
        )
        settled = values == UNREADABLE
        settled |= ~there[..., None]
        settled[leg, at, field] |= lost | foreign | ~sure
        restored = values.copy()
        restored[leg[sure], at[sure], field[sure]] = original[sure]
        return restored, settled

    def clean(self, restored: Array, settled: Array) -> None:
        """With the originals back, the legs are a clean pair."""
        facing = other_leg(restored, self.facing)[0]
        open_fields = ~settled[0] & ~settled[1][:, MIRROR if self.facing else slice(None)]
        differs = (restored[0] != facing) & open_fields
        for field in np.flatnonzero(differs.any(axis=0)).tolist():
            bad = np.flatnonzero(differs[:, field])
            told = functools.partial(self._difference, restored, field)
            self.reading.findings.extend("unlabelled", len(bad), bad, told)
        self._strange(TRADE_ID, self.batch.ids, restored, settled, differs, "is not the id on its records")
        if self.facing:
            sides = np.array([[0], [1]])
            side = "buys on the SELL leg, or sells on the BUY leg"
            self._strange(ORDER_TYPE, sides, restored, settled, differs, side)

    def _strange(
        self, field: int, right: Array, restored: Array, settled: Array, differs: Array, what: str
    ) -> None:
        """Pairs whose legs agree, or that have one leg, and still do not hold what is right."""
        wrong = (restored[..., field] != right) & ~settled[..., field] & ~differs[:, field]
        bad = np.flatnonzero(wrong.any(axis=0))
        self.reading.findings.extend("relation", len(bad), bad, lambda at: f"{self._id(at)} {what}")

    def notionals(self, restored: Array) -> None:
        """The notional is that of the clean pair."""
        size = len(self.batch.ids)
        leg = np.where(self.legs.there[self.leg, self.at], self.leg, 1 - self.leg)
        quantity, price = restored[leg, self.at, QUANTITY], restored[leg, self.at, PRICE]
        sure = (quantity > 0) & (price > 0) & self.legs.there[leg, self.at]
        notional = self.batch.truth[:, T_NOTIONAL]
        sure &= notional != UNREADABLE
        # Another leg that disagrees has been reported, and either may be right.
        agreed = np.ones(size, bool)
        both = self.legs.both
        for field in (QUANTITY, PRICE):
            agreed &= ~both | (restored[0, :, field] == restored[1, :, field])
        bad = np.flatnonzero(sure & agreed[self.at] & (notional != quantity * price))
        self._tell(
            "notional",
            bad,
            lambda row: (
                f"notional is {self.reading.text(PRICE, int(notional[row]))}; the clean pair's is "
                f"{quantity[row]} x {self.reading.text(PRICE, int(price[row]))}"
            ),
        )

    def _difference(self, restored: Array, field: int, at: int) -> str:
        across = int(MIRROR[field]) if self.facing else field
        first, second = self.reading.plan.legs
        one, two = (
            self.reading.text(name, int(restored[leg, at, name])) for leg, name in ((0, field), (1, across))
        )
        where = " and ".join(dict.fromkeys(trades.source.name for trades in self.reading.plan.trades))
        other = "" if across == field else f"{COLUMNS[across]} "
        return f"{self._id(at)} {COLUMNS[field]} in {where}: {one} on {first}, {other}{two} on {second}"

    def _tell(self, kind: str, rows: Array, what: Callable[[int], str]) -> None:
        """Findings about truth rows."""

        def sentence(row: int) -> str:
            field = self.reading.field(int(self.field[row]))
            return f"{self._id(self.at[row])} {self.reading.leg(int(self.leg[row]), field)}: {what(row)}"

        self.reading.findings.extend(kind, len(rows), rows, sentence)

    def _id(self, at: int) -> str:
        return self.reading.text(TRADE_ID, int(self.batch.ids[at]))

    def _value(self, row: int, values: Array) -> str:
        return self.reading.text(int(self.field[row]), int(values[row]))
