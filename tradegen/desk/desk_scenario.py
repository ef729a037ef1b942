"""From what was measured to a scenario: weights, settings and hot spots that the generator can work by."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.calibration import calibrated, possible_shares
from tradegen.desk.desk_names import DeskNames
from tradegen.desk.differences import Observed
from tradegen.desk.groups import HotGroup
from tradegen.desk.measuring import Measured, within
from tradegen.desk.numbers import Titled
from tradegen.desk.reading import Observations
from tradegen.desk.sizes import coarse
from tradegen.errors import FitError, ScenarioError

if TYPE_CHECKING:
    from tradegen.scenario.model import Scenario
    from tradegen.scenario.tolerances import Tolerances

_MOST_PAIRS = 10**12
_NOT_GENERATED = "hardly any of the generated trades can have it; its share goes to the others"
_NO_ROOM = "generated ones are at most half of the tolerance, which is less than the smallest step"
_OFTEN = 0.5  # the rate from which on a hot spot is given as a rate
_RARE = 0.02  # the share of a hot spot's breaks below which a mechanism is left out there
_MOSTLY = 0.5  # of the trades that can have a mechanism: so many must be able to under a tolerance
_FEWEST = 20  # trades, or sizes, that can be said to differ
_LIKE = 1e-4  # the chance, by accident, that a hot spot's mechanisms differ as much from the others'


def desk_scenario(
    seen: Observations,
    measured: Measured,
    groups: Sequence[Titled],
    names: DeskNames,
    basis: Mapping[str, Any],
    *,
    hide: bool,
) -> tuple[Scenario, dict[str, str]]:
    """The scenario, and by number why it does not have it.

    Parameters
    ----------
    seen : Observations
    measured : Measured
    groups : sequence of (str, str, HotGroup)
        With their titles.
    names : DeskNames
    basis : mapping
        Fields of the scenario that are not measured here; and the universe, `tickers`.
    hide : bool
        Whether no value of a single trade is to be seen.

    Raises
    ------
    FitError
        Where what was measured cannot be generated.
    """
    found = parts_of_scenario(seen, measured, groups, names.where, basis, hide=hide)
    notes = found.notes | {f"mechanism {name}": _NOT_GENERATED for name in found.not_generated}
    scenario = _possible(found, seen.groups.base, basis["tickers"])
    if scenario.rate_is == "base":
        notes["rate overall"] = "generated trades are spread evenly, and more of them are in hot spots"
    return scenario, notes


@dataclass(frozen=True, slots=True)
class Parts:
    """A scenario before it is known whether it can be made.

    Attributes
    ----------
    values : dict
        Its fields without the hot spots.
    spots : list of dict
        The hot spots.
    rates : list of float
        The rate of each.
    notes : dict of str to str
        By number, why the scenario does not have it.
    not_generated : dict of str to float
        Mechanisms that hardly any generated trade can have, which have no weight: their part of all shares.
    """

    values: dict[str, Any]
    spots: list[dict[str, Any]]
    rates: list[float]
    notes: dict[str, str]
    not_generated: dict[str, float]

    def rate_in_place_of_the_highest_factor(self) -> bool:
        """Give the hot spot with the highest rate that rate, and no factor; false where none has a factor."""
        places = [number for number, spot in enumerate(self.spots) if "factor" in spot]
        if not places:
            return False
        highest = max(places, key=self.rates.__getitem__)
        del self.spots[highest]["factor"]
        self.spots[highest]["rate"] = self.rates[highest]
        return True


def parts_of_scenario(
    seen: Observations,
    measured: Measured,
    groups: Sequence[Titled],
    where_of: Callable[[HotGroup], Mapping[str, Any] | None],
    basis: Mapping[str, Any],
    *,
    hide: bool = False,
    taken: Callable[[str], bool] = lambda _: True,
) -> Parts:
    """What a scenario is made of.

    Parameters
    ----------
    seen, measured, groups, basis, hide
        As `desk_scenario` takes them.
    where_of : callable
        The conditions of a hot spot; None where its ticker is not in the universe.
    taken : callable
        Whether a mechanism of this name is to be in the scenario.
    """

    def kept(one: Measured) -> Measured:
        names = {name: share for name, share in one.mechanisms.items() if taken(name)}
        return dataclasses.replace(one, mechanisms=names)

    breaks = seen.breaks
    measured = kept(measured)
    view = "counterparty" if breaks.mirrored else "two_system"
    trial = {**basis, "view": view, "timestamp_precision": breaks.precision}
    notes: dict[str, str] = {}
    rates: list[float] = []
    spots: list[dict[str, Any]] = []
    rest = list(breaks.observed)
    for title, _, group in groups:
        where = where_of(group)
        if where is None:
            notes[f"hot spot {title}"] = "the ticker is not in the universe; give yours with --tickers"
            continue
        first = next(
            (spot["name"] for spot in spots if "rate" in spot and spot["where"].items() <= where.items()), ""
        )
        if first:
            notes[f"hot spot {title}"] = f"all of these trades are in the hot spot {first}"
            continue
        rate = float(f"{group.broken / group.trades:.3g}")
        # Factors multiply where hot spots overlap, up to every pair: rates do not.
        measure_of = {"rate": rate} if rate > _OFTEN else {"factor": float(f"{group.factor:.3g}")}
        spot: dict[str, Any] = {"name": title, "where": where, **measure_of}
        members = dict(zip(seen.ids, group.members.tolist(), strict=True))
        inside = [trade for trade in rest if members.get(trade.trade_id, 0.0) > 0.5]
        outside = [trade for trade in rest if members.get(trade.trade_id, 0.0) <= 0.5]
        if len(group.where) == 1 and _differ(inside, outside):
            own = kept(within(measured, inside))
            known = {name: share for name, share in own.mechanisms.items() if share >= _RARE}
            if known:
                settings = {name: found for name, found in _settings(own, hide).items() if name in known}
                spot |= {"mechanisms": known, "settings": settings}
                rest = outside
        spots.append(spot)
        rates.append(rate)
    base = kept(within(measured, rest)) if len(rest) < len(breaks.observed) else measured
    base = base if base.mechanisms else measured
    settings = _settings(base, hide)
    shares = [count / sum(base.fields_per_pair) for count in base.fields_per_pair]
    weights, fields = calibrated(base.mechanisms, shares, settings=settings, **trial)
    every = sum(base.mechanisms.values())
    not_generated = {name: share / every for name, share in base.mechanisms.items() if name not in weights}
    settings = {name: found for name, found in settings.items() if name in weights}
    for spot in spots:
        if "mechanisms" in spot:
            own_weights, _ = calibrated(
                spot["mechanisms"], shares, settings=settings | spot["settings"], **trial
            )
            spot["mechanisms"] = _plain(own_weights)
            spot["settings"] = {name: own for name, own in spot["settings"].items() if name in own_weights}
    share, error = measured.leg
    values: dict[str, Any] = {
        "pairs": min(breaks.pairs, _MOST_PAIRS),
        "mismatch_rate": float(f"{breaks.broken / breaks.pairs:.6g}"),
        "rate_is": "overall",
        "fields_per_pair": _whole(fields),
        "buy_share": round(share, 3) if math.isfinite(error) and abs(share - 0.5) > 2 * error else 0.5,
        "mechanisms": _plain(weights),
        "settings": settings,
        **{name: value for name, value in trial.items() if name != "tickers"},
    }
    if breaks.benign and "tolerances" in basis:
        # Benign differences are made outside hot spots alone.
        share = (
            breaks.benign / breaks.pairs / (seen.groups.outside if spots and seen.groups.outside > 0 else 1.0)
        )
        values["benign_rate"] = float(f"{min(share, 1 - values['mismatch_rate']):.6g}")
        if not _has_room(values, basis["tickers"]):
            del values["benign_rate"]
            notes["rate benign"] = _NO_ROOM
    return Parts(values, spots, rates, notes, not_generated)


def possible_tolerances(
    tolerances: Tolerances, measured: Measured, basis: Mapping[str, Any]
) -> dict[str, Any]:
    """The tolerances under which what was measured can be made: mismatches are at least twice as large.

    Most trades that can have a mechanism without the tolerance must be able to have it with it.
    """
    found: dict[str, Any] = {}
    for name, tolerance in tolerances.model_dump(exclude_none=True).items():
        own = [one for one in measured.mechanisms if one.partition(".")[0] == name]
        if not (tolerances.own.get(name) or tolerances.of(name)) or not own:
            continue
        settings = {one: measured.settings[one] for one in own if one in measured.settings}
        trial = {**basis, "settings": settings, "view": "two_system", "timestamp_precision": "ms"}
        try:
            within = possible_shares(own, **trial, tolerances={name: tolerance})
        except ScenarioError:
            continue
        without = possible_shares(own, **trial)
        if all(within[one] >= _MOSTLY * without[one] for one in own):
            found[name] = tolerance
    return found


def _has_room(values: Mapping[str, Any], tickers: Mapping[str, str]) -> bool:
    """Whether benign differences, which are at most half of the tolerance, are at least the smallest step."""
    from tradegen.engine.run import prepare

    try:
        prepare(seed=1, tickers=tickers, **{**values, "mismatch_rate": 0.0, "rate_is": "base"})
    except ScenarioError:
        return False
    return True


def _possible(parts: Parts, base: float, tickers: Mapping[str, str]) -> Scenario:
    """The scenario; where factors together ask for more than every pair, the highest becomes a rate.

    Where hot spots alone ask for more than the overall rate, because generated trades are spread evenly, the
    rate outside them is kept instead.

    Raises
    ------
    FitError
        Where it cannot be generated all the same.
    """
    from tradegen.engine.run import prepare
    from tradegen.scenario.model import Scenario

    values = parts.values
    while True:
        try:
            found = Scenario(**values, hot_spots=parts.spots)
            prepare(found, seed=1, tickers=tickers)
        except ScenarioError as error:
            if parts.rate_in_place_of_the_highest_factor():
                continue
            if values["rate_is"] == "base":
                raise FitError(f"what was measured cannot be generated: {error}") from None
            values = {**values, "rate_is": "base", "mismatch_rate": float(f"{base:.6g}")}
        else:
            return found


def _differ(inside: Sequence[Observed], outside: Sequence[Observed]) -> bool:
    """Whether other things go wrong inside than outside: tests of what differs, and of the sizes."""
    if min(len(inside), len(outside)) < _FEWEST:
        return False
    counts = [Counter(_kinds(trades)) for trades in (inside, outside)]
    totals = [sum(one.values()) for one in counts]
    both = counts[0] + counts[1]
    statistic, degrees = 0.0, len(both) - 1
    for name, count in both.items():
        for one, total in zip(counts, totals, strict=True):
            expected = count * total / sum(totals)
            statistic += (one[name] - expected) ** 2 / expected
    if degrees:
        # Wilson and Hilferty: the cube root of chi-squared is nearly normal.
        cube, spread = (statistic / degrees) ** (1 / 3), math.sqrt(2 / (9 * degrees))
        if 0.5 * math.erfc((cube - (1 - spread**2)) / spread / math.sqrt(2)) < _LIKE:
            return True
    return any(
        _apart(_sizes(inside, field), _sizes(outside, field))
        for field in ("quantity", "price", "trade_timestamp")
    )


def _kinds(trades: Sequence[Observed]) -> list[tuple[str, ...]]:
    """What each difference could be."""
    found = [
        tuple(sorted({name for name, _ in one.signature})) for trade in trades for one in trade.differences
    ]
    return found + [(fault,) for trade in trades for fault in trade.faults]


def _sizes(trades: Sequence[Observed], field: str) -> Array:
    return np.sort(
        [one.size for trade in trades for one in trade.differences if one.field == field and one.size > 0]
    )


def _apart(one: Array, other: Array) -> bool:
    """Whether sizes are of two distributions: by Kolmogorov and Smirnov's distance."""
    count = len(one), len(other)
    if min(count) < _FEWEST:
        return False
    both = np.concatenate([one, other])
    shares = [np.searchsorted(sizes, both, side="right") / len(sizes) for sizes in (one, other)]
    limit = math.sqrt(-0.5 * math.log(_LIKE / 2))
    return bool(np.abs(shares[0] - shares[1]).max() > limit * math.sqrt(sum(count) / math.prod(count)))


def _settings(measured: Measured, hide: bool) -> dict[str, dict[str, Any]]:
    return {name: coarse(found) if hide else dict(found) for name, found in measured.settings.items()}


def _plain(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{weight:.4g}") for name, weight in weights.items()}


def _whole(fields: Sequence[float]) -> list[float]:
    """Shares in four digits, 1 in sum."""
    found = [round(share, 4) for share in fields]
    found[0] = round(1 - sum(found[1:]), 4)
    return found
