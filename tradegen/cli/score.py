"""``tradegen score``: what a matcher found of what was broken, and what it invented."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradegen.cli.file_output import write_text
from tradegen.cli.score_options import (
    FORMATS,
    ScoreInputs,
    assigned,
    names_by_ours,
    pair_inputs,
    report_format,
    tolerance_options,
)
from tradegen.cli.shell import refuse_to_replace, say, sentences
from tradegen.errors import ScoringError

if TYPE_CHECKING:
    from tradegen.scoring import Score
    from tradegen.scoring.requirements import Requirement


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
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Score only the findings that meet this: `Status != MATCHED`, `Kind = price`, `Status in "
            "BREAK, MISSING`. Repeat it: all conditions must hold.",
        ),
    ] = None,
    ignore_fields: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore-field",
            metavar="NAME",
            help="Leave out findings about this field, such as a column `record_id` that is no field.",
        ),
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
            "--format", metavar="|".join(FORMATS), help="By default what the suffix of --out says, or table."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="File for the report; standard output if not given, or -."),
    ] = None,
) -> None:
    """Score a matcher: of the mismatches that are there, how many it found, and how many it invented.

    A pair is found if its id is reported, and a field is named if a finding says which one differs.
    Differences within tolerance must not be reported. Tables show what was missed: by mechanism, field,
    cause, leg and value.

    For example:

    - `tradegen score --truth truth.csv --findings findings.csv --trades trades.csv`

    - `tradegen score --truth data/ --findings breaks.parquet --out score.html`

    - `tradegen score --truth truth.csv --findings breaks.csv --map trade_id=TradeRef --field price=Px`

    - `tradegen score --truth data/ --findings all.csv --where 'Status != MATCHED' --ignore-field record_id`

    - `tradegen score --truth data/ --findings breaks.csv --require recall=0.99 --require precision=1`

    - `tradegen score --truth a/ --findings a.csv --truth b/ --findings b.csv`
    """
    from tradegen.scoring.requirements import requirement  # loaded where it is used

    report = report_format(form, out)
    inputs = pair_inputs(truth, findings, trades or [], manifest or [])
    read = [path for run in inputs for path in (run.truth, run.findings, *run.trades, run.manifest)]
    refuse_to_replace(out, read, ScoringError)
    requirements = [requirement(*assigned(text, "--require", "recall=0.99")) for text in require or []]
    options: dict[str, Any] = {
        "columns": names_by_ours(columns, "--map", "trade_id=TradeRef"),
        "fields": names_by_ours(fields, "--field", "price=Px"),
        "tolerances": tolerance_options(tolerances or []),
        "where": where,
        "ignore_fields": ignore_fields or (),
        "matcher": matcher,
    }
    found = _score(inputs, options)
    text = {"table": found.__str__, "json": found.to_json, "html": found.to_html}[report]()
    write_text(out, f"{text.rstrip()}\n")
    for sentence in found.report().warnings:
        say(sentence)
    _enforce(requirements, found)


def _score(inputs: list[ScoreInputs], options: Mapping[str, Any]) -> Score:
    """The score of all datasets together."""
    from tradegen import scoring  # loaded where it is used

    with contextlib.ExitStack() as stack:
        return scoring.pool(
            scoring.score(
                run.truth, run.findings, trades=_trades(run, stack), manifest=run.manifest, **options
            )
            for run in inputs
        )


def _trades(run: ScoreInputs, stack: contextlib.ExitStack) -> list[Any] | None:
    """The lists of a run; of lists of the user's own, in whatever dialect, the ids alone."""
    if not run.trades or not run.manifest:
        return list(run.trades) or None
    from tradegen.desk.lists.id_files import id_files
    from tradegen.scoring.input_files import read_manifest

    made = read_manifest(run.manifest).get("inject")
    if not isinstance(made, Mapping) or "columns" not in made:
        return list(run.trades)
    return list(stack.enter_context(id_files(run.trades, made["columns"])))


def _enforce(requirements: list[Requirement], found: Score) -> None:
    """Say which requirements are missed, and exit with 1 if any is."""
    missed = [sentence for one in requirements if (sentence := one.missed(found))]
    for sentence in missed:
        say(sentence)
    if missed:
        raise typer.Exit(1)
