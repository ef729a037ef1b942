"""What was measured of a desk's breaks, as `inject` takes it: in the desk's own names."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tradegen.desk.desk_names import DeskNames
from tradegen.desk.desk_scenario import Parts, parts_of_scenario
from tradegen.desk.groups import NOTIONALS, HotGroup
from tradegen.desk.injecting.breaks import load_breaks
from tradegen.desk.injecting.possible import Entry, possible
from tradegen.desk.lists.list_form import ListForm, load_forms
from tradegen.desk.measuring import Measured
from tradegen.desk.numbers import Number, Titled
from tradegen.desk.reading import Observations
from tradegen.errors import FitError, ScenarioError

_CALLED = {"order_type.flip": "order_type.other"}  # on a list with two sides, the other one
_NOT_INJECTED = "inject cannot do this to a list; its share goes to the others"
_OUTSIDE = "some hot spots have rates of their own, so that the rate of the others is given"
_TAKEN = (
    "mismatch_rate",
    "rate_is",
    "benign_rate",
    "fields_per_pair",
    "mechanisms",
    "tolerances",
    "settings",
)
_KINDS: dict[str, dict[str, Any]] = {
    "trade_id": {"kind": "reference"},
    "ticker": {"kind": "code"},
    "broker_id": {"kind": "code"},
    "contra_broker_id": {"kind": "code"},
    "quantity": {"kind": "integer"},
    "price": {"kind": "decimal", "places": 2},
    "order_type": {"kind": "code"},
    "date": {"kind": "date", "format": "%Y-%m-%d"},
    "trade_timestamp": {"kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S"},
}


_DATED = {"date": "date", "timestamp": "trade_timestamp"}


@dataclass(frozen=True, slots=True)
class BreaksToInject:
    """Fields of a scenario that `inject` takes.

    Attributes
    ----------
    fields : dict
    numbers : sequence of Number
        Those of the fit, and what `inject` has another name for.
    notes : dict of str to str
        By number, why the fields do not have it.
    mirrored : bool
        Whether they are for the view of a counterparty.
    """

    fields: dict[str, Any]
    numbers: Sequence[Number]
    notes: Mapping[str, str]
    mirrored: bool


def breaks_to_inject(
    seen: Observations,
    measured: Measured,
    groups: Sequence[Titled],
    numbers: Sequence[Number],
    names: DeskNames,
    basis: Mapping[str, Any],
) -> BreaksToInject:
    """The desk's breaks as `inject` takes them.

    Parameters
    ----------
    seen, measured, basis
        As `desk_scenario` takes them.
    groups : sequence of (str, str, HotGroup)
        With their titles.
    numbers : sequence of Number
        As those of the fit, without notes on what brokers are called.
    names : DeskNames

    Raises
    ------
    FitError
        Where names are not to be seen, or `inject` can do nothing of what was measured.
    """
    if names.hidden:
        raise FitError(
            "anonymise leaves out the names that inject finds hot spots by; expected a fit without anonymise"
        )
    form = _form(seen)
    entries = possible(form)
    own = {one.column.name: one.column.called[0] for one in seen.breaks.own}

    def called(name: str) -> str:
        column, _, way = name.rpartition(".")
        return _CALLED.get(name, f"{own.get(column, column)}.{way}")

    def taken(name: str) -> bool:
        return called(name) in entries

    def renamed(found: Mapping[str, Any]) -> dict[str, Any]:
        return {called(name): one for name, one in found.items()}

    left_out = [name for name in measured.mechanisms if not taken(name)]
    if len(left_out) == len(measured.mechanisms):
        raise FitError(f"inject can do nothing of what was measured ({', '.join(left_out)}) to a list")
    parts = parts_of_scenario(seen, measured, groups, functools.partial(_where, own), basis, taken=taken)
    fields = {name: value for name, value in parts.values.items() if name in _TAKEN}
    weights, others = fields["mechanisms"], parts.not_generated
    rest = 1 - sum(others.values())
    fields["mechanisms"] = renamed(
        {name: float(f"{rest * weight:.4g}") for name, weight in weights.items()}
        | {name: float(f"{share:.4g}") for name, share in others.items()}
    )
    fields["settings"] |= {
        name: dict(measured.settings[name]) for name in others if name in measured.settings
    }
    fields["settings"] = renamed(fields["settings"])
    if "tolerances" in fields:
        # A list's other columns have none.
        fields["tolerances"] = {name: one for name, one in fields["tolerances"].items() if name not in own}
        if not fields["tolerances"]:
            fields.pop("benign_rate", None)
    for spot in parts.spots:
        spot |= {part: renamed(spot[part]) for part in ("mechanisms", "settings") if part in spot}
    base = {"rate_is": "base", "mismatch_rate": float(f"{seen.groups.base:.6g}")}
    _make_possible(parts, fields | (base if parts.spots else {}), entries, form)
    if seen.breaks.mirrored:
        parts = _in_their_view(parts, {title: group for title, _, group in groups})
    if any("rate" in spot for spot in parts.spots):
        # With rates of their own, hot spots of another day's list may come to more than the overall rate.
        fields |= base
        parts.notes["rate overall"] = _OUTSIDE
        _make_possible(parts, fields, entries, form)
    fields["hot_spots"] = parts.spots
    notes = parts.notes | {f"mechanism {name}": _NOT_INJECTED for name in left_out}
    return BreaksToInject(fields, tuple(_also_renamed(numbers, called)), notes, seen.breaks.mirrored)


def _make_possible(
    parts: Parts, fields: Mapping[str, Any], entries: Mapping[str, Entry], form: ListForm
) -> None:
    """Where factors together ask for more than every trade, make rates of the highest.

    Raises
    ------
    FitError
        Where `inject` refuses the scenario all the same.
    """
    while True:
        try:
            load_breaks({**fields, "hot_spots": parts.spots}, {}, entries, form)
        except ScenarioError as error:
            if not parts.rate_in_place_of_the_highest_factor():
                raise FitError(f"inject cannot do what was measured to a list: {error}") from None
        else:
            return


def _form(seen: Observations) -> ListForm:
    """A list like the desk's, which says what `inject` can do to one."""
    kinds = dict(_KINDS)
    if any("." in one for one in seen.breaks.values.get("quantity", ())):
        kinds["quantity"] = {"kind": "decimal", "places": 6}
    columns = [{"name": name, "role": name, **kind} for name, kind in kinds.items()]
    for own in (one.column for one in seen.breaks.own if one.column.called[0] not in kinds):
        more: dict[str, Any] = {"places": own.places} if own.kind == "decimal" else {}
        more |= {"product": list(own.sources)} if "price" in own.sources else {}
        more |= {"format": kinds[_DATED[own.kind]]["format"]} if own.kind in _DATED else {}
        columns.append({"name": own.called[0], "kind": own.kind, **more})
    return load_forms({"id": ["trade_id"], "columns": columns}).ours


