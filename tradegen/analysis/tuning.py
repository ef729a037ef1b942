"""A scenario under change: set a number, and see what breaks, by how much, where, and for how much money.

This knows no widget; `tradegen.lab` puts controls in front of it.
"""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pandas as pd

from tradegen.analysis.difference_sizes import Magnitudes, differing, magnitudes
from tradegen.analysis.examples import first_examples
from tradegen.analysis.rates import Per, expected_rate, field_counts, legs_hit, mismatched_pairs
from tradegen.core.blocks import Block, Truth
from tradegen.core.columns import MICROSECONDS, MICROSECONDS_A_DAY
from tradegen.core.formatting import broker_names
from tradegen.engine.generator import GeneratedBlocks, generate_blocks
from tradegen.engine.run import Run, prepare
from tradegen.errors import ScenarioError
from tradegen.output.files import OutputFile
from tradegen.scenario.model import Scenario

if TYPE_CHECKING:
    from tradegen.market.universe import Tickers
    from tradegen.scenario.overrides import ScenarioOverrides

_HALF_HOUR = 30 * 60 * MICROSECONDS


class Outcome:
    """What one scenario made, in the tables that the bench draws. Each is worked out when first asked for."""

    def __init__(self, batch: GeneratedBlocks) -> None:
        self.batch = batch

    @property
    def scenario(self) -> Scenario:
        """The scenario, with its date set."""
        return self.batch.run.scenario

    @functools.cached_property
    def mismatched(self) -> int:
        """Pairs with a mismatch."""
        return mismatched_pairs(self.batch)

    @functools.cached_property
    def asked(self) -> float:
        """The share of pairs that were to have a mismatch, hot spots included."""
        return expected_rate(self.batch)

    def breaks(self, by: Per = "field") -> pd.DataFrame:
        """How many mismatched pairs have each field or mechanism, as `rates.field_counts` says.

        Added are the columns ``low_count`` and ``high_count``, the ends of the 95% interval in pairs.
        """
        table = field_counts(self.batch, by)
        return table.assign(
            low_count=table["low"] * table["total"], high_count=table["high"] * table["total"]
        )

    @functools.cached_property
    def measures(self) -> tuple[tuple[str, str], ...]:
        """The fields whose differences have sizes here, each with a unit, as `sizes` takes them."""
        return tuple((panel.field, panel.unit) for panel in self._magnitudes if len(panel.all))

    def sizes(self, field: str, unit: str) -> pd.Series[float]:
        """How far each altered value of a field lies from the original, benign differences included.

        Parameters
        ----------
        field, unit : str
            One of `measures`.

        Returns
        -------
        Series of float64
            Sizes without a sign, in the unit; the index names the mechanism. In the order of the truth.
        """
        panel = next(one for one in self._magnitudes if (one.field, one.unit) == (field, unit))
        rows = differing(self._truth, self.scenario, field)
        names = np.array(self.scenario.active, dtype=object)[rows.mechanism]
        values = np.empty(len(rows))
        values[~rows.benign], values[rows.benign] = panel.mismatched, panel.benign
        return pd.Series(np.abs(values), index=pd.Index(names, name="mechanism"), name=unit)

    @functools.cached_property
    def where(self) -> pd.DataFrame:
        """By broker and half-hour: the ``legs`` that the broker reports, and how many are ``mismatched``."""
        names = [str(name) for name in broker_names(self.scenario.brokers)]
        sums = np.zeros((2, len(names) * 48))
        for context, hit, _ in legs_hit(self.batch):
            positions = np.arange(hit.shape[1])
            slot = context.pairs.trade_timestamp % MICROSECONDS_A_DAY // _HALF_HOUR
            for leg in (0, 1):
                code = context.on_leg("broker_id", positions, np.full_like(positions, leg)) * 48 + slot
                sums[0] += np.bincount(code, minlength=sums.shape[1])
                sums[1] += np.bincount(code, hit[leg], sums.shape[1])
        slots = [f"{slot // 2:02d}:{slot % 2 * 30:02d}" for slot in range(48)]
        index = pd.MultiIndex.from_product([names, slots], names=["broker", "half_hour"])
        table = pd.DataFrame({"legs": sums[0], "mismatched": sums[1]}, index=index).astype(np.int64)
        return table[table["legs"] > 0]

    @functools.cached_property
    def notional(self) -> pd.Series[float]:
        """Dollars of the mismatched pairs by altered field; a pair counts for each of its fields."""
        rows = self._truth.take(~self._truth.benign)
        fields = self.scenario.fields
        once = np.unique(np.stack([rows.trade_id, rows.field]), axis=1, return_index=True)[1]
        dollars = np.bincount(
            rows.field[once], rows.notional[once] / 10**self.scenario.notional_places, len(fields)
        )
        catalogue = self.scenario.catalogue
        altered = {field for name in self.scenario.active for field in catalogue[name].fields}
        return pd.Series({field: dollars[code] for code, field in enumerate(fields) if field in altered})

    @functools.cached_property
    def notional_at_risk(self) -> float:
        """Dollars of all mismatched pairs, each counted once."""
        rows = self._truth.take(~self._truth.benign)
        once = np.unique(rows.trade_id, return_index=True)[1]
        return float(rows.notional[once].sum() / 10**self.scenario.notional_places)

    @functools.cached_property
    def _magnitudes(self) -> tuple[Magnitudes, ...]:
        return tuple(magnitudes(self.batch))

    @functools.cached_property
    def _truth(self) -> Truth:
        return Truth.concatenate([block.truth for block in self.batch.blocks])


