"""What the broken trades say: mechanisms, sizes, the leg, and how many fields break at once."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tradegen.core.columns import FIELDS, Array
from tradegen.desk.differences import Observed, Seen, Signature
from tradegen.desk.list_comparison import RECORD_FAULTS
from tradegen.desk.mixture import Look, Looks, Mixture, estimated
from tradegen.desk.observing import Breaks
from tradegen.desk.simulation import exchanged, signatures
from tradegen.desk.sizes import settings_of, smoothed
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.mechanism import Mechanism, Setting

_ROUNDS = 2  # of estimating: sizes depend on shares, and shares on sizes
_MOST_FIELDS = 4


def unit_of(name: str) -> tuple[str, float]:
    """The unit that sizes of a mechanism are stated in, and how many of it are the whole value."""
    if not name.endswith(".nudge"):
        return "", 1.0
    return ("bps", 10_000.0) if name == "price.nudge" else ("percent", 100.0)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the broken trades say.

    Attributes
    ----------
    mechanisms : dict of str to float
        The share of the broken trades that each mechanism has altered.
    errors : dict of str to float
        Standard errors of these shares.
    sizes : dict of str to ndarray of float64
        By mechanism that draws a size: sizes, ascending, in shares of the value, ticks, or seconds.
    settings : dict of str to dict
        Settings that draw such sizes.
    leg : (float, float)
        The share of mismatches on our leg, and its standard error.
    fields_per_pair : tuple of int
        Broken trades with 1, 2, ... mechanisms.
    unexplained : dict of str to int
        By field, differences that no mechanism explains.
    fields : dict of str to int
        By field, broken trades of the sample in which it differs; ``record`` and ``trade_id`` as well.
    alike : tuple of (str, str)
        Mechanisms that cannot be told apart, as `Mixture.alike` has them.
    looks : mapping
        What each mechanism looks like, as `simulation.signatures` has it.
    sized : tuple of str
        The mechanisms that draw sizes, by which they can be told.
    catalogue : mapping of str to Mechanism
    """

    mechanisms: dict[str, float]
    errors: dict[str, float]
    sizes: dict[str, Array]
    settings: dict[str, dict[str, Any]]
    leg: tuple[float, float]
    fields_per_pair: tuple[int, ...]
    unexplained: dict[str, int]
    fields: dict[str, int]
    alike: tuple[tuple[str, str], ...] = ()
    looks: Looks = field(default_factory=dict)
    sized: tuple[str, ...] = ()
    catalogue: Mapping[str, Mechanism] = field(default_factory=lambda: HOUSE)


