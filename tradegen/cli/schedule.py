"""``tradegen schedule``: the function of the Lambda on this machine, on the clock or for a span at once."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradegen.cli.options import Changes, MismatchRate, NamedLedger, NamedScenario, Tickers, changed_fields
from tradegen.cli.shell import LEDGER, finishing, number, say, sentences
from tradegen.errors import LedgerError, OutputError, ScenarioError, whole_number

if TYPE_CHECKING:
    from tradegen.aws.environment import Environment
    from tradegen.aws.function import Answer, Function
    from tradegen.aws.timetable import Timetable

# While a machine is asleep, its clock moves on, and the naps of its processes do not.
_NAP = 1.0  # seconds


@sentences
def schedule(
    every: Annotated[
        str, typer.Option(metavar="3m", help="Time between two runs: `30s`, `3m`, `1h`; a day at most.")
    ] = "3m",
    count: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="End after so many runs; with Ctrl-C if not given."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="With --to: make the runs of this span at once, and end."),
    ] = None,
    stop: Annotated[
        str | None,
        typer.Option("--to", metavar="T", help="The end of the span. Times are in UTC if they name no zone."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|URL",
            help="Where each run leaves a file in `records/`, `truth/` and `manifests/`; a folder, or "
            "`s3://bucket/prefix`. If not given, records and manifest go to standard output.",
        ),
    ] = None,
    scenario: NamedScenario = None,
    pairs: Annotated[
        int | None,
        typer.Option(parser=number, metavar="N", help="Pairs in each run; each is two records."),
    ] = None,
    mismatch_rate: MismatchRate = None,
    changes: Changes = None,
    tickers: Tickers = None,
    ledger: NamedLedger = None,
) -> None:
    """Generate trades on a schedule: by default 30 records every three minutes, as the AWS Lambda does.

    Runs are due at multiples of --every: with `3m` at 09:00, 09:03 and so on, in UTC. The times of a run's
    records lie in the interval before it. Standard output gets what the Lambda logs: a JSON object for each
    record, then a line with the manifest. `tradegen replay` makes the records and their truth again from it.

    **On the clock**, runs go on until Ctrl-C, which lets the present one end. As with cron, what is due
    while the machine is off is not made up for. If it was asleep, the latest run is made when it wakes,
    and the command says which were missed. A run that fails is reported, and the next one is made when it
    is due.

    **With --from and --to**, the runs of that span are made at once: a day at 3m has 480. This is also how to
    make what was missed.

    **No id is used twice.** A run has its ids under its time in the ledger. If it is made again with the same
    settings, after a restart or by a second scheduler, it gives the same ids and the same records.

    For example:

    - `tradegen schedule --every 3m`

    - `tradegen schedule --every 10s --count 3 --pairs 2`

    - `tradegen schedule --from 2025-07-21 --to 2025-07-22 --out day/`

    - `tradegen schedule --scenario us_equity_t1 --every 1h --out feed/`
    """
    from tradegen.aws.function import Function
    from tradegen.aws.timetable import Timetable, plain_interval
    from tradegen.ledger import open_ledger

    timetable = Timetable(plain_interval(every, "every"))
    span = _span(timetable, start, stop)
    if count is not None:
        count = whole_number("count", count, 1, 10**9, ScenarioError)
        if span:
            raise ScenarioError("count is given, and from and to say which runs to make; leave out --count")
    given = {"pairs": pairs, "mismatch_rate": mismatch_rate}
    environment = _environment(
        timetable, scenario, changed_fields(changes or [], given), tickers, ledger, out
    )
    if ledger:
        open_ledger(ledger)  # one that was named is not created
    runs = _Runs(Function.start(environment, say), timetable, _keep(out))
    if span:
        runs.at_once(*span)
    else:
        runs.on_the_clock(count)


def _span(
    timetable: Timetable, start: str | None, stop: str | None
) -> tuple[dt.datetime, dt.datetime] | None:
    from tradegen.aws.timetable import parsed, written

    if start is None and stop is None:
        return None
    if start is None or stop is None:
        raise ScenarioError("of from and to, one is given; expected both, or neither to run on the clock")
    first, last = parsed(start, "from"), parsed(stop, "to")
    for moment, name in ((first, "from"), (last, "to")):
        timetable.require_tick(moment, name)
    if first >= last:
        raise ScenarioError(f"from is {written(first)} and to is {written(last)}; expected from before to")
    return first, last


def _environment(
    timetable: Timetable,
    scenario: str | None,
    changes: dict[str, Any],
    tickers: Path | None,
    ledger: str | None,
    out: str | None,
) -> Environment:
    """What the Lambda has from its environment, from options."""
    from tradegen.aws.environment import MOST_PAIRS, Environment, require_settable
    from tradegen.market.universe import load_market
    from tradegen.scenario.model import Scenario

    for name in changes:
        require_settable(name, f"--set: {name}")
    chosen = Scenario.load(scenario).replace(**changes)
    whole_number("pairs", chosen.pairs, 1, MOST_PAIRS, ScenarioError)
    folder = out and out.rstrip("/")
    found = Environment(
        ledger=ledger or str(LEDGER),
        window=timetable.every,
        scenario=chosen,
        market=load_market(tickers),
        log="manifest" if out else "records",
        max_pairs=MOST_PAIRS,
        records=f"{folder}/records" if out else None,
        truth=f"{folder}/truth" if out else None,
    )
    found.require_possible()
    return found


def _keep(out: str | None) -> Callable[[Answer], None]:
    """What to do with the lines of a run."""
    from tradegen.aws.run_files import open_place
    from tradegen.output.files import StandardOutput

    if out is None:
        output = StandardOutput()

        def show(answer: Answer) -> None:
            with output:
                output.write(answer.lines)

        return show
    if Path(out).exists() and not Path(out).is_dir():
        raise OutputError(f"out is {out}, which is a file; expected a folder, or a path where nothing is")
    place = open_place(out.rstrip("/"))
    return lambda answer: place.put(f"manifests/{answer.name}.json", answer.lines)


class _Runs:
    """Runs of one function, one after the other."""

    def __init__(self, function: Function, timetable: Timetable, keep: Callable[[Answer], None]) -> None:
        self._function, self._timetable, self._keep = function, timetable, keep

    def at_once(self, start: dt.datetime, stop: dt.datetime) -> None:
        """Make the runs of a span. At the first that fails, the command ends."""
        from tradegen.aws.timetable import written

        done = records = 0
        first, last = [], []
        every = (stop - start) // self._timetable.every
        again = "the same command makes them again, with the same ids, and then the others"
        try:
            for tick in self._timetable.between(start, stop):
                answer = self._made(tick)
                done, records = done + 1, records + answer.records
                first.append(answer.first_id)
                last.append(answer.last_id)
        except (ScenarioError, LedgerError, OutputError) as error:
            raise type(error)(
                f"{written(tick)}: {error}; {done} of {every} runs are done; {again}"
            ) from error
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{done} of {every} runs are done; {again}") from None
        say(f"{_counted(done, 'run')}, {records} records; {_ids(min(first), max(last))}")

    def on_the_clock(self, count: int | None) -> None:
        """Make a run whenever one is due."""
        from tradegen.aws.timetable import written

        done = failed = 0
        due = self._timetable.following(_now())
        say(f"the first run is at {written(due)}; Ctrl-C ends it")
        try:
            while count is None or done < count:
                _wait_until(due)
                # Late, it is the run that is due now that is made.
                tick = max(due, self._timetable.latest(_now()))
                if tick > due:
                    self._say_missed(due, tick)
                due = tick + self._timetable.every
                try:
                    answer = self._made(tick)
                except (ScenarioError, LedgerError) as error:
                    failed += 1
                    say(f"{written(tick)} failed: {error}")
                else:
                    ids = _ids(answer.first_id, answer.last_id)
                    say(f"{written(tick)}: {answer.records} records, {ids}")
                done += 1
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{_counted(done, 'run')} made, {failed} of them failed") from None
        if failed:
            say(f"{failed} of {_counted(done, 'run')} failed")
            raise typer.Exit(2)

    def _made(self, tick: dt.datetime) -> Answer:
        """The answer to the event of a tick, its lines kept. Ctrl-C has to wait for that, but not twice."""
        with finishing(lambda: say("this run comes to its end first; Ctrl-C again drops it")):
            answer = self._function.answer(self._timetable.event(tick))
            self._keep(answer)
        return answer

    def _say_missed(self, due: dt.datetime, tick: dt.datetime) -> None:
        from tradegen.aws.timetable import written

        every = self._timetable.every
        missed = (tick - due) // every
        say(
            f"{_counted(missed, 'run')} missed, from {written(due)} on, while this machine was asleep or"
            f" busy; to make what was missed: the same options with --from {written(due - every)}"
            f" --to {written(tick - every)}"
        )


def _ids(first: int, last: int) -> str:
    from tradegen.core.formatting import trade_id  # loads NumPy

    return f"ids {trade_id(first)} to {trade_id(last)}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _wait_until(moment: dt.datetime) -> None:
    while (left := (moment - _now()).total_seconds()) > 0:
        time.sleep(min(left, _NAP))
