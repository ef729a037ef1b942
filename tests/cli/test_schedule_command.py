"""`tradegen schedule`: on the clock and at once, stopped, killed, asleep, and twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import s3_server
from shell import run

import tradegen
from tradegen.aws.environment import Environment
from tradegen.aws.function import Function
from tradegen.core.columns import LARGEST_ID
from tradegen.ledger import create_ledger, open_ledger

HOUR = ("--every", "3m", "--from", "2025-07-21T09:00", "--to", "2025-07-21T10:00")
QUARTER = ("--every", "3m", "--from", "2025-07-21T09:00", "--to", "2025-07-21T09:15")
PATIENCE = 30.0


def records_of(text: str) -> list[dict[str, object]]:
    """The records, of runs whose every line must be a record, or the manifest that ends each run."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert not lines or "manifest" in lines[-1]
    return [line for line in lines if "manifest" not in line]


def ids(text: str) -> list[int]:
    return sorted({int(str(record["trade_id"]).removeprefix("tid")) for record in records_of(text)})


class Scheduler:
    """A scheduler that runs, with what it has written so far."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self._out, self._err = process, folder / "out.txt", folder / "err.txt"

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.err:
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, self.err
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(PATIENCE)


@contextmanager
def scheduler(folder: Path, *words: str) -> Iterator[Scheduler]:
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tradegen", "schedule", *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    try:
        yield Scheduler(process, folder)
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_on_the_clock_a_run_is_made_at_each_multiple_of_the_interval_with_ids_that_follow_on(
    folder: Path,
) -> None:
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    done = run("schedule", "--every", "1s", "--count", "2", "--mismatch-rate", "0", cwd=folder)
    after = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 2 * 31
    assert ids(done.out) == list(range(1, 31))
    times = [dt.datetime.fromisoformat(str(record["trade_timestamp"])) for record in records_of(done.out)]
    # Of one second each: that before the run.
    assert len(set(times)) == 2
    assert before - dt.timedelta(seconds=1) <= min(times) < max(times) < after
    assert done.err.count(" records, ids ") == 2


def test_a_span_is_made_at_once_and_the_times_of_its_records_fill_it(folder: Path) -> None:
    done = run("schedule", *HOUR, "--mismatch-rate", "0", cwd=folder)
    assert done.code == 0, done.err
    assert done.err == "tradegen: 20 runs, 600 records; ids tid00000001 to tid00000300\n"
    times = sorted(str(record["trade_timestamp"]) for record in records_of(done.out))
    # A run draws the times of 15 pairs from three minutes. With a probability of 0.2%, none is in the first.
    assert "2025-07-21 09:00:00" <= times[0] < "2025-07-21 09:03:00"
    assert "2025-07-21 09:57:00" <= times[-1] < "2025-07-21 10:00:00"


def test_it_gives_what_the_lambdas_function_gives_for_the_same_event(folder: Path, tmp_path: Path) -> None:
    printed = run("schedule", "--from", "2025-07-21T09:00", "--to", "2025-07-21T09:03", cwd=folder).out
    event = {"schedule_arn": "tradegen schedule, every 180 s", "scheduled_time": "2025-07-21T09:03:00Z"}
    ledger = create_ledger(tmp_path / "other.db")
    function = Function.start(Environment.read({"TRADE_IDS": ledger.place}), print)
    assert function.answer(event).lines.decode() == printed


def test_runs_that_are_made_again_have_the_same_ids_and_bytes(folder: Path) -> None:
    first = run("schedule", *QUARTER, cwd=folder)
    again = run("schedule", *HOUR, cwd=folder)
    assert again.out.startswith(first.out)
    assert open_ledger(folder / "trade_ids.db").show().ids == 300


def test_with_other_settings_a_run_has_ids_of_its_own(folder: Path) -> None:
    first = run("schedule", *QUARTER, cwd=folder)
    other = run("schedule", *QUARTER, "--set", "quantity_max=50", cwd=folder)
    assert not set(ids(first.out)) & set(ids(other.out))


@pytest.mark.slow
def test_two_schedulers_on_one_ledger_give_one_set_of_ids_a_run(folder: Path) -> None:
    folders = [folder / name for name in ("one", "two")]
    for one in folders:
        one.mkdir()
    words = (*HOUR, "--ledger", str(folder / "trade_ids.db"))
    with scheduler(folders[0], *words) as one, scheduler(folders[1], *words) as two:
        assert (one.end(), two.end()) == (0, 0)
        assert one.out == two.out
        assert ids(one.out) == list(range(1, 301))
    assert open_ledger(folder / "trade_ids.db").show().ids == 300


@pytest.mark.slow
def test_a_scheduler_that_was_killed_leaves_whole_files_and_the_next_one_makes_the_others(
    folder: Path, tmp_path: Path
) -> None:
    with scheduler(folder, *HOUR, "--out", "feed") as killed:
        deadline = time.monotonic() + PATIENCE
        while len(list(folder.glob("feed/manifests/*/*.json"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        killed.process.kill()
    left = {path: path.read_bytes() for path in folder.glob("feed/*/*/[!.]*")}
    assert run("schedule", *HOUR, "--out", "feed", cwd=folder).code == 0
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    create_ledger(undisturbed / "trade_ids.db")
    run("schedule", *HOUR, "--out", "feed", cwd=undisturbed)
    files = {path.relative_to(folder): path.read_bytes() for path in folder.glob("feed/*/*/[!.]*")}
    assert len(files) == 60
    assert all(files[path.relative_to(folder)] == content for path, content in left.items())
    assert files == {
        path.relative_to(undisturbed): path.read_bytes() for path in undisturbed.glob("feed/*/*/*")
    }


@pytest.mark.slow
def test_a_folder_takes_records_truth_and_manifest_of_each_run_and_standard_output_nothing(
    folder: Path, tmp_path: Path
) -> None:
    printed = run("schedule", *QUARTER, cwd=folder).out
    done = run("schedule", *QUARTER, "--out", "feed/", cwd=folder)
    assert (done.code, done.out) == (0, "")
    manifests = sorted(folder.glob("feed/manifests/2025-07-21/*.json"))
    assert [path.name[:9] for path in manifests] == [f"09-{minute:02}-00-" for minute in (3, 6, 9, 12, 15)]
    shown = [line for line in printed.splitlines(keepends=True) if '"manifest"' not in line]
    assert "".join(path.read_text() for path in sorted(folder.glob("feed/records/*/*"))) == "".join(shown)
    for path in manifests:
        manifest = json.loads(path.read_text())
        tradegen.generate(**manifest["replay"]).write(tmp_path / "r.ndjson", tmp_path / "t.ndjson")
        for name in ("records", "truth"):
            stored = folder / "feed" / name / "2025-07-21" / f"{path.stem}.ndjson"
            assert stored.read_bytes() == (tmp_path / f"{name[0]}.ndjson").read_bytes()


@pytest.mark.slow
def test_a_bucket_takes_them_as_well(folder: Path) -> None:
    with s3_server.serving() as s3:
        s3.new_bucket("feeds")
        done = run("schedule", *QUARTER, "--out", "s3://feeds/desk", cwd=folder, **s3.environment())
        assert done.code == 0, done.err
        kinds = [key.split("/")[:3] for key in s3.objects("feeds")]
    assert sorted(map(tuple, kinds)) == sorted(
        ("desk", kind, "2025-07-21") for kind in ("records", "truth", "manifests") for _ in range(5)
    )


@pytest.mark.slow
def test_a_machine_that_was_asleep_makes_the_run_that_is_due_and_says_which_were_missed(folder: Path) -> None:
    with scheduler(folder, "--every", "1s", "--pairs", "1", "--count", "3") as one:
        one.wait_for(" records, ids ")
        os.kill(one.process.pid, signal.SIGSTOP)
        time.sleep(3.5)
        os.kill(one.process.pid, signal.SIGCONT)
        assert one.end() == 0
        assert " missed, from 20" in one.err
        assert "the same options with --from 20" in one.err
        assert ids(one.out) == [1, 2, 3]
        # What it names gives as many runs as it counts.
        [told] = [line for line in one.err.splitlines() if " missed, " in line]
    missed = int(told.removeprefix("tradegen: ").split()[0])
    start, stop = told.split("--from ")[1].split(" --to ")
    again = run("schedule", "--every", "1s", "--pairs", "1", "--from", start, "--to", stop, cwd=folder)
    assert len(again.out.splitlines()) == 3 * missed
    assert ids(again.out)[0] == 4


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_between_two_runs_is_heeded_at_once(folder: Path, stop: signal.Signals, code: int) -> None:
    with scheduler(folder, "--every", "1d") as one:
        one.wait_for("the first run is at ")
        one.process.send_signal(stop)
        assert one.end() == code
        assert one.out == ""
        if stop == signal.SIGINT:
            assert one.err.endswith("tradegen: interrupted; 0 runs made, 0 of them failed\n")


@pytest.mark.slow
def test_under_nohup_it_goes_on_when_the_terminal_is_closed(folder: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child inherits it
    try:
        with scheduler(folder, "--every", "1s", "--count", "2") as one:
            one.wait_for("the first run is at ")
            one.process.send_signal(signal.SIGHUP)
            assert one.end() == 0
            assert ids(one.out) == list(range(1, 31))
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def in_mid_run(folder: Path) -> Iterator[tuple[Scheduler, sqlite3.Connection]]:
    """A scheduler whose run waits for the ledger, which is held by the connection."""
    holder = sqlite3.connect(folder / "trade_ids.db", isolation_level=None)
    with scheduler(folder, "--every", "1s") as one:
        one.wait_for("the first run is at ")
        holder.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)
        one.process.send_signal(signal.SIGINT)
        one.wait_for("this run comes to its end first; Ctrl-C again drops it")
        yield one, holder
    holder.close()


@pytest.mark.slow
def test_ctrl_c_lets_a_run_come_to_its_end(folder: Path) -> None:
    with in_mid_run(folder) as (one, holder):
        made = ids(one.out)  # before the ledger was held
        holder.execute("ROLLBACK")
        assert one.end() == 130
        assert ids(one.out) == list(range(1, len(made) + 16))


@pytest.mark.slow
def test_a_second_ctrl_c_drops_the_run_and_what_was_printed_is_whole(folder: Path) -> None:
    with in_mid_run(folder) as (one, holder):
        made = ids(one.out)
        one.process.send_signal(signal.SIGINT)
        assert one.end() == 130
        assert ids(one.out) == made
        assert "Traceback" not in one.err
        holder.execute("ROLLBACK")


@pytest.mark.slow
def test_on_the_clock_a_run_that_fails_is_told_and_the_next_is_made(folder: Path) -> None:
    with scheduler(folder, "--every", "2s", "--pairs", "1", "--count", "3") as one:
        one.wait_for(" records, ids ")
        (folder / "trade_ids.db").rename(folder / "away.db")
        one.wait_for("trade_ids.db is missing")
        (folder / "away.db").rename(folder / "trade_ids.db")
        assert one.end() == 2
        assert ids(one.out) == [1, 2]
        assert one.err.endswith("tradegen: 1 of 3 runs failed\n")


def test_at_once_the_first_run_that_fails_ends_it_and_is_named(folder: Path) -> None:
    create_ledger(folder / "full.db", first_id=LARGEST_ID - 19)
    done = run("schedule", *HOUR, "--ledger", "full.db", cwd=folder)
    assert done.code == 2
    assert len(done.out.splitlines()) == 31
    assert done.err.startswith("tradegen: 2025-07-21T09:06:00Z: ")
    assert "has 5 ids left" in done.err
    assert "1 of 20 runs are done" in done.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--every", "3 minutes"], "every is '3 minutes'; expected a day at most, such as 30s, 3m, 1h or 1d"),
        (["--from", "2025-07-21"], "of from and to, one is given; expected both, or neither to run on the"),
        (["--from", "monday", "--to", "2025-07-22"], "from is 'monday'; expected a date or a time from 1901"),
        (["--from", "2025-07-22", "--to", "2025-07-21"], "expected from before to"),
        (["--from", "2025-07-21", "--to", "2025-07-21T09:31"], "such as 2025-07-21T09:30:00Z or 2025-07-21T"),
        ([*QUARTER, "--count", "2"], "count is given, and from and to say which runs to make"),
        (["--count", "0"], "count is 0; expected a whole number from 1 to"),
        (["--set", "date=2025-07-21"], "--set: date cannot be set; the times of records follow from"),
        (["--set", "pears=3"], "--set: pears is not a scenario field; did you mean pairs?"),
        (["--set", 'view="two_system"'], "view is two_system; expected single, since a log is one list"),
        (["--pairs", "2e6"], "pairs is 2000000; expected a whole number from 1 to 1000000"),
        (["--scenario", "orignal"], "scenario orignal is unknown; did you mean original?"),
        (["--ledger", "none.db"], "none.db is missing"),
        ([*QUARTER, "--out", "trade_ids.db"], "out is trade_ids.db, which is a file; expected a folder"),
        ([*QUARTER, "--out", "gs://feed"], "is of a kind that is unknown; expected a folder or s3://bucket"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_run_is_refused_in_a_sentence_and_takes_no_id(
    folder: Path, words: list[str], sentence: str
) -> None:
    before = sorted(folder.iterdir())
    done = run("schedule", *words, cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("tradegen: ")
    assert done.err.count("\n") == 1
    assert sentence in done.err
    assert sorted(folder.iterdir()) == before
    assert open_ledger(folder / "trade_ids.db").show().ids == 0


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(folder: Path) -> None:
    words = [sys.executable, "-m", "tradegen", "schedule", *HOUR]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0
