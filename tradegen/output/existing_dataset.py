"""What lies at a dataset's place already, and whether a run may go on with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tradegen.core.columns import LINKS, LISTS
from tradegen.engine.manifest import require_generation
from tradegen.errors import OutputError
from tradegen.formats.tables import TRUTH
from tradegen.output.dataset_parts import PLAN, PROGRESS
from tradegen.output.dataset_plan import Plan
from tradegen.output.manifest_files import MANIFEST, read_manifest, read_plan
from tradegen.output.writable_storage import Store

_TABLES = sorted({name for lists in LISTS.values() for name in lists} | {TRUTH, LINKS})
FOLDERS = (*_TABLES, PROGRESS)
_OURS = re.compile(
    rf"({'|'.join(_TABLES)})/part-\d+\.\w+(?:\.(?:gz|zst))?|{re.escape(PROGRESS)}/.*|{re.escape(MANIFEST)}"
)


def begun_plan(store: Store) -> Plan | None:
    """The plan of the dataset that was begun there, finished or not; None where there is none.

    Raises
    ------
    OutputError
        Where what is there is damaged.
    """
    if manifest := read_noted(store, MANIFEST):
        return Plan.from_dict(_as_noted(manifest))
    noted = read_noted(store, PLAN)
    return Plan.from_dict(noted) if noted else None


def refuse_strangers(store: Store) -> None:
    """Refuse a place that holds what no dataset does."""
    if strange := next((name for name in store.names() if not _OURS.fullmatch(name)), None):
        raise OutputError(f"{store.place} holds {strange}; expected a new or empty folder, or a dataset")


def finished_manifest(store: Store, plan: Plan, *, resume: bool, ids_given: bool) -> dict[str, Any] | None:
    """Refuse what must not be overwritten; the manifest, where all is done already."""
    names = store.names()
    if MANIFEST in names:
        if not resume:
            raise OutputError(f"{store.place} holds a dataset; expected another folder, or --overwrite")
        if manifest := read_noted(store, MANIFEST):
            _require_same(store, plan, _as_noted(manifest), ids_given=ids_given, finished=True)
            _refuse_strays(store.place, names, plan)
            _require_whole(store, plan, manifest)
        return manifest
    if noted := read_noted(store, PLAN):
        if not resume:
            raise OutputError(
                f"{store.place} holds an unfinished dataset; --resume goes on with it, "
                "and --overwrite starts anew"
            )
        _require_same(store, plan, noted, ids_given=ids_given and noted["reserved"])
        _refuse_strays(store.place, names, plan)
    elif names:
        raise OutputError(
            f"{store.place} holds {names[0]} but no manifest; expected a new or empty folder, or --overwrite"
        )
    return None


def _refuse_strays(place: str, names: Iterable[str], plan: Plan) -> None:
    """Refuse part files that a dataset of this plan does not have."""
    ours = {name for part in range(plan.part_count) for name in plan.files(part).values()}
    for name in names:
        if name not in ours and name != MANIFEST and not name.startswith(f"{PROGRESS}/"):
            raise OutputError(
                f"{place} holds {name}, which is no part of this dataset; "
                "expected that file to be taken away, or --overwrite"
            )


def _require_whole(store: Store, plan: Plan, manifest: dict[str, Any]) -> None:
    """Refuse to take a finished dataset for whole whose files are not as its manifest has them."""
    files = manifest["dataset"]["files"]
    if files.keys() != {name for part in range(plan.part_count) for name in plan.files(part).values()}:
        raise OutputError(
            f"{store.place}/{MANIFEST} does not name the files that such a dataset has; expected its own, or "
            "--overwrite"
        )
    for name, file in files.items():
        if store.digest(name) != (file["bytes"], file["sha256"]):
            raise OutputError(
                f"{store.place}/{name} is not as the manifest has it; verify says what is wrong, and "
                "--overwrite makes the dataset anew"
            )


def _as_noted(manifest: dict[str, Any]) -> dict[str, Any]:
    """The plan that a finished dataset was made by, as it was noted."""
    return {**manifest["dataset"], "replay": manifest["replay"]}


def read_noted(store: Store, name: str) -> dict[str, Any] | None:
    """The manifest or the plan; None where it is not there."""
    content = store.get(name)
    if content is None:
        return None
    place = f"{store.place}/{name}"
    try:
        found = read_plan(content, place) if name == PLAN else read_manifest(content, place)
        if name == MANIFEST and not found.get("dataset"):
            raise OutputError(f"{place} is no manifest of a dataset")
    except OutputError as error:
        raise OutputError(f"{error}; expected one, or --overwrite") from None
    try:
        require_generation(found, place, OutputError, "go on with it")
    except OutputError as error:
        raise OutputError(f"{error}, or give --overwrite to start anew") from None
    return found


def _require_same(
    store: Store, plan: Plan, noted: dict[str, Any], *, ids_given: bool, finished: bool = False
) -> None:
    """Refuse to go on with another dataset than the one that was begun."""
    for what, ours, theirs in _compared(plan.to_dict(), noted, ids_given, finished):
        if ours != theirs:
            raise OutputError(
                f"{store.place} was begun with {what} {theirs}, not {ours}; "
                "expected the same to resume, or --overwrite to start anew"
            )


def _compared(
    ours: dict[str, Any], theirs: dict[str, Any], ids_given: bool, finished: bool
) -> Iterator[tuple[str, Any, Any]]:
    for what in ("format", "blocks_per_part", "compression", "row_group_rows"):
        yield what, ours.get(what), theirs.get(what)
    # Where nothing is left to write, it does not matter which library would write it.
    for name in ("tradegen",) if finished else ours["versions"]:
        yield name, ours["versions"][name], theirs.get("versions", {}).get(name)
    for name in ("seed", "first_id") if ids_given else ("seed",):
        yield name, ours["replay"][name], theirs["replay"][name]
    one, two = ours["replay"]["scenario"], theirs["replay"]["scenario"]
    for name in sorted(one.keys() | two.keys()):
        yield name, one.get(name), two.get(name)
    if ours["replay"].get("tickers") != theirs["replay"].get("tickers"):
        yield "tickers", "these", "others"
