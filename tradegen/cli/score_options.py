"""The options of ``tradegen score`` as people type them, read into what `tradegen.score` takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tradegen.errors import ScoringError, nearest, shown

FORMATS = ("table", "json", "html")
_SUFFIXES = {".json": "json", ".html": "html", ".htm": "html", ".txt": "table", "": "table"}


class ScoreInputs(NamedTuple):
    """The files of one dataset."""

    truth: str
    findings: str
    trades: list[str]
    manifest: str | None


def assigned(text: str, option: str, example: str) -> tuple[str, str]:
    """Read ``NAME=VALUE``.

    Parameters
    ----------
    text : str
        What was given.
    option, example : str
        What messages call the option, and show as an example of it.

    Raises
    ------
    ScoringError
        If either side is empty.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ScoringError(f"{option} is {shown(text)}; expected such as {example}")
    return name, value


def names_by_ours(texts: Sequence[str] | None, option: str, example: str) -> dict[str, str] | None:
    """Read several ``OURS=THEIRS``; None if there are none.

    Raises
    ------
    ScoringError
        If one is no assignment, or a name is given twice with different values.
    """
    found: dict[str, str] = {}
    for text in texts or []:
        name, value = assigned(text, option, example)
        if found.setdefault(name, value) != value:
            raise ScoringError(f"{option} names {name} twice, as {found[name]} and as {value}; expected one")
    return found or None


def tolerance_options(texts: Iterable[str]) -> dict[str, Any] | None:
    """Read several ``FIELD=SIZE``, as `Tolerances` takes them and checks them; None if there are none.

    Raises
    ------
    ScoringError
        If one is no number with a unit of its field, or a field is given twice.
    """
    from tradegen.scoring.requirements import decimal

    found: dict[str, Any] = {}
    for text in texts:
        field, value = assigned(text, "--tolerance", "quantity=5 or price=2bps")
        if field in found:
            raise ScoringError(f"--tolerance names {field} twice; expected one")
        unit = next((unit for unit in ("bps", "ticks") if field == "price" and value.endswith(unit)), "")
        number = decimal(value.removesuffix(unit))
        if number is None:
            units = ", or one with bps or ticks after it" if field == "price" else ""
            raise ScoringError(f"--tolerance {field} is {shown(value)}; expected a number{units}")
        plain = (
            int(number) if number == number.to_integral_value() and number.adjusted() < 40 else float(number)
        )
        found[field] = {unit or "absolute": plain} if field == "price" else plain
    return found or None


def report_format(form: str | None, out: str | None) -> str:
    """The format of the report: what was asked for, or else what the suffix of the output says.

    Raises
    ------
    ScoringError
        If it is unknown.
    """
    if form is None:
        suffix = Path(out or "").suffix.lower()
        if suffix not in _SUFFIXES:
            raise ScoringError(
                f"{out} has the suffix {suffix}; expected {', '.join(filter(None, _SUFFIXES))}, or --format"
            )
        return _SUFFIXES[suffix]
    if form not in FORMATS:
        raise ScoringError(f"format {form} is unknown; {nearest(form, FORMATS)}")
    return form


def pair_inputs(
    truth: list[str], findings: list[str], trades: list[str], manifests: list[str]
) -> list[ScoreInputs]:
    """The files by dataset: the first truth with the first findings, and so on.

    Raises
    ------
    ScoringError
        If there are not as many of each.
    """
    if len(truth) != len(findings):
        raise ScoringError(
            f"--truth is given {_times(len(truth))} and --findings {_times(len(findings))}; "
            "expected the findings of each, in the same order"
        )
    if manifests and len(manifests) != len(truth):
        raise ScoringError(f"--manifest is given {_times(len(manifests))}; expected one for {_each(truth)}")
    lists, rest = divmod(len(trades), len(truth))
    if rest:
        raise ScoringError(f"--trades is given {_times(len(trades))}; expected as many for {_each(truth)}")
    return [
        ScoreInputs(
            truth[number],
            findings[number],
            trades[number * lists : (number + 1) * lists],
            manifests[number] if manifests else None,
        )
        for number in range(len(truth))
    ]


def _each(truth: list[str]) -> str:
    return "the truth" if len(truth) == 1 else f"each of {len(truth)} truths"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
