"""A run: everything `generate_block` needs, checked before anything is made, reserved or written."""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.core.columns import LARGEST_ID
from tradegen.engine.feasibility import check
from tradegen.errors import ScenarioError, whole_number
from tradegen.market.universe import Market, Tickers, load_market

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario
    from tradegen.scenario.overrides import ScenarioOverrides

MANIFEST_VERSION = 2
"""The version of the manifests that are written and read."""

_MAX_SEED = 2**128 - 1


@dataclass(frozen=True, eq=False)
class Run:
    """What is to be generated, to the last byte. The scenario's date is set."""

    scenario: Scenario
    market: Market
    seed: int
    first_id: int = 1

    @property
    def last_id(self) -> int:
        """The id of the last pair."""
        return self.first_id + self.scenario.pairs - 1

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The names of the mechanisms that are on, by the code that a truth row holds."""
        return self.scenario.active

    @property
    def block_count(self) -> int:
        """How many blocks the pairs fill."""
        return -(-self.scenario.pairs // BLOCK_PAIRS)

    def first_id_of(self, block: int) -> int:
        """The id of a block's first pair."""
        return self.first_id + block * BLOCK_PAIRS

    def starting_at(self, first_id: int) -> Run:
        """The same run with other ids.

        Raises
        ------
        ScenarioError
            Where `first_id` is no whole number above 0, or the last id would not fit 63 bits.
        """
        whole_number("first_id", first_id, 1, LARGEST_ID - self.scenario.pairs + 1, ScenarioError)
        return replace(self, first_id=int(first_id))

    def replay(self) -> dict[str, Any]:
        """Keyword arguments with which `generate` makes the same bytes again, as JSON would carry them."""
        arguments: dict[str, Any] = {
            "scenario": self.scenario.to_dict(),
            "seed": self.seed,
            "first_id": self.first_id,
        }
        # By its contents: a run that was pickled has a copy of the market.
        if self.market.sha256 != load_market(tick=self.scenario.tick).sha256:
            arguments["tickers"] = self.market.to_dict()
        return arguments


def prepare(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    seed: int | None = None,
    first_id: int = 1,
    tickers: Tickers = None,
    **overrides: Unpack[ScenarioOverrides],
) -> Run:
    """Check what `generate` was asked for, and settle what was left open: seed, date, and the finest tick.

    The arguments and errors are those of `generate`. This is the one place that reads the clock.
    """
    # Here and not above: pydantic is a fifth of the time that importing tradegen would take.
    from tradegen.scenario.model import Scenario

    settled = Scenario.load(scenario)
    if overrides:
        settled = settled.replace(**overrides)
    if settled.date is None:
        settled = settled.replace(date=dt.date.today())
    # 53 bits: a drawn seed survives every JSON reader, which may hold numbers as doubles.
    number = secrets.randbits(53) if seed is None else whole_number("seed", seed, 0, _MAX_SEED, ScenarioError)
    settled, market = with_ticks(settled, load_market(tickers, settled.tick))
    check(settled, market)
    return Run(settled, market, number).starting_at(first_id)


def with_ticks(scenario: Scenario, market: Market) -> tuple[Scenario, Market]:
    """Settle the ticks of a universe whose tickers have their own: the scenario gets the finest.

    Prices have the decimals of that one. A ticker without a tick keeps that of the scenario as it was.

    Raises
    ------
    ScenarioError
        Where a tolerance counts ticks, which are not the same for all tickers.
    """
    if not market.ticks:
        return scenario, market
    price = scenario.tolerances.price
    if market.steps is not None and price is not None and price.ticks:
        raise ScenarioError(
            f"tolerances.price is {price.ticks} ticks, and tickers have ticks of their own; expected it in "
            "dollars, as absolute, or in bps"
        )
    tick = float(market.grid.written)
    return scenario if tick == scenario.tick else scenario.replace(tick=tick), market.settled
