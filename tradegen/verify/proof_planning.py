"""Files told apart by their content, and by what the manifest says about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradegen.errors import shown
from tradegen.verify.added_columns import added_columns
from tradegen.verify.cause_conditions import conditions_of
from tradegen.verify.database import Database
from tradegen.verify.file_scan import Source, look
from tradegen.verify.grid_steps import places_of, steps_of
from tradegen.verify.proof_plan import Listed, Plan
from tradegen.verify.ticker_ticks import ticks_of
from tradegen.verify.truth_causes import wrong_cause
from tradegen.verify.value_tables import cells_of
from tradegen.verify.words import COLUMNS, LINK_COLUMNS, LISTS, TRUTH_COLUMNS, VerifyError

_DECIMALS = {"s": 0, "ms": 3, "us": 6}

_VERSION = "2"  # of manifests

_TRUTH_HEADERS = (TRUTH_COLUMNS, (*TRUTH_COLUMNS, "record_id"))


def make_plan(database: Database, paths: Sequence[Path]) -> Plan:
    """Look into the files and settle which is what.

    Raises
    ------
    VerifyError
        Where a file cannot be read, or the files are not trades, a truth and perhaps a manifest.
    """
    manifest: dict[str, Any] | None = None
    others: list[Source] = []
    for path in paths:
        found = look(database, Path(path))
        if isinstance(found, Source):
            others.append(found)
        elif manifest is not None:
            raise VerifyError(f"{path} is a second manifest; expected one at most")
        else:
            manifest = found
    scenario = scenario_of(manifest)
    view = scenario["view"]
    links = None if _shares_id(scenario) else _links_of(others)
    truth, lists = _truth_of([item for item in others if item is not links], view)
    ordered = _in_order(lists, view, scenario, manifest is not None)
    return _planned(database, ordered, truth, scenario, manifest, links=links)


def make_part_plan(
    database: Database,
    lists: Sequence[Source],
    truth: Source,
    manifest: Mapping[str, Any],
    ids: tuple[int, int],
    links: Source | None = None,
) -> Plan:
    """The plan of a part of a dataset, whose files are known, with the first and the last of its ids.

    Raises
    ------
    VerifyError
        Where the files are not such lists, such a truth and such links.
    """
    if links is not None and set(links.names) != set(LINK_COLUMNS):
        raise VerifyError(f"{links.name} has other columns; expected {', '.join(LINK_COLUMNS)}")
    return _planned(database, lists, truth, scenario_of(manifest), manifest, ids, links)


def _planned(
    database: Database,
    lists: Sequence[Source],
    truth: Source,
    scenario: Mapping[str, Any],
    manifest: Mapping[str, Any] | None,
    part: tuple[int, int] | None = None,
    links: Source | None = None,
) -> Plan:
    if truth.names and truth.names not in _TRUTH_HEADERS:
        raise VerifyError(
            f"{truth.name} has the columns {', '.join(truth.names)}; expected {', '.join(TRUTH_COLUMNS)}"
        )
    decimals = _DECIMALS.get(str(scenario.get("timestamp_precision", "s")), 0)
    trades = _listed(lists, scenario)
    if manifest is None and trades:
        decimals = _decimals_in(database, trades[0])
    # A list or a truth without rows may say nothing of its columns.
    named = [source for source in (truth, *(item.source for item in trades)) if source.names]
    with_ids = [item.with_record_id for item in trades if item.source.names and "record_id" in item.names]
    with_ids += ["record_id" in truth.names] if truth.names else []
    if len(set(with_ids)) > 1:
        raise VerifyError(
            f"{' and '.join(source.name for source in named)} do not go together; "
            "expected the column record_id in all of them or in none"
        )
    if links is not None and not all(with_ids):
        raise VerifyError(
            f"{' and '.join(source.name for source in named)} have no column record_id, by which records are "
            "known where shared_id is false; expected it in all of them"
        )
    added = added_columns(manifest)
    plan = Plan(trades, truth, scenario["view"], decimals, manifest, scenario, part, added, links)
    try:
        plan.price_tolerance()
        for name in ("quantity", "date", "trade_timestamp", *(column.name for column in added)):
            plan.tolerance(name)
        _ = plan.brokers, plan.places, wrong_cause(scenario), conditions_of(plan), ticks_of(manifest)
    except (AttributeError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, VerifyError):
            raise
        raise VerifyError(
            "the manifest's scenario is not as tradegen writes it: its tolerances, brokers or hot spots"
        ) from None
    return plan


def scenario_of(manifest: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The scenario that a manifest tells of, with its view; the default one without a manifest.

    Raises
    ------
    VerifyError
        Where the manifest does not say what was run.
    """
    if manifest is None:
        return {"view": "single"}
    version = str(manifest.get("manifest", _VERSION))
    if version != _VERSION:
        raise VerifyError(f"the manifest is of version {version}; this tradegen reads version {_VERSION}")
    try:
        scenario = dict(manifest["replay"]["scenario"])
        first, pairs = int(manifest["replay"]["first_id"]), int(scenario["pairs"])
        if first < 0 or pairs < 0 or first + pairs > 2**63:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise VerifyError(
            "the manifest does not say what was run; expected replay.scenario and replay.first_id"
        ) from None
    scenario["view"] = view = str(scenario.get("view", "single"))
    if view not in LISTS:
        raise VerifyError(f"view is {shown(view)} in the manifest; expected one of: {', '.join(LISTS)}")
    added_columns(manifest)  # refused here, before anything takes them for columns
    return scenario


