"""What a sweep is to run: the content of a SWEEP.toml, and the combinations of its grid."""

from __future__ import annotations

import itertools
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from tradegen.core.columns import LARGEST_ID
from tradegen.core.regular_files import read_text
from tradegen.errors import ScenarioError, shown
from tradegen.scenario.assignments import merged
from tradegen.scenario.validation import INTEGER, STRICT, Expected, explain

MOST_RUNS = 10_000
"""The most runs of one sweep: each starts a kernel, which takes a second or two."""

Place = tuple[str, ...]
"""Where a value stands: ``("mismatch_rate",)`` or ``("settings", "price.nudge", "max")``."""

_Path = Annotated[
    str,
    BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value),
    Expected("a path, such as 'mine.ipynb'"),
]


class SweepFile(BaseModel):
    """A sweep as it was asked for.

    Raises
    ------
    ScenarioError
        From `load`: on an unknown key, a wrong type, or a grid that is none.
    """

    model_config = STRICT

    notebook: _Path | None = None
    first_id: Annotated[
        int, Field(ge=1, le=LARGEST_ID), INTEGER, Expected(f"a whole number from 1 to {LARGEST_ID}")
    ] = 1
    ledger: _Path | None = None
    parameters: Annotated[dict[str, Any], Expected("a table of values that all runs share")] = {}
    grid: Annotated[dict[str, Any], Expected("a table of lists, such as mismatch_rate = [0.01, 0.02]")] = {}

    @classmethod
    def load(cls, source: Mapping[str, Any] | str | os.PathLike[str]) -> Self:
        """A sweep from a mapping or from the path of a TOML file."""
        if isinstance(source, Mapping):
            return cls._of(source)
        try:
            return cls._of(tomllib.loads(read_text(Path(source))))
        except OSError as error:
            raise ScenarioError(f"sweep file {source} cannot be read: {error.strerror}") from None
        except tomllib.TOMLDecodeError as error:
            raise ScenarioError(f"sweep file {source} is not TOML: {error}") from None
        except ScenarioError as error:
            raise ScenarioError(f"sweep file {source}: {error}") from None

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> Self:
        try:
            found = cls.model_validate(dict(values))
        except ValidationError as error:
            raise ScenarioError(explain(error, cls, "key of a sweep")) from None
        if found.ledger is not None and "first_id" in found.model_fields_set:
            raise ScenarioError("first_id and ledger are both given; expected one of them")
        list(found.combinations())
        return found

    def axes(self) -> dict[Place, list[Any]]:
        """The values of each list in the grid, by its place."""
        found = dict(_axes(self.grid, ()))
        if not found:
            raise ScenarioError(
                "grid has no list; expected [grid] with at least one, such as mismatch_rate = [0.01, 0.02]"
            )
        return found

    def combinations(self) -> Iterator[tuple[dict[str, Any], dict[Place, Any]]]:
        """Each run's parameters as they were given, and its point of the grid; the last axis runs fastest."""
        axes = self.axes()
        count = math.prod(map(len, axes.values()))
        if count > MOST_RUNS:
            raise ScenarioError(f"grid has {count} combinations; expected at most {MOST_RUNS}")
        for place in axes:
            if _has(self.parameters, place):
                raise ScenarioError(f"{'.'.join(place)} is under parameters and grid; expected one of them")
        for values in itertools.product(*axes.values()):
            point = dict(zip(axes, values, strict=True))
            given = dict(self.parameters)
            for place, value in point.items():
                for name in reversed(place):
                    value = {name: value}
                given = merged(given, value)
            yield given, point


def _axes(table: Mapping[str, Any], above: Place) -> Iterator[tuple[Place, list[Any]]]:
    for name, value in table.items():
        place = (*above, name)
        if isinstance(value, Mapping):
            yield from _axes(value, place)
            continue
        if isinstance(value, np.ndarray):
            value = list(value)  # its scalars keep their type
        if not isinstance(value, (list, tuple, range)) or not value:
            raise ScenarioError(
                f"grid.{'.'.join(place)} is {shown(value)}; expected a list of values, such as [1, 2, 3]; "
                "what all runs share goes under [parameters]"
            )
        texts = [repr(one) for one in value]
        if twice := next((text for text in texts if texts.count(text) > 1), None):
            raise ScenarioError(f"grid.{'.'.join(place)} has {twice} twice; expected each value once")
        yield place, list(value)


def _has(table: Any, place: Place) -> bool:
    """Whether a table says anything at a place, or above it."""
    for name in place:
        if not isinstance(table, Mapping):
            return True
        if name not in table:
            return False
        table = table[name]
    return True
