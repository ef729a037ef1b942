"""`inject`, and the `Injected` that it gives: the user's own trades, broken, in memory or to files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core.columns import Array
from tradegen.desk.injecting.broken_files import database, write_broken
from tradegen.desk.injecting.broken_list import Asked, ask, break_list, file_digest
from tradegen.desk.injecting.column_labels import RECORD_POSITION
from tradegen.desk.injecting.truth_files import truth_frame
from tradegen.desk.lists.edits import Edits
from tradegen.desk.lists.list_form import ListForm
from tradegen.desk.lists.list_reading import open_list
from tradegen.desk.lists.table_edits import edited_frame
from tradegen.errors import ListError, shown
from tradegen.scoring.relations import Reader

if TYPE_CHECKING:
    import pandas as pd

    from tradegen.scenario.model import Scenario


@dataclass(frozen=True, eq=False, repr=False)
class Injected:
    """What `inject` made of a list: their list, the truth about it, and the manifest.

    Attributes
    ----------
    truth : DataFrame
        A row per altered cell or record; columns and dtypes as those of `Batch.truth`. ``trade_id`` is the
        list's own id, ``field`` its own name of the column, and ``leg`` is ``THEIRS``.
    manifest : dict
        What was done: ``inject(trades, **manifest["inject"])`` does the same again.
    """

    truth: pd.DataFrame
    manifest: Mapping[str, Any]
    _asked: Asked
    _edits: Edits
    _view: Edits  # what the counterparty's view has otherwise, before anything is broken
    _existing: tuple[Array, Array]  # of what differed already: rows of their list, positions of columns

    @cached_property
    def theirs(self) -> Any:
        """The list with its mismatches: a frame of the kind, and with the types, of the one that was given.

        Of a file it is a pandas DataFrame: the texts of the cells, or of Parquet the types that pandas gives
        to the file's own, with blanks in them.
        """
        path = self._asked.path
        if path is None or self._asked.form.file.form != "parquet":
            return edited_frame(self._before, self._edits)
        import pyarrow.parquet as pq

        table = edited_frame(pq.read_table(path), self._view, str(path))
        return edited_frame(table, self._edits, str(path)).to_pandas()

    @property
    def lists(self) -> dict[str, Any]:
        """Both lists by name: `ours` and `theirs`."""
        return {"ours": self.ours, "theirs": self.theirs}

    def mask(self, name: str = "theirs") -> pd.DataFrame:
        """Where their list is not as ours: a boolean frame of its shape.

        True are the cells that were altered, and all cells of a record that was added. So are those that
        differed already, if they were kept. What is mirrored in a counterparty's view is no mismatch.

        Parameters
        ----------
        name : str
            The list, which is ``theirs``: ours is as it was given.

        Raises
        ------
        ListError
            On any other name.
        """
        import pandas as pd

        if name != "theirs":
            raise ListError(f"mask of {shown(name)}; expected 'theirs', since nothing of ours is altered")
        edits, rows = self._edits, self.manifest["input"]["rows"]
        times = edits.written(0, rows)
        begins = np.cumsum(times) - times
        found = np.zeros((int(times.sum()), len(self._asked.form.columns)), bool)
        kept = edits.copies < times[edits.rows]
        found[(begins[edits.rows] + edits.copies)[kept], edits.columns[kept]] = True
        line = np.repeat(begins, times)
        found[np.arange(len(found)) > line] = True
        rows, columns = self._existing
        whole = columns == RECORD_POSITION
        found[begins[rows[~whole]], columns[~whole]] = True
        found[begins[rows[whole]]] = True
        index = self.theirs.index if isinstance(self.theirs, pd.DataFrame) else None
        return pd.DataFrame(found, columns=list(self._asked.form.names), index=index)

    def write(
        self,
        theirs: str | os.PathLike[str],
        truth: str | os.PathLike[str] | None = None,
        manifest: str | os.PathLike[str] | None = None,
    ) -> None:
        """Write a list that came from a file, in the very form of that file; and what else is named.

        Parameters
        ----------
        theirs, truth, manifest : path
            The suffix of the truth says its format: csv, json, ndjson, jsonl or parquet.

        Raises
        ------
        ListError
            Where the list came from no file, or its file has been changed.
        OutputError
            Where a file cannot be written. None has changed then.
        """
        path = self._require_file()
        beside = self._asked.path_beside if self._asked.keep_existing else None
        paths = (None if one is None else Path(one) for one in (truth, manifest))
        for one, part in ((path, "input"), (beside, "ours")):
            if one and file_digest(one) != self.manifest[part]["sha256"]:
                raise ListError(f"{one} has been changed since it was read; expected the list as it was")
        write_broken(self._asked, Path(theirs), *paths)

    def __repr__(self) -> str:
        counts = self.manifest["counts"]
        return (
            f"<Injected of {counts['rows']} trades, {counts['mismatched_rows']} mismatched, "
            f"seed {self._asked.seed}>"
        )

    def _require_file(self) -> Path:
        if self._asked.path is None:
            raise ListError(
                "the list is a frame, and no file says how to write it; expected theirs to be used"
            )
        return self._asked.path

    @cached_property
    def ours(self) -> Any:
        """The list that theirs is to be compared with, as a frame. Of a file, as `theirs` is.

        It is the list as it was before: ours, or of two lists that agree, theirs. Of two lists whose
        differences are kept, it is ours.
        """
        beside = self._asked.beside if self._asked.keep_existing else None
        return _frame_of(*beside) if beside else self._given

    @cached_property
    def _given(self) -> Any:
        return _frame_of(self._asked.given, self._asked.form)

    @property
    def _before(self) -> Any:
        """What is broken: the list, or the counterparty's view of it."""
        return edited_frame(self._given, self._view) if self._view else self._given


