"""The JSON schema of a scenario, for editors and other tools.

Most of it comes from the types of the fields. Added here are the settings of each mechanism, and the rules
between fields, as far as a schema can state them: it can neither add numbers up nor compare them. Such a
scenario passes the schema, and tradegen still refuses it.
"""

import zoneinfo
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from tradegen.core.columns import FIELDS, LEGS, LISTS, RECORD_ID, TRADE_COLUMNS
from tradegen.mechanisms.by_kind import MECHANISMS_BY_KIND
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.mechanism import Zone
from tradegen.scenario.checks import compared_columns
from tradegen.scenario.field_types import SOME_WEIGHT, WEIGHT, settings_schema
from tradegen.scenario.fields import ScenarioFields
from tradegen.scenario.hot_spots import Where
from tradegen.scenario.layouts import containing
from tradegen.scenario.own_columns import KINDS
from tradegen.scenario.tolerances import Tolerances

_Schema = dict[str, Any]
_SETTINGS = {"$ref": "#/$defs/Settings"}
_ABOVE_ZERO = {"exclusiveMinimum": 0}
_ALL_ZERO = {"type": "object", "additionalProperties": {"maximum": 0}}
_NOTHING_SAID = {
    "properties": {
        "columns": {"maxProperties": 0},
        "include": {"type": "null"},
        "sort": {"type": "null"},
        "date_format": {"type": "null"},
        "timestamp_format": {"type": "null"},
    }
}


class _Generator(GenerateJsonSchema):
    # `json_schema` puts in the defaults of mechanisms and settings, which pydantic cannot print.
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default"}  # noqa: RUF012 - as its base


def json_schema(fields: type[ScenarioFields], defaults: dict[str, Any]) -> _Schema:
    """Give the schema of draft 2020-12.

    Parameters
    ----------
    fields : type
        The model of a scenario.
    defaults : dict
        The value of each field that is not given, as JSON carries it.
    """
    schema = fields.model_json_schema(schema_generator=_Generator)
    for name, value in defaults.items():
        schema["properties"][name]["default"] = value
    schema["$defs"] |= {"Settings": _settings(), "TimeZone": _time_zones()}
    for table in (schema, schema["$defs"]["HotSpot"]):
        about = {name: table["properties"]["settings"].get(name) for name in ("description", "default")}
        said = {name: value for name, value in about.items() if value is not None}
        table["properties"]["settings"] = _SETTINGS | said
    schema["properties"]["columns"] |= {"items": {"oneOf": list(_columns())}}
    for table in (schema["properties"]["mechanisms"], schema["$defs"]["HotSpot"]["properties"]["mechanisms"]):
        weights = table.get("anyOf", [table])[0]
        weights["patternProperties"] = {_own_pattern(*_OWN_MECHANISMS): WEIGHT}
    schema["allOf"] = [*_weights(), *_tolerances(), *_views(), *_left_out(), _shared_id()]
    schema["allOf"] += [_of_the_house(), _precision(), _whole_shares()]
    about_it = {"title": "tradegen scenario", "description": "What tradegen is to generate."}
    return {"$schema": _Generator.schema_dialect, **schema, **about_it}


def _settings() -> _Schema:
    """The settings by mechanism, each with its own names and ranges."""
    by_mechanism = {}
    for name, mechanism in HOUSE.items():
        table = settings_schema(mechanism)
        for setting in mechanism.settings:
            if isinstance(setting, Zone):
                said = table["properties"][setting.name]
                del said["type"]
                said["$ref"] = "#/$defs/TimeZone"
        by_mechanism[name] = table | {"description": mechanism.sentence}
    # Those of columns that a scenario adds go by what the mechanism is called.
    own = {
        _own_pattern(name): settings_schema(make(KindOfColumn("column", kind)))
        for kind, entries in MECHANISMS_BY_KIND.items()
        for name, make in entries.items()
    }
    return {
        "type": "object",
        "properties": by_mechanism,
        "patternProperties": own,
        "additionalProperties": False,
    }


def _columns() -> Iterator[_Schema]:
    """The columns that a scenario may add, by kind."""
    for model in dict.fromkeys(KINDS.values()):
        yield model.model_json_schema(by_alias=True)


def _own_pattern(*mechanisms: str) -> str:
    """The regular expression of mechanisms of columns that a scenario adds."""
    return rf"^(?!({'|'.join(FIELDS)})\.)[a-z][a-z0-9_]{{0,39}}\.({'|'.join(mechanisms)})$"


_OWN_MECHANISMS = tuple(dict.fromkeys(name for entries in MECHANISMS_BY_KIND.values() for name in entries))


def _time_zones() -> _Schema:
    return {"type": "string", "enum": sorted(zoneinfo.available_timezones())}


def _if(conditions: _Schema, then: _Schema, given: Iterable[str] = ()) -> _Schema:
    """A rule between fields; those that are `given` must not be left at their defaults for it to hold."""
    condition: _Schema = {"properties": conditions}
    return {"if": condition | {"required": list(given)}, "then": {"properties": then}}


def _weights() -> list[_Schema]:
    """Where something is to be mismatched, some mechanism has a weight."""
    own_or_none = {
        "anyOf": [
            {"required": ["mechanisms"]},
            {"required": ["rate"], "properties": {"rate": {"maximum": 0}}},
        ]
    }
    return [
        {
            **_if({"rate_is": {"const": "overall"}}, {}, given=["rate_is"]),
            "then": {"required": ["mismatch_rate"]},
        },
        _if({"mismatch_rate": _ABOVE_ZERO}, {"mechanisms": SOME_WEIGHT}),
        _if({"mechanisms": _ALL_ZERO}, {"hot_spots": {"items": own_or_none}}, given=["mechanisms"]),
    ]


def _tolerances() -> list[_Schema]:
    """Benign differences, and those at the boundary, need a tolerance on a field that is altered."""
    tolerated, altered = [], []
    for field in Tolerances.model_fields:
        above_zero = SOME_WEIGHT if field == "price" else _ABOVE_ZERO
        table = {"required": [field], "properties": {field: above_zero}}
        names = (name for name, entry in HOUSE.items() if entry.field == field and entry.tolerated)
        weights = {name: {"maximum": 0} for name in names}
        tolerated.append({"properties": {"tolerances": table}})
        # By default, all four fields with a tolerance are altered.
        altered.append({"properties": {"tolerances": table, "mechanisms": {"not": {"properties": weights}}}})
    # Of a column that the scenario adds, the schema does not know what is altered.
    house = dict.fromkeys(Tolerances.model_fields, True)
    own: _Schema = {"not": {"properties": house, "additionalProperties": {"maximum": 0}}}
    for rules in (tolerated, altered):
        rules.append({"properties": {"tolerances": own}})
    needs = {"required": ["tolerances"]}
    return [
        {**_if({"benign_rate": _ABOVE_ZERO}, {}, given=["benign_rate"]), "then": needs | {"anyOf": altered}},
        # A hot spot's mechanisms count here, too.
        {**_if({"boundary": {"const": True}}, {}, given=["boundary"]), "then": needs | {"anyOf": tolerated}},
    ]


def _views() -> list[_Schema]:
    """A scenario speaks of the lists and the legs of its own view."""
    rules = []
    for view, legs in LEGS.items():
        others = {name: _NOTHING_SAID for other in LISTS if other != view for name in LISTS[other]}
        spots = {"items": {"properties": {"leg": {"enum": [*legs, None]}}}}
        by_default = view == ScenarioFields.model_fields["view"].default
        given = [] if by_default else ["view"]
        rules.append(_if({"view": {"const": view}}, others | {"hot_spots": spots}, given))
    return rules


def _left_out() -> list[_Schema]:
    """What a list leaves out is altered by no mechanism; the side is left out of no single list."""
    rules: list[_Schema] = []
    usual = ScenarioFields.model_fields["mechanisms"].default
    for view, lists in LISTS.items():
        for column in (*TRADE_COLUMNS, RECORD_ID):
            names = [name for name in HOUSE if column in compared_columns(HOUSE[name], view)]
            without = {"include": {"type": "array", "not": {"contains": {"const": column}}}}
            left_out = [
                {"required": [name], "properties": {name: {"required": ["include"], "properties": without}}}
                for name in lists
            ]
            off = {"properties": {name: {"maximum": 0} for name in names}}
            spots = {"items": {"properties": {"mechanisms": off}}}
            then: _Schema = {"properties": {"mechanisms": off, "hot_spots": spots}}
            if not usual.keys().isdisjoint(names):
                then["required"] = ["mechanisms"]
            sides = view == "single" and column == "order_type"
            rules.append({"if": {"anyOf": left_out}, "then": False if sides else then})
    return rules


def _shared_id() -> _Schema:
    """Each list has the column that says which record is meant: trade_id, or without it record_id."""

    def lists_that(include: _Schema, **more: _Schema) -> _Schema:
        table = {"properties": {"include": {"anyOf": [{"type": "null"}, include]}, **more}}
        return {name: table for names in LISTS.values() for name in names}

    with_id, with_record_id = ({"contains": {"const": column}} for column in ("trade_id", RECORD_ID))
    off = {"properties": {name: {"maximum": 0} for name in HOUSE if HOUSE[name].field == "trade_id"}}
    none_has_it = {
        "view": {"enum": [view for view, lists in LISTS.items() if len(lists) > 1]},
        "mechanisms": off,
        "hot_spots": {"items": {"properties": {"mechanisms": off}}},
        **lists_that(
            with_record_id | {"not": with_id},
            sort={"type": "null"},
            columns={"propertyNames": {"not": {"const": "trade_id"}}},
        ),
    }
    return {
        "if": {"required": ["shared_id"], "properties": {"shared_id": {"const": False}}},
        "then": {"required": ["view"], "properties": none_has_it},
        "else": {"properties": lists_that(with_id)},
    }


def _of_the_house() -> _Schema:
    """Without columns of the scenario's own, only those of the house can be spoken of."""
    columns = [*TRADE_COLUMNS, RECORD_ID]
    layout = {
        "properties": {
            "columns": {"propertyNames": {"enum": columns}},
            "include": {"items": {"enum": columns}},
        }
    }
    mechanisms = {"propertyNames": {"enum": list(HOUSE)}}
    tables = {"mechanisms": mechanisms, "settings": mechanisms}
    tolerances = {"propertyNames": {"enum": list(Tolerances.model_fields)}}
    lists = {name: layout for names in LISTS.values() for name in names} | {"tolerances": tolerances}
    where = {"propertyNames": {"enum": list(Where.model_fields)}}
    spots = {"items": {"properties": tables | {"where": where}}}
    return {
        "if": {"not": {"required": ["columns"], "properties": {"columns": {"minItems": 1}}}},
        "then": {"properties": tables | lists | {"hot_spots": spots}},
    }


def _whole_shares() -> _Schema:
    """Where nothing says what quantities are multiples of, they are whole."""
    whole: _Schema = {"multipleOf": 1}
    given = {"quantity_min": whole, "quantity_max": whole, "tolerances": {"properties": {"quantity": whole}}}
    return {"if": {"not": {"required": ["quantity_step"]}}, "then": {"properties": given}}


def _precision() -> _Schema:
    """A form of timestamps shows what is finer than a second."""
    names = [name for lists in LISTS.values() for name in lists]
    shows_it = {"properties": {"timestamp_format": {"pattern": containing("f")}}}
    finer = {"timestamp_precision": {"enum": ["ms", "us"]}}
    return _if(finer, dict.fromkeys(names, shows_it), given=["timestamp_precision"])
