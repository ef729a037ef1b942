"""A trade case: data with a known truth, what an engine made of it, and whether that is good enough."""

from __future__ import annotations

import copy
import datetime as dt
import operator
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from tradegen.api.batch import Batch, generate
from tradegen.errors import CaseError, ScenarioError, ScoringError, TradegenError, nearest, whole_number
from tradegen.formats import FORMATS
from tradegen.formats.tables import list_tables
from tradegen.scenario.model import DEFAULT, Scenario
from tradegen.scoring.requirements import required
from tradegen.scoring.score_counts import MEASURES
from tradegen.testing.engine_findings import as_findings
from tradegen.testing.failure_message import failure_message

if TYPE_CHECKING:
    from tradegen.scoring.scores import Score
    from tradegen.testing.case_fields import CaseFields

SEED = 0
"""The seed of a case that names none: the same data each time a test runs."""

DATE = dt.date(2025, 7, 21)
"""The day of a case whose scenario names none (a Monday): not today, for tests are to be repeatable."""

# pytest then shows the line of the test where these were raised, and none of this file.
__tracebackhide__ = operator.methodcaller("errisinstance", (TradegenError, AssertionError))

_LARGEST_SEED = 2**128 - 1


@dataclass(frozen=True, eq=False, repr=False)
class TradeCase:
    """Trades to match, and the truth about them.

    `make_case`, the pytest fixture ``trade_case`` and the strategy ``trade_cases`` make them. What it hands
    out is a copy each time: an engine that changes its input changes nothing here.

    Attributes
    ----------
    batch : Batch
        What was generated.
    asked : mapping of str to Any
        The arguments of `make_case` that make it again.
    folder : path, callable or None
        Where `path` writes files; or what gives that folder, when it is first needed.
    """

    batch: Batch
    asked: Mapping[str, Any]
    folder: str | os.PathLike[str] | Callable[[], Path] | None = None

    @property
    def lists(self) -> dict[str, pd.DataFrame]:
        """The lists of the view by name, as ``Batch.lists`` has them; new copies each time."""
        return {name: table.copy(deep=True) for name, table in self.batch.lists.items()}

    @property
    def trades(self) -> pd.DataFrame:
        """The one list of the view single; a new copy each time."""
        return self._list("trades")

    @property
    def buy(self) -> pd.DataFrame:
        """The first list of the view counterparty; a new copy each time."""
        return self._list("buy")

    @property
    def sell(self) -> pd.DataFrame:
        """The second list of the view counterparty; a new copy each time."""
        return self._list("sell")

    @property
    def ours(self) -> pd.DataFrame:
        """The first list of the view two_system; a new copy each time."""
        return self._list("ours")

    @property
    def theirs(self) -> pd.DataFrame:
        """The second list of the view two_system; a new copy each time."""
        return self._list("theirs")

    @property
    def truth(self) -> pd.DataFrame:
        """The answer key, a row per altered field or record; a new copy each time."""
        return self.batch.truth.copy(deep=True)

    @property
    def manifest(self) -> dict[str, Any]:
        """What was generated; ``tradegen.generate(**case.manifest["replay"])`` makes the same."""
        return copy.deepcopy(self.batch.manifest)

    @property
    def scenario(self) -> Scenario:
        """What was asked for, every field of it."""
        return self.batch.run.scenario

    @property
    def seed(self) -> int:
        """The seed that it was made with."""
        return self.batch.run.seed

    def path(
        self,
        name: str | None = None,
        format: str = "csv",  # noqa: A002 - as the command line calls it
        folder: str | os.PathLike[str] | None = None,
    ) -> Path:
        """Write a list to a file, for an engine that reads files.

        Parameters
        ----------
        name : str, optional
            Which list; it can be left out where the view has one.
        format : {"csv", "json", "ndjson", "parquet", "fix"}
        folder : path, optional
            Where to write it; the test's ``tmp_path`` if the case is pytest's fixture.

        Returns
        -------
        Path
            Of a file such as ``buy.csv``, written anew. The truth is not written.

        Raises
        ------
        CaseError
            If the view has two lists and none is named, or not this one; or there is no folder.
        OutputError
            If the library is missing that the format needs.
        """
        lists = list_tables(self.batch.run)
        if name is None and len(lists) > 1:
            raise CaseError(f"path() names no list, and the view has two; expected {' or '.join(lists)}")
        chosen = name or next(iter(lists))
        self._check(chosen)
        if format not in FORMATS:
            raise CaseError(f"format {format} is unknown; {nearest(str(format), FORMATS)}")
        where = folder if folder is not None else self.folder
        if where is None:
            raise CaseError("path() has no folder to write to; expected folder=tmp_path")
        file = Path(where() if callable(where) else where) / f"{chosen}.{format}"
        with file.open("wb") as stream:
            writer = FORMATS[format](lists[chosen], stream.write)
            for block in self.batch.blocks:
                writer.add(lists[chosen].rows(block))
            writer.end()
        return file

    def score(self, findings: Any, **options: Any) -> Score:
        """Score findings.

        Parameters
        ----------
        findings : iterable, frame, Arrow table or path
            Trade ids, tuples ``(trade_id, field)`` or mappings; or what `tradegen.score` takes.
        **options
            Of `tradegen.score`, such as ``columns``, ``fields`` and ``tolerances``.

        Raises
        ------
        ScoringError
            If the findings cannot be scored.
        """
        import tradegen

        try:
            found: Score = tradegen.score(self.batch, as_findings(findings), **options)
        except ScoringError as error:
            # The sentence says it all; the scorer's own lines would bury it in what pytest prints.
            raise error.with_traceback(None) from None
        return found

    def assert_score(
        self,
        findings: Any,
        *,
        recall: float | None = None,
        precision: float | None = None,
        f1: float | None = None,
        false_alarm_rate: float | None = None,
        field_recall: float | None = None,
        field_precision: float | None = None,
        mechanisms: Mapping[str, float] | None = None,
        columns: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        matcher: str = "",
    ) -> Score:
        """Require that findings are good enough; a perfect score, if nothing is said.

        Parameters
        ----------
        findings : iterable, frame, Arrow table or path
            As `score` takes them.
        recall, precision, f1 : float, optional
            The least share, from 0 to 1, by pair.
        false_alarm_rate : float, optional
            The largest share of pairs without a mismatch that may be reported.
        field_recall, field_precision : float, optional
            The least share, by pair and field; the findings must name fields.
        mechanisms : mapping of str to float, optional
            The least recall of single mechanisms, by truth row: ``{"price.tick": 0.9}``.
        columns, fields : mapping of str to str, optional
            What the findings call our columns and fields.
        matcher : str
            What the findings are called.

        Returns
        -------
        Score
            For further questions. Where nothing is mismatched and nothing was reported, every bound is met.

        Raises
        ------
        AssertionError
            If a bound is not kept, with the mismatches that were missed and the false alarms.
        ScoringError
            If the findings cannot be scored, or a bound is no share.
        """
        asked_for = (recall, precision, f1, false_alarm_rate, field_recall, field_precision)
        bounds = dict(zip(MEASURES, asked_for, strict=True))
        try:
            given = as_findings(findings)
            score = self.score(given, columns=columns, fields=fields, matcher=matcher)
            asked = required(score, bounds, mechanisms)
        except ScoringError as error:
            raise error.with_traceback(None) from None
        if any(one.missed(score) for one in asked):
            from tradegen.scoring.evaluation import explain

            details = explain(self.batch, given, columns=columns, fields=fields)
            raise AssertionError(failure_message(score, asked, details, self.batch, repr(self)))
        return score

    def __repr__(self) -> str:
        given = dict(self.asked)
        words = [repr(given.pop("scenario"))] + [f"{name}={value!r}" for name, value in given.items()]
        return f"make_case({', '.join(words)})"

    def _list(self, name: str) -> pd.DataFrame:
        self._check(name)
        return self.batch.lists[name].copy(deep=True)

    def _check(self, name: str) -> None:
        if name not in self.batch.lists:
            known = " and ".join(self.batch.lists)
            raise CaseError(f"the view {self.scenario.view} has no list {name}; expected {known}")


