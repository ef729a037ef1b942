"""What an adapter is given, and what it hands back: the same for all of them.

An adapter is started as ``python ADAPTER.py FOLDER``. The folder holds the two lists, ``ours`` and
``theirs``, as Parquet and as CSV, and ``knowledge.json``: what whoever sets up a reconciliation knows of
them. Nothing says which records were altered. The adapter writes ``findings.csv`` and ``run.json`` beside
them. This file needs nothing but the standard library, for it runs in every matcher's own environment.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Finding = tuple[str, str, str]
"""A record's reference, what differs or ``""``, the reference of its partner or ``""``."""


def finding(record: str, field: str = "", partner: str = "") -> Finding:
    """What was found of a record: a field, ``missing`` where it has no partner, or only its partner."""
    return record, field, partner


class Job:
    """Two lists to be matched.

    Attributes
    ----------
    reference : str
        The column that names a record; without shared ids, each list has its own.
    key : list of str
        Columns to join by: the reference, where both lists share it, or else what names a trade best.
    columns : list of str
        All columns but the reference.
    tolerances : dict of str to (dict or float)
        By column, as a scenario writes them; ``price`` is a table of one unit.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        known: dict[str, Any] = json.loads((folder / "knowledge.json").read_text("utf-8"))
        self.reference: str = known["reference"]
        self.key: list[str] = known["key"]
        self.columns: list[str] = known["columns"]
        self.tolerances: dict[str, Any] = known["tolerances"]
        self.seconds = 0.0

    @classmethod
    def given(cls) -> Job:
        """The job in the folder that the command line names."""
        return cls(Path(sys.argv[1]))

    @property
    def shared_ids(self) -> bool:
        """Whether both lists have the same ids."""
        return self.key == [self.reference]

    @property
    def compared(self) -> list[str]:
        """The columns that the key does not settle."""
        return [column for column in self.columns if column not in self.key]

    def path(self, name: str, form: str = "parquet") -> Path:
        """Where a list lies, as ``parquet`` or ``csv``."""
        return self.folder / f"{name}.{form}"

    @contextmanager
    def matching(self) -> Iterator[None]:
        """Time what is done inside: the matching, neither the start of Python nor the reading of files."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    def write(self, findings: Iterable[Finding], version: str) -> None:
        """Hand back what was found, and by which version of the tool."""
        with (self.folder / "findings.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["record", "field", "partner"])
            writer.writerows(dict.fromkeys(findings))  # each once, in order
        run = {"seconds": self.seconds, "version": version}
        (self.folder / "run.json").write_text(json.dumps(run), "utf-8")
