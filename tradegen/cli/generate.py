"""``tradegen generate``: the main job."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradegen.cli.dataset_runs import Request, is_dataset, say_where
from tradegen.cli.file_runs import write_files
from tradegen.cli.shell import LEDGER, number, say, sentences
from tradegen.core import formatting as text
from tradegen.engine.run import Run, prepare
from tradegen.errors import OutputError, ScenarioError
from tradegen.formats import SINKS
from tradegen.ledger import Ledger, open_ledger, open_or_create
from tradegen.output.dataset_plan import BLOCKS_PER_PART
from tradegen.output.existing_dataset import begun_plan
from tradegen.output.storage import open_store
from tradegen.scenario.assignments import assignments
from tradegen.scenario.model import DEFAULT, Scenario

__all__ = ["generate"]

DATASET: dict[str, Any] = {"rich_help_panel": "Datasets"}


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
    view: Annotated[
        str | None,
        typer.Option(
            metavar="single|counterparty|two_system",
            help="One list; a buy and a sell list; or each trade as two systems hold it.",
        ),
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
            "--format",
            metavar="|".join(SINKS),
            help="By default what the suffix of --out says, or json; parquet for a dataset.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="File for the records; standard output if not given, or -. A view of two "
            "lists: `t.csv` makes `t.buy.csv` and `t.sell.csv`, or `t.ours.csv` and `t.theirs.csv`. "
            "A folder, `data/`, or `s3://bucket/prefix`: a dataset, with its truth and its manifest.",
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File for the answer key: a row per altered field.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File for the manifest (JSON): all it takes to replay."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a dataset: processes; all cores if not given.", **DATASET),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="local|ADDRESS", help="Its parts are made by a Dask cluster.", **DATASET),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run was broken off.", **DATASET)
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of the dataset there.", **DATASET)
    ] = False,
    blocks_per_part: Annotated[
        int | None,
        typer.Option(
            metavar="N", help=f"Blocks of 65,536 pairs in each part; {BLOCKS_PER_PART} by default.", **DATASET
        ),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Address of an object store that is not AWS's own.", **DATASET),
    ] = None,
) -> None:
    """Generate trade records: by default 15 pairs, 30% of them mismatched, as JSON.

    Ids come from the ledger ./trade_ids.db, so that no id is ever handed out twice.

    For example:

    - `tradegen generate`

    - `tradegen generate --pairs 1000 --mismatch-rate 0.1 --out trades.csv --truth truth.csv`

    - `tradegen generate --scenario hard --view two_system --out trades.csv --truth truth.csv`

    - `tradegen generate --seed 7 --first-id 1 --date 2025-07-21 --format ndjson`

    - `tradegen generate --pairs 1e8 --out data/ --format parquet`

    - `tradegen generate --set quantity_max=10000 --set 'settings."price.nudge".max=0.02'`
    """
    overrides = {"pairs": pairs, "mismatch_rate": mismatch_rate, "date": date, "view": view, "order": order}
    given = {name: value for name, value in overrides.items() if value is not None}
    changed = assignments(changes or [], "--set") | given
    if first_id is not None and ledger is not None:
        raise ScenarioError("first_id and ledger are both given; expected one of --first-id and --ledger")
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _terminated)
    dataset = is_dataset(out, form)
    for_datasets = (workers, dask, resume or None, overwrite or None, blocks_per_part, endpoint)
    if not dataset and any(option is not None for option in for_datasets):
        raise OutputError(
            "--workers, --dask, --resume, --overwrite, --blocks-per-part and --endpoint are for datasets; "
            "expected --out FOLDER/ or --out s3://bucket/prefix with them"
        )
    if dataset and (truth or manifest):
        raise OutputError("a dataset holds its truth and its manifest; expected no --truth and no --manifest")
    known = begun_plan(open_store(out, endpoint)) if dataset and out and resume else None
    base = known.run.scenario if known and scenario == DEFAULT else Scenario.load(scenario)
    settled = base.replace(**changed)
    if known:
        # What is not given goes on as it was begun; what is given must be the same.
        seed = known.run.seed if seed is None else seed
        form = form or known.form
        blocks_per_part = known.blocks_per_part if blocks_per_part is None else blocks_per_part
        if settled.date is None:
            settled = settled.replace(date=known.run.scenario.date)
    universe = known.run.market if known and tickers is None else tickers
    run = prepare(settled, seed=seed, tickers=universe, first_id=1 if first_id is None else first_id)

    def reserve(count: int, key: str | None = None) -> int:
        return _ledger_of(ledger).reserve(count, key)

    ids = reserve if first_id is None else None
    if dataset and out:
        size = BLOCKS_PER_PART if blocks_per_part is None else blocks_per_part
        how = Request(workers, dask, resume, overwrite, size, endpoint)
        made = how.write(run, out, form or "parquet", ids)
        say_where(out, made)
    else:
        inputs = [path for path in (Path(scenario), tickers, ledger or LEDGER) if path]
        made = write_files(run, out, truth, manifest, form, inputs, ids)
    run = run.starting_at(made["replay"]["first_id"])
    say(_summary(run, made))
    for sentence in _shortfalls(made):
        say(sentence)


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
    benign = f", {counts['benign_pairs']} with a benign difference" if run.scenario.benign_rate else ""
    return (
        f"{pairs}, {counts['mismatched_pairs']} mismatched{benign} ({fields or 'none'}); "
        f"ids {text.trade_id(run.first_id)} to {text.trade_id(run.last_id)}; again with the same options and "
        f"--seed {run.seed} --first-id {run.first_id} --date {run.scenario.date}"
    )


def _shortfalls(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the data did not allow, a sentence each."""
    counts = manifest["counts"]
    for name, found in counts["by_cause"].items():
        if name and not found["eligible"]:
            yield f"hot spot {name} is about none of these pairs"
        else:
            yield from _shortfall(f"hot spot {name}: " if name else "", "mismatched pairs", found)
    yield from _shortfall("", "benign differences", counts["benign"])
    never = [
        name for name, found in counts["by_mechanism"].items() if found["requested"] and not found["applied"]
    ]
    if never:
        yield f"{', '.join(never)}: not possible for any of the pairs that drew it"


def _shortfall(where: str, kind: str, found: Mapping[str, int]) -> Iterator[str]:
    if found["applied"] < found["requested"]:
        yield (
            f"{where}{found['requested']} {kind} were to be made, and {found['applied']} were possible: "
            "the mechanisms that are on cannot alter what the other pairs hold"
        )
