"""What is to be broken in a list: the part of a scenario that says so, held against the list's columns."""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, ValidationError

from tradegen.desk.injecting.conditions import can_meet
from tradegen.desk.injecting.list_spots import ListSpots, ListWhere
from tradegen.desk.injecting.possible import Entry
from tradegen.desk.lists.list_form import ListForm
from tradegen.errors import ScenarioError, named, nearest, shown
from tradegen.mechanisms.allowed_sizes import Tolerance
from tradegen.mechanisms.mechanism import Mechanism
from tradegen.scenario.assignments import changed
from tradegen.scenario.causes import Cause, causes_of
from tradegen.scenario.checks import check_demands
from tradegen.scenario.fields import ScenarioFields
from tradegen.scenario.model import DEFAULT, Scenario, scenario_names, scenario_text
from tradegen.scenario.validation import explain

_TAKEN = (
    "mismatch_rate",
    "rate_is",
    "benign_rate",
    "rate_mode",
    "mechanisms",
    "settings",
    "fields_per_pair",
    "tolerances",
    "boundary",
    "keep_in_range",
    "hot_spots",
)
_SHOWN = 20  # mechanisms in a message: a list of 200 columns has a thousand
_LATER = ("rate_is", "hot_spots")  # manifests leave out their defaults
_MERGED = ("settings", "tolerances")
_MOST_MECHANISMS = 255  # that race: a byte holds which one


class Breaks(ScenarioFields):
    """The fields of a scenario that say what is to be broken; those about clean trades mean nothing here."""

    hot_spots: ListSpots = ()

    _entries: Mapping[str, Mechanism] = PrivateAttr(default_factory=dict)

    @property
    def catalogue(self) -> Mapping[str, Mechanism]:
        """Every mechanism that there is for the list, by name."""
        return self._entries

    @functools.cached_property
    def cause_table(self) -> tuple[Cause, ...]:
        """The causes by number, as in a scenario; those together that one row can have."""
        return causes_of(self.hot_spots, _can_meet)

    def tolerance_of(self, label: str, places: int) -> Tolerance:
        """The tolerance of a column, in its own unit.

        Raises
        ------
        ScenarioError
            Where the column has too few decimals for it.
        """
        found = self.tolerance(label)
        if label == "quantity":
            return Tolerance(found.fixed * 10**places)
        if label != "price" or not found.fixed:
            return found
        grid = self.grids["price"]
        fixed, rest = divmod(found.fixed * 10**places, grid.unit)
        if rest:
            raise ScenarioError(
                f"tolerances.price is {found.fixed // grid.step} ticks of {grid.written}, and prices of the "
                f"list have {places} decimals; expected a tolerance that they can hold"
            )
        return Tolerance(fixed)

    def said(self) -> dict[str, Any]:
        """What is to be broken, as JSON would carry it; `load_breaks` takes it back."""
        fields = type(self).model_fields
        told = {name for name in _TAKEN if name not in _LATER or getattr(self, name) != fields[name].default}
        return self.model_dump(mode="json", exclude_none=True, include=told, by_alias=True)


def _can_meet(several: Sequence[ListWhere]) -> bool:
    return can_meet([where.conditions for where in several])


def load_breaks(
    source: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None,
    changes: Mapping[str, Any],
    entries: Mapping[str, Entry],
    form: ListForm,
) -> Breaks:
    """What a scenario has to say of a list's mismatches.

    Parameters
    ----------
    source : Scenario, mapping, str, path or None
        Without one, those mechanisms of the scenario ``original`` that the list has columns for.
    changes : mapping
        Fields that go before those of the scenario.
    entries : mapping of str to Entry
        The mechanisms that there are for the list.
    form : ListForm
        The list's columns, which hot spots name.

    Raises
    ------
    ScenarioError
        Where it cannot be read, or asks for what a list cannot have.
    """
    catalogue = {name: entry.mechanism for name, entry in entries.items()}
    values = dict(_values(source))
    for name, given in changes.items():
        if name not in _TAKEN:
            _refuse_change(name, given)
        base = values.get(name)
        both = name in _MERGED and isinstance(base, Mapping) and isinstance(given, Mapping)
        values[name] = changed(name, base, given) if both else given  # type: ignore[arg-type]
    unknown = [name for name in values if name not in ScenarioFields.model_fields]
    if unknown:
        raise ScenarioError(
            f"{shown(unknown[0])} is not a scenario field; {nearest(unknown[0], ScenarioFields.model_fields)}"
        )
    if "mechanisms" not in values or (source is None and "mechanisms" not in changes):
        values["mechanisms"] = _those_there_are(Scenario.load(DEFAULT).mechanisms, catalogue)
    kept = {name: value for name, value in values.items() if name in _TAKEN}
    _require_mechanisms(kept, catalogue)
    try:
        found = Breaks.model_validate(kept, context={"catalogue": catalogue, "form": form})
    except ValidationError as error:
        raise ScenarioError(explain(error, Breaks, "scenario field", keys=catalogue)) from None
    found._entries = catalogue
    _check(found)
    return found


