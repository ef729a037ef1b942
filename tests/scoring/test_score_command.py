"""``tradegen score``, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from shell import Done, run, run_line

import tradegen
from tradegen.cli.score_options import tolerance_options

MADE = ("--scenario", "hard", "--pairs", "2000", "--seed", "7", "--first-id", "1", "--date", "2025-07-21")
TRUTH = ("--truth", "truth.csv", "--manifest", "manifest.json")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's files, and findings: every other truth row, a clean pair and an id that is not there."""
    folder = tmp_path_factory.mktemp("made")
    files = ("--out", "trades.csv", "--truth", "truth.csv", "--manifest", "manifest.json")
    assert run("generate", *MADE, *files, cwd=folder).code == 0
    truth = pd.read_csv(folder / "truth.csv")
    clean = sorted({f"tid{number:08d}" for number in range(1, 2001)} - {*truth["trade_id"]})[0]
    found = truth.iloc[::2][["trade_id", "field"]]
    more = pd.DataFrame({"trade_id": [clean, "tid99999999"], "field": "price"})
    pd.concat([found, more]).to_csv(folder / "findings.csv", index=False)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def score(folder: Path, *words: str, findings: str = "findings.csv") -> Done:
    return run("score", *TRUTH, "--findings", findings, *words, cwd=folder)


def counts(folder: Path) -> tuple[int, int, int]:
    """Expected, found and falsely reported pairs, worked out from the files."""
    truth = pd.read_csv(folder / "truth.csv")
    mistyped = truth[truth["field"] == "trade_id"]
    alias = dict(zip(mistyped["altered"], mistyped["trade_id"], strict=True))
    expected = set(truth.loc[~truth["benign"], "trade_id"])
    reported = {alias.get(name, name) for name in pd.read_csv(folder / "findings.csv")["trade_id"]}
    reported -= {"tid99999999"}
    return len(expected), len(expected & reported), len(reported - expected)


def test_the_answer_is_on_standard_output_and_nothing_else_is_said(folder: Path) -> None:
    done = score(folder)
    expected, found, false = counts(folder)
    assert (done.code, done.err) == (0, "")
    first, second = done.out.splitlines()[:2]
    assert first.startswith(f"recall {found / expected:.3f} (")
    assert second == (
        f"{found:,} of {expected:,} mismatched pairs found, {false:,} false alarms "
        f"among {2000 - expected:,} quiet pairs, 1 unknown id"
    )
    assert "By mechanism, least found first" in done.out


def test_the_command_says_what_the_function_gives(folder: Path) -> None:
    done = score(folder, "--trades", "trades.csv", "--matcher", "half", "--format", "json")
    given = tradegen.score(
        folder / "truth.csv",
        folder / "findings.csv",
        trades=folder / "trades.csv",
        manifest=folder / "manifest.json",
        matcher="half",
    )
    assert json.loads(done.out) == given.to_dict()
    assert given.to_dict()["by"]["notional"]


@pytest.mark.parametrize(
    ("name", "start"),
    [("s.json", "{"), ("s.html", "<!DOCTYPE html>"), ("s.txt", "recall "), ("s", "recall ")],
)
def test_the_suffix_of_out_says_the_format(folder: Path, name: str, start: str) -> None:
    done = score(folder, "--out", name)
    assert (done.code, done.out, done.err) == (0, "", "")
    text = (folder / name).read_text("utf-8")
    assert text.startswith(start)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_format_goes_before_the_suffix(folder: Path) -> None:
    assert score(folder, "--out", "s.html", "--format", "json").code == 0
    assert json.loads((folder / "s.html").read_text())["pairs"]["expected"] > 0


def test_columns_and_fields_go_by_other_names(folder: Path) -> None:
    plain = score(folder)
    theirs = pd.read_csv(folder / "findings.csv").rename(columns={"trade_id": "TradeRef", "field": "What"})
    theirs["What"] = theirs["What"].replace("price", "Px")
    theirs.to_csv(folder / "theirs.csv", index=False)
    names = ("--map", "trade_id=TradeRef", "--map", "field=What", "--field", "price=Px")
    assert score(folder, *names, findings="theirs.csv") == plain


