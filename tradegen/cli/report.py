"""``tradegen report``: one page on a run, on scores and on fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradegen.cli.file_output import write_text
from tradegen.cli.options import Endpoint
from tradegen.cli.shell import refuse_to_replace, say, sentences
from tradegen.errors import OutputError

if TYPE_CHECKING:
    from tradegen.report.remade_run import RemadeRun
    from tradegen.report.sources import Sources
    from tradegen.verify import Report


@sentences
def report(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="DATASET | MANIFEST | SCORE | FIT...",
            help="A dataset: its folder, or s3://bucket/prefix. Or a manifest, and with it the trades and "
            "the truth of its run. What `tradegen score --format json` wrote, any number of times. What "
            "`tradegen fit --format json` printed.",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="File for the page; standard output if not given, or -."
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify", help="Whether to read the run's files and prove them, as `verify` does."
        ),
    ] = True,
    endpoint: Endpoint = None,
) -> None:
    """Write one page: what was asked and made, what breaks where and by how much, what is proved, scores.

    The page holds its figures and loads nothing from elsewhere. It prints on A4. The run is made again from
    its manifest, of a large one the first million pairs. Exits with 1 if files are not as they should be;
    the page then says what is wrong.

    For example:

    - `tradegen report data/ --out report.html`

    - `tradegen report data/ score.json --out report.html`

    - `tradegen report manifest.json trades.csv truth.csv --out report.html`

    - `tradegen report fit.json --out fit.html`
    """
    _check_output(out, inputs)
    from tradegen.report.report_page import report_page
    from tradegen.report.sources import read_sources

    sources = read_sources(inputs, endpoint)
    remade = _remade(sources)
    proof = _proved(sources, endpoint) if check else None
    name = Path(sources.place or inputs[0]).resolve().name
    write_text(out, report_page(name, remade, proof, sources.scores, sources.fits))
    if (proof and not proof.ok) or (remade and remade.differing):
        say("the files or the manifest are not as they should be; the page says what is wrong")
        raise typer.Exit(1)


def _remade(sources: Sources) -> RemadeRun | None:
    if sources.manifest is None:
        return None
    from tradegen.core.blocks import BLOCK_PAIRS
    from tradegen.output.progress import meter
    from tradegen.report.remade_run import MOST_BLOCKS, remake

    pairs = sources.manifest["replay"]["scenario"].get("pairs")
    most = MOST_BLOCKS * BLOCK_PAIRS
    with meter(min(pairs, most) if isinstance(pairs, int) else most) as advance:
        return remake(sources.manifest, sources.place, advance=advance)


def _proved(sources: Sources, endpoint: str | None) -> Report | None:
    """What is proved of the files; None where there are none."""
    from tradegen.cli.verify import prove_dataset, prove_files

    if sources.dataset:
        return prove_dataset(sources.place, endpoint)
    return prove_files([*sources.files, sources.place]) if sources.files else None


def _check_output(out: str | None, inputs: list[str]) -> None:
    """Refuse a page that would not be taken for one, or would take the place of what is read."""
    if out not in (None, "-") and Path(str(out)).suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"--out is {out}; expected a name that ends in .html")
    refuse_to_replace(out, [place for place in inputs if "://" not in place], OutputError)