def _values(source: Any) -> Mapping[str, Any]:
    """The fields of a scenario before they are held against any columns."""
    if source is None:
        # Altered values are to lie among the list's own, which that scenario does not ask for.
        return Scenario.load(DEFAULT).replace(keep_in_range=True).to_dict()
    if isinstance(source, Scenario):
        return source.to_dict()
    if isinstance(source, Mapping):
        return source
    if isinstance(source, str) and source in scenario_names():
        return tomllib.loads(scenario_text(source))
    return _from_file(source)


def _from_file(source: Any) -> Mapping[str, Any]:
    from tradegen.core.regular_files import read_text

    if not isinstance(source, (str, os.PathLike)):
        raise ScenarioError(
            f"scenario is {shown(source)}; expected a Scenario, a mapping of its fields, a name or a path"
        )
    path = Path(source)
    if path.suffix != ".toml" and not path.exists():
        raise ScenarioError(f"scenario {path} is unknown; {nearest(str(path), scenario_names())}")
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise ScenarioError(f"scenario file {path} cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"scenario file {path} is not TOML: {error}") from None


def _refuse_change(name: str, given: Any) -> None:
    if name in ScenarioFields.model_fields:
        raise ScenarioError(
            f"{name} is {shown(given)}, which says what trades to generate, or how they are written; of your "
            f"own, expected some of {', '.join(_TAKEN)}"
        )
    raise ScenarioError(f"{shown(name)} is not a scenario field; {nearest(name, _TAKEN)}")


def _those_there_are(weights: Mapping[str, float], catalogue: Mapping[str, Mechanism]) -> Mapping[str, float]:
    found = {name: weight for name, weight in weights.items() if name in catalogue}
    if not found:
        more = f" and {len(catalogue) - _SHOWN:,} more" if len(catalogue) > _SHOWN else ""
        raise ScenarioError(
            f"the list has no column for {', '.join(weights)}, which the scenario {DEFAULT} has; expected "
            "roles such as quantity, price, date or trade_timestamp in the file of columns, or mechanisms "
            f"of the list: {', '.join(list(catalogue)[:_SHOWN])}{more}"
        )
    return found


def _require_mechanisms(values: Mapping[str, Any], catalogue: Mapping[str, Mechanism]) -> None:
    """Refuse a mechanism that the list has not, by a sentence that names what there is."""
    for place, table, name in _named(values):
        if name in catalogue:
            continue
        column, dot, _ = str(name).rpartition(".")
        ways = [one.rpartition(".")[2] for one in catalogue if one.rpartition(".")[0] == column]
        if dot and ways:
            raise ScenarioError(
                f"{place}{table} has {shown(name)}, which {column} of this list cannot have; "
                f"expected one of {', '.join(f'{column}.{way}' for way in ways)}"
            )
        columns = dict.fromkeys(one.rpartition(".")[0] for one in catalogue)
        raise ScenarioError(
            f"{place}{table} has {shown(name)}, and the list has no column of that name or role; "
            f"it has {', '.join(columns)}"
        )


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The mechanisms that are named, with the table and, before it, the hot spot that names each."""
    spots = values.get("hot_spots")
    places = [("", values)]
    places += [
        (f"hot spot {named(spot.get('name'))}: ", spot)
        for spot in (spots if isinstance(spots, (list, tuple)) else ())
        if isinstance(spot, Mapping)
    ]
    for place, tables in places:
        for table in ("mechanisms", "settings"):
            given = tables.get(table)
            yield from ((place, table, name) for name in (given if isinstance(given, Mapping) else ()))


def _check(breaks: Breaks) -> None:
    """What must hold between the fields, as a scenario's checks have it."""
    if abs(sum(breaks.fields_per_pair) - 1) > 1e-9:
        raise ScenarioError(
            f"fields_per_pair is {list(breaks.fields_per_pair)}, which adds up to "
            f"{sum(breaks.fields_per_pair):g}; expected shares that add up to 1"
        )
    if (breaks.mismatch_rate > 0 or breaks.benign_rate > 0) and not breaks.weights:
        raise ScenarioError(
            f"mechanisms has no weight above 0 although mismatch_rate is {breaks.mismatch_rate}; "
            "expected at least one mechanism, or mismatch_rate 0"
        )
    if breaks.mismatch_rate + breaks.benign_rate > 1 + 1e-12:
        raise ScenarioError(
            f"mismatch_rate is {breaks.mismatch_rate} and benign_rate is {breaks.benign_rate}; "
            "expected them to add up to at most 1"
        )
    try:
        breaks.tolerances.check({})
        check_demands(breaks)
    except ValueError as error:
        raise ScenarioError(str(error)) from None
    if len(breaks.active) > _MOST_MECHANISMS:
        raise ScenarioError(
            f"mechanisms have {len(breaks.active)} weights above 0; expected at most {_MOST_MECHANISMS}"
        )
    for field, given, names in (
        ("benign_rate", breaks.benign_rate, breaks.weights),
        ("boundary", breaks.boundary, breaks.active),
    ):
        if given and not any(
            breaks.catalogue[name].tolerated and breaks.tolerance_of(breaks.catalogue[name].field, 12)
            for name in names
        ):
            raise ScenarioError(
                f"{field} is {str(given).lower()} although no column with a mechanism has a tolerance; "
                "expected a tolerance such as tolerances.quantity = 5"
            )