def measure(breaks: Breaks, **scenario: Any) -> Measured:
    """Measure the broken trades that were observed.

    Parameters
    ----------
    breaks : Breaks
    **scenario
        Fields of the scenario that the mechanisms are simulated with.
    """
    seen = [one for trade in breaks.observed for one in trade.differences]
    looks = Counter((one.field, one.signature) for one in seen if one.signature)
    settings = dict(_known_settings(breaks.observed, breaks.recogniser.zones))
    sized, catalogue = breaks.recogniser.sized, breaks.recogniser.catalogue
    nudges = [name for name in sized if name.endswith(".nudge")]
    kinds = {name: _kind(name, _alone(seen, name), catalogue) for name in nudges}
    legs = _legs_of_records(breaks.observed)
    known: Looks = {}
    mixture = estimated({}, known, legs, catalogue)
    drawn, own = _drawn(seen, mixture, sized, kinds, catalogue)
    named = {kinds.get(name, name) for _, signature in looks for name, _ in signature}
    # What draws sizes is possible where sizes were seen.
    named -= {kinds.get(name, name) for name in sized} - drawn.keys()
    if wanted := named - set(kinds.values()):
        known = signatures(
            sorted(wanted), breaks.recogniser, breaks.fields,
            settings={name: found for name, found in (settings | own).items() if name in wanted},
            timestamp_precision=breaks.precision,
            view="counterparty" if breaks.mirrored else "two_system", **scenario,
        )  # fmt: skip
    known = {**known, **_never_made(named - set(kinds.values()), known, looks)}

    @functools.cache  # one round asks for nearly the same as the next
    def signature(name: str, one: str, other: str) -> Signature:
        found = breaks.recogniser.signature(name, {name: one}, {name: other})
        # A derived value shows which of the two is wrong: theirs, here.
        return frozenset(way for way in found if way[1]) if name in breaks.recogniser.by else found

    for _ in range(_ROUNDS if looks else 0):
        tried = {name: _made_by(seen, mixture, name, kinds[name]) for name in kinds if kinds[name] in named}
        own_looks = [
            exchanged(its, breaks.values.get(name.partition(".")[0], ()), signature, kinds[name])
            for name, its in tried.items()
        ]
        for one in own_looks:
            known = {**known, **one}
        mixture = estimated(looks, known, legs, catalogue)
    drawn, own = _drawn(seen, mixture, sized, kinds, catalogue)
    shares, errors = _shares(breaks.observed, mixture, catalogue)
    unexplained = Counter(one.field for one in seen if not one.signature)
    unexplained["record"] += sum("unclear" in trade.faults for trade in breaks.observed)
    of_faults = Counter(_field_of(fault) for trade in breaks.observed for fault in trade.faults)
    # Brokers that are exchanged are one difference in two fields.
    swapped = sum(_SWAPPED in {name for name, _ in one.signature} and len(one.signature) == 2 for one in seen)
    of_fields = Counter(one.field for one in seen) + of_faults + Counter({"contra_broker_id": swapped})
    return Measured(
        shares,
        errors,
        drawn,
        {name: found for name, found in (settings | own).items() if name in shares},
        (mixture.first_leg, mixture.first_leg_error),
        _fields_per_pair(breaks.observed),
        {name: count for name, count in unexplained.items() if count},
        {name: of_fields[name] for name in dict.fromkeys((*FIELDS, *of_fields)) if of_fields[name]},
        mixture.alike,
        known,
        sized,
        catalogue,
    )


def _never_made(wanted: set[str], known: Looks, looks: Mapping[Look, int]) -> Looks:
    """Looks of mechanisms that were not possible in simulation: those that were seen, in equal parts."""
    found: dict[tuple[str, int], dict[Look, float]] = {}
    for name in wanted - {name for name, _ in known}:
        for leg in (0, 1):
            own = [look for look in looks if (name, leg) in look[1]]
            if own:
                found[name, leg] = dict.fromkeys(own, 1 / len(own))
    return found


def within(measured: Measured, observed: Sequence[Observed]) -> Measured:
    """The mechanisms, sizes and settings of some of the broken trades; the rest as it was for all."""
    seen = [one for trade in observed for one in trade.differences]
    looks = Counter((one.field, one.signature) for one in seen if one.signature)
    mixture = estimated(looks, measured.looks, _legs_of_records(observed), measured.catalogue)
    kinds = {name: tick for name in measured.sized if (tick := _in_ticks(name)) in measured.sizes}
    drawn, own = _drawn(seen, mixture, measured.sized, kinds, measured.catalogue)
    shares, errors = _shares(observed, mixture, measured.catalogue)
    zones = measured.settings.get("trade_timestamp.timezone", {})
    settings = {**_known_settings(observed, zones), **own}
    return replace(
        measured,
        mechanisms=shares,
        errors=errors,
        sizes=drawn,
        settings={name: found for name, found in settings.items() if name in shares},
        fields_per_pair=_fields_per_pair(observed),
    )


def _fields_per_pair(observed: Sequence[Observed]) -> tuple[int, ...]:
    """Trades with 1, 2, ... mechanisms; the last counts all with as many or more."""
    events = Counter(max(len(trade.differences) + len(trade.faults), 1) for trade in observed)
    most = min(max(events, default=1), _MOST_FIELDS)
    return tuple(
        sum(count for number, count in events.items() if min(number, most) == fields)
        for fields in range(1, most + 1)
    )


def _shares(
    observed: Sequence[Observed], mixture: Mixture, catalogue: Mapping[str, Mechanism]
) -> tuple[dict[str, float], dict[str, float]]:
    """The share of trades that each mechanism has altered, and its standard error."""
    trades = max(len(observed), 1)
    explained = sum(bool(one.signature) for trade in observed for one in trade.differences) / trades
    shares = {name: share * explained for name, share in mixture.shares.items()}
    errors = {name: error * explained for name, error in mixture.errors.items()}
    faults = Counter(RECORD_FAULTS[fault][0] for trade in observed for fault in trade.faults)
    faults.pop(None, None)
    shares |= {str(name): count / trades for name, count in faults.items()}
    found = {name: shares[name] for name in catalogue if shares.get(name, 0) >= 0.5 / trades}
    return found, {
        name: max(errors.get(name, 0.0), _binomial(share, trades)) for name, share in found.items()
    }


