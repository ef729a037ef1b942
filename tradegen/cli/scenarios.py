"""``tradegen scenarios``: the named ones, and the schema of all."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tradegen.cli.shell import SETTINGS, Command, sentences

_SCHEMA_FILE = "tradegen.schema.json"
# VS Code's Even Better TOML, taplo and others read the schema that the first line names.
_FOR_EDITORS = f"""#:schema ./{_SCHEMA_FILE}
# For editors to complete and check this file: tradegen scenarios schema > {_SCHEMA_FILE}

"""

app = typer.Typer(
    help="Named scenarios: list them (the default), print one, print the schema.",
    **(SETTINGS | {"no_args_is_help": False}),
)


@app.callback(invoke_without_command=True)
def _scenarios(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        scenarios_list()


@app.command("list", cls=Command)
def scenarios_list() -> None:
    """List the named scenarios, as `tradegen scenarios` alone does."""
    from tradegen.scenario.model import scenario_names, scenario_text

    width = 2 + max(map(len, scenario_names()))
    for name in scenario_names():
        comment = scenario_text(name).partition("\n\n")[0]
        about = " ".join(line.lstrip("# ") for line in comment.splitlines())
        typer.echo(f"{name:<{width}}{about}")


@app.command("show", cls=Command)
@sentences
def scenarios_show(
    scenario: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A named scenario or a TOML file.")],
    comments: Annotated[
        bool,
        typer.Option("--comments", help="A named one as it was written, with the reasons of its figures."),
    ] = False,
) -> None:
    """Print a scenario with all its fields, as TOML: a file to start your own from."""
    from tradegen.scenario.model import Scenario, scenario_names, scenario_text

    if comments and scenario in scenario_names():
        typer.echo(_FOR_EDITORS + scenario_text(scenario), nl=False)
        return
    typer.echo(_FOR_EDITORS + Scenario.load(scenario).to_toml(), nl=False)


@app.command("schema", cls=Command)
@sentences
def scenarios_schema() -> None:
    """Print the JSON schema of a scenario, for editors that complete and check TOML.

    The first line that `scenarios show` prints names it as tradegen.schema.json, in the same folder.
    """
    from tradegen.scenario.model import Scenario

    typer.echo(json.dumps(Scenario.json_schema(), indent=2))
