"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from reading import rows
from reference import check_truth
from shell import run
from sizes import size

import tradegen
from tradegen import Scenario, generate
from tradegen.ledger import create_ledger, open_ledger
from tradegen.scenario.model import scenario_names

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
    again = first.err.splitlines()[-1].partition("to repeat it, use the same options and ")[2].split()
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


def test_the_suffix_of_each_file_says_its_format(tmp_path: Path) -> None:
    words = ("--out", "a.csv", "--truth", "b.jsonl", "--manifest", "c.json")
    done = run("generate", *FIXED, *words, cwd=tmp_path)
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "a.csv").read_text().startswith("trade_id,ticker,")
    assert (tmp_path / "b.jsonl").read_text().startswith('{"trade_id": ')
    manifest = json.loads((tmp_path / "c.json").read_text())
    assert generate(**manifest["replay"]).manifest == manifest
    words = ("--format", "json", "--out", "a", "--truth", "b.csv")
    assert run("generate", *FIXED, *words, cwd=tmp_path).code == 0
    assert len(json.loads((tmp_path / "a").read_text())) == 30
    assert (tmp_path / "b.csv").read_text().startswith("trade_id,leg,field,")
    assert (
        run("generate", *FIXED, "--format", "csv", "--out", "c.txt", "--truth", "d", cwd=tmp_path).code == 0
    )
    assert (tmp_path / "c.txt").read_text().startswith("trade_id,ticker,")
    assert (tmp_path / "d").read_text().startswith("trade_id,leg,field,")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.fix"])
def test_a_suffix_that_contradicts_the_format_is_refused(tmp_path: Path, name: str) -> None:
    done = run("generate", *FIXED, "--format", "json", "--out", name, cwd=tmp_path)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert f"{name} has the suffix .{name[2:]}, and format is json; expected a suffix that fits" in done.err


@pytest.mark.slow
def test_a_run_of_several_blocks_streams_to_the_bytes_of_the_whole(tmp_path: Path) -> None:
    done = run("generate", *FIXED, "--pairs", "70000", "--out", "t.csv", "--truth", "k.csv", cwd=tmp_path)
    assert done.code == 0, done.err
    trades = rows((tmp_path / "t.csv").read_text())
    assert len(trades) == 140_000
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
    original = Scenario(keep_in_range=False, price_band=0.01)
    assert Scenario.load(tmp_path / "mine.toml") == Scenario.load("original") == original
    assert tomllib.loads(shown.out)["pairs"] == 15
    assert (
        run("generate", "--scenario", "mine.toml", *FIXED, cwd=tmp_path).out
        == run("generate", *FIXED, cwd=tmp_path).out
    )


def test_scenarios_lists_the_named_ones_and_prints_the_schema(tmp_path: Path) -> None:
    listed = run("scenarios", cwd=tmp_path)
    assert listed.code == 0
    names = [line.split()[0] for line in listed.out.splitlines()]
    assert {"original", "clean", "us_equity_t1", "hard", "everything"} <= set(names) == {*scenario_names()}
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


@pytest.mark.slow
@pytest.mark.parametrize("processes", [size(4, 6)])
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