def _field_of(fault: str) -> str:
    return "trade_id" if fault == "mistyped" else "record"


_SWAPPED = "broker_id.swapped"


def _known_settings(observed: Sequence[Observed], zones: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if zones:
        found["trade_timestamp.timezone"] = dict(zones)
    fills = [trade.fills for trade in observed if {"split_ours", "split_theirs"} & set(trade.faults)]
    if fills:
        found["record.split"] = {"min": max(min(fills), 2), "max": min(max(fills), 5)}
    return found


def _alone(seen: Sequence[Seen], name: str) -> list[Seen]:
    """The differences that this sized mechanism alone explains."""
    return [one for one in seen if {other for other, _ in one.signature} == {name}]


def _in_ticks(name: str) -> str:
    """What a nudge is called whose sizes are counted in ticks."""
    return f"{name.removesuffix('.nudge')}.tick" if name.endswith(".nudge") else ""


def _kind(name: str, seen: Sequence[Seen], catalogue: Mapping[str, Mechanism]) -> str:
    """The mechanism whose unit suits the sizes: ticks where they vary less than shares of the value."""
    if _in_ticks(name) not in catalogue or len(seen) < _FEW:
        return name
    shares = np.log([one.size for one in seen])
    ticks = np.log([one.size / one.least for one in seen])
    in_ticks = np.exp(ticks.min()) > _WHOLE and np.std(ticks) < np.std(shares)
    return _in_ticks(name) if in_ticks else name


_FEW = 20
_WHOLE = 0.99  # ticks: the least size in whole ticks, give or take the error of floats


def _drawn(
    seen: Sequence[Seen],
    mixture: Mixture,
    names: Sequence[str],
    kinds: Mapping[str, str],
    catalogue: Mapping[str, Mechanism],
) -> tuple[dict[str, Array], dict[str, dict[str, Any]]]:
    """Sizes by mechanism that draws one, of the differences that it most likely made; and its settings."""
    sizes: dict[str, Array] = {}
    settings: dict[str, dict[str, Any]] = {}
    for name in names:
        called = kinds.get(name, name)
        its = _made_by(seen, mixture, name, called)
        if not its:
            continue
        ticks, timed = called.endswith(".tick"), not name.endswith(".nudge")
        steps = [one.least / (one.least if ticks else 1.0) for one in its]
        values = [one.size / (one.least if ticks else 1.0) for one in its]
        # Times have no smallest value that rounding hides: their steps are alike.
        found = np.sort(values) if timed or ticks else np.minimum(smoothed(values, steps), 1.0)
        sizes[called] = found
        unit, scale = unit_of(called)
        whole = ticks or called == "trade_timestamp.delay"
        most = max(one.most for one in catalogue[called].settings if isinstance(one, Setting))
        settings[called] = settings_of(found, whole=whole, scale=scale, most=most)
        settings[called] |= {"unit": unit} if unit else {}
    return sizes, settings


def _made_by(seen: Sequence[Seen], mixture: Mixture, name: str, called: str) -> Sequence[Seen]:
    """The differences that a mechanism most likely made; before that is known, those it alone explains."""
    likely = {look for look, chances in mixture.chances.items() if chances.get(called, 0.0) > _MOSTLY}
    # Of data that is dirty, any mechanism may be the likeliest: a size have only those of its own field, and
    # not what nothing explains, such as a value that is missing.
    field = name.partition(".")[0]
    its = [one for one in seen if one.field == field and one.signature]
    return [one for one in its if (field, one.signature) in likely] or _alone(seen, name)


_MOSTLY = 0.5


def _legs_of_records(observed: Sequence[Observed]) -> tuple[int, int]:
    """Records that are missing, doubled or split on our list, and on theirs."""
    legs = [RECORD_FAULTS[fault][1] for trade in observed for fault in trade.faults]
    return legs.count(0), legs.count(1)


def _binomial(share: float, of: int) -> float:
    return math.sqrt(max(share * (1 - share), 0.0) / max(of, 1))
