"""``tradegen fit``: a scenario from the breaks that two lists of trades have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradegen.cli.file_output import write_text
from tradegen.cli.score_options import names_by_ours, tolerance_options
from tradegen.cli.shell import number, refuse_to_replace, say, sentences
from tradegen.errors import FitError, nearest

if TYPE_CHECKING:
    from tradegen.desk.result import Fit

_FORMATS = ("table", "json", "toml")


@sentences
def fit(
    ours: Annotated[
        str | None,
        typer.Argument(
            metavar="OURS", help="Your list of trades: csv, json, ndjson or parquet, or a folder of such."
        ),
    ] = None,
    theirs: Annotated[
        str | None, typer.Argument(metavar="THEIRS", help="The other list of the same trades.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the scenario here, as TOML with comments; - for stdout."),
    ] = None,
    id_column: Annotated[
        str, typer.Option("--id", metavar="NAME", help="The column that names the trade.")
    ] = "trade_id",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=YOURS", help="Your name for a column: `price=Px`."),
    ] = None,
    layout: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML with tables `[ours]` and `[theirs]`, each with columns, date_format and "
            "timestamp_format, as in a scenario.",
        ),
    ] = None,
    breaks: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Instead of two lists: a file with one row per break: trade_id, field, ours, theirs. "
            "Needs --trades.",
        ),
    ] = None,
    trades: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="How many trades were compared to find these breaks."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=YOURS", help="Your name for a field in --breaks: `price=Px`."),
    ] = None,
    tolerances: Annotated[
        list[str] | None,
        typer.Option(
            "--tolerance",
            metavar="FIELD=SIZE",
            help="Differences up to this are benign: `quantity=5`, `price=2bps`, `trade_timestamp=1`.",
        ),
    ] = None,
    tickers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file with ticker and price; tradegen's own if not given."),
    ] = None,
    confidence: Annotated[
        float, typer.Option(metavar="SHARE", help="Confidence level of the intervals.")
    ] = 0.95,
    anonymise: Annotated[
        bool,
        typer.Option(
            "--anonymise", help="Leave out names of brokers and tickers, and values of single trades."
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Generate from the scenario, and print what was measured, what was made, and why.",
        ),
    ] = False,
    for_inject: Annotated[
        bool,
        typer.Option(
            "--for-inject",
            help="Write what `tradegen inject` takes: the names of your own brokers and tickers, and only "
            "mechanisms that it can do to a list.",
        ),
    ] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(_FORMATS), help="What to print.")
    ] = "table",
) -> None:
    """Measure real breaks (how often, in which fields, how large, where), and write a scenario like them.

    Both lists are compared by id. What differs is explained by the mechanisms of `tradegen catalogue`, and
    groups of trades that break more often than others become hot spots. Every number comes with an interval.

    For example:

    - `tradegen fit ours.csv theirs.csv --out desk.toml`

    - `tradegen fit ours.csv theirs.csv --id TradeRef --map price=Px --map quantity=Qty --out desk.toml`

    - `tradegen fit --breaks breaks.csv --trades 9500 --out desk.toml`

    - `tradegen fit ours.csv theirs.csv --check`

    - `tradegen generate --scenario desk.toml --out trades.csv --truth truth.csv`

    - `tradegen fit ours.csv theirs.csv --for-inject --out breaks.toml`

    - `tradegen inject trades.csv --scenario breaks.toml --out broken.csv --truth truth.csv`
    """
    if form not in _FORMATS:
        raise FitError(f"format {form} is unknown; {nearest(form, _FORMATS)}")
    if for_inject and out is None and form != "toml":
        raise FitError("for_inject says what is written; expected --out FILE, or --format toml, as well")
    if for_inject and anonymise:
        raise FitError("anonymise leaves out the names that for_inject writes; expected one or the other")
    _check_output(out, [ours, theirs, breaks, layout, tickers])
    from tradegen.desk import fitting  # loaded where it is used

    found = fitting.fit(
        ours,
        theirs,
        id=id_column,
        columns=names_by_ours(columns, "--map", "price=Px"),
        layouts=_layouts(layout),
        breaks=breaks,
        trades=trades,
        fields=names_by_ours(fields, "--field", "price=Px"),
        tolerances=tolerance_options(tolerances or []),
        tickers=tickers,
        confidence=confidence,
        anonymise=anonymise,
    )
    to_stdout = out == "-"
    if out is not None and not to_stdout:
        write_text(out, found.to_toml(for_inject=for_inject))
        command = f"generate --scenario {out}"
        if for_inject:
            both = " --both" if found.scenario.view == "counterparty" else ""
            command = f"inject {ours or 'YOURS'}{both} --scenario {out} --out BROKEN --truth TRUTH"
        say(f"wrote {out}; try it with: tradegen {command}")
    _print(found, "toml" if to_stdout else form, for_inject=for_inject)
    if check:
        _print_check(found)


def _print(found: Fit, form: str, *, for_inject: bool) -> None:
    if form == "toml":
        text = found.to_toml(for_inject=for_inject)
    else:
        text = str(found) if form == "table" else found.to_json()
    typer.echo(text.rstrip("\n"))


def _print_check(found: Fit) -> None:
    from tradegen.core.text_tables import aligned

    rows = [("", "measured", "interval", "made", "why they differ")]
    for one in found.checks():
        made = one.made.text if one.made else "none"
        rows.append(
            (f"{one.target.kind} {one.target.name}", one.target.text, one.target.interval, made, one.why_not)
        )
    typer.echo("\n" + "\n".join(aligned(rows, right=(1, 2, 3))))


def _layouts(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    import tomllib  # loaded where it is used

    from tradegen.core.regular_files import read_text

    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise FitError(f"layout {path} cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise FitError(f"layout {path} is not TOML: {error}") from None


def _check_output(out: str | None, inputs: list[Any]) -> None:
    """Refuse to write over a file that is read."""
    if out in (None, "-"):
        return
    if Path(str(out)).suffix != ".toml":
        raise FitError(f"--out is {out}; expected a name that ends in .toml, as scenarios do")
    refuse_to_replace(out, inputs, FitError)
