"""``tradegen score``: what a matcher found of what was broken, and what it invented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tradegen.cli.shell import say, sentences
from tradegen.errors import ScoringError, nearest, shown

if TYPE_CHECKING:
    from tradegen.scoring import Score

__all__ = ["score"]

_FORMS = ("table", "json", "html")
_SUFFIXES = {".json": "json", ".html": "html", ".htm": "html", ".txt": "table", "": "table"}


@sentences
def score(
    truth: Annotated[
        list[str],
        typer.Option(
            metavar="PATH",
            help="The answer key that `tradegen generate` wrote: its file, or the folder of a dataset, which "
            "holds trades and manifest as well. Repeat it, each with its findings, to pool several seeds.",
        ),
    ],
    findings: Annotated[
        list[str],
        typer.Option(
            metavar="PATH",
            help="What your matcher reported (csv, json, ndjson, parquet): a row each, with trade_id and, if "
            "it says so, field, leg, linked_trade_id and score.",
        ),
    ],
    trades: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="The records, one file a list; repeat it for two lists. They tell how many pairs there are, "
            "and what the clean ones are worth.",
        ),
    ] = None,
    manifest: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH", help="The run's manifest: it tells which ids there are, without trades."
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="OURS=THEIRS", help="A column under your name for it: `trade_id=TradeRef`."
        ),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="OURS=THEIRS", help="A field under your name for it: `price=Px`."),
    ] = None,
    tolerances: Annotated[
        list[str] | None,
        typer.Option(
            "--tolerance",
            metavar="FIELD=SIZE",
            help="Label the truth anew: differences up to this are benign. `quantity=5` shares, `price=0.05` "
            "dollars, `price=2bps`, `price=3ticks`, `trade_timestamp=1` second, `date=1` day. Repeat it: "
            "fields that are not named then have no tolerance.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE=VALUE",
            help="Exit with 1 unless it holds: recall, precision, f1, field_recall and field_precision are "
            "to be this at least, false_alarm_rate at most; `recall.price.nudge=0.9` is of one mechanism.",
        ),
    ] = None,
    matcher: Annotated[str, typer.Option(metavar="NAME", help="What the report calls your matcher.")] = "",
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="|".join(_FORMS), help="By default what the suffix of --out says, or table."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="File for the report; standard output if not given, or -."),
    ] = None,
) -> None:
    """Score a matcher: of the mismatches that are there, how many it found, and how many it invented.

    A pair is found where it is reported by its id, and named where the field is right, too. Differences
    within tolerance must not be reported. Tables say what was missed: by mechanism, field, cause, leg and
    value.

    For example:

    - `tradegen score --truth truth.csv --findings findings.csv --trades trades.csv`

    - `tradegen score --truth data/ --findings breaks.parquet --out score.html`

    - `tradegen score --truth truth.csv --findings breaks.csv --map trade_id=TradeRef --field price=Px`

    - `tradegen score --truth data/ --findings breaks.csv --require recall=0.99 --require precision=1`

    - `tradegen score --truth a/ --findings a.csv --truth b/ --findings b.csv`
    """
    from tradegen import scoring  # loaded where it is used
    from tradegen.output.files import OutputFile, StandardOutput
    from tradegen.scoring.requirements import requirement

    form = _form(form, out)
    required = [requirement(*_assigned(text, "--require", "recall=0.99")) for text in require or []]
    options: dict[str, Any] = {
        "columns": _named(columns, "--map", "trade_id=TradeRef"),
        "fields": _named(fields, "--field", "price=Px"),
        "tolerances": _tolerances(tolerances or []),
        "matcher": matcher,
    }
    runs = _paired(truth, findings, trades or [], manifest or [])
    _spare([path for run in runs for path in (run.truth, run.findings, *run.trades, run.manifest)], out)

    found = scoring.pool(
        scoring.score(run.truth, run.findings, trades=run.trades or None, manifest=run.manifest, **options)
        for run in runs
    )
    with StandardOutput() if out in (None, "-") else OutputFile(str(out)) as file:
        file.write(_rendered(found, form))
    missed = [sentence for wanted in required if (sentence := wanted.missed(found))]
    for sentence in missed:
        say(sentence)
    if missed:
        raise typer.Exit(1)


class _Run(NamedTuple):
    """The files of one dataset."""

    truth: str
    findings: str
    trades: list[str]
    manifest: str | None


def _assigned(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise ScoringError(f"{option} is {shown(text)}; expected such as {example}")
    return name, value


def _named(texts: Sequence[str] | None, option: str, example: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for text in texts or []:
        name, value = _assigned(text, option, example)
        if found.setdefault(name, value) != value:
            raise ScoringError(f"{option} names {name} twice, as {found[name]} and as {value}; expected one")
    return found or None


def _tolerances(texts: Iterable[str]) -> dict[str, Any] | None:
    """As `tradegen.scenario.tolerances.Tolerances` takes them, which says what is possible."""
    from tradegen.scoring.requirements import decimal

    found: dict[str, Any] = {}
    for text in texts:
        field, value = _assigned(text, "--tolerance", "quantity=5 or price=2bps")
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


def _form(form: str | None, out: str | None) -> str:
    if form is None:
        suffix = Path(out or "").suffix.lower()
        if suffix not in _SUFFIXES:
            raise ScoringError(
                f"{out} has the suffix {suffix}; expected {', '.join(filter(None, _SUFFIXES))}, or --format"
            )
        return _SUFFIXES[suffix]
    if form not in _FORMS:
        raise ScoringError(f"format {form} is unknown; {nearest(form, _FORMS)}")
    return form


def _paired(truth: list[str], findings: list[str], trades: list[str], manifests: list[str]) -> list[_Run]:
    """The files by dataset: the first truth with the first findings, and so on."""
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
        _Run(
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


def _spare(inputs: Iterable[str | None], out: str | None) -> None:
    """Refuse to write the report over what it is about."""
    if out in (None, "-"):
        return
    for path in inputs:
        if path and Path(path).exists() and Path(str(out)).exists() and Path(path).samefile(str(out)):
            raise ScoringError(f"--out is {out}, which is read as well; expected another file")


def _rendered(found: Score, form: str) -> bytes:
    text = {"table": found.__str__, "json": found.to_json, "html": found.to_html}[form]()
    return f"{text.rstrip()}\n".encode()
