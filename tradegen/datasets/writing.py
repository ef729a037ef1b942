"""The writing of datasets: what may be written where, in which order, and what is left when it is broken off.

A dataset begins with its plan, in ``.progress``. Each part is then written beside it, flushed, renamed and
recorded there. The manifest comes last, and only then is there a dataset; ``.progress`` goes. Whatever ends a
run before, the parts recorded are whole, and a later run makes the others.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.datasets.parts import PROGRESS, PartWork, record_of, rehearse
from tradegen.datasets.plan import BLOCKS_PER_PART, Plan
from tradegen.datasets.stores import Folder, Store
from tradegen.datasets.workers import core_count, in_processes
from tradegen.errors import OutputError, shown, whole_number
from tradegen.manifest import Tally
from tradegen.run import Run
from tradegen.schema import LISTS

if TYPE_CHECKING:
    from tradegen.datasets.cluster import Maker

__all__ = ["MANIFEST", "begun_plan", "open_store", "write_dataset"]

MANIFEST = "manifest.json"
_PLAN = f"{PROGRESS}/plan.json"
_TABLES = sorted({name for lists in LISTS.values() for name in lists} | {"truth"})
_FOLDERS = (*_TABLES, PROGRESS)
_OURS = re.compile(rf"({'|'.join(_TABLES)})/part-\d+\.\w+|{re.escape(PROGRESS)}/.*|{re.escape(MANIFEST)}")


def write_dataset(
    run: Run,
    out: str | Path,
    *,
    form: str = "parquet",
    workers: int | None = None,
    dask: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    blocks_per_part: int = BLOCKS_PER_PART,
    endpoint: str | None = None,
    reserve: Callable[[int, str], int] | None = None,
    advance: Callable[[int], object] = lambda _pairs: None,
) -> dict[str, Any]:
    """Write a run of any size as a folder of part files, in memory that does not grow with it.

    The same run gives the same bytes for any number of workers, also when it is broken off and resumed.

    Parameters
    ----------
    run : Run
        What `prepare` gave.
    out : str or path
        A folder, or ``s3://bucket/prefix``. It may hold nothing else.
    form : str
        ``parquet``, ``csv``, ``ndjson``, ``json`` or ``fix``.
    workers : int, optional
        Processes; all cores if not given.
    dask : str, optional
        ``local``, or the address of a scheduler, ``tcp://...``: its workers make the parts instead, and must
        all reach `out`.
    resume : bool
        Keep the parts that an unfinished run of the same has left, and make the others.
    overwrite : bool
        Take the place of the dataset there.
    blocks_per_part : int
        Of 65,536 pairs each.
    endpoint : str, optional
        Address of the object store, if it is not AWS's own.
    reserve : callable, optional
        Called with the number of pairs and a key that belongs to this dataset, also when it is resumed;
        returns the first id. If not given, that of the run counts.
    advance : callable
        Called with the numbers of pairs made, or found made.

    Returns
    -------
    dict
        The manifest, as in ``manifest.json``.

    Raises
    ------
    OutputError
        Where `out` holds something else, or the disk refuses. What is done is kept.
    """
    if workers is not None:
        whole_number("workers", workers, 1, 10_000, OutputError)
    if not isinstance(run, Run):
        raise OutputError(f"run is {shown(run)}; expected what prepare(...) gives")
    store = open_store(out, endpoint)
    plan = Plan(run, form, blocks_per_part)
    rehearse(plan)
    with contextlib.ExitStack() as stack:
        stack.enter_context(store.locked())
        if not overwrite:
            finished = _make_way(store, plan, resume=resume, ids_given=reserve is None)
            if finished:
                _clear(store)
                return finished
        _refuse_strangers(store)
        # A cluster answers, and the ledger gives ids, before anything is taken away.
        make: Maker
        if dask is None:
            make = functools.partial(in_processes, workers=min(workers or core_count(), plan.part_count))
        else:
            from tradegen.datasets.cluster import on_dask

            make = stack.enter_context(on_dask(dask, workers))
        plan = _begin_anew(store, plan, reserve) if overwrite else _begin(store, plan, reserve)
        with _kept():
            for pairs in make(PartWork(plan, store), range(plan.part_count)):
                advance(pairs)
            manifest = _manifest(store, plan)
            store.put(MANIFEST, json.dumps(manifest, indent=2).encode() + b"\n")
        _clear(store)
    return manifest


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Say with what goes wrong that not all is lost."""
    try:
        yield
    except OutputError as error:
        raise OutputError(f"{error}; what is done is kept, and --resume goes on") from None


