"""A fitted scenario as TOML, whose comments say what each number was measured from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tradegen.core.toml_lines import toml_line
from tradegen.desk.measuring import unit_of
from tradegen.desk.numbers import FEW, RULE, Number
from tradegen.version import __version__

_LATER = ("columns", "mechanisms", "settings", "tolerances", "hot_spots")
_WIDTH = 110
_LEFT_OUT = ("rate_mode", "boundary", "keep_in_range", "order", "price_band")  # at their defaults


def as_toml(
    values: Mapping[str, Any],
    numbers: Sequence[Number],
    notes: Mapping[str, str],
    hints: Mapping[str, Any],
    confidence: float,
    purpose: str = "",
) -> str:
    """The file's text: the fields of a scenario, with comments, of which `purpose` is the first."""
    measured = {(number.kind, number.name): number for number in numbers}
    lines = [f"# {purpose}"] if purpose else []
    lines += _head(measured["rate", "overall"], confidence)
    for name, value in values.items():
        if name not in (*_LATER, *_LEFT_OUT) and value not in ({}, (), None):
            base = name == "mismatch_rate" and values.get("rate_is") == "base"
            beside = "  # outside the hot spots" if base else _beside(name, measured)
            lines.append(f"{toml_line({name: value})}{beside}")
    for column in values.get("columns", ()):
        lines += ["", "[[columns]]", *_column(column)]
    lines += ["", "[mechanisms]  # weights; beside each, the share of the breaks that it explains"]
    lines += _weights(values["mechanisms"], measured)
    if tolerances := {
        name: value for name, value in values.get("tolerances", {}).items() if value not in (0, 0.0, None)
    }:
        lines += [
            "",
            "[tolerances]  # as given to fit",
            *(toml_line({name: value}) for name, value in tolerances.items()),
        ]
    for name, settings in values.get("settings", {}).items():
        lines += ["", *_settings(f'settings."{name}"', settings, [
            number for number in numbers if number.kind == "size" and number.name.startswith(f"{name} ")
        ])]  # fmt: skip
    for spot in values.get("hot_spots", ()):
        lines += ["", *_hot_spot(spot, measured)]
    left_out = [
        f"{number.name}: {number.text} ({number.interval}); {notes[number.key]}"
        for number in numbers
        if number.key in notes
    ]
    if left_out:
        lines += ["", "# Measured, and not in this scenario:", *(f"# - {text}" for text in left_out)]
    if hints:
        lines += ["", "# The sizes suggest these tolerances, which would make small differences benign:"]
        lines += [f"# tolerances.{toml_line({name: value})}" for name, value in hints.items()]
    return "\n".join(lines) + "\n"


def _column(column: Mapping[str, Any]) -> Iterator[str]:
    """What a column says that is not so anyway."""
    for name, value in column.items():
        if value not in (False, "") and (name, value) not in (("not_recomputed", 0.0), ("digits", 10)):
            comment = f"  # measured: {value:.1%}" if name == "not_recomputed" else ""
            yield f"{toml_line({name: value})}{comment}"


def _head(rate: Number, confidence: float) -> Iterator[str]:
    yield f"# Fitted by tradegen {__version__} to {rate.of:,} trades; {rate.count:,} of them break."
    yield f"# Comments give each number as it was measured, and its interval at {confidence:.0%}."
    yield from textwrap.wrap(
        f"A number that is {FEW!r} {RULE}.", _WIDTH, initial_indent="# ", subsequent_indent="# "
    )
    yield ""


def _beside(name: str, measured: Mapping[tuple[str, str], Number]) -> str:
    kinds = {
        "mismatch_rate": ("rate", "overall"),
        "benign_rate": ("rate", "benign"),
        "buy_share": ("leg", "ours"),
    }
    number = measured.get(kinds.get(name, ("", "")))
    if number is not None:
        return _comment(number)
    if name == "buy_share":
        return "  # assumed: the lists do not tell which of them is wrong"
    if name == "fields_per_pair":
        counts = [number for (kind, _), number in measured.items() if kind == "fields"]
        return f"  # measured: {', '.join(f'{number.name}: {number.text}' for number in counts)}"
    return ""


def _comment(number: Number) -> str:
    note = f"; {number.note}" if number.note else ""
    return f"  # {number.text}, {number.interval}; {number.count:,} of {number.of:,}{note}"


def _weights(weights: Mapping[str, float], measured: Mapping[tuple[str, str], Number]) -> Iterator[str]:
    for name, weight in weights.items():
        number = measured.get(("mechanism", name))
        yield f"{toml_line({name: weight})}{_comment(number) if number else ''}"


def _settings(title: str, settings: Mapping[str, Any], sizes: Iterable[Number]) -> Iterator[str]:
    yield f"[{title}]"
    for number in sizes:
        share = number.name.rpartition(" ")[2]
        note = f"; {number.note}" if number.note else ""
        yield f"# {share} are below {number.text} ({number.interval}){note}"
    unit, scale = unit_of(title.split('"')[1])
    if "unit" in settings:  # they are in that unit already
        unit, scale = settings["unit"], 1.0
    if unit:
        yield toml_line({"unit": unit})
    shaped = settings.get("shape", "uniform") != "uniform"
    for name, value in settings.items():
        # A shape says where it begins and ends, and what has no shape need not say so.
        hidden = (name == "shape" and not shaped) or (name in ("min", "max") and shaped)
        if value is None or name == "unit" or hidden:
            continue
        yield toml_line({name: _times(value, scale)})


def _times(value: Any, scale: float) -> Any:
    """Sizes in another unit; as they would be written, without the noise of binary fractions."""
    if scale == 1 or isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return [(chance, _times(size, scale)) for chance, size in value]
    return float(f"{value * scale:.6g}")


def _hot_spot(spot: Mapping[str, Any], measured: Mapping[tuple[str, str], Number]) -> Iterator[str]:
    yield "[[hot_spots]]"
    number = measured.get(("hot spot", spot["name"]))
    for name in ("name", "where", "rate", "factor"):
        if spot.get(name) is None:
            continue
        if name == "where":
            where = {key: _single(value) for key, value in spot[name].items()}
            yield f"where = {{ {', '.join(toml_line({key: value}) for key, value in where.items())} }}"
            continue
        comment = _comment(number) if number else ""
        yield f"{toml_line({name: spot[name]})}{comment if name != 'name' else ''}"
    if spot.get("mechanisms"):
        weights = ", ".join(toml_line({name: weight}) for name, weight in spot["mechanisms"].items())
        yield f"mechanisms = {{ {weights} }}"
    for name, settings in spot.get("settings", {}).items():
        yield from ("", *_settings(f'hot_spots.settings."{name}"', settings, ()))


def _single(value: Any) -> Any:
    """One name in place of a list of one."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