def test_findings_of_every_pair_are_warned_of_and_scored_by_their_status(folder: Path) -> None:
    reported = set(pd.read_csv(folder / "findings.csv")["trade_id"])
    ids = [f"tid{number:08d}" for number in range(1, 2001)]
    status = ["BREAK" if name in reported else "MATCHED" for name in ids]
    pd.DataFrame({"Ref": ids, "Match Status": status}).to_csv(folder / "all.csv", index=False)
    everything = score(folder, "--map", "trade_id=Ref", findings="all.csv")
    assert everything.code == 0
    assert everything.out.startswith("recall 1.000 (")
    assert everything.err == (
        "tradegen: every pair was reported, those without a mismatch as well: if the findings list all pairs "
        "with a status, score only those that did not match, such as with --where 'Status != MATCHED'\n"
    )
    where = ("--where", "Match Status != MATCHED", "--where", "Ref != tid00000000")
    breaks = score(folder, "--map", "trade_id=Ref", *where, "--format", "json", findings="all.csv")
    expected, found, false = counts(folder)
    truth = pd.read_csv(folder / "truth.csv")
    # Of a mistyped id nothing is in this list but the pair's own.
    lost = reported & set(truth.loc[truth["field"] == "trade_id", "altered"])
    assert not lost
    pairs = json.loads(breaks.out)["pairs"]
    assert (breaks.err, pairs["expected"], pairs["found"], pairs["false_alarms"]) == (
        "",
        expected,
        found,
        false,
    )


@pytest.mark.slow
def test_columns_that_are_no_field_are_left_out_of_findings(folder: Path) -> None:
    theirs = pd.read_csv(folder / "findings.csv")
    clutter = theirs.assign(field="record_id")
    pd.concat([theirs, clutter]).to_csv(folder / "theirs.csv", index=False)
    done = score(folder, findings="theirs.csv")
    assert (done.code, done.out) == (2, "")
    assert "to leave out what is no field, give --ignore-field record_id" in done.err
    found = json.loads(
        score(folder, "--ignore-field", "record_id", "--format", "json", findings="theirs.csv").out
    )
    plain = json.loads(score(folder, "--format", "json").out)
    assert found["input"].pop("left_out") == len(clutter)
    assert plain["input"].pop("left_out") == 0
    assert found == plain


def test_at_another_tolerance_small_differences_are_benign(folder: Path) -> None:
    strict = json.loads(score(folder, "--format", "json").out)
    # The scenario's own, but for the price: what is not named has none.
    words = ("price=1000ticks", "quantity=5", "trade_timestamp=1.5")
    options = [word for text in words for word in ("--tolerance", text)]
    lenient = json.loads(score(folder, *options, "--format", "json").out)
    assert lenient["benign"]["rows"] > strict["benign"]["rows"]
    assert lenient["pairs"]["expected"] < strict["pairs"]["expected"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("price=0.05", {"price": {"absolute": 0.05}}),
        ("price=2bps", {"price": {"bps": 2}}),
        ("price=2.5 bps", {"price": {"bps": 2.5}}),
        ("price=3ticks", {"price": {"ticks": 3}}),
        ("quantity=5", {"quantity": 5}),
        ("trade_timestamp=1.5", {"trade_timestamp": 1.5}),
    ],
)
def test_a_tolerance_is_read_with_its_unit(text: str, found: object) -> None:
    assert tolerance_options([text]) == found


def test_a_requirement_that_is_missed_is_exit_code_1_with_a_sentence_and_the_report(folder: Path) -> None:
    expected, found, _ = counts(folder)
    words = ("--require", "recall=0.99", "--require", "precision=0.2", "--require", "recall.price.tick=1")
    done = score(folder, *words)
    assert done.code == 1
    first, second = done.err.splitlines()
    assert first == (
        f"tradegen: recall is {found * 10_000 // expected / 10_000:.4f}, expected at least 0.99: "
        f"{found} of {expected} mismatched pairs found"
    )
    assert second.startswith("tradegen: recall of price.tick is 0.")
    assert done.out == score(folder).out


def test_a_requirement_that_holds_is_exit_code_0(folder: Path) -> None:
    done = score(folder, "--require", "recall=0.3", "--require", "false_alarm_rate=0.9")
    assert (done.code, done.err) == (0, "")


@pytest.mark.slow
def test_two_datasets_are_pooled_in_their_order(folder: Path) -> None:
    (folder / "more").mkdir()
    files = ("--out", "trades.csv", "--truth", "truth.csv", "--manifest", "manifest.json")
    words = ("--scenario", "hard", "--pairs", "500", "--seed", "8", "--first-id", "1", "--date", "2025-07-21")
    assert run("generate", *words, *files, cwd=folder / "more").code == 0
    truth = pd.read_csv(folder / "more" / "truth.csv")
    truth[["trade_id"]].to_csv(folder / "more" / "all.csv", index=False)
    second = ("--truth", "more/truth.csv", "--manifest", "more/manifest.json", "--findings", "more/all.csv")
    found = json.loads(score(folder, *second, "--format", "json").out)
    assert found["pairs"]["expected"] == counts(folder)[0] + truth.loc[~truth["benign"], "trade_id"].nunique()
    assert [run["recall"] for run in found["runs"]][1] == 1
    assert found["spread"]["recall"]["highest"] == 1
    assert "Spread over 2 runs" in score(folder, *second).out