def open_store(out: str | Path, endpoint: str | None = None) -> Store:
    """The folder or bucket that a dataset is to lie in."""
    if str(out).startswith("s3://"):
        from tradegen.datasets.buckets import Bucket  # loaded where it is used

        return Bucket(str(out), endpoint)
    if endpoint is not None:
        raise OutputError(f"endpoint is given, and {out} is no bucket; expected s3://bucket/prefix with it")
    if "://" in str(out):
        raise OutputError(f"{out} is of a kind that is unknown; expected a folder or s3://bucket/prefix")
    return Folder(Path(out))


def begun_plan(store: Store) -> Plan | None:
    """The plan of the dataset that was begun there, finished or not; None where there is none.

    Raises
    ------
    OutputError
        Where what is there is damaged.
    """
    if manifest := _read(store, MANIFEST):
        return Plan.from_dict(_as_noted(manifest))
    noted = _read(store, _PLAN)
    return Plan.from_dict(noted) if noted else None


def _refuse_strangers(store: Store) -> None:
    """Refuse a place that holds what no dataset does."""
    if strange := next((name for name in store.names() if not _OURS.fullmatch(name)), None):
        raise OutputError(f"{store.place} holds {strange}; expected a new or empty folder, or a dataset")


def _make_way(store: Store, plan: Plan, *, resume: bool, ids_given: bool) -> dict[str, Any] | None:
    """Refuse what must not be overwritten; the manifest, where all is done already."""
    _refuse_strangers(store)
    names = store.names()
    if MANIFEST in names:
        if not resume:
            raise OutputError(f"{store.place} holds a dataset; expected another folder, or --overwrite")
        if manifest := _read(store, MANIFEST):
            _require_same(store, plan, _as_noted(manifest), ids_given=ids_given)
            _require_whole(store, manifest)
        return manifest
    if noted := _read(store, _PLAN):
        if not resume:
            raise OutputError(
                f"{store.place} holds an unfinished dataset; --resume goes on with it, "
                "and --overwrite starts anew"
            )
        _require_same(store, plan, noted, ids_given=ids_given and noted["reserved"])
    elif names:
        raise OutputError(
            f"{store.place} holds {names[0]} but no manifest; expected a new or empty folder, or --overwrite"
        )
    return None


def _require_whole(store: Store, manifest: dict[str, Any]) -> None:
    """Refuse to take a finished dataset for whole whose files are not as its manifest has them."""
    for name, file in manifest["dataset"]["files"].items():
        if store.digest(name) != (file["bytes"], file["sha256"]):
            raise OutputError(
                f"{store.place}/{name} is not as the manifest has it; verify says what is wrong, and "
                "--overwrite makes the dataset anew"
            )


def _as_noted(manifest: dict[str, Any]) -> dict[str, Any]:
    """The plan that a finished dataset was made by, as it was noted."""
    return {**manifest["dataset"], "replay": manifest["replay"]}


def _read(store: Store, name: str) -> dict[str, Any] | None:
    """The manifest or the plan; None where it is not there."""
    content = store.get(name)
    if content is None:
        return None
    what, keys = ("manifest", {"dataset", "replay"}) if name == MANIFEST else ("plan", {"format", "reserved"})
    with contextlib.suppress(ValueError):
        found: dict[str, Any] = json.loads(content)
        if isinstance(found, dict) and found.keys() >= keys:
            return found
    raise OutputError(f"{store.place}/{name} is no {what} of a dataset; expected one, or --overwrite")


