"""``tradegen generate``: the main job."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradegen.cli.dataset_output import DatasetOptions, is_dataset, say_where
from tradegen.cli.file_output import write_files
from tradegen.cli.options import (
    FORMATS,
    BlocksPerPart,
    Changes,
    Compression,
    Dask,
    Endpoint,
    Force,
    MismatchRate,
    NamedLedger,
    NamedScenario,
    Overwrite,
    Resume,
    RowGroupRows,
    Tickers,
    Truth,
    Workers,
    changed_fields,
)
from tradegen.cli.shell import LEDGER, number, say, sentences
from tradegen.cli.summary import marks, summary, watched
from tradegen.errors import OutputError, ScenarioError

if TYPE_CHECKING:
    from tradegen.engine.run import Run
    from tradegen.market.universe import Market
    from tradegen.output.dataset_plan import Plan
    from tradegen.scenario.model import Scenario


@sentences
def generate(
    scenario: NamedScenario = None,
    pairs: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Pairs to generate; each is two records. `1e6` works."),
    ] = None,
    mismatch_rate: MismatchRate = None,
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
    changes: Changes = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=number,
            metavar="N",
            help="The same seed gives the same records. If not given, one is drawn and printed.",
        ),
    ] = None,
    tickers: Tickers = None,
    first_id: Annotated[
        int | None, typer.Option(parser=number, metavar="N", help="First trade id; leaves the ledger alone.")
    ] = None,
    ledger: NamedLedger = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar=FORMATS,
            help="By default what the suffix of --out says, or json; parquet for a dataset. Text can be "
            "compressed: csv.gz, ndjson.zst.",
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
    truth: Truth = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File for the manifest (JSON): all it takes to replay."),
    ] = None,
    workers: Workers = None,
    dask: Dask = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    blocks_per_part: BlocksPerPart = None,
    endpoint: Endpoint = None,
    compression: Compression = None,
    row_group_rows: RowGroupRows = None,
    force: Force = False,
) -> None:
    """Generate trade records: by default 15 pairs, 30% of them mismatched, as JSON.

    Ids come from the ledger ./trade_ids.db, which never hands out an id twice.

    For example:

    - `tradegen generate`

    - `tradegen generate --pairs 1000 --mismatch-rate 0.1 --out trades.csv --truth truth.csv`

    - `tradegen generate --scenario hard --view two_system --out trades.csv --truth truth.csv`

    - `tradegen generate --seed 7 --first-id 1 --date 2025-07-21 --format ndjson`

    - `tradegen generate --pairs 1e8 --out data/ --format parquet`

    - `tradegen generate --set quantity_max=10000 --set 'settings."price.nudge".max=0.02'`
    """
    given = {"pairs": pairs, "mismatch_rate": mismatch_rate, "date": date, "view": view, "order": order}
    options = DatasetOptions(
        workers, dask, resume, overwrite, blocks_per_part, endpoint, compression, row_group_rows
    )
    to_dataset = is_dataset(out, form)
    _refuse_contradictions(
        to_dataset,
        options=options.given,
        beside=bool(truth or manifest),
        two_sources=first_id is not None and ledger is not None,
    )
    asked = _Asked(scenario, changed_fields(changes or [], given), seed, tickers, first_id, form, options)
    reserve = None if first_id is not None else _reserve_from(ledger)
    if to_dataset and out:
        begun = options.begun(out)
        asked = asked.continuing(begun) if begun else asked
        run = asked.run()
        made = asked.options.write(run, out, asked.form or "parquet", reserve, force=force)
        say_where(out, made)
    else:
        run = asked.run()
        inputs = [Path(path) for path in (scenario, tickers, ledger or LEDGER) if path]
        made = write_files(
            run, out, truth, manifest, form, inputs, reserve, parquet=options.parquet, force=force
        )
    run = run.starting_at(made["replay"]["first_id"])
    for sentence in summary(run, made):
        say(sentence)
    if watched(out):
        for line in marks(run, made):
            typer.echo(line, err=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be generated, as far as it was said."""

    scenario: Scenario | str | None
    changes: Mapping[str, Any]
    seed: int | None
    tickers: Market | Path | None
    first_id: int | None
    form: str | None
    options: DatasetOptions

    def run(self) -> Run:
        """All of it, checked; what was left open is settled."""
        from tradegen.engine.run import prepare

        return prepare(
            self.scenario,
            seed=self.seed,
            tickers=self.tickers,
            first_id=1 if self.first_id is None else self.first_id,
            **self.changes,
        )

    def continuing(self, begun: Plan) -> _Asked:
        """The same, where what is not given goes on as it was begun. What is given must be the same."""
        from tradegen.scenario.model import Scenario

        scenario = begun.run.scenario if self.scenario is None else Scenario.load(self.scenario)
        size, codec, rows = (
            getattr(self.options, name) for name in ("blocks_per_part", "compression", "row_group_rows")
        )
        return dataclasses.replace(
            self,
            scenario=scenario,
            changes=self.changes if scenario.date else {"date": begun.run.scenario.date, **self.changes},
            seed=begun.run.seed if self.seed is None else self.seed,
            tickers=begun.run.market if self.tickers is None else self.tickers,
            form=self.form or begun.form,
            options=dataclasses.replace(
                self.options,
                blocks_per_part=begun.blocks_per_part if size is None else size,
                compression=begun.parquet.compression if codec is None else codec,
                row_group_rows=begun.parquet.row_group_rows if rows is None else rows,
            ),
        )


def _refuse_contradictions(to_dataset: bool, *, options: bool, beside: bool, two_sources: bool) -> None:
    """Refuse options that would be ignored."""
    if two_sources:
        raise ScenarioError("first_id and ledger are both given; expected one of --first-id and --ledger")
    if options and not to_dataset:
        raise OutputError(
            "--workers, --dask, --resume, --overwrite, --blocks-per-part and --endpoint are for datasets; "
            "expected --out FOLDER/ or --out s3://bucket/prefix with them"
        )
    if beside and to_dataset:
        raise OutputError("a dataset holds its truth and its manifest; expected no --truth and no --manifest")


def _reserve_from(place: str | None) -> Callable[..., int]:
    """Reserve ids from the ledger named, or from the one in the current folder.

    A first use creates that one, and says so. Nothing is opened before ids are asked for.
    """

    def reserve(count: int, key: str | None = None) -> int:
        from tradegen.ledger import open_ledger, open_or_create

        ledger = open_ledger(place) if place else open_or_create(LEDGER, say)
        return ledger.reserve(count, key)

    return reserve
