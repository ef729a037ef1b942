"""A list of the user's own, broken: what was asked for, what came of it, and the manifest of both."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.desk.injecting.amounts import amounts_apart, amounts_of
from tradegen.desk.injecting.breaks import Breaks, load_breaks
from tradegen.desk.injecting.changes import Changes
from tradegen.desk.injecting.clean_values import CleanValues
from tradegen.desk.injecting.existing import Existing, keep_existing
from tradegen.desk.injecting.held_list import HeldList, hold
from tradegen.desk.injecting.mirroring import Mirror, all_mirror_edits, mirror_of, mirrored_list
from tradegen.desk.injecting.possible import Entry, possible
from tradegen.desk.injecting.row_selection import Selection
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_agreement import require_agreement
from tradegen.desk.lists.list_form import ListForm, load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.list_values import TradeList, explained
from tradegen.desk.lists.typed_cells import typed_cells
from tradegen.engine.manifest import counts_by
from tradegen.engine.rate_report import rate_report
from tradegen.engine.run import MANIFEST_VERSION
from tradegen.errors import ListError, ScenarioError, whole_number
from tradegen.mechanisms.by_kind import EXISTING
from tradegen.scoring.relations import Reader
from tradegen.version import GENERATION, __version__

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from tradegen.scenario.model import Scenario

MEMORY = "1GB"
"""What the database may hold in memory."""

_MAX_SEED = 2**128 - 1
_MEASURED = ("integer", "decimal", "date", "timestamp")
_BY_TICKER = ("price.nudge", "price.tick", "price.digit_swap")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done to a list, all of it checked."""

    given: Any  # a path, a frame or an Arrow table
    form: ListForm
    guessed: bool  # whether the form is a guess
    breaks: Breaks
    entries: Mapping[str, Entry]
    seed: int
    beside: tuple[Any, ListForm] | None = None  # our list, where what is given is theirs
    keep_existing: bool = False  # whether the two may differ already
    both: bool = False  # whether theirs is the view of a counterparty

    @property
    def path(self) -> Path | None:
        """The list's file."""
        return _path(self.given)

    @property
    def path_beside(self) -> Path | None:
        """The file of our list, where what is given is theirs."""
        return _path(self.beside[0]) if self.beside else None


def _path(given: Any) -> Path | None:
    return Path(given) if isinstance(given, (str, os.PathLike)) else None


def ask(
    given: Any,
    columns: Any = None,
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
    ours: Any = None,
    *,
    keep_existing: bool = False,
    both: bool = False,
) -> Asked:
    """Check what is to be done to a list.

    Parameters
    ----------
    given : path, DataFrame or Arrow table
    columns : path, mapping or ListForm, optional
        What its columns are. It is guessed, if not given.
    scenario : Scenario, mapping, str or path, optional
    seed : int, optional
        One is drawn, if not given.
    changes : mapping, optional
        Fields that go before those of the scenario.
    ours : path, DataFrame or Arrow table, optional
        Our list, where `given` is theirs: the two are to agree. The columns describe both then.
    keep_existing : bool
        Whether what differs already is kept, and not refused.
    both : bool
        Whether theirs is the view of a counterparty, with sides mirrored and brokers exchanged.

    Raises
    ------
    ListError
        Where the list cannot be read, or its columns are not described as they should be.
    ScenarioError
        Where the scenario or the seed is refused.
    """
    if keep_existing and ours is None:
        raise ListError(
            "keep_existing is given with one list; expected two, ours and theirs, whose differences are kept"
        )
    if both and ours is not None:
        raise ListError(
            "both is given with two lists; expected one, of which the other party's view is written"
        )
    forms = load_forms(_guessed(given, ours) if columns is None else columns)
    if forms.theirs is not None and ours is None:
        raise ListError("columns describes two lists, and one is given; expected the columns of one list")
    if forms.theirs is None and ours is not None:
        raise ListError(
            "columns describes one list, and two are given; expected the tables ours and theirs in it"
        )
    form = _as_given(given, forms.theirs or forms.ours)
    entries = possible(form)
    breaks = load_breaks(scenario, changes or {}, entries, form)
    # 53 bits: a drawn seed survives every JSON reader, which may hold numbers as doubles.
    number = secrets.randbits(53) if seed is None else whole_number("seed", seed, 0, _MAX_SEED, ScenarioError)
    beside = None if ours is None else (ours, _as_given(ours, forms.ours))
    return Asked(given, form, columns is None, breaks, entries, number, beside, keep_existing, both)


