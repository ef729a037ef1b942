"""What a fitted scenario makes, held against what it was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.desk.numbers import Number
from tradegen.desk.simulation import DATE
from tradegen.engine.generator import generate_blocks
from tradegen.engine.run import prepare
from tradegen.errors import FitError, whole_number

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario

_FEWEST, _MOST = 20_000, 200_000
_LARGEST = 5_000_000
_MANY = 0.05  # of the sizes: if more are limited, it shows
_CHANCE = "by chance, or because the market of the scenario is another"


def generated(
    scenario: Scenario, tickers: Mapping[str, str], pairs: int | None, seed: int
) -> tuple[Mapping[str, Any], Mapping[str, float]]:
    """The lists that a scenario makes, as Arrow tables by name; by mechanism, the share of sizes limited.

    Raises
    ------
    FitError
        Where `pairs` is no number of pairs to hold in memory.
    """
    from tradegen.formats.arrow import arrow_tables  # loaded where it is used

    count = min(max(scenario.pairs, _FEWEST), _MOST) if pairs is None else pairs
    whole_number("pairs", count, 1, _LARGEST, FitError)
    run = prepare(scenario.replace(pairs=count, date=DATE), seed=seed, tickers=tickers)
    blocks = tuple(generate_blocks(run))
    made = arrow_tables(run, blocks)
    counts = sum((block.counts for block in blocks[1:]), blocks[0].counts)
    limited = (counts.limited / np.maximum(counts.possible, 1)).tolist()
    return {name: made[name] for name in scenario.lists}, dict(zip(run.mechanisms, limited, strict=True))


@dataclass(frozen=True, slots=True)
class Check:
    """A number that was measured, and what the scenario makes of it.

    Attributes
    ----------
    target : Number
    made : Number or None
        None where nothing of it was seen in what was generated.
    why_not : str
        Why these differ by more than chance, "" where they do not.
    """

    target: Number
    made: Number | None
    why_not: str

    @property
    def row(self) -> dict[str, Any]:
        """By column: kind, name, target, low, high, made, unit, why_not."""
        return {
            "kind": self.target.kind,
            "name": self.target.name,
            "target": self.target.value,
            "low": self.target.low,
            "high": self.target.high,
            "made": self.made.value if self.made else 0.0,
            "unit": self.target.unit,
            "why_not": self.why_not,
        }


def compared(
    targets: Sequence[Number],
    made: Sequence[Number],
    notes: Mapping[str, str],
    limited: Mapping[str, float],
) -> list[Check]:
    """What was measured and what was made, by number; `limited` is as `generated` has it."""
    by_name = {number.key: number for number in made}
    checks = []
    for target in targets:
        found = by_name.get(target.key)
        low, high = (found.low, found.high) if found else (0.0, 0.0)
        # Both are measured: they differ where their intervals have nothing in common.
        meets = low <= target.high and target.low <= high
        share = limited.get(target.name.rpartition(" ")[0], 0.0) if target.kind == "size" else 0.0
        if found and share > _MANY:
            # The cause is known, so that a smaller difference tells: what was made is outside the interval.
            meets = target.low <= found.value <= target.high
        why = notes.get(target.key, "") or ("" if meets else _why(target, found, share))
        checks.append(Check(target, found, why))
    return checks


def _why(target: Number, found: Number | None, limited: float) -> str:
    if limited > _MANY:
        return (
            f"the range of clean values limits {limited:.0%} of the sizes; keep_in_range = false lifts that"
        )
    if target.kind == "size":
        return "the range of clean values, or the steps they move in, limit sizes"
    if target.kind == "hot spot" and found is None:
        return "it did not stand out among the generated trades, which are spread evenly"
    return _CHANCE
