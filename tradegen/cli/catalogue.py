"""``tradegen catalogue``: every way for a leg to be wrong."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tradegen.cli.shell import sentences
from tradegen.errors import ScenarioError, nearest

_FORMS = ("text", "markdown", "json")


@sentences
def catalogue(
    name: Annotated[
        str | None, typer.Argument(metavar="[MECHANISM|FIELD]", help="A mechanism, or all of a field.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario", metavar="NAME|FILE", help="Also those of the columns that a scenario adds."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="|".join(_FORMS), help="How to print it.")
    ] = "text",
) -> None:
    """Print the mechanisms: what each does, its settings and units, and its ISO 20022 and FIX codes."""
    from tradegen.mechanisms.catalogue import HOUSE
    from tradegen.mechanisms.catalogue_page import lines, page, page_of_kinds, table

    if form not in _FORMS:
        raise ScenarioError(f"format {form} is unknown; {nearest(form, _FORMS)}")
    entries = HOUSE
    if scenario is not None:
        from tradegen.scenario.model import Scenario  # takes time, and is rarely needed

        entries = dict(Scenario.load(scenario).catalogue)
    found = [
        entry
        for entry in entries.values()
        if name in (None, entry.name, *entry.fields, entry.name.partition(".")[2])
    ]
    if not found:
        raise ScenarioError(f"mechanism {name} is unknown; {nearest(str(name), entries)}")
    if form == "json":
        typer.echo(json.dumps(table(found), indent=2))
    elif form == "markdown":
        # All that there are: a scenario's own columns stand in the page by their own names.
        everything = name is None and scenario is None
        typer.echo(page(found) + (page_of_kinds() if everything else ""), nl=False)
    else:
        typer.echo("\n".join(lines(found)))
