"""The leaderboard as a page: a table a pack, recall by mechanism, and how each dataset is made again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matchers.running import Matcher, Result

from tradegen.scoring import Score


@dataclass(frozen=True)
class Run:
    """One dataset of a pack, and what the matchers made of it."""

    seed: int
    command: str
    digest: str
    results: dict[str, Result] = field(default_factory=dict)


@dataclass(frozen=True)
class Board:
    """A pack: its scenario, a run for each seed."""

    name: str
    about: str
    pairs: int
    runs: list[Run] = field(default_factory=list)


def percent(share: float) -> str:
    """A share in percent; 100 and 0 only where it is all or nothing, and a dash where there was nothing."""
    if math.isnan(share):
        return "-"
    return f"{share:.0%}"[:-1] if share in (0, 1) else f"{min(max(100 * share, 0.1), 99.9):.1f}"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"


_COLUMNS: dict[str, Callable[[Result], str]] = {
    "recall": lambda result: percent(_of(result).pairs.recall),
    "precision": lambda result: percent(_of(result).pairs.precision),
    "F1": lambda result: percent(_of(result).pairs.f1),
    "field recall": lambda result: percent(_measure(result, "fields", "recall")),
    "field precision": lambda result: percent(_measure(result, "fields", "precision")),
    "benign reported": lambda result: percent(_benign(result)),
    "false alarms": lambda result: percent(_of(result).pairs.false_alarm_rate),
    "link recall": lambda result: percent(_measure(result, "links", "recall")),
    "link precision": lambda result: percent(_measure(result, "links", "precision")),
    "seconds": lambda result: _seconds(result.seconds),
    "of these matching": lambda result: _seconds(result.matching),
}


def _of(result: Result) -> Score:
    assert result.score is not None
    return result.score


def _measure(result: Result, part: str, measure: str) -> float:
    outcome = getattr(_of(result), part)
    outcome = getattr(outcome, "outcome", outcome)
    return math.nan if outcome is None else float(getattr(outcome, measure))


def _benign(result: Result) -> float:
    benign = _of(result).benign
    return benign.reported / benign.rows if benign.rows else math.nan


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([_row(head), _row("---" for _ in head), *map(_row, rows)])


def _beside(cells: Sequence[str]) -> str:
    return cells[0] if len(set(cells)) == 1 else " / ".join(cells)


def _scores(board: Board, matchers: Sequence[Matcher]) -> str:
    linked = any(result.score and result.score.links for run in board.runs for result in run.results.values())
    columns = {name: cell for name, cell in _COLUMNS.items() if linked or not name.startswith("link ")}
    rows = []
    for matcher in matchers:
        results = [run.results[matcher.name] for run in board.runs]
        version = _beside(sorted({result.version for result in results if result.version}) or ["-"])
        if failed := _failures(board, matcher):
            cells = [f"**failed**: {failed}", *[""] * (len(columns) - 1)]
        else:
            cells = [_beside([cell(result) for result in results]) for cell in columns.values()]
        rows.append([matcher.name, version, *cells])
    return _table(["matcher", "version", *columns], rows)


def _failures(board: Board, matcher: Matcher) -> str:
    """Why a matcher has no score, by seed."""
    results = {run.seed: run.results[matcher.name] for run in board.runs}
    said = (f"seed {seed}: {result.failure}" for seed, result in results.items() if result.failure)
    return "; ".join(said).replace("|", "\\|")


def _mechanisms(board: Board, matchers: Sequence[Matcher]) -> str:
    tables = [
        {name: result.score.by["mechanism"] for name, result in run.results.items() if result.score}
        for run in board.runs
    ]
    shown = [matcher.name for matcher in matchers if any(matcher.name in table for table in tables)]
    names = dict.fromkeys(name for table in tables for by in table.values() for name in by)
    rows = []
    for name in sorted(names):
        counts = [next((by[name].expected for by in table.values() if name in by), 0) for table in tables]
        cells = [
            _beside(
                [
                    percent(table[matcher][name].recall) if name in table.get(matcher, {}) else "-"
                    for table in tables
                ]
            )
            for matcher in shown
        ]
        rows.append([f"`{name}`", _beside([f"{count:,}" for count in counts]), *cells])
    return _table(["mechanism", "rows", *shown], rows)


def _section(board: Board, matchers: Sequence[Matcher]) -> str:
    made = "\n".join(f"{run.command}  # truth {run.digest}" for run in board.runs)
    return f"""## `{board.name}`

{board.about}

{_scores(board, matchers)}

Recall by mechanism, %: the share of the truth rows, without benign ones, whose field the tool named.

{_mechanisms(board, matchers)}

To make the data again, with the digest of its truth as its manifest states it:

```sh
{made}
```
"""


def page(boards: Sequence[Board], matchers: Sequence[Matcher], machine: str, command: str, notes: str) -> str:
    """The page, in Markdown."""
    seeds = " and ".join(f"seed {run.seed}" for run in boards[0].runs)
    names: dict[str, list[str]] = {}
    for matcher in matchers:  # an adapter that runs in two ways says so once
        names.setdefault(matcher.about, []).append(matcher.name)
    about = "\n".join(f"- **{'**, **'.join(same)}**: {text}" for text, same in names.items())
    return f"""# Leaderboard

How many known mismatches common tools find. Made by `{command}`, in one run on one machine:
{machine}.

![Precision, and recall by mechanism, of each matcher; a panel for each pack](leaderboard.svg)

{notes.strip()}

## How to read it

All shares are in percent. Two figures are those of {seeds}; one figure means that both are the same.
100 means all and 0 means none: nothing in between is rounded to either.

- **recall, precision, F1**: of pairs. A pair should be reported if at least one of its differences is not
  benign.
- **field recall, field precision**: of pairs and fields: whether the tool said what differs. A record
  without a partner counts as reported missing, which is right only if its partner is missing, duplicated or
  split.
- **benign reported**: the share of the differences within tolerance that were reported.
- **false alarms**: the share of the pairs without a mismatch that were reported for any reason.
- **link recall, link precision**: of records linked without ids, counted as pairs of records of one trade.
- **seconds**: of the whole process, and of the matching alone, without starting Python and reading files. The
  machine is shared, so these show orders of magnitude.

## Matchers

A matcher gets two lists of trades, `ours` and `theirs`, in Parquet and in CSV, and what a user knows: the
columns, the key and the tolerances. It gets neither the truth nor the manifest nor the seed. Where trade ids
are hidden, each record has a random reference instead, and the rows are sorted by these references. Matchers
that link without ids never see the ids. The adapters are in
[benchmarks/matchers/adapters](../benchmarks/matchers/adapters), the pins in
[benchmarks/matcher_environments.py](../benchmarks/matcher_environments.py).

{about}

{"".join(_section(board, matchers) + chr(10) for board in boards).rstrip()}
"""


def about_pack(path: Path) -> str:
    """The comment at the head of a pack, as text."""
    lines = path.read_text("utf-8").splitlines()
    head = lines[: next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))]
    return " ".join(line.lstrip("# ") for line in head)