def about_columns(manifest: Mapping[str, Any] | None, form: str) -> dict[str, Any]:
    """What a report says of columns: those that are left out, by list, each record's own, and the derived."""
    scenario, added = scenario_of(manifest), added_columns(manifest)
    known = _known(scenario)
    written = {name: _names_in(form, scenario, name) for name in LISTS[scenario["view"]]}
    absent = {name: tuple(c for c in known if c not in columns) for name, columns in written.items()}

    def stands(*columns: str) -> bool:
        return any(set(columns) <= names.keys() for names in written.values())

    return {
        "left_out": {name: columns for name, columns in absent.items() if columns},
        "own": tuple(column.name for column in added if column.own and stands(column.name)),
        "derived": tuple(c.name for c in added if c.sources and stands(c.name, *c.sources)),
    }


def _names_in(form: str, scenario: Mapping[str, Any], name: str) -> dict[str, str]:
    """The columns of a list, and their names there; a message of FIX has tags for all of the nine."""
    written = _written(_layout(scenario, name), _known(scenario))
    if form != "fix":
        return written
    return {column: column for column in dict.fromkeys((*COLUMNS, *written, "record_id"))}


def _shares_id(scenario: Mapping[str, Any]) -> bool:
    """Whether the lists have trade_id."""
    shared = scenario.get("shared_id", True)
    if not isinstance(shared, bool):
        raise VerifyError(f"shared_id is {shown(shared)} in the manifest; expected true or false")
    return shared


def _links_of(sources: Sequence[Source]) -> Source:
    """The links among the files."""
    found = [item for item in sources if set(item.names) == set(LINK_COLUMNS)]
    if len(found) != 1:
        raise VerifyError(
            f"shared_id is false in the manifest, and the files hold {'more than one' if found else 'no'} "
            f"table of links; expected one, such as key.links.csv beside key.csv, with the columns "
            f"{', '.join(LINK_COLUMNS)}"
        )
    return found[0]


def _truth_of(sources: list[Source], view: str) -> tuple[Source, list[Source]]:
    """The truth, and the other files."""
    # A list may have columns that are called as those of the truth are; it has others besides.
    truths = [item for item in sources if item.names in _TRUTH_HEADERS] or [
        item for item in sources if {"mechanism", "original", "altered"} <= set(item.names)
    ]
    if not truths:
        # A run without mismatches leaves a JSON truth without rows: nothing in it says what it is.
        empty = [item for item in sources if not item.names]
        truths = [item for item in empty if "truth" in item.name] or empty
        truths = truths if len(sources) - len(truths) == len(LISTS[view]) else []
    if len(truths) != 1:
        names = ", ".join(item.name for item in sources) or "none"
        raise VerifyError(
            f"the files hold {'no truth' if not truths else 'more than one truth'}: {names}; expected the "
            "trades and one truth, such as: tradegen verify trades.csv truth.csv"
        )
    truth = truths[0]
    return truth, [item for item in sources if item is not truth]


def _in_order(sources: list[Source], view: str, scenario: Mapping[str, Any], told: bool) -> Sequence[Source]:
    """The files of the view's lists, leg 0 first."""
    lists = LISTS[view]
    if len(sources) == 2 and not told:
        raise VerifyError(
            "two trades files need the manifest, which says how they go together; it is not given"
        )
    if len(sources) != len(lists):
        raise VerifyError(
            f"{len(sources)} trades file{'s' if len(sources) != 1 else ''} given; the view {view} has "
            f"{len(lists)}: {', '.join(lists)}; expected all of them, and their truth"
        )
    if len(lists) == 1:
        return sources
    layouts = [_layout(scenario, name) for name in lists]
    return [sources[at] for at in _sides(sources, lists, layouts, _known(scenario))]


