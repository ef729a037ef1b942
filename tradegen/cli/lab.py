"""``tradegen lab``: the tuning bench as a page in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradegen.cli.shell import number, say, sentences


@sentences
def lab(
    scenario: Annotated[
        str,
        typer.Argument(metavar="SCENARIO", help="Where to start: the name of a scenario, or a TOML file."),
    ] = "original",
    pairs: Annotated[
        int, typer.Option(parser=number, metavar="N", help="Pairs to generate at each change.")
    ] = 100_000,
    seed: Annotated[
        int, typer.Option(parser=number, metavar="N", help="The seed, the same for every change.")
    ] = 7,
    tickers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file with ticker and price; tradegen's own if not given."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="The port of the page; a free one if not given."),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address, and open no browser.")
    ] = False,
) -> None:
    """Tune a scenario in the browser: move a slider, and see what breaks, how far and where.

    The page is served on this machine alone (127.0.0.1), until Ctrl-C. Scenarios are saved in the folder
    that you start it in. For example:

    - `tradegen lab`

    - `tradegen lab us_equity_t1`

    - `tradegen lab desk.toml --no-browser --port 8866`
    """
    # Refused here and in a sentence, not by a page that does not load.
    from tradegen.engine.run import prepare
    from tradegen.lab.serving import serve

    prepare(scenario, seed=seed, tickers=tickers, pairs=pairs)
    arguments = {"scenario": scenario, "pairs": pairs, "seed": seed, "tickers": tickers and str(tickers)}

    def ready(address: str) -> None:
        # The address is what the command makes: a script reads it from standard output.
        typer.echo(address)
        say("the bench is at the address above; Ctrl-C ends it")

    serve(arguments, port=port, browser=not no_browser, ready=ready)
