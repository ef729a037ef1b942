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
    """The making of parts, as a function of their numbers that any process on any machine can call."""

    plan: Plan
    store: Store
    key: str  # of the run, as its plan is noted under

    def __call__(self, part: int) -> int:
        """Make a part, or keep it where it is made already and whole; returns how many pairs it has.

        Raises
        ------
        OutputError
            Where it cannot be written, or the dataset is finished, or is another run's by now: the workers
            of a cluster may go on for a while when their client is killed.
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
        self._require_begun()
        with contextlib.ExitStack() as stack:
            # Put into place last: what it names is there, and on the disk.
            noted = stack.enter_context(self.store.create(f"{PROGRESS}/part-{part:05d}.json"))
            outputs = {table: stack.enter_context(self.store.create(name)) for table, name in files.items()}
            # Once more, since who takes the plan away takes these files away after it.
            self._require_begun()
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
            record = {
                "key": self.key,
                "files": {
                    name: {"rows": rows[table], "bytes": outputs[table].size, "sha256": outputs[table].sha256}
                    for table, name in files.items()
                },
                "tally": tally.to_dict(),
            }
            noted.write(json.dumps(_sealed(record)).encode())
            self._require_begun()

    def _require_begun(self) -> None:
        """Refuse to write where this run's plan is not noted any more."""
        if f'"key": "{self.key}"'.encode() not in (self.store.get(PLAN) or b""):
            raise OutputError(f"{self.store.place} has been finished or begun anew by another run")


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
    """What this run recorded of a part when it was made; None where it did not, or the record is damaged."""
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