def _layout(scenario: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    layout = scenario.get(name) or {}
    if not isinstance(layout, Mapping) or not isinstance(layout.get("columns") or {}, Mapping):
        raise VerifyError(f"{name} is {shown(layout)} in the manifest; expected a layout")
    include = layout.get("include")
    if include is not None and not _is_choice(include, _known(scenario)):
        raise VerifyError(f"{name}.include is {shown(include)} in the manifest; expected columns, each once")
    return layout


def _known(scenario: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a list but record_id: the nine, or eight if no id is shared, and those added."""
    house = COLUMNS if _shares_id(scenario) else COLUMNS[1:]
    told = scenario.get("columns")
    return (*house, *(str(item["name"]) for item in told)) if told else house


def _is_choice(include: object, known: Sequence[str]) -> bool:
    """Whether these are columns of a list, each once, and the id among them."""
    if not isinstance(include, list) or not all(column in (*known, "record_id") for column in include):
        return False
    key = "trade_id" if "trade_id" in known else "record_id"
    return key in include and len(set(include)) == len(include)


def _listed(sources: Sequence[Source], scenario: Mapping[str, Any]) -> tuple[Listed, ...]:
    found = []
    for name, source in zip(LISTS[scenario["view"]], sources, strict=True):
        layout, names = _layout(scenario, name), _names_in(source.form, scenario, name)
        if source.form == "fix":
            # Its messages do not say which columns they have.
            seen = (column for column in names if column != "record_id" or column in source.names)
            source = dataclasses.replace(source, names=tuple(seen))
        if source.names and source.names not in _headers(names):
            raise VerifyError(
                f"{source.name} has the columns {', '.join(source.names)}; expected "
                + ", ".join(_headers(names)[0])
                + ("" if "pairs" in scenario else "; a manifest says what others are, and none is given")
            )
        forms = layout.get("date_format"), layout.get("timestamp_format")
        in_order = layout.get("sort") == "trade_id" or not _shares_id(scenario)
        found.append(Listed(source, names, *forms, sorted=in_order))
    return tuple(found)


def _decimals_in(database: Database, listed: Listed) -> int:
    """The decimals of seconds in the first records of a list in the default form: 0, 3 or 6."""
    source = listed.source
    if not source.names:
        return 0
    cells = cells_of(database, source, listed.names, places=places_of(steps_of({})))
    with database.reading(source.name, source.form):
        first = f"SELECT w_trade_timestamp AS cell FROM ({cells.relation(keep_faults=True)}) LIMIT 1000"
        if "trade_timestamp" in cells.kinds:
            steps = "bool_or(epoch_us(cell) % 1000000 <> 0), bool_or(epoch_us(cell) % 1000 <> 0)"
            parts, finer = database.row(f"SELECT {steps} FROM ({first})")
            return 6 if finer else 3 if parts else 0
        found = database.rows(
            f"SELECT strlen(regexp_extract(cell, '[.]([0-9]+)$', 1)) FROM ({first}) LIMIT 1"
        )
    return found[0][0] if found and found[0][0] in (3, 6) else 0


def _sides(
    sources: list[Source], lists: Sequence[str], layouts: Sequence[Mapping[str, Any]], known: Sequence[str]
) -> list[int]:
    """Which file is which list: by their columns where these differ, else by their names."""
    heads = [_headers(_written(layout, known)) for layout in layouts]
    fits = [[source.names in head for source in sources] for head in heads]
    for order in ([0, 1], [1, 0]):
        first, second = order
        if fits[0][first] and fits[1][second] and not (fits[0][second] and fits[1][first]):
            return order
    marks = [[f".{name}." in source.name for source in sources] for name in lists]
    for order in ([0, 1], [1, 0]):
        if marks[0][order[0]] and marks[1][order[1]]:
            return order
    raise VerifyError(
        f"{sources[0].name} and {sources[1].name} cannot be told apart; "
        f"expected names with .{lists[0]}. and .{lists[1]}."
    )


def _written(layout: Mapping[str, Any], known: Sequence[str]) -> dict[str, str]:
    """By column, in the order in which they are written, the name a list has for it."""
    renamed = layout.get("columns") or {}
    plain = (*known, "record_id") if "trade_id" in known else ("record_id", *known)
    columns = layout.get("include") or plain
    return {column: renamed.get(column, column) for column in columns}


def _headers(names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a list without record ids, and with them."""
    without = tuple(name for column, name in names.items() if column != "record_id")
    return without, tuple(names.values())