def _require_same(store: Store, plan: Plan, there: dict[str, Any], *, ids_given: bool) -> None:
    """Refuse to go on with another dataset than the one that was begun."""
    for what, ours, theirs in _compared(plan.to_dict(), there, ids_given):
        if ours != theirs:
            raise OutputError(
                f"{store.place} was begun with {what} {theirs}, not {ours}; "
                "expected the same to resume, or --overwrite to start anew"
            )


def _compared(
    ours: dict[str, Any], theirs: dict[str, Any], ids_given: bool
) -> Iterator[tuple[str, Any, Any]]:
    for what in ("format", "blocks_per_part"):
        yield what, ours[what], theirs.get(what)
    for name in ours["versions"]:
        yield name, ours["versions"][name], theirs.get("versions", {}).get(name)
    for name in ("seed", "first_id") if ids_given else ("seed",):
        yield name, ours["replay"][name], theirs["replay"][name]
    one, two = ours["replay"]["scenario"], theirs["replay"]["scenario"]
    for name in sorted(one.keys() | two.keys()):
        yield name, one.get(name), two.get(name)
    if ours["replay"].get("tickers") != theirs["replay"].get("tickers"):
        yield "tickers", "these", "others"


def _begin(store: Store, plan: Plan, reserve: Callable[[int, str], int] | None) -> Plan:
    """Write the plan down, with ids of its own, or take up the one that is there."""
    noted = _read(store, _PLAN)
    if noted:
        store.tidy(_FOLDERS)
    else:
        noted = {**plan.to_dict(), "key": secrets.token_hex(16), "reserved": reserve is None}
    # Before ids are reserved: a run that is killed in between finds them again under its key.
    store.put(_PLAN, json.dumps(noted).encode())
    if not noted["reserved"]:
        noted["replay"]["first_id"] = (
            reserve(plan.run.scenario.pairs, f"dataset {noted['key']}") if reserve else plan.run.first_id
        )
        noted["reserved"] = True
        store.put(_PLAN, json.dumps(noted).encode())
    return plan.with_ids_from(noted["replay"]["first_id"])


def _begin_anew(store: Store, plan: Plan, reserve: Callable[[int, str], int] | None) -> Plan:
    """Take the place of what is there, once there are ids; a run that is killed in between has lost them."""
    noted = {**plan.to_dict(), "key": secrets.token_hex(16), "reserved": True}
    if reserve:
        noted["replay"]["first_id"] = reserve(plan.run.scenario.pairs, f"dataset {noted['key']}")
    # First what makes it a dataset.
    store.remove(MANIFEST)
    _remove(store, lambda _name: True)
    store.tidy(_FOLDERS)
    store.put(_PLAN, json.dumps(noted).encode())
    return plan.with_ids_from(noted["replay"]["first_id"])


def _manifest(store: Store, plan: Plan) -> dict[str, Any]:
    """The manifest of a dataset whose parts are all recorded."""
    tally = Tally(plan.run, trades=False)
    digest = hashlib.sha256()
    files = {}
    for part in range(plan.part_count):
        record = record_of(store, part)
        if record is None:
            raise OutputError(
                f"{store.place} does not hold part {part}, which a worker made; "
                "expected a place that all workers reach"
            )
        tally.merge(record["tally"])
        for name, file in record["files"].items():
            digest.update(f"{file['sha256']}  {name}\n".encode())
            files[name] = file
    manifest = tally.manifest()
    manifest["digests"] = {"dataset": digest.hexdigest(), **manifest["digests"]}
    manifest["versions"] |= plan.versions
    about = {"format": plan.form, "blocks_per_part": plan.blocks_per_part, "versions": plan.versions}
    return {**manifest, "dataset": {**about, "files": files}}


def _clear(store: Store) -> None:
    """Take away what is kept of unfinished datasets alone."""
    _remove(store, lambda name: name.startswith(f"{PROGRESS}/"))
    store.tidy(_FOLDERS)


def _remove(store: Store, chosen: Callable[[str], bool]) -> None:
    for name in store.names():
        if chosen(name):
            store.remove(name)