class Tuning:
    """A scenario, what it makes, and another scenario to compare it with.

    A change that the scenario does not take raises a `ScenarioError` and leaves all as it was.

    Parameters
    ----------
    scenario : Scenario, mapping, str, path or None
        Where to start, as `generate` takes it.
    pairs : int
        How many to generate at each change. The scenario keeps its own number of pairs if this is None.
    seed : int
        The same for all: as a rate is raised, what was mismatched before stays mismatched.
    tickers : mapping, Series or path, optional
        The universe, as `generate` takes it.

    Examples
    --------
    >>> tuning = Tuning("us_equity_t1", pairs=10_000)
    >>> tuning.change(mismatch_rate=0.021)
    >>> tuning.outcome.mismatched
    210
    """

    def __init__(
        self,
        scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        pairs: int | None = 100_000,
        seed: int = 7,
        tickers: Tickers = None,
    ) -> None:
        self._seed, self._tickers, self._pairs = seed, tickers, pairs
        self.other: Outcome | None = None
        self.load(scenario)

    def load(self, scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None) -> None:
        """Start over from another scenario; what it is compared with stays."""
        loaded = Scenario.load(scenario)
        if self._pairs is not None:
            loaded = loaded.replace(pairs=self._pairs)
        self.outcome, self.scenario = self._made(loaded), loaded

    def change(self, **fields: Unpack[ScenarioOverrides]) -> None:
        """Set fields of the scenario, as `Scenario.replace` does."""
        changed = self.scenario.replace(**fields)
        self.outcome, self.scenario = self._made(changed), changed
        if "pairs" in fields:
            self._pairs = changed.pairs

    def weigh(self, mechanism: str, weight: float) -> None:
        """Give a mechanism a weight; 0 switches it off."""
        weights = {**self.scenario.mechanisms, mechanism: weight}
        self.change(mechanisms={name: value for name, value in weights.items() if value != 0})

    def compare_with(self, scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None) -> None:
        """Hold what is made against what another scenario makes of the same pairs; None ends it."""
        if scenario is None:
            self.other = None
            return
        window = ("start", "end", "date")
        same = {name: getattr(self.scenario, name) for name in window}
        self.other = self._made(Scenario.load(scenario).replace(pairs=self.scenario.pairs, **same))

    def command(self, path: str | os.PathLike[str]) -> str:
        """The command line that makes these very trades from the saved scenario."""
        same = f"--seed {self._seed} --first-id 1 --date {self.outcome.scenario.date}"
        return (
            f"tradegen generate --scenario {shlex.quote(str(path))} {same} --out trades.csv --truth truth.csv"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the scenario as TOML.

        Raises
        ------
        ScenarioError
            Where there is such a file already, or its name is that of no TOML file.
        OutputError
            Where it cannot be written.
        """
        path = Path(path)
        if path.suffix != ".toml":
            raise ScenarioError(f"file is {path}; expected a name that ends in .toml, such as desk.toml")
        if path.exists():
            raise ScenarioError(f"file {path} is there already; expected another name")
        with OutputFile(path) as file:
            file.write(self.scenario.to_toml().encode())

    def examples(self, limit: int = 3) -> str:
        """The first mismatched trades side by side, as HTML."""
        return first_examples(self.outcome.batch, limit)._repr_html_()

    def _made(self, scenario: Scenario) -> Outcome:
        run = prepare(scenario, seed=self._seed, tickers=self._tickers)
        return Outcome(Made(run, tuple(generate_blocks(run))))


@dataclass(frozen=True, slots=True)
class Made:
    """A run and its blocks."""

    run: Run
    blocks: tuple[Block, ...]
