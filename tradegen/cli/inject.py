"""``tradegen inject``: the user's own trades, broken, with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradegen.cli.file_output import standard_output
from tradegen.cli.options import Truth
from tradegen.cli.shell import number, say, sentences, share
from tradegen.cli.summary import of_causes
from tradegen.errors import OutputError, ScenarioError

if TYPE_CHECKING:
    from tradegen.desk.injecting.broken_list import Asked


@sentences
def inject(
    trades: Annotated[
        Path, typer.Argument(metavar="TRADES", help="Your list of trades: CSV, JSON lines or Parquet.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help="File for their list, in the very form of yours; `-` is standard output."
        ),
    ],
    theirs: Annotated[
        Path | None,
        typer.Argument(
            metavar="THEIRS",
            help="Their list, if there is one, which must agree with yours: then theirs is broken.",
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What `tradegen columns` wrote, as you have corrected it; else it is guessed.",
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="A named scenario or a TOML file; `original`, as far as your list allows, if not given.",
            metavar="NAME|FILE",
        ),
    ] = None,
    mismatch_rate: Annotated[
        float | None,
        typer.Option(parser=share, metavar="R", help="Share of trades with a mismatch, 0 to 1. `2%` works."),
    ] = None,
    mechanism: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=WEIGHT", help="A mechanism, and no others than those named so; repeat for more."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Another field of the scenario, as TOML; repeat for more."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=number,
            metavar="N",
            help="The same seed breaks the same trades. If not given, one is drawn and printed.",
        ),
    ] = None,
    keep_existing: Annotated[
        bool,
        typer.Option(
            "--keep-existing",
            help="Of two lists, keep trades that differ already, and put them into the truth as `existing`; "
            "else they are refused.",
        ),
    ] = False,
    both: Annotated[
        bool,
        typer.Option(
            "--both",
            help="Write the other party's view: sides mirrored, and broker and contra broker exchanged.",
        ),
    ] = False,
    truth: Truth = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File for the manifest (JSON): all it takes to repeat."),
    ] = None,
) -> None:
    """Break your own trades: write their list, which ought to agree with yours, and the truth about it.

    Every cell that the truth does not name is as it was, byte by byte. The order of your trades does not
    matter: the same trades get the same mismatches. Two lists are compared first. If they differ, they are
    refused, or with --keep-existing these trades are kept as they are.

    For example:

    - `tradegen columns trades.csv > columns.toml`

    - `tradegen inject trades.csv --columns columns.toml --out theirs.csv --truth truth.csv`

    - `tradegen inject trades.csv --mechanism price.nudge=3 --mechanism record.missing=1 --out theirs.csv`

    - `tradegen inject trades.csv --both --out theirs.csv --truth truth.csv --manifest m.json`

    - `tradegen inject ours.csv theirs.csv --columns both.toml --out broken.csv --truth truth.csv`

    - `tradegen inject ours.csv theirs.csv --keep-existing --out broken.csv --truth truth.csv`
    """
    from tradegen.desk.injecting.broken_files import write_broken
    from tradegen.desk.injecting.broken_list import ask
    from tradegen.output.files import require_apart

    read = [Path(path) for path in (trades, theirs, columns, scenario) if path]
    out = standard_output(out) or out
    truth, manifest = map(standard_output, (truth, manifest))
    require_apart(read, [out, truth, manifest])
    changed = _changed(changes or [], mechanism or [], mismatch_rate)
    given, ours = (theirs, trades) if theirs else (trades, None)
    asked = ask(given, columns, scenario, seed, changed, ours, keep_existing=keep_existing, both=both)
    try:
        made = write_broken(asked, out, truth, manifest)
    except BrokenPipeError:
        if truth or manifest:
            raise OutputError("standard output was closed before its end; no file was changed") from None
        raise
    for sentence in _summary(asked, made):
        say(sentence)


def _changed(assigned: list[str], mechanisms: list[str], rate: float | None) -> dict[str, Any]:
    """The fields of the scenario that options change; an option of its own goes before --set."""
    from tradegen.scenario.assignments import assignments

    found = assignments(assigned, "--set")
    weights: dict[str, float] = {}
    for text in mechanisms:
        name, _, weight = text.rpartition("=")
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            name = ""
        if not name.strip():
            raise ScenarioError(f"--mechanism is {text!r}; expected NAME=WEIGHT, such as price.nudge=1")
    if weights:
        found["mechanisms"] = weights
    return found if rate is None else found | {"mismatch_rate": rate}


def _summary(asked: Asked, made: Mapping[str, Any]) -> Iterator[str]:
    """One sentence on what was made, and one for each thing that the list did not allow."""
    counts = made["counts"]
    existing = counts.get("existing", {})
    kept = existing.get("by_field", {})
    made_now = {name: count - kept.get(name, 0) for name, count in counts["by_field"].items()}
    fields = ", ".join(f"{name} {count}" for name, count in made_now.items() if count)
    trades = _trades(counts["rows"])
    benign = f", {counts['benign_rows']} with a benign difference" if asked.breaks.benign_rate else ""
    yield (
        f"{trades}, {counts['mismatched_rows']} mismatched{benign} ({fields or 'none'}); "
        f"to repeat it, use the same options and --seed {asked.seed}"
    )
    if mirror := made.get("mirror"):
        swapped = f", and {' and '.join(mirror['brokers'])} are exchanged" if mirror["brokers"] else ""
        yield f"their list is the other party's view: {mirror['side']} is mirrored{swapped}"
    if existing:
        yield _existing(existing)
    if asked.guessed:
        lists = f"{asked.beside[0]} {asked.path}" if asked.beside else asked.path
        yield (
            "the columns were guessed; to see and correct the guess, use "
            f"tradegen columns {lists} > columns.toml, and --columns"
        )
    without = [role for role in ("quantity", "price") if role not in asked.form.by_role]
    if without:
        roles = " or ".join(without)
        yield (
            f"no column has the role {roles}, so that trades have no notional, and tolerances of {roles} "
            "mean nothing; the file of columns gives roles"
        )
    for name, apart in counts.get("amounts_apart", {}).items():
        if apart:
            yield f"{name} is not quantity times price in {_trades(apart)}, and follows in none of these"
    left = counts["rows"] - counts["eligible_rows"]
    left -= existing.get("trades", 0) - existing.get("ours_alone", 0)
    if left:
        yield f"{_trades(left)} stayed as before, since an id stands twice or is blank"
    benign_counts = {"requested": counts["requested_benign_rows"], "applied": counts["benign_rows"]}
    yield from of_causes(made, "trades", benign_counts)


def _trades(count: int) -> str:
    return "1 trade" if count == 1 else f"{count} trades"


def _existing(counts: Mapping[str, Any]) -> str:
    """What differed already, and was kept."""
    if not counts["trades"]:
        return "no trade differed already"
    trades = _trades(counts["trades"])
    fields = ", ".join(f"{name} {count}" for name, count in counts["by_field"].items())
    return (
        f"{trades} differed already ({fields}), and were kept; the truth calls them existing, and "
        "the rate is of the others"
    )