def make_case(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    seed: int = SEED,
    folder: str | os.PathLike[str] | Callable[[], Path] | None = None,
    **fields: Unpack[CaseFields],
) -> TradeCase:
    """Make a case: the same one each time, today and tomorrow.

    Parameters
    ----------
    scenario : Scenario, mapping, str, path or None
        As `tradegen.generate` takes it.
    seed : int
        From 0 to 2**128 - 1.
    folder : path or callable, optional
        Where ``TradeCase.path`` writes files.
    **fields
        Fields of the scenario, such as ``pairs=2000`` or ``view="counterparty"``; also `first_id` and
        `tickers`. Without a date, it is `DATE`.

    Raises
    ------
    ScenarioError, MarketError
        As `tradegen.generate` raises them.
    """
    whole_number("seed", seed, 0, _LARGEST_SEED, ScenarioError)
    scenario_fields: dict[str, Any] = {**fields}
    others: dict[str, Any] = {
        name: scenario_fields.pop(name) for name in ("first_id", "tickers") if name in fields
    }
    complete = Scenario.load(scenario)
    complete = complete.replace(**scenario_fields) if scenario_fields else complete
    complete = complete if complete.date else complete.replace(date=DATE)
    # Something that can be typed again, whatever the scenario was given as.
    typed: Any = scenario.to_dict() if isinstance(scenario, Scenario) else scenario or DEFAULT
    typed = os.fspath(typed) if isinstance(typed, os.PathLike) else typed
    asked: dict[str, Any] = {
        "scenario": typed,
        "pairs": complete.pairs,
        "seed": int(seed),
        **scenario_fields,
        **others,
    }
    return TradeCase(generate(complete, seed=seed, **others), asked, folder)
