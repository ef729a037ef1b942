"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from reading import rows
from reference import check_truth
from shell import run

import tradegen
from tradegen import Scenario, generate
from tradegen.ledger import create_ledger, open_ledger

FIXED = ("--seed", "7", "--first-id", "21", "--date", "2025-07-21")


def ids(text: str) -> list[int]:
    return sorted({int(row["trade_id"][3:]) for row in json.loads(text)})


def test_plain_generate_prints_thirty_records_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = run("generate", cwd=tmp_path)
    assert first.code == 0
    assert ids(first.out) == list(range(1, 16))
    assert "trade_ids.db was not there: created a new ledger, its ids start at 1" in first.err
    second = run("generate", cwd=tmp_path)
    assert ids(second.out) == list(range(16, 31))
    assert second.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["trade_ids.db"]


def test_the_summary_names_what_makes_the_same_records_again(tmp_path: Path) -> None:
    first = run("generate", "--pairs", "40", cwd=tmp_path)
    again = first.err.splitlines()[-1].partition("again with the same options and ")[2].split()
    second = run("generate", "--pairs", "40", *again, cwd=tmp_path)
    assert second.out == first.out
    assert open_ledger(tmp_path / "trade_ids.db").show().next_id == 41


def test_the_command_line_writes_what_generate_gives(tmp_path: Path) -> None:
    done = run("generate", *FIXED, "--pairs", "1e2", "--format", "csv", "--truth", "truth.csv", cwd=tmp_path)
    batch = generate(pairs=100, seed=7, first_id=21, date="2025-07-21")
    trades, truth = rows(done.out), rows((tmp_path / "truth.csv").read_text())
    assert [row["trade_id"] for row in trades] == batch.trades["trade_id"].tolist()
    assert [float(row["price"]) for row in trades] == batch.trades["price"].tolist()
    assert [row["altered"] for row in truth] == batch.truth["altered"].tolist()
    check_truth(trades, truth)


def test_the_suffix_of_a_file_says_its_format_and_the_option_wins(tmp_path: Path) -> None:
    words = ("--out", "a.csv", "--truth", "b.jsonl", "--manifest", "c.json")
    done = run("generate", *FIXED, *words, cwd=tmp_path)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "a.csv").read_text().startswith("trade_id,ticker,")
    assert (tmp_path / "b.jsonl").read_text().startswith('{"trade_id": ')
    manifest = json.loads((tmp_path / "c.json").read_text())
    assert generate(**manifest["replay"]).manifest == manifest
    run("generate", *FIXED, "--out", "a.csv", "--format", "json", cwd=tmp_path)
    assert len(json.loads((tmp_path / "a.csv").read_text())) == 30