def _as_given(given: Any, form: ListForm) -> ListForm:
    """The form of a list; of a frame, without that of the file that its columns were described of.

    A frame that holds numbers and dates as text, just as the file writes them, is read as the file is.
    """
    if _path(given) or form.file.form == "parquet":
        return form
    cells = zip(typed_cells(given), form.columns, strict=False)
    typed = any(not one.text for one, column in cells if column.kind in _MEASURED)
    return form.as_table() if typed else form


def _guessed(given: Any, ours: Any) -> dict[str, Any]:
    """What the columns are guessed to be, of one list or of two."""
    found = tomllib.loads(columns_of(given, needed="trades" if ours is None else "theirs"))
    return (
        found if ours is None else {"ours": tomllib.loads(columns_of(ours, needed="ours")), "theirs": found}
    )


@dataclass(frozen=True, slots=True)
class BrokenList:
    """A list in a database with what is to be altered in it."""

    asked: Asked
    held: HeldList
    selection: Selection
    changes: Changes
    digest: str | None  # SHA-256 of the list's file
    existing: Existing | None = None  # what differed already
    digest_beside: str | None = None  # SHA-256 of the file of our list
    mirror: Mirror | None = None  # what is another in the view of a counterparty
    seen: TradeList | None = None  # the list as it was given, where there is a mirror

    def view(self) -> Edits:
        """What the counterparty's view has otherwise, before anything is broken; nothing without one."""
        if self.mirror is None or self.seen is None:
            return Edits()
        return all_mirror_edits(self.held.connection, self.seen, self.mirror)

    def manifest(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """What was done, as JSON would carry it.

        Parameters
        ----------
        written : mapping
            What is known of the files that were written: by ``theirs`` and ``truth``, their ``sha256`` and
            the like.

        Returns
        -------
        dict
            ``manifest``, ``generation``: as in manifests of `generate`. ``inject``: keyword arguments of
            `tradegen.inject` that do the same again. ``input``: ``name``, ``sha256`` and ``rows`` of the
            list. ``output``: as `written`. ``counts``; ``rates``: see `rate_report`; ``versions``. Where
            differences that there were already are kept, ``ours``: as ``input``, of our list; and
            ``counts.existing``. All other counts of trades are about those that agreed, and so are rates. Of
            the view of a counterparty, ``mirror``: the ``side`` and its ``words``, and the ``brokers`` that
            are exchanged.
        """
        asked, selection = self.asked, self.selection
        told, by = self.changes.counts(), counts_by(asked.breaks, selection.counts)
        follows = {
            name: {"requested": count, "applied": count} for name, count in told.pop("follows").items()
        }
        found = selection.counts
        counts = {
            "rows": self.held.rows,
            "eligible_rows": selection.eligible,
            "requested_rows": int(found.requested[:-1].sum()),
            "mismatched_rows": int(found.applied[:-1].sum()),
            "requested_benign_rows": int(found.requested[-1]),
            "benign_rows": int(found.applied[-1]),
            **told,
            "by_mechanism": by["by_mechanism"] | follows,
            "by_cause": by["by_cause"],
        }
        if amounts := amounts_of(asked.form):
            names, connection = asked.form.names, self.held.connection
            rows = self.held.clean
            counts["amounts_apart"] = {
                names[one.position]: amounts_apart(connection, rows, one) for one in amounts
            }
        columns: Any = asked.form.model_dump(mode="json", exclude_none=True)
        kept: dict[str, Any] = {}
        if self.existing and asked.beside:
            count = self.existing.truth_rows
            counts["by_mechanism"][EXISTING] = {"requested": count, "applied": count}
            counts["existing"] = self.existing.counts
            ours = asked.beside[1].model_dump(mode="json", exclude_none=True)
            columns, kept = {"ours": ours, "theirs": columns}, {"keep_existing": True}
        if self.mirror:
            kept = {"both": True}
        made = {
            "manifest": MANIFEST_VERSION,
            "generation": GENERATION,
            "inject": {
                "columns": columns,
                "scenario": asked.breaks.said(),
                "seed": asked.seed,
                **kept,
            },
            "input": _told(asked.path, self.digest, self.held.rows),
            "output": dict(written),
            "counts": counts,
            "rates": rate_report(asked.breaks, found),
            "versions": {
                "tradegen": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "duckdb": version("duckdb"),
            },
        }
        if self.existing:
            made["ours"] = _told(asked.path_beside, self.digest_beside, self.existing.rows)
        if self.mirror:
            made["mirror"] = self.mirror.told(asked.form)
        return made


def _told(path: Path | None, digest: str | None, rows: int) -> dict[str, Any]:
    return {"name": str(path) if path else None, "sha256": digest, "rows": rows}


def break_list(connection: DuckDBPyConnection, folder: Path, asked: Asked) -> BrokenList:
    """Decide what is to be altered in a list. Nothing is written but tables of the database.

    Parameters
    ----------
    connection : DuckDBPyConnection
        It keeps the order of rows.
    folder : Path
        For links and copies.
    asked : Asked

    Raises
    ------
    ListError
        Where the list cannot be read, or an id stands twice in it.
    """
    reader = Reader(connection, folder)
    one = open_list(reader, asked.given, asked.form, "theirs" if asked.beside else "trades")
    existing, mirror, seen = None, None, one
    if asked.both:
        mirror = mirror_of(connection, one)
        one = mirrored_list(connection, reader, one, mirror)
    if asked.beside:
        ours = open_list(reader, *asked.beside, "ours")
        if asked.keep_existing:
            existing = keep_existing(connection, ours, one, asked.breaks)
        else:
            require_agreement(connection, ours, one)
    held = hold(connection, one, _looked_at(asked), kept=existing is not None)
    clean = CleanValues(held)
    selection = Selection(clean, asked.breaks, asked.entries, asked.seed)
    changes = Changes(clean, asked.seed, existing)
    with explained(one.name), ThreadPoolExecutor(1) as pool:
        # The database has left a core to spare now.
        paths = (asked.path, asked.path_beside if existing else None)
        digests = [pool.submit(file_digest, path) if path else None for path in paths]
        for part in selection.broken():
            changes.add(part)
        known = [digest.result() if digest else None for digest in digests]
        return BrokenList(asked, held, selection, changes, known[0], existing, known[1], mirror, seen)


def _looked_at(asked: Asked) -> list[int]:
    """The positions of the columns that are altered, and of those that this takes."""
    form, weights = asked.form, asked.breaks.active
    found = {position for name in weights if (position := asked.entries[name].position) is not None}
    roles = ["quantity", "price", *(["ticker"] if any(name in weights for name in _BY_TICKER) else [])]
    found |= {form.position(form.by_role[role].name) for role in roles if role in form.by_role}
    found |= {amount.position for amount in amounts_of(form)}
    asked_of = [one for spot in asked.breaks.hot_spots for one in spot.where.conditions]
    found |= {position for condition in asked_of for position in condition.positions}
    ids = {form.position(name) for name in form.id}
    return sorted(found | ids if found & ids else found)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file.

    Raises
    ------
    ListError
        Where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path} cannot be read: {error.strerror}") from None