def _frame_of(given: Any, form: ListForm) -> Any:
    """A list as a frame: as it was given, or what stands in its file."""
    if not isinstance(given, (str, os.PathLike)):
        return given
    if form.file.form == "parquet":
        import pandas as pd

        return pd.read_parquet(given)
    with database() as (connection, folder):
        one = open_list(Reader(connection, folder), given, form)
        texts = ", ".join(f"{one.source.text(name)} AS c{at}" for at, name in enumerate(form.names))
        frame = connection.sql(f"SELECT {texts} FROM {one.source.relation}").df()  # noqa: S608 - ours
    return frame.set_axis(list(form.names), axis=1)


def inject(
    trades: Any,
    theirs: Any = None,
    *,
    columns: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    seed: int | None = None,
    keep_existing: bool = False,
    both: bool = False,
    **changes: Any,
) -> Injected:
    """Break a list of your own trades, in ways that the truth tells.

    Parameters
    ----------
    trades : path, DataFrame or Arrow table
        CSV, JSON lines or Parquet; pandas, Polars or Arrow. It is not changed.
    theirs : path, DataFrame or Arrow table, optional
        Their list, if there is one already, in a form of its own. The two are compared first, and are refused
        if they differ, unless `keep_existing`. Then it is theirs that is broken, and not changed either.
    columns : path or mapping, optional
        What ``tradegen columns`` wrote of it, as you have corrected it; of two lists, in the tables ``ours``
        and ``theirs``. It is guessed, if not given.
    scenario : Scenario, mapping, str or path, optional
        What to break: fields, a name or a TOML file. Without one, those mechanisms of ``original`` that the
        list has columns for.
    seed : int, optional
        The same seed breaks the same trades alike, whatever their order. One is drawn, if not given.
    keep_existing : bool
        Whether trades in which the two lists differ already are kept as they are. The truth has a row for
        each such difference, whose mechanism is ``existing``. Rates are of the trades that agreed.
    both : bool
        Whether theirs is to be the view of a counterparty: each side is mirrored, and where columns have the
        roles ``broker_id`` and ``contra_broker_id``, they are exchanged. The truth is about what is there
        then; the view itself is no mismatch.
    **changes
        Fields that go before those of the scenario, such as ``mismatch_rate=0.02``.

    Returns
    -------
    Injected

    Raises
    ------
    ListError
        Where a list cannot be read, or is not as its columns are described, or an id stands twice; or where
        two lists differ already.
    ScenarioError
        Where the scenario asks for what the list cannot have.
    """
    broken_one, ours = (trades, None) if theirs is None else (theirs, trades)
    asked = ask(broken_one, columns, scenario, seed, changes, ours, keep_existing=keep_existing, both=both)
    with database() as (connection, folder):
        broken = break_list(connection, folder, asked)
        truth, edits = truth_frame(broken.changes.truth()), broken.changes.all_edits()
        existing = broken.changes.existing()
        return Injected(truth, broken.manifest({}), asked, edits, broken.view(), existing)