def test_a_run_of_several_blocks_streams_to_the_bytes_of_the_whole(tmp_path: Path) -> None:
    done = run("generate", *FIXED, "--pairs", "140000", "--out", "t.csv", "--truth", "k.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    trades = rows((tmp_path / "t.csv").read_text())
    assert len(trades) == 280_000
    check_truth(trades, rows((tmp_path / "k.csv").read_text()))


def test_an_option_goes_before_the_same_field_in_set(tmp_path: Path) -> None:
    done = run("generate", *FIXED, "--set", "pairs=20", "--pairs", "5", cwd=tmp_path)
    assert len(json.loads(done.out)) == 10


def test_set_changes_any_field_of_the_scenario(tmp_path: Path) -> None:
    words = ("--set", "brokers=2", "--set", "order=paired", "--set", 'settings."price.nudge".max=0.02')
    words += ("--set", 'mechanisms={"price.nudge"=1}', "--manifest", "m.json")
    assert run("generate", *FIXED, *words, cwd=tmp_path).code == 0
    scenario = json.loads((tmp_path / "m.json").read_text())["replay"]["scenario"]
    assert scenario["brokers"] == 2
    assert scenario["order"] == "paired"
    assert scenario["mechanisms"] == {"price.nudge": 1}
    assert scenario["settings"] == {"price.nudge": {"min": 0.001, "max": 0.02}}


def test_a_scenario_prints_as_toml_and_comes_back_the_same(tmp_path: Path) -> None:
    shown = run("scenarios", "show", "original", cwd=tmp_path)
    (tmp_path / "mine.toml").write_text(shown.out)
    assert Scenario.load(tmp_path / "mine.toml") == Scenario.load("original") == Scenario()
    assert tomllib.loads(shown.out)["pairs"] == 15
    assert (
        run("generate", "--scenario", "mine.toml", *FIXED, cwd=tmp_path).out
        == run("generate", *FIXED, cwd=tmp_path).out
    )


def test_scenarios_lists_the_named_ones_and_prints_the_schema(tmp_path: Path) -> None:
    listed = run("scenarios", cwd=tmp_path)
    assert listed.code == 0
    names = [line.split()[0] for line in listed.out.splitlines()]
    assert {"original", "clean", "us_equity_t1", "hard", "everything"} <= set(names)
    assert all(len(line.split()) > 5 for line in listed.out.splitlines())
    assert run("scenarios", "list", cwd=tmp_path) == listed
    printed = run("scenarios", "schema", cwd=tmp_path)
    assert printed.err == ""
    schema = json.loads(printed.out)
    assert schema["properties"]["pairs"] == {
        "default": 15,
        "description": "pairs to generate; each has two legs",
        "maximum": 10**12,
        "minimum": 1,
        "title": "Pairs",
        "type": "integer",
    }
    assert schema["properties"]["mechanisms"]["default"]["date.next_session"] == 0.5
    assert set(schema["properties"]) == set(Scenario.model_fields)
    assert "price.nudge" in schema["properties"]["mechanisms"]["properties"]


def test_help_teaches_with_examples_and_names_every_option(tmp_path: Path) -> None:
    text = run("generate", "--help", cwd=tmp_path).out
    assert "tradegen generate --pairs 1000 --mismatch-rate 0.1 --out trades.csv" in text
    for option in ("--scenario", "--tickers", "--ledger", "--first-id", "--truth", "--manifest", "--set"):
        assert option in text
    assert run("--version", cwd=tmp_path).out == f"tradegen {tradegen.__version__}\n"
    assert "generate" in run(cwd=tmp_path).out


def test_the_ledger_is_shown_checked_and_created(tmp_path: Path) -> None:
    made = run("ledger", "create", "--first-id", "500", cwd=tmp_path)
    assert made.code == 0
    assert ids(run("generate", "--pairs", "2", cwd=tmp_path).out) == [500, 501]
    shown = run("ledger", "show", cwd=tmp_path)
    assert "next id           tid00000502" in shown.out
    assert run("ledger", "check", cwd=tmp_path) == (0, "trade_ids.db is in order\n", "")
    assert run("ledger", "create", cwd=tmp_path).code == 2


def test_ledger_check_exits_with_1_on_damage_and_2_where_there_is_nothing(tmp_path: Path) -> None:
    create_ledger(tmp_path / "trade_ids.db").reserve(5)
    content = bytearray((tmp_path / "trade_ids.db").read_bytes())
    place = content.index(b"202", 4096)  # the year of the newest reservation's time
    content[place + 3] ^= 1
    (tmp_path / "trade_ids.db").write_bytes(content)
    done = run("ledger", "check", cwd=tmp_path)
    assert done.code == 1
    assert done.out
    assert run("generate", cwd=tmp_path).code == 2
    assert run("ledger", "check", "none.db", cwd=tmp_path).code == 2


def test_the_original_scripts_ledger_is_carried_on(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "trade_ids.db") as old:
        old.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER)")
        old.execute("INSERT INTO counters VALUES ('trade_id', 4711)")
    old.close()
    assert ids(run("generate", cwd=tmp_path).out) == list(range(4712, 4727))


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tradegen generate --pairs 200000 --first-id 1 | head -n 2"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith("[\n{")
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_a_reader_that_stops_early_is_told_of_the_files_that_are_missing(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tradegen generate --pairs 200000 --first-id 1 --truth k.csv | head -n 2"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "tradegen: standard output was closed before its end; no file was changed\n"
    assert list(tmp_path.iterdir()) == []


def test_a_refused_ledger_leaves_the_files_that_were_there(tmp_path: Path) -> None:
    (tmp_path / "trade_ids.db").write_bytes(b"")
    (tmp_path / "trades.json").write_text("before")
    done = run("generate", "--out", "trades.json", cwd=tmp_path)
    assert done.code == 2
    assert "trade_ids.db is empty" in done.err
    assert (tmp_path / "trades.json").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trade_ids.db", "trades.json"]


@pytest.mark.parametrize("processes", [6])
def test_processes_that_start_together_without_a_ledger_share_no_id(tmp_path: Path, processes: int) -> None:
    words = [sys.executable, "-m", "tradegen", "generate"]
    children = [
        subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(processes)
    ]
    found = [number for child in children for number in ids(child.communicate(timeout=60)[0])]
    assert sorted(found) == list(range(1, 15 * processes + 1))


def test_a_rate_in_per_cent_is_the_share(tmp_path: Path) -> None:
    words = ("generate", *FIXED, "--pairs", "1000")
    assert (
        run(*words, "--mismatch-rate", "12.5%", cwd=tmp_path)
        == run(*words, "--mismatch-rate", "0.125", cwd=tmp_path)
        != run(*words, cwd=tmp_path)
    )


def in_bash(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = command.replace("tradegen", f"{sys.executable} -m tradegen")
    return subprocess.run(
        ["bash", "-c", words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_standard_error_may_be_closed(tmp_path: Path) -> None:
    """And nothing that is meant for it goes into a file that is opened in its place."""
    words = "--seed 7 --first-id 21 --date 2025-07-21 --pairs 40 --format csv --truth k.csv"
    plain = in_bash(f"tradegen generate {words}", tmp_path)
    key = (tmp_path / "k.csv").read_bytes()
    closed = in_bash(f"tradegen generate {words} 2>&-", tmp_path)
    assert (closed.returncode, closed.stdout, (tmp_path / "k.csv").read_bytes()) == (0, plain.stdout, key)
    dataset = in_bash("tradegen generate --first-id 1 --out data/ --format csv 2>&-", tmp_path)
    assert dataset.returncode == 0
    assert in_bash("tradegen verify data 2>&-", tmp_path).returncode == 0
    assert in_bash("tradegen generate --pairs 0 2>&-", tmp_path).returncode == 2


def test_all_standard_streams_may_be_closed(tmp_path: Path) -> None:
    done = in_bash("tradegen generate --first-id 1 --out t.csv --truth k.csv <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["k.csv", "t.csv"]
    check_truth(rows((tmp_path / "t.csv").read_text()), rows((tmp_path / "k.csv").read_text()))


def test_more_workers_than_the_limit_of_open_files_allows_are_refused_before_ids_are_reserved(
    tmp_path: Path,
) -> None:
    words = "--pairs 300000 --format csv --blocks-per-part 1 --out data/ --workers"
    done = in_bash(f"ulimit -n 16; tradegen generate {words} 8", tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(
        r"tradegen: 5 worker processes need more open files than the 16 that are allowed, which are enough "
        r"for \d; expected fewer --workers, or a higher ulimit -n\n",
        done.stderr,
    )
    assert not list(tmp_path.rglob("*.*"))
    # A limit that may be raised is.
    assert in_bash(f"ulimit -S -n 16; tradegen generate {words} 5", tmp_path).returncode == 0


def test_processes_that_cannot_be_started_end_the_run_with_a_sentence(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from tradegen.errors import OutputError\n"
        "from tradegen.output.workers import in_processes\n"
        "fork, left = os.fork, [2]\n"
        "def few():\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "    return fork()\n"
        "os.fork = few\n"
        "try: list(in_processes(abs, range(9), 4))\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == (
        "4 processes cannot be started: Resource temporarily unavailable; expected fewer --workers\n"
    )


def test_a_fault_of_our_own_does_not_look_like_a_finding(tmp_path: Path) -> None:
    code = (
        "import tradegen.engine.run as run\n"
        "run.prepare = lambda *_, **__: 1 / 0\n"
        "import sys; sys.argv = ['tradegen', 'generate']\n"
        "from tradegen.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr
