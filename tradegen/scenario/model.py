"""The scenario: everything that says what to generate, validated once, frozen.

It comes from keyword arguments, a mapping, a TOML file or a name, and imports nothing of the generation.
Defaults live in `fields`. Where no scenario is given, it is the named one ``original``.
"""

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Self, Unpack

from pydantic import ValidationError, model_validator

from tradegen.core.columns import LISTS
from tradegen.core.regular_files import read_text
from tradegen.errors import ScenarioError, nearest, shown
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.scenario.assignments import changed
from tradegen.scenario.checks import check
from tradegen.scenario.fields import ScenarioFields
from tradegen.scenario.overrides import ScenarioOverrides
from tradegen.scenario.validation import explain

DEFAULT = "original"

# Tables that `replace` merges with what there was.
_MERGED = ("settings", "tolerances", *(name for names in LISTS.values() for name in names))


_LATER = ("columns", "shared_id", "tick", "quantity_step")  # manifests leave out their defaults


class Scenario(ScenarioFields):
    """What to generate.

    Raises
    ------
    ScenarioError
        On an unknown field, a wrong type, a number that is not finite or out of range.
    """

    def __init__(self, /, **values: Unpack[ScenarioOverrides]) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ScenarioError(explain(error, type(self), "scenario field", keys=HOUSE)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check(self)
        return self

    @classmethod
    def load(
        cls, source: "Scenario | Mapping[str, Any] | str | os.PathLike[str] | None" = None
    ) -> "Scenario":
        """A scenario from whatever says it.

        Parameters
        ----------
        source : Scenario, mapping, str, path or None
            A mapping of fields, the name of a named scenario, or the path of a TOML file; None is
            the default, ``original``.

        Raises
        ------
        ScenarioError
            Where the name is unknown, the file cannot be read, or its content is refused.
        """
        if source is None:
            source = DEFAULT
        if isinstance(source, Scenario):
            return source
        if isinstance(source, Mapping):
            return cls(**_text_keys(source))
        if isinstance(source, str) and source in scenario_names():
            return cls(**tomllib.loads(scenario_text(source)))
        if not isinstance(source, (str, os.PathLike)):
            raise ScenarioError(
                f"scenario is {shown(source)}; expected a Scenario, a mapping of its fields such as "
                "{'pairs': 150}, a name or a path"
            )
        return cls._from_file(Path(source))

    @classmethod
    def _from_file(cls, path: Path) -> "Scenario":
        try:
            if path.suffix != ".toml" and not path.exists():
                raise ScenarioError(f"scenario {path} is unknown; {nearest(str(path), scenario_names())}")
            values = tomllib.loads(read_text(path))
        except OSError as error:
            raise ScenarioError(f"scenario file {path} cannot be read: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"scenario file {path} is not TOML: {error}") from None
        try:
            return cls(**values)
        except ScenarioError as error:
            raise ScenarioError(f"scenario file {path}: {error}") from None

    def replace(self, /, **overrides: Unpack[ScenarioOverrides]) -> "Scenario":
        """The same scenario with some fields changed.

        Tables of settings, tolerances and layouts are merged with those there were; weights are not.
        """
        values = {name: getattr(self, name) for name in self.model_fields_set}
        for name, given in overrides.items():
            known = values.get(name)
            if name in _MERGED and isinstance(given, Mapping) and known is not None:
                base = known if isinstance(known, Mapping) else known.model_dump(exclude_unset=True)
                given = changed(name, base, given)
            values[name] = given
        return Scenario(**values)

    def to_dict(self) -> dict[str, Any]:
        """Every field as JSON would carry it; ``Scenario.load`` takes it back."""
        return self.model_dump(mode="json", exclude_none=True, exclude=self._says_nothing, by_alias=True)

    def to_toml(self) -> str:
        """Every field as TOML; ``Scenario.load`` takes the file back."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(exclude_none=True, exclude=self._says_nothing, by_alias=True))

    def _repr_html_(self) -> str:
        from tradegen.scenario.scenario_html import as_html  # loaded where it is used

        return as_html(self)

    @property
    def _says_nothing(self) -> set[str]:
        """The layouts that say nothing, and later fields at their defaults: manifests are as they were."""
        plain = {name for names in LISTS.values() for name in names if not getattr(self, name)}
        fields = type(self).model_fields
        return plain | {name for name in _LATER if getattr(self, name) == fields[name].default}

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of a scenario, for editors and other tools."""
        from tradegen.scenario.json_schema import json_schema  # loaded where it is used

        return json_schema(cls, cls().to_dict())


def scenario_names() -> tuple[str, ...]:
    """The named scenarios, sorted."""
    folder = resources.files("tradegen") / "scenario" / "named"
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".toml")))


def scenario_text(name: str) -> str:
    """A named scenario's TOML, comments and all."""
    return (resources.files("tradegen") / "scenario" / "named" / f"{name}.toml").read_text("utf-8")


def _text_keys(values: Mapping[Any, Any]) -> dict[str, Any]:
    for key in values:
        if not isinstance(key, str):
            raise ScenarioError(f"scenario has the key {key!r}; expected names of scenario fields")
    return dict(values)