def _where(own: Mapping[str, str], group: HotGroup) -> dict[str, str | float]:
    """The conditions of a hot spot, in the desk's own names; `own` has those of columns beside the nine."""
    return {
        own.get(axis, axis): float(value) if axis in NOTIONALS else value
        for axis, value in group.where.items()
    }


def _in_their_view(parts: Parts, groups: Mapping[str, HotGroup]) -> Parts:
    """Hot spots of a broker, on either side of a trade, as they are in the list of the other side."""
    spots, rates = [], []
    for spot, rate in zip(parts.spots, parts.rates, strict=True):
        broker = spot["where"].get("broker_id")
        if broker is None:
            spots.append(spot)
            rates.append(rate)
            continue
        group = groups[spot["name"]]
        others = {name: value for name, value in spot["where"].items() if name != "broker_id"}
        # What ours has as the contra broker is the broker of their view.
        if group.as_contra:
            spots.append(spot)
            rates.append(rate)
        if group.as_broker:
            name = _contra(spot["name"]) if group.as_contra else spot["name"]
            spots.append(spot | {"name": name, "where": {"contra_broker_id": broker} | others})
            rates.append(rate)
    return dataclasses.replace(parts, spots=spots, rates=rates)


def _contra(name: str) -> str:
    return f"contra {name}"[:40].strip()


def _also_renamed(numbers: Sequence[Number], called: Callable[[str], str]) -> Iterator[Number]:
    """Numbers that `inject` has another name for, by that name, and then all by their own."""
    for number in numbers:
        if number.kind == "mechanism" and called(number.name) != number.name:
            note = "; ".join(filter(None, (number.note, f"fit calls it {number.name}")))
            yield dataclasses.replace(number, name=called(number.name), note=note)
        name, _, share = number.name.rpartition(" ")
        if number.kind == "size" and called(name) != name:
            yield dataclasses.replace(number, name=f"{called(name)} {share}")
        if number.kind == "hot spot":
            yield dataclasses.replace(number, name=_contra(number.name))
    yield from numbers
