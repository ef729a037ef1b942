"""A `Fit`: the scenario that breaks trades as a desk's lists do, and every number that it was made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradegen.desk.breaks_to_inject import BreaksToInject
from tradegen.desk.fit_check import Check, compared, generated
from tradegen.desk.fit_text import as_html, as_text, closing_sentences
from tradegen.desk.fit_toml import as_toml
from tradegen.desk.numbers import Number

if TYPE_CHECKING:
    import pandas as pd

    from tradegen.scenario.model import Scenario


@dataclass(frozen=True, eq=False)
class Fit:
    """What was fitted.

    Attributes
    ----------
    scenario : Scenario
        Generates trades that break as those of the desk do.
    numbers : tuple of Number
        Everything that was measured, with intervals.
    notes : dict of str to str
        By a number's kind and name, why the scenario does not have it.
    hints : mapping
        Tolerances that the differences suggest, as a scenario has them.
    looked_at : int
        The groups of trades that were looked at for hot spots.
    confidence : float
        Of the intervals.
    tickers : mapping of str to str
        The universe that the scenario is for: prices by ticker.
    refit : callable
        Fits two lists, as these were.
    remarks : tuple of str
        Sentences on how the lists were compared, and on what cannot be generated.
    """

    scenario: Scenario
    numbers: tuple[Number, ...]
    notes: Mapping[str, str]
    hints: Mapping[str, Any]
    looked_at: int
    confidence: float
    tickers: Mapping[str, str]
    refit: Callable[[Mapping[str, Any]], Fit]
    _to_inject: Callable[[], BreaksToInject]
    remarks: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """A row for each number: kind, name, value, low, high, count, of, unit, note."""
        import pandas as pd  # only where a frame is asked for

        return pd.DataFrame([self._row(number) for number in self.numbers])

    def _row(self, number: Number) -> dict[str, Any]:
        return {
            "kind": number.kind,
            "name": number.name,
            "value": number.value,
            "low": number.low,
            "high": number.high,
            "count": number.count,
            "of": number.of,
            "unit": number.unit,
            "note": number.note_with(self.notes),
        }

    def to_json(self) -> str:
        """The scenario and all numbers, as JSON."""
        return json.dumps(
            {
                "scenario": self.scenario.to_dict(),
                "confidence": self.confidence,
                "numbers": [self._row(number) for number in self.numbers],
                "tolerances": dict(self.hints),
                "groups_looked_at": self.looked_at,
                "remarks": list(self.remarks),
            },
            indent=2,
        )

    def to_toml(self, *, for_inject: bool = False) -> str:
        """The scenario as TOML, whose comments say what each number was measured from.

        Parameters
        ----------
        for_inject : bool
            Whether it is what `inject` takes, as `for_inject` gives it.
        """
        if not for_inject:
            values = self.scenario.model_dump(exclude_none=True, exclude_unset=True)
            return as_toml(values, self.numbers, self.notes, self.hints, self.confidence)
        found = self._to_inject()
        both = " --both, as the lists are those of two counterparties" if found.mirrored else ""
        return as_toml(
            found.fields, found.numbers, found.notes, self.hints, self.confidence,
            f"For trades of your own, in your own names: tradegen inject{both}.",
        )  # fmt: skip

    def for_inject(self) -> dict[str, Any]:
        """The breaks as `inject` takes them: ``inject(trades, scenario=fitted.for_inject())``.

        Hot spots have the desk's own names of brokers and tickers. Mechanisms that `inject` cannot do to a
        list are left out, and their shares go to the others. If the lists are those of two counterparties,
        it is for ``inject(trades, both=True, ...)``.

        Raises
        ------
        FitError
            After a fit with `anonymise`, or where `inject` can do nothing of what was measured.
        """
        return self._to_inject().fields

    def __str__(self) -> str:
        return as_text(self.numbers, self.notes, self.closing)

    def __repr__(self) -> str:
        rate = self.numbers[0]
        return f"<Fit of {rate.of:,} trades, {rate.count:,} broken>"

    def _repr_html_(self) -> str:
        return as_html(self.numbers, self.notes, self.closing)

    @property
    def closing(self) -> list[str]:
        """Sentences on what the numbers are, for the end of a report."""
        return closing_sentences(self.remarks, self.confidence, self.looked_at, self.hints)

    def check(self, *, pairs: int | None = None, seed: int = 1) -> pd.DataFrame:
        """Generate from the scenario, fit that, and hold what was made against what was measured.

        Parameters
        ----------
        pairs : int, optional
            How many to generate; as many as were fitted, from 20,000 to 200,000, if not given.
        seed : int

        Returns
        -------
        DataFrame
            A row for each number: kind, name, target, low, high, made, unit, and why_not, which is
            blank where both intervals meet.
        """
        import pandas as pd  # only where a frame is asked for

        return pd.DataFrame([one.row for one in self.checks(pairs=pairs, seed=seed)])

    def checks(self, *, pairs: int | None = None, seed: int = 1) -> list[Check]:
        """The rows of `check`."""
        lists, limited = generated(self.scenario, self.tickers, pairs, seed)
        return compared(self.numbers, self.refit(lists).numbers, self.notes, limited)
