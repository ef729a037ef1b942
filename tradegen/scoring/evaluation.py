"""Evaluate a matcher: `score` counts, and `explain` says which rows the counts are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tradegen.core.columns import TRUTH_COLUMNS
from tradegen.core.databases import temporary_database
from tradegen.core.grids import FINEST
from tradegen.core.machine import core_count
from tradegen.errors import ScoringError, shown
from tradegen.scenario.tolerances import Tolerances
from tradegen.scenario.validation import QUANTITY_STEP, TICK
from tradegen.scenario.validation import explain as explain_refusal
from tradegen.scoring import classification, counting, curves, linking
from tradegen.scoring.details import Details, details_of
from tradegen.scoring.finding_filters import FindingFilter, conditions
from tradegen.scoring.findings import FindingsSummary, input_of, load_findings, open_findings
from tradegen.scoring.injected_fields import fields_found
from tradegen.scoring.inputs import resolve_inputs
from tradegen.scoring.notional import bands
from tradegen.scoring.record_links import load_links
from tradegen.scoring.relations import Reader
from tradegen.scoring.run_fields import RunFields
from tradegen.scoring.score_counts import Input
from tradegen.scoring.scores import Score
from tradegen.scoring.trades import Trades
from tradegen.scoring.truth_tables import define, load_truth

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
    where: str | Iterable[str] | None = None,
    ignore_fields: Iterable[str] = (),
    matcher: str = "",
) -> Score:
    """Score a matcher's findings against the truth.

    Parameters
    ----------
    truth : path, DataFrame, Arrow table or Batch
        The answer key: a file, the folder of a dataset, whose trades and manifest are then found in it, a
        table, or what `generate` made.
    findings : path, DataFrame or Arrow table; Series or Arrow array of trade ids
        What the matcher reports, a row for each finding: ``trade_id``, and optionally ``field``, ``leg``,
        ``linked_trade_id`` and ``score``. An empty cell says nothing.
    trades : path, DataFrame, Arrow table, several of them, or a mapping of lists to them, optional
        The records that the matcher was given. The notional of clean pairs is read from them, and whether
        a link could be told from another.
    manifest : path or mapping, optional
        The manifest of the run, which says which ids exist.
    columns : mapping of str to str, optional
        The findings' own names for their columns: ``{"trade_id": "TradeRef"}``.
    fields : mapping of str to str, optional
        The findings' own names for fields: ``{"price": "Px"}``.
    tolerances : Tolerances or mapping, optional
        Relabel the truth by these before it is scored: ``{"price": {"bps": 1}, "quantity": 5}``.
    where : str or iterable of str, optional
        Score only the findings that meet all of these conditions: ``"Status != MATCHED"``,
        ``"Status in BREAK, MISSING"``. This is for matchers that list every pair with its status.
    ignore_fields : iterable of str
        Leave out findings about these fields, by the findings' own names, such as a column ``record_id`` that
        is no field.
    matcher : str
        The name under which the score is shown.

    Raises
    ------
    ScoringError
        If something cannot be read or used, in one sentence.

    Examples
    --------
    >>> from tradegen import generate
    >>> batch = generate(pairs=100, seed=7)
    >>> score(batch, batch.truth[["trade_id", "field"]]).pairs.recall
    1.0
    """
    filters = FindingFilter(conditions(where), _names(ignore_fields))
    with _evaluated(truth, findings, trades, manifest, columns, fields, tolerances, filters) as evaluated:
        return _counted(evaluated, matcher)


def explain(
    truth: Any,
    findings: Any,
    *,
    columns: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> Details:
    """Say which rows of the truth were found, and which pairs were reported without cause.

    Every row is held in memory: this is for small data, such as a test's.

    Parameters
    ----------
    truth, findings, columns, fields
        As `score` takes them.

    Raises
    ------
    ScoringError
        If something cannot be read or used.
    """
    with _evaluated(truth, findings, None, None, columns, fields, None, FindingFilter()) as evaluated:
        if evaluated.fields.injected:
            raise ScoringError("details are of generated trades alone; expected score for trades of your own")
        return details_of(evaluated.connection)


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """Truth and findings read, and every pair classified."""

    connection: DuckDBPyConnection  # with the tables truth, findings, classified and unknown_ids
    trades: Trades
    summary: FindingsSummary
    input: Input
    pairs: int | None  # how many there are; None where nothing says it
    fields: RunFields


@contextlib.contextmanager
def _evaluated(
    truth: Any,
    findings: Any,
    trades: Any,
    manifest: Any,
    columns: Mapping[str, str] | None,
    fields: Mapping[str, str] | None,
    tolerances: Tolerances | Mapping[str, Any] | None,
    filters: FindingFilter,
) -> Iterator[_Evaluated]:
    limits = _tolerances(tolerances)
    with _readable(), _connection() as (connection, folder):
        inputs = resolve_inputs(truth, trades, manifest)
        reader = Reader(connection, folder)
        answers = reader.source(inputs.truth, "truth", TRUTH_COLUMNS)
        answers.require(("field", "mechanism", "original"))
        with reader.explaining(answers.name):
            fields_of_run = inputs.fields or fields_found(connection, answers)
            _check_limits(limits, fields_of_run)
            define(connection, fields_of_run)
            legs = load_truth(connection, answers, inputs.view, inputs.extent, limits, fields_of_run)
        if not fields_of_run.shared_id:
            load_links(connection, reader, inputs.links, inputs.extent)
        source, called = open_findings(reader, findings, columns, filters)
        with reader.explaining(source.name):
            summary = load_findings(connection, source, called, legs, fields, filters, fields_of_run)
        lists = Trades(connection, reader, inputs, legs, fields_of_run)
        pairs = lists.count_pairs()
        classification.classify(connection, lists)
        given = input_of(connection, source.name, summary, inputs.extent, fields_of_run.key)
        yield _Evaluated(connection, lists, summary, given, pairs, fields_of_run)


def _counted(evaluated: _Evaluated, matcher: str) -> Score:
    connection, summary, total = evaluated.connection, evaluated.summary, evaluated.pairs
    profiles = classification.profiles(connection)
    rows = classification.rows(connection)
    pairs = counting.pairs(profiles, total)
    # Findings without any row name no field either, but nothing was withheld: all fields were missed.
    named = summary.fields or not summary.rows
    names, scales = evaluated.fields.names, curves.scales_of(evaluated.fields)
    by_field = counting.fields(profiles, names, evaluated.fields.id, evaluated.fields.ids) if named else {}
    by_notional, notional = bands(connection, evaluated.trades, total)
    curves.gather_sizes(connection, scales)
    return Score(
        pairs=pairs,
        fields=counting.total(by_field) if named else None,
        notional=notional,
        by={
            "mechanism": counting.recalls(rows, "mechanism"),
            "field": by_field,
            "cause": counting.recalls(rows, "cause"),
            "leg": counting.recalls(rows, "leg"),
            "notional": by_notional,
        },
        records=counting.records(profiles),
        confusion=counting.confusion(profiles, names),
        several=counting.several(profiles, named),
        benign=counting.benign(rows),
        undecidable=counting.undecidable(connection, rows),
        links=linking.links(connection, evaluated.trades, total, shared_id=evaluated.fields.shared_id)
        if summary.links
        else None,
        tolerance_sweep=curves.tolerance_sweep(connection, profiles, scales, names) if named else (),
        detection=curves.detection(connection, scales),
        thresholds=curves.thresholds(connection, pairs) if summary.scores else None,
        input=evaluated.input,
        matcher=matcher,
    )


def _names(given: Iterable[str]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    odd = next((name for name in names if not isinstance(name, str) or not name.strip()), None)
    if odd is not None:
        raise ScoringError(f"ignore_fields has {shown(odd)}; expected names of fields, such as 'record_id'")
    return tuple(name.strip() for name in names)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Say in a sentence what the system says of a path, such as that its name is too long."""
    try:
        yield
    except OSError as error:
        reason = f"{error.filename} cannot be read: {error.strerror}" if error.filename else str(error)
        raise ScoringError(reason) from None


