"""One part of a dataset: made, written, hashed and recorded, apart from all others."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tradegen.engine.generator import generate_block
from tradegen.engine.manifest import Tally
from tradegen.errors import OutputError
from tradegen.formats import FORMATS, Writer
from tradegen.formats.tables import Table, tables
from tradegen.output.dataset_plan import Plan
from tradegen.output.writable_storage import Store

PROGRESS = ".progress"
"""The folder, within that of a dataset, of what is known of an unfinished one."""

PLAN = f"{PROGRESS}/plan.json"


@dataclass(frozen=True, slots=True)
class PartWork:
    """The making of parts, as a function of their numbers that any process on any machine can call.

    A worker of a cluster may still be at a part when its run has been broken off, and another run is at the
    same place, or is done. The key says which dataset a part is of.
    """

    plan: Plan
    store: Store
    key: str

    def __call__(self, part: int) -> int:
        """Make a part, or keep it where it is made already and whole; returns how many pairs it has.

        Raises
        ------
        OutputError
            Where it cannot be written.
        """
        if not self._is_made(part):
            self._make(part)
        return self.plan.pairs(part)

    def _is_made(self, part: int) -> bool:
        """Whether a part is there as its record says, to the last byte."""
        record = record_of(self.store, part, self.key)
        return (
            record is not None
            and record["files"].keys() == set(self.plan.files(part).values())
            and all(
                self.store.digest(name) == (file["bytes"], file["sha256"])
                for name, file in record["files"].items()
            )
        )

    def _make(self, part: int) -> None:
        plan, run = self.plan, self.plan.run
        files = plan.files(part)
        tally = Tally(run)
        rows = dict.fromkeys(files, 0)
        with contextlib.ExitStack() as stack:
            outputs = {table: stack.enter_context(self.store.create(name)) for table, name in files.items()}
            made = tables(run)
            writers = _writers(plan, made, {name: output.write for name, output in outputs.items()})
            for number in plan.blocks(part):
                block = generate_block(run.scenario, run.market, run.seed, number, run.first_id)
                for name, table in made.items():
                    of_block = table.rows(block)
                    writers[name].add(of_block)
                    rows[name] += len(of_block)
                tally.add(block)
            for writer in writers.values():
                writer.end()
            self._require_wanted()  # or nothing is put into its place
        record = {
            "key": self.key,
            "files": {
                name: {"rows": rows[table], "bytes": outputs[table].size, "sha256": outputs[table].sha256}
                for table, name in files.items()
            },
            "tally": tally.to_dict(),
        }
        # Written last: what it names is there, and on the disk.
        self.store.put(f"{PROGRESS}/part-{part:05d}.json", json.dumps(_sealed(record)).encode())

    def _require_wanted(self) -> None:
        """Check that this dataset is still being made.

        Raises
        ------
        OutputError
            Where it is finished, or another one takes its place.
        """
        noted = json.loads(self.store.get(PLAN) or b"{}")
        if noted.get("key") != self.key:
            raise OutputError(f"{self.store.place} is no longer being made by this run")


def rehearse(plan: Plan, pairs: int = 1) -> dict[str, int]:
    """Write a block of so many pairs to nowhere; returns the bytes of each table.

    What cannot be written shows so before ids are reserved.

    Raises
    ------
    OutputError
        Where the format cannot hold such records.
    """
    run = plan.run
    sizes = dict.fromkeys(plan.tables, 0)

    def counted(table: str, data: bytes) -> None:
        sizes[table] += len(data)

    made = tables(run)
    writers = _writers(plan, made, {table: functools.partial(counted, table) for table in plan.tables})
    block = generate_block(run.scenario.replace(pairs=pairs), run.market, run.seed, 0, run.first_id)
    for name, table in made.items():
        writers[name].add(table.rows(block))
        writers[name].end()
    return sizes


def _writers(
    plan: Plan, made: Mapping[str, Table], write: Mapping[str, Callable[[bytes], object]]
) -> dict[str, Writer]:
    forms = {name: plan.form_of(name) for name in made}
    return {
        name: FORMATS[forms[name]](table, write[name], **plan.parquet.of_writer(forms[name]))
        for name, table in made.items()
    }


def record_of(store: Store, part: int, key: str) -> dict[str, Any] | None:
    """What was recorded of a part of this dataset; None where nothing was, or the record is damaged."""
    content = store.get(f"{PROGRESS}/part-{part:05d}.json") or b""
    try:
        sealed = json.loads(content)
        record: dict[str, Any] = sealed["record"]
        return record if sealed == _sealed(record) and record["key"] == key else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None  # missing, cut short or edited: the part is made again


def _sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its own digest, so that whatever happens to it shows."""
    return {"record": record, "sha256": hashlib.sha256(json.dumps(record).encode()).hexdigest()}
