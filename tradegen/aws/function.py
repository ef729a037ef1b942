"""The function that events invoke: on Lambda by ``lambda/app.py``, on a laptop by ``tradegen schedule``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from tradegen.api.batch import made
from tradegen.aws.environment import Environment
from tradegen.aws.log_lines import log_lines, metrics_line, object_lines
from tradegen.aws.run_files import Place, open_place
from tradegen.formats.tables import list_tables, truth_table
from tradegen.ledger import Ledger, open_or_create

_SUFFIX = ".ndjson"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one event gave.

    Attributes
    ----------
    lines : bytes
        What to log, to be written at once: the records and their manifest, which are the same bytes when the
        event is delivered again; on Lambda the metrics, too, which are of this invocation.
    name : str
        What the files of the run are called, without a suffix.
    records, first_id, last_id, seed : int
    """

    lines: bytes
    name: str
    records: int
    first_id: int
    last_id: int
    seed: int

    @property
    def response(self) -> dict[str, Any]:
        """What the function returns. Nobody waits for it but who invokes it by hand."""
        return {"records": self.records, "first_id": self.first_id, "seed": self.seed}


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """What the environment says, with its ledger and its places open."""

    environment: Environment
    ledger: Ledger
    records: Place | None
    truth: Place | None

    @classmethod
    def start(cls, environment: Environment, notice: Callable[[str], object]) -> Self:
        """Open what the environment names; `notice` is told if a ledger was created."""
        records, truth = (
            None if place is None else open_place(place) for place in (environment.records, environment.truth)
        )
        return cls(environment, open_or_create(environment.ledger, notice), records, truth)

    def answer(self, event: object, request: str | None = None) -> Answer:
        """Generate the batch that an event asks for, and store it where it is to be stored.

        A redelivered event gives the same ids, the same records and the same files, byte for byte.

        Parameters
        ----------
        event : object
            As EventBridge sends it, from JSON.
        request : str, optional
            What Lambda calls the invocation.

        Raises
        ------
        ScenarioError
            On anything wrong with the event. Nothing is reserved or stored then.
        LedgerError
            Where no ids can be reserved; no file is stored.
        OutputError
            Where a file cannot be stored. The event's ids stay its own, for when it is delivered again.
        """
        began = time.perf_counter()
        order = self.environment.order(event)
        first_id = self.ledger.reserve(order.run.scenario.pairs, key=order.key)
        batch = made(order.run.starting_at(first_id))
        [table] = list_tables(batch.run).values()
        records = object_lines(table, batch.blocks)
        # Before anything is logged: where the log has a manifest, the files are there.
        if self.records:
            self.records.put(order.name + _SUFFIX, records)
        if self.truth:
            self.truth.put(order.name + _SUFFIX, object_lines(truth_table(batch.run), batch.blocks))
        lines = log_lines(records, self.environment.log, batch.manifest, order.key)
        if self.environment.function:
            lines += metrics_line(
                self.environment.function,
                request,
                batch.manifest,
                time.perf_counter() - began,
                order.key,
            )
        return Answer(lines, order.name, len(batch), first_id, batch.run.last_id, order.run.seed)