def test_a_dataset_brings_its_trades_and_manifest(tmp_path: Path) -> None:
    assert run("generate", *MADE, "--out", "data/", "--format", "csv", cwd=tmp_path).code == 0
    pd.DataFrame({"trade_id": ["tid00000001"]}).to_csv(tmp_path / "findings.csv", index=False)
    done = run("score", "--truth", "data/", "--findings", "findings.csv", "--format", "json", cwd=tmp_path)
    found = json.loads(done.out)
    assert found["pairs"]["expected"] + found["pairs"]["quiet"] == 2000
    assert found["notional_cents"]["false_alarms"] is not None


BAD = {
    "no findings there": (("--findings", "none.csv"), "none.csv"),
    "fewer findings than truths": (
        ("--findings", "findings.csv", "--truth", "truth.csv"),
        "--truth is given twice and --findings once; expected the findings of each, in the same order",
    ),
    "an unknown format": (
        ("--findings", "findings.csv", "--format", "htm"),
        "format htm is unknown; did you mean html?",
    ),
    "an unknown measure": (
        ("--findings", "findings.csv", "--require", "recal=1"),
        "measure 'recal' is unknown; did you mean recall?",
    ),
    "no value": (
        ("--findings", "findings.csv", "--require", "recall"),
        "--require is 'recall'; expected such as recall=0.99",
    ),
    "a share as percent": (
        ("--findings", "findings.csv", "--require", "recall=99"),
        "recall is required to be '99'; expected a share from 0 to 1",
    ),
    "a map without a name": (
        ("--findings", "findings.csv", "--map", "trade_id="),
        "--map is 'trade_id='; expected such as trade_id=TradeRef",
    ),
    "a map twice": (
        ("--findings", "findings.csv", "--map", "field=a", "--map", "field=b"),
        "--map names field twice, as a and as b; expected one",
    ),
    "a tolerance that is no number": (
        ("--findings", "findings.csv", "--tolerance", "price=2bp"),
        "--tolerance price is '2bp'; expected a number, or one with bps or ticks after it",
    ),
    "a field without a tolerance": (("--findings", "findings.csv", "--tolerance", "ticker=1"), "ticker"),
    "a negative tolerance": (("--findings", "findings.csv", "--tolerance", "quantity=-1"), "quantity"),
    "a report of an unknown kind": (
        ("--findings", "findings.csv", "--out", "report.pdf"),
        "report.pdf has the suffix .pdf; expected .json, .html, .htm, .txt, or --format",
    ),
    "the trades twice": (
        ("--findings", "findings.csv", "--trades", "trades.csv", "--trades", "trades.csv"),
        "trades.csv is given twice as trades; expected each file once",
    ),
    "the truth as the report": (
        ("--findings", "findings.csv", "--out", "truth.csv", "--format", "table"),
        "--out is truth.csv, which is read as well; expected another file",
    ),
    "a folder that is not there": (
        ("--findings", "findings.csv", "--out", "none/s.html"),
        "none/s.html cannot",
    ),
    "too many manifests": (
        ("--findings", "findings.csv", "--manifest", "manifest.json"),
        "--manifest is given twice; expected one for the truth",
    ),
    "a condition without an operator": (
        ("--findings", "findings.csv", "--where", "Status MATCHED"),
        "where is 'Status MATCHED'; expected COLUMN = VALUE, COLUMN != VALUE or COLUMN in VALUE, VALUE",
    ),
    "a condition on a column that is not there": (
        ("--findings", "findings.csv", "--where", "Status != MATCHED"),
        "findings.csv has no column Status, which where asks for; it has trade_id, field",
    ),
    "findings of another run": (("--findings", "other.csv"), ""),
    "findings without ids": (("--findings", "nameless.csv"), "trade_id"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2_and_nothing_is_written(folder: Path, case: str) -> None:
    (folder / "other.csv").write_text("trade_id\ntid77777777\n")
    (folder / "nameless.csv").write_text("TradeRef,field\ntid00000001,price\n")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    words, sentence = BAD[case]
    done = run("score", *TRUTH, *words, cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("tradegen: ")
    assert done.err.count("\n") == 1
    assert sentence in done.err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_reader_that_stops_early_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m tradegen score --truth truth.csv --findings findings.csv | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("recall ")


def test_help_names_every_option_and_an_example(tmp_path: Path) -> None:
    shown = run("score", "--help", cwd=tmp_path).out
    options = ("truth", "findings", "trades", "manifest", "map", "field", "tolerance", "require", "matcher")
    assert all(f"--{name} " in shown for name in (*options, "where", "ignore-field", "format", "out"))
    assert "tradegen score --truth truth.csv --findings findings.csv --trades trades.csv" in shown


@pytest.mark.slow
def test_the_page_on_scoring_shows_what_its_commands_print(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "scoring.md").read_text("utf-8")
    codes = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "matcher.py").write_text(codes[0])
    for code in codes:
        exec(compile(code, "scoring.md", "exec"), {})
    shown = 0
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            assert run_line(command, tmp_path, 60, **os.environ) == output, command
            shown += 1
    assert shown == 4
