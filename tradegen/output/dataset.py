"""The writing of datasets: in which order, and what is left when it is broken off.

A dataset begins with its plan, in ``.progress``. Each part is then written beside it, flushed, renamed and
recorded there. The manifest comes last, and only then is there a dataset; ``.progress`` goes. Whatever ends a
run before, the parts recorded are whole, and a later run makes the others.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradegen.core.machine import core_count
from tradegen.engine.manifest import Tally
from tradegen.engine.run import Run
from tradegen.errors import OutputError, shown, whole_number
from tradegen.formats.parquet_options import ParquetOptions
from tradegen.output.dataset_parts import PLAN, PROGRESS, PartWork, record_of, rehearse
from tradegen.output.dataset_plan import BLOCKS_PER_PART, Plan
from tradegen.output.existing_dataset import (
    FOLDERS,
    finished_manifest,
    read_noted,
    refuse_strangers,
)
from tradegen.output.manifest_files import MANIFEST
from tradegen.output.workers import in_processes, make_room
from tradegen.output.writable_storage import Store, open_store

if TYPE_CHECKING:
    from tradegen.output.cluster import Maker


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
    compression: str | None = None,
    row_group_rows: int | None = None,
    endpoint: str | None = None,
    reserve: Callable[[int, str], int] | None = None,
    advance: Callable[[int], object] = lambda _pairs: None,
) -> dict[str, Any]:
    """Write a run of any size as a folder of part files, in memory that does not grow with it.

    The same run gives the same bytes for any number of workers, also when it is broken off and resumed; of
    Parquet, under one version of pyarrow.

    Parameters
    ----------
    run : Run
        What `prepare` gave.
    out : str or path
        A folder, or ``s3://bucket/prefix``. It may hold nothing else.
    form : str
        ``parquet``, ``csv``, ``ndjson``, ``json`` or ``fix``; text may be compressed, as in ``csv.gz`` or
        ``ndjson.zst``.
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
    compression : str, optional
        Of Parquet: ``snappy``, ``zstd``, ``lz4`` or ``none``; Snappy if not given.
    row_group_rows : int, optional
        Of Parquet: rows in each row group; if not given, a row group is a block.
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
    plan = Plan(run, form, blocks_per_part, ParquetOptions(compression, row_group_rows))
    rehearse(plan)
    with contextlib.ExitStack() as stack:
        stack.enter_context(store.locked())
        refuse_strangers(store)
        if not overwrite:
            finished = finished_manifest(store, plan, resume=resume, ids_given=reserve is None)
            if finished:
                _clear(store)
                return finished
        # A cluster answers, and the ledger gives ids, before anything is taken away.
        make: Maker
        if dask is None:
            processes = min(workers or core_count(), plan.part_count)
            make_room(processes)
            make = functools.partial(in_processes, workers=processes)
        else:
            from tradegen.output.cluster import on_dask

            make = stack.enter_context(on_dask(dask, workers, store))
        plan, key = _begin_anew(store, plan, reserve) if overwrite else _begin(store, plan, reserve)
        with _kept():
            for pairs in make(PartWork(plan, store, key), range(plan.part_count)):
                advance(pairs)
            manifest = _manifest(store, plan, key)
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


def _begin(store: Store, plan: Plan, reserve: Callable[[int, str], int] | None) -> tuple[Plan, str]:
    """Write the plan down, with ids of its own, or take up the one that is there; and its key."""
    noted = read_noted(store, PLAN)
    if noted:
        store.tidy(FOLDERS)
    else:
        noted = {**plan.to_dict(), "key": secrets.token_hex(16), "reserved": reserve is None}
    # Before ids are reserved: a run that is killed in between finds them again under its key.
    store.put(PLAN, json.dumps(noted).encode())
    if not noted["reserved"]:
        noted["replay"]["first_id"] = (
            reserve(plan.run.scenario.pairs, f"dataset {noted['key']}") if reserve else plan.run.first_id
        )
        noted["reserved"] = True
        store.put(PLAN, json.dumps(noted).encode())
    return plan.with_ids_from(noted["replay"]["first_id"]), noted["key"]


def _begin_anew(store: Store, plan: Plan, reserve: Callable[[int, str], int] | None) -> tuple[Plan, str]:
    """Take the place of what is there, once there are ids; a run that is killed in between has lost them."""
    noted = {**plan.to_dict(), "key": secrets.token_hex(16), "reserved": True}
    if reserve:
        noted["replay"]["first_id"] = reserve(plan.run.scenario.pairs, f"dataset {noted['key']}")
    # First what makes it a dataset.
    store.remove(MANIFEST)
    _remove(store, lambda _name: True)
    store.put(PLAN, json.dumps(noted).encode())
    return plan.with_ids_from(noted["replay"]["first_id"]), noted["key"]


def _manifest(store: Store, plan: Plan, key: str) -> dict[str, Any]:
    """The manifest of a dataset whose parts are all recorded."""
    tally = Tally(plan.run)
    digest = hashlib.sha256()
    files = {}
    for part in range(plan.part_count):
        record = record_of(store, part, key)
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
    manifest["versions"] |= plan.versions
    about = {
        name: value for name, value in plan.to_dict().items() if name not in manifest or name == "versions"
    }
    return {**manifest, "dataset": {**about, "sha256": digest.hexdigest(), "files": files}}


def _clear(store: Store) -> None:
    """Take away what is kept of unfinished datasets alone."""
    _remove(store, lambda name: name.startswith(f"{PROGRESS}/"))


def _remove(store: Store, chosen: Callable[[str], bool]) -> None:
    # First the plan and half-written files: without them, a worker of a killed run can add nothing more.
    store.remove(PLAN)
    store.tidy(FOLDERS)
    for name in store.names():
        if chosen(name):
            store.remove(name)
    store.tidy(FOLDERS)
