"""The command line: ``tradegen`` and ``python -m tradegen``.

Standard output carries data alone; the summary, progress and messages go to standard error. Exit codes:
0 done, 1 a check found something, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradegen import text
from tradegen.assignments import assignments
from tradegen.errors import LedgerError, ScenarioError
from tradegen.export import Destinations, export
from tradegen.ledger import Ledger, create_ledger, open_ledger, open_or_create
from tradegen.run import Run, prepare
from tradegen.scenario import DEFAULT, Scenario, scenario_names, scenario_text
from tradegen.shell import number, say, sentences
from tradegen.sinks import SINKS
from tradegen.version import __version__

__all__ = ["app", "main"]

LEDGER = Path("trade_ids.db")
"""The ledger of plain ``tradegen generate``, in the current folder."""

_SETTINGS: dict[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    name="tradegen",
    help="Two-sided trade records with known mismatches, to measure a trade reconciliation with.",
    epilog="Start with: `tradegen generate`",
    pretty_exceptions_enable=False,
    add_completion=False,
    **_SETTINGS,
)
scenarios_app = typer.Typer(
    help="Named scenarios: list them (the default), print one, print the schema.",
    **(_SETTINGS | {"no_args_is_help": False}),
)
ledger_app = typer.Typer(help="The ledger of trade ids: show it, check it, create one.", **_SETTINGS)
app.add_typer(scenarios_app, name="scenarios")
app.add_typer(ledger_app, name="ledger")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tradegen {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
@sentences
def generate(
    scenario: Annotated[
        str,
        typer.Option(help="A named scenario (see `tradegen scenarios`) or a TOML file.", metavar="NAME|FILE"),
    ] = DEFAULT,
    pairs: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Pairs to generate; each is two records. `1e6` works."),
    ] = None,
    mismatch_rate: Annotated[
        float | None, typer.Option(metavar="R", help="Share of pairs with a mismatch, 0 to 1.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Trade date; today if not given.")
    ] = None,
    order: Annotated[str | None, typer.Option(metavar="shuffled|paired", help="Row order.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="Any other scenario field, as TOML; repeat for more."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=number, metavar="N", help="Same seed, same records. Drawn, and told, if not given."
        ),
    ] = None,
    tickers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your universe: a CSV file with the header ticker,price."),
    ] = None,
    first_id: Annotated[
        int | None, typer.Option(parser=number, metavar="N", help="First trade id; leaves the ledger alone.")
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Ledger that hands out the ids [default: ./trade_ids.db]."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="|".join(SINKS), help="By default what the suffix of --out says, or json."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File for the records; standard output if not given, or -."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File for the answer key: a row per altered field.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File for the manifest (JSON): all it takes to replay."),
    ] = None,
) -> None:
    """Generate trade records: by default 15 pairs, 30% of them mismatched, as JSON.

    Ids come from the ledger ./trade_ids.db, so that no id is ever handed out twice.

    For example:

    - `tradegen generate`

    - `tradegen generate --pairs 1000 --mismatch-rate 0.1 --out trades.csv --truth truth.csv`

    - `tradegen generate --seed 7 --first-id 1 --date 2025-07-21 --format ndjson`

    - `tradegen generate --set quantity_max=10000 --set 'settings."price.nudge".max=0.02'`
    """
    inputs = (Path(scenario), ledger or LEDGER, *([tickers] if tickers else []))
    standard = Path("-")
    truth, manifest = (Path("/dev/stdout") if path == standard else path for path in (truth, manifest))
    destinations = Destinations(None if out == standard else out, truth, manifest, form, inputs)
    overrides = {"pairs": pairs, "mismatch_rate": mismatch_rate, "date": date, "order": order}
    given = {name: value for name, value in overrides.items() if value is not None}
    settled = Scenario.load(scenario).replace(**(assignments(changes or [], "--set") | given))
    if first_id is not None and ledger is not None:
        raise ScenarioError("first_id and ledger are both given; expected one of --first-id and --ledger")
    run = prepare(settled, seed=seed, tickers=tickers, first_id=1 if first_id is None else first_id)
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _terminated)
    with export(destinations) as write:
        if first_id is None:
            run = run.starting_at(_ledger_of(ledger).reserve(run.scenario.pairs))
        made = write(run)
    say(_summary(run, made))


def _terminated(stop: int, _frame: object) -> None:
    """Leave as on Ctrl-C, so that nothing half-written stays behind; the exit code is the shell's for it."""
    raise SystemExit(128 + stop)


