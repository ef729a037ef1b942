"""The settings of a mechanism that draws sizes: from where to where, and in which shape."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tradegen.errors import shown
from tradegen.mechanisms.shapes import TAIL
from tradegen.scenario.validation import NUMBER, STRICT, Expected

UNITS = {"percent": 100, "bps": 10_000}
"""Units that shares of a value may be given in, and how many of them are the whole."""

_QUANTILES = "at least two of [probability, size], both rising, from probability 0 to 1"
_ALONE = {"uniform": (), "lognormal": ("median", "p95"), "quantiles": ("quantiles",)}


def _goes_with(kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    """What the JSON schema says of the names that go with one shape."""
    asked = {"required": ["shape"], "properties": {"shape": {"const": kind}}}
    given: list[dict[str, Any]] = [
        {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names
    ]
    return {"if": asked, "then": {"allOf": given}, "else": {"not": {"anyOf": given}}}


_RULES: dict[str, Any] = {"allOf": [_goes_with(kind, names) for kind, names in _ALONE.items() if names]}


def _pairs(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(
        tuple(float(x) if type(x) is int else x for x in item) if isinstance(item, (list, tuple)) else item
        for item in value
    )


Size = Annotated[Annotated[float, Field(gt=0, le=1e9), NUMBER] | None, Expected("a size above 0")]


def in_shares(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with a `unit`, as shares of the value and without it; what is no number stays as it is."""
    per = UNITS[given["unit"]]

    def share(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return value
        # As it would be written: 3 basis points are 0.0003, and not 0.00030000000000000003.
        return float(Decimal(str(value)) / per)

    found = {name: share(value) for name, value in given.items() if name != "unit"}
    if isinstance(found.get("quantiles"), (list, tuple)):
        found["quantiles"] = [
            [item[0], share(item[1])] if isinstance(item, (list, tuple)) and len(item) == 2 else item
            for item in found["quantiles"]
        ]
    return found


def with_units(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of settings that may have a `unit`: limits in shares hold where none is given."""
    limits = {name: {"maximum": schema["properties"][name].pop("maximum")} for name in ("min", "max")}
    unit = {"enum": list(UNITS), "description": "unit of all sizes here; shares of the value if not given"}
    rule = {"if": {"not": {"required": ["unit"]}}, "then": {"properties": limits}}
    properties = schema["properties"] | {"unit": unit}
    return schema | {"properties": properties, "allOf": [*schema["allOf"], rule]}


class SizeSettings(BaseModel):
    """`min` and `max` come from the catalogue's entry; here is how sizes are spread between them."""

    model_config = STRICT | ConfigDict(json_schema_extra=_RULES)

    shape: Annotated[
        Literal["uniform", "lognormal", "quantiles"], Expected("uniform, lognormal or quantiles")
    ] = Field("uniform", description="how sizes are spread between min and max")
    median: Size = Field(None, description="lognormal: half of all sizes are smaller")
    p95: Size = Field(None, description="lognormal: 95% of all sizes are smaller")
    quantiles: Annotated[
        tuple[tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(gt=0, le=1e9)]], ...] | None,
        BeforeValidator(_pairs),
        Expected(_QUANTILES),
    ] = Field(
        None,
        description="quantiles: pairs of a probability and of the size that so many are smaller than",
    )

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        for kind, names in _ALONE.items():
            for name in names:
                if (getattr(self, name) is None) == (kind == self.shape):
                    given = "missing" if kind == self.shape else "given"
                    raise ValueError(
                        f"{name} is {given} and shape is {self.shape}; {name} goes with {kind} alone"
                    )
        ends = self._ends()
        if ends is None:
            return self
        update = {}
        for name, end, towards in zip(("min", "max"), ends, (math.floor, math.ceil), strict=True):
            setting = type(self).model_fields[name]
            whole = isinstance(setting.default, int)
            least = 1 if whole else end
            update[name] = max(towards(end), least) if whole else end
            if (
                name in self.model_fields_set
                and self.shape == "quantiles"
                and getattr(self, name) != update[name]
            ):
                raise ValueError(
                    f"{name} is {shown(getattr(self, name))}, and quantiles say {update[name]}; "
                    f"expected {name} left out"
                )
        update = {name: end for name, end in update.items() if name not in self.model_fields_set}
        return self.model_validate(self.model_dump(exclude_none=True) | update) if update else self

    def _ends(self) -> tuple[float, float] | None:
        """The smallest and the largest size of a shape that says so; None where all sizes are alike."""
        if self.shape == "quantiles":
            quantiles = self.quantiles or ()
            chances = [chance for chance, _ in quantiles]
            sizes = [size for _, size in quantiles]
            rising = all(a < b for one in (chances, sizes) for a, b in itertools.pairwise(one))
            if len(quantiles) < 2 or not rising or (chances[0], chances[-1]) != (0, 1):
                raise ValueError(
                    f"quantiles is {shown([list(pair) for pair in quantiles])}; expected {_QUANTILES}"
                )
            return sizes[0], sizes[-1]
        if self.shape == "lognormal":
            median, p95 = self.median or 0.0, self.p95 or 0.0
            if median >= p95:
                raise ValueError(f"median is {median:g} and p95 is {p95:g}; expected median below p95")
            normal = statistics.NormalDist()
            sigma = math.log(p95 / median) / normal.inv_cdf(0.95)
            tail = math.exp(-sigma * normal.inv_cdf(TAIL))
            return float(f"{median / tail:.6g}"), float(f"{median * tail:.6g}")
        return None