def _tolerances(given: Tolerances | Mapping[str, Any] | None) -> Tolerances | None:
    if given is None or isinstance(given, Tolerances):
        return given
    if not isinstance(given, Mapping):
        raise ScoringError(f"tolerances is {shown(given)}; expected a mapping, such as {{'quantity': 5}}")
    try:
        context = {TICK: FINEST["price"].written, QUANTITY_STEP: FINEST["quantity"].written}
        return Tolerances.model_validate(dict(given), context=context)
    except ValidationError as error:
        reason = explain_refusal(error, Tolerances, "field with a tolerance", "tolerances.")
        raise ScoringError(reason) from None


def _check_limits(limits: Tolerances | None, fields: RunFields) -> None:
    """Refuse tolerances between two of the run's steps, and those of columns that it has not."""
    if limits is None:
        return
    try:
        limits.of("quantity", fields.shares)
    except ValueError as error:
        raise ScoringError(f"tolerances.{error}") from None
    try:
        limits.check(fields.own)
    except ValueError as error:
        raise ScoringError(str(error)) from None


@contextlib.contextmanager
def _connection() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A database of its own in memory, and a folder for links and for what does not fit into memory."""
    import duckdb

    threads = min(core_count(), _MOST_THREADS)
    with temporary_database("score", _MEMORY, threads=threads, preserve_insertion_order=False) as database:
        try:
            yield database
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            reason = str(error).strip().splitlines()[0]
            raise ScoringError(
                f"there is no room to score in, in memory or in {database[1]}: {reason}"
            ) from None