def _ledger_of(path: Path | None) -> Ledger:
    """The ledger named, or the one in the current folder, which a first use creates and says so."""
    return open_ledger(path) if path else open_or_create(LEDGER, say)


def _summary(run: Run, manifest: Mapping[str, Any]) -> str:
    counts = manifest["counts"]
    fields = ", ".join(f"{name} {count}" for name, count in counts["by_field"].items() if count)
    pairs = "1 pair" if counts["pairs"] == 1 else f"{counts['pairs']} pairs"
    return (
        f"{pairs}, {counts['mismatched_pairs']} mismatched ({fields or 'none'}); "
        f"ids {text.trade_id(run.first_id)} to {text.trade_id(run.last_id)}; again with the same options and "
        f"--seed {run.seed} --first-id {run.first_id} --date {run.scenario.date}"
    )


@scenarios_app.callback(invoke_without_command=True)
def _scenarios(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        scenarios_list()


@scenarios_app.command("list")
def scenarios_list() -> None:
    """List the named scenarios, as `tradegen scenarios` alone does."""
    for name in scenario_names():
        comment = scenario_text(name).partition("\n\n")[0]
        about = " ".join(line.lstrip("# ") for line in comment.splitlines())
        typer.echo(f"{name:<16}{about}")


@scenarios_app.command("show")
@sentences
def scenarios_show(
    scenario: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A named scenario or a TOML file.")],
) -> None:
    """Print a scenario with every field, as TOML: a file to start your own from."""
    typer.echo(Scenario.load(scenario).to_toml(), nl=False)


@scenarios_app.command("schema")
@sentences
def scenarios_schema() -> None:
    """Print the JSON schema of a scenario."""
    typer.echo(json.dumps(Scenario.json_schema(), indent=2))


LedgerPath = Annotated[Path, typer.Argument(metavar="[PATH]", help="The ledger file.")]


def _opened(path: Path) -> Ledger:
    """A ledger to look at, also where nothing could be reserved from it."""
    try:
        # Opening finishes what a killed process left half done, which is no fault of the ledger.
        return open_ledger(path)
    except LedgerError:
        return Ledger(path)


@ledger_app.command("show")
@sentences
def ledger_show(path: LedgerPath = LEDGER) -> None:
    """Print what a ledger has handed out."""
    summary = _opened(path).show()
    typer.echo(f"ledger            {path}")
    typer.echo(f"next id           {text.trade_id(summary.next_id)}")
    typer.echo(f"ids handed out    {summary.ids}")
    typer.echo(f"reservations      {summary.ranges}")


@ledger_app.command("check")
@sentences
def ledger_check(path: LedgerPath = LEDGER) -> None:
    """Check a ledger through; exits with 1 if anything is wrong."""
    findings = _opened(path).check()
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    typer.echo(f"{path} is in order")


@ledger_app.command("create")
@sentences
def ledger_create(
    path: LedgerPath = LEDGER,
    first_id: Annotated[int, typer.Option(parser=number, metavar="N", help="Where ids start.")] = 1,
) -> None:
    """Create a new ledger, where there is none."""
    create_ledger(path, first_id=first_id)
    say(f"created {path}; ids start at {text.trade_id(first_id)}")


def main() -> None:
    """Run the command line."""
    app()
