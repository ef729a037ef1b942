"""score(): a matcher's findings against the truth."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tradegen.core.columns import TRUTH_COLUMNS
from tradegen.core.machine import core_count
from tradegen.errors import ScoringError, shown
from tradegen.scenario.tolerances import Tolerances
from tradegen.scenario.validation import explain
from tradegen.scoring import counting, curves, judging, linking
from tradegen.scoring.findings import input_of, load_findings, open_findings
from tradegen.scoring.inputs import Inputs, settle
from tradegen.scoring.notional import bands
from tradegen.scoring.reading import Reader
from tradegen.scoring.scores import Score
from tradegen.scoring.trades import Trades
from tradegen.scoring.truths import define, load_truth

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["score"]

_MEMORY = "900MB"  # of DuckDB's; what does not fit goes to a temporary folder
_MOST_THREADS = 8  # each has buffers of its own


def score(
    truth: Any,
    findings: Any,
    *,
    trades: Any = None,
    manifest: Any = None,
    columns: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    tolerances: Tolerances | Mapping[str, Any] | None = None,
    matcher: str = "",
) -> Score:
    """Score a matcher's findings against the truth.

    Parameters
    ----------
    truth : path, DataFrame, Arrow table or Batch
        The answer key: a file, the folder of a dataset, whose trades and manifest are then found there, a
        table, or what `generate` made.
    findings : path, DataFrame or Arrow table
        What the matcher reports, a row a finding: ``trade_id``, and optionally ``field``, ``leg``,
        ``linked_trade_id`` and ``score``. What is empty was not said.
    trades : path, DataFrame, Arrow table, several of them, or a mapping of lists to them, optional
        The records that the matcher was given; for the notional of pairs that are clean, and for links.
    manifest : path or mapping, optional
        What the run was; it says which ids there are.
    columns : mapping of str to str, optional
        By column of findings, what it is called there: ``{"trade_id": "TradeRef"}``.
    fields : mapping of str to str, optional
        By field, what findings call it: ``{"price": "Px"}``.
    tolerances : Tolerances or mapping, optional
        The truth is labelled anew by these before it is scored: ``{"price": {"bps": 1}, "quantity": 5}``.
    matcher : str
        What the score is called.

    Returns
    -------
    Score

    Raises
    ------
    ScoringError
        Where something cannot be read or used, in one sentence.

    Examples
    --------
    >>> from tradegen import generate
    >>> batch = generate(pairs=100, seed=7)
    >>> score(batch, batch.truth[["trade_id", "field"]]).pairs.recall
    1.0
    """
    limits = _tolerances(tolerances)
    inputs = settle(truth, trades, manifest)
    with _connection() as (connection, folder):
        reader = Reader(connection, folder)
        return _scored(connection, reader, inputs, findings, columns, fields, limits, matcher)


def _scored(
    connection: DuckDBPyConnection,
    reader: Reader,
    inputs: Inputs,
    findings: Any,
    columns: Mapping[str, str] | None,
    fields: Mapping[str, str] | None,
    limits: Tolerances | None,
    matcher: str,
) -> Score:
    truth = reader.source(inputs.truth, "truth", TRUTH_COLUMNS)
    define(connection)
    with reader.explaining(truth.name):
        legs = load_truth(connection, truth, inputs.view, inputs.extent, limits)
    source, called = open_findings(reader, findings, columns)
    with reader.explaining(source.name):
        said = load_findings(connection, source, called, legs, fields)
    trades = Trades(connection, reader, inputs, legs)
    total = trades.count_pairs()
    judging.judge(connection, trades)
    given = input_of(connection, source.name, said, inputs.extent)
    found = judging.profiles(connection)
    rows = judging.rows(connection)
    # Where nothing is reported, no field is: that is not to name none.
    named = said.fields or not said.rows
    by_field = counting.fields(found) if named else {}
    by_notional, notional = bands(connection, trades, total)
    curves.gather_sizes(connection)
    return Score(
        pairs=counting.pairs(found, total),
        fields=counting.total(by_field) if named else None,
        notional=notional,
        by={
            "mechanism": counting.recalls(rows, "mechanism"),
            "field": by_field,
            "cause": counting.recalls(rows, "cause"),
            "leg": counting.recalls(rows, "leg"),
            "notional": by_notional,
        },
        records=counting.records(found),
        confusion=counting.confusion(found),
        several=counting.several(found, named),
        benign=counting.benign(rows),
        undecidable=counting.undecidable(connection, rows),
        links=linking.links(connection, trades, total) if said.links else None,
        tolerance_sweep=curves.tolerance_sweep(connection, found) if named else (),
        detection=curves.detection(connection),
        thresholds=curves.thresholds(connection, counting.pairs(found, total)) if said.scores else None,
        input=given,
        matcher=matcher,
    )


def _tolerances(given: Tolerances | Mapping[str, Any] | None) -> Tolerances | None:
    if given is None or isinstance(given, Tolerances):
        return given
    if not isinstance(given, Mapping):
        raise ScoringError(f"tolerances is {shown(given)}; expected a mapping, such as {{'quantity': 5}}")
    try:
        return Tolerances(**given)
    except ValidationError as error:
        raise ScoringError(explain(error, Tolerances, "field with a tolerance", "tolerances.")) from None


@contextlib.contextmanager
def _connection() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A database of its own in memory, and a folder for links and for what does not fit."""
    try:
        import duckdb
    except ModuleNotFoundError:
        raise ScoringError(
            "duckdb, which joins findings and truth, is not installed; "
            "pip install 'tradegen[score]' brings it"
        ) from None
    with tempfile.TemporaryDirectory(prefix="tradegen-score-") as name:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": min(core_count(), _MOST_THREADS),
                "memory_limit": _MEMORY,
                "temp_directory": str(Path(name, "spill")),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )
        # Its bar would go to standard output; in Jupyter without ipywidgets there is none to turn off.
        with contextlib.suppress(duckdb.InvalidInputException):
            connection.execute("SET enable_progress_bar = false")
        try:
            yield connection, Path(name)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            reason = str(error).strip().splitlines()[0]
            raise ScoringError(f"there is no room to score in, in memory or in {name}: {reason}") from None
        finally:
            connection.close()
