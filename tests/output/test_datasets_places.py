"""Datasets and their places: nothing else's place is taken, and what is there is told of in sentences."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from datasets_files import (
    BLOCK,
    WORDS,
    a_run,
    break_off,
    files_in,
    processes_in,
    unchanged,
    wait_until,
    write,
)
from shell import run as shell

from tradegen.engine.run import prepare
from tradegen.errors import LedgerError, OutputError
from tradegen.ledger import ledger_at


def test_a_dataset_is_overwritten_only_on_demand(tmp_path: Path) -> None:
    write(a_run(), tmp_path)
    with (
        unchanged(tmp_path),
        pytest.raises(OutputError, match=r"holds a dataset; expected another folder, or --overwrite$"),
    ):
        write(a_run(seed=8), tmp_path)
    write(a_run(seed=8, pairs=10), tmp_path, form="ndjson", overwrite=True)
    write(a_run(seed=8, pairs=10), tmp_path / "other", form="ndjson")
    other = files_in(tmp_path / "other")
    assert {name: text for name, text in files_in(tmp_path).items() if name[:6] != "other/"} == other


def test_a_ledger_that_refuses_leaves_the_dataset_that_was_to_be_overwritten(tmp_path: Path) -> None:
    def refuse(_pairs: int, _key: str) -> int:
        raise LedgerError("no ids left")

    write(a_run(pairs=10), tmp_path)
    with unchanged(tmp_path), pytest.raises(LedgerError, match="no ids left"):
        write(a_run(pairs=20), tmp_path, reserve=refuse, overwrite=True)


def test_a_finished_dataset_that_was_damaged_is_not_taken_for_whole(tmp_path: Path) -> None:
    write(a_run(), tmp_path)
    part = tmp_path / "trades" / "part-00000.csv"
    part.write_bytes(part.read_bytes() + b"x")
    with (
        unchanged(tmp_path),
        pytest.raises(
            OutputError, match=r"trades/part-00000\.csv is not as the manifest has it; verify says"
        ),
    ):
        write(a_run(), tmp_path, resume=True)


def test_an_unfinished_dataset_is_neither_taken_for_one_nor_overwritten(tmp_path: Path) -> None:
    break_off(a_run(), tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    with (
        unchanged(tmp_path),
        pytest.raises(
            OutputError,
            match=r"holds an unfinished dataset; --resume goes on with it, and --overwrite starts anew$",
        ),
    ):
        write(a_run(), tmp_path)
    write(a_run(pairs=10), tmp_path, overwrite=True)
    assert files_in(tmp_path).keys() == {"manifest.json", "trades/part-00000.csv", "truth/part-00000.csv"}


OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "seed": ({"seed": 8}, {}, "seed 7, not 8"),
    "pairs": ({"pairs": BLOCK}, {}, f"pairs {BLOCK + 1_000}, not {BLOCK}"),
    "rate": ({"mismatch_rate": 0.2}, {}, r"mismatch_rate 0\.3, not 0\.2"),
    "date": ({"date": "2025-07-22"}, {}, "date 2025-07-21, not 2025-07-22"),
    "view": ({"view": "counterparty"}, {}, "view single, not counterparty"),
    "format": ({}, {"form": "ndjson"}, "format csv, not ndjson"),
    "part size": ({}, {"blocks_per_part": 2}, "blocks_per_part 1, not 2"),
    "universe": ({"tickers": {"AAPL": "154.00"}}, {}, "tickers"),
    "ids": ({"first_id": 2}, {}, "first_id 1, not 2"),
}


@pytest.mark.parametrize("finished", [False, True])
def test_another_dataset_is_not_resumed_and_the_refusal_names_what_differs(
    tmp_path: Path, finished: bool
) -> None:
    if finished:
        write(a_run(), tmp_path)
    else:
        break_off(a_run(), tmp_path)
    for run, how, message in OTHERS.values():
        with (
            unchanged(tmp_path),
            pytest.raises(OutputError, match=rf"was begun with {message}.*; expected the same to resume"),
        ):
            write(a_run(**run), tmp_path, resume=True, **how)


def test_another_version_does_not_go_on_with_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_off(a_run(), tmp_path)
    monkeypatch.setattr("tradegen.output.dataset_plan.__version__", "9.9")
    with pytest.raises(OutputError, match=r"was begun with tradegen \d\S+, not 9\.9"):
        write(a_run(), tmp_path, resume=True)


HOWS: dict[str, dict[str, bool]] = {"anew": {}, "resume": {"resume": True}, "overwrite": {"overwrite": True}}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "name", ["notes.txt", "trades/notes.txt", "trades/part-00000.csv.bz2", "deep/er/x", ".git/config"]
)
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, name: str, how: str) -> None:
    if how != "anew":
        write(a_run(pairs=10), tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with unchanged(tmp_path), pytest.raises(OutputError, match=f"holds {name}; expected a new or empty"):
        write(a_run(pairs=10), tmp_path, **HOWS[how])


@pytest.mark.parametrize("how", HOWS)
def test_hidden_files_and_empty_folders_of_others_are_left_alone(tmp_path: Path, how: str) -> None:
    names = {".env.local", ".gitignore", ".DS_Store", ".notes.txt.swp"}
    (tmp_path / "empty").mkdir()
    for name in names:
        (tmp_path / name).write_text("mine")
    if how != "anew":
        break_off(a_run(), tmp_path)
    write(a_run(), tmp_path, **HOWS[how])
    assert names <= files_in(tmp_path).keys()
    assert (tmp_path / "empty").is_dir()


def test_part_files_without_plan_or_manifest_are_refused_and_left_alone(tmp_path: Path) -> None:
    write(a_run(pairs=10), tmp_path)
    (tmp_path / "manifest.json").unlink()
    for how in ({}, {"resume": True}):
        with (
            unchanged(tmp_path),
            pytest.raises(OutputError, match=r"holds trades/part-00000\.csv but no manifest"),
        ):
            write(a_run(pairs=10), tmp_path, **how)


def test_a_finished_dataset_is_not_made_again(tmp_path: Path) -> None:
    manifest = write(a_run(), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write(a_run(), tmp_path, resume=True) == manifest
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_leftovers_of_killed_runs_are_gone_at_the_end(tmp_path: Path) -> None:
    write(a_run(), tmp_path / "expected")
    out = tmp_path / "out"
    break_off(a_run(), out)
    for left in (
        "trades/.part-00001.csv.a1b2c3d4",
        "truth/.part-00001.csv.zzzzzzzz",
        ".manifest.json.k_9x0000",
    ):
        (out / f"{left}.tradegen").write_text("half a re")
    (out / ".progress" / ".part-00001.json.abcdefgh.tradegen").write_text("{")
    write(a_run(), out, resume=True)
    assert files_in(out) == files_in(tmp_path / "expected")
    assert not (out / ".progress").exists()


def test_a_run_killed_once_its_manifest_is_there_is_finished_by_resuming(tmp_path: Path) -> None:
    write(a_run(), tmp_path / "expected")
    out = tmp_path / "out"
    break_off(a_run(), out, after=2)
    (out / "manifest.json").write_bytes((tmp_path / "expected" / "manifest.json").read_bytes())
    write(a_run(), out, resume=True)
    assert files_in(out) == files_in(tmp_path / "expected")
    assert not (out / ".progress").exists()


DAMAGED = {
    "manifest.json": ["", "{", "[]", "{}", '{"manifest": 2, "replay": {}}'],
    ".progress/plan.json": ["{", "[]", "{}"],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_manifest_or_plan_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    for text in DAMAGED[name]:
        (tmp_path / name).write_text(text)
        with (
            unchanged(tmp_path),
            pytest.raises(OutputError, match=rf"{name} is no.* (manifest|plan) .*; expected one, or --over"),
        ):
            write(a_run(pairs=10), tmp_path, resume=True)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {}}', '{"files": {"x": 1}}'])
def test_a_damaged_record_of_a_part_has_it_made_anew(tmp_path: Path, text: str) -> None:
    write(a_run(), tmp_path / "expected", workers=1)
    out = tmp_path / "out"
    break_off(a_run(), out, after=2)
    (out / ".progress" / "part-00000.json").write_text(text)
    write(a_run(), out, resume=True, workers=1)
    assert files_in(out) == files_in(tmp_path / "expected")


@pytest.mark.slow
def test_a_folder_that_a_run_writes_to_is_closed_to_others(tmp_path: Path) -> None:
    refusals = []

    def meanwhile(_pairs: int) -> None:
        with pytest.raises(OutputError) as caught:
            write(a_run(pairs=10), tmp_path, overwrite=True)
        refusals.append(str(caught.value))

    write(a_run(pairs=10), tmp_path, advance=meanwhile)
    assert refusals == [f"{tmp_path} is being written by another run; expected a folder of its own for each"]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with unchanged(tmp_path), pytest.raises(OutputError, match="file"):
            write(a_run(pairs=10), out)


def test_progress_adds_up_to_all_pairs_also_of_a_resumed_run(tmp_path: Path) -> None:
    for how in ({}, {"resume": True}):
        told: list[int] = []
        if how:
            break_off(a_run(), tmp_path / "resumed")
        write(a_run(), tmp_path / ("resumed" if how else "whole"), advance=told.append, **how)
        assert sorted(told) == [1_000, BLOCK]


@pytest.mark.parametrize("how", [{"workers": 0}, {"blocks_per_part": 0}, {"form": "parkett"}])
def test_impossible_values_are_refused_before_anything_is_written(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    with pytest.raises(OutputError, match=next(iter(how)).replace("form", "format")):
        write(a_run(pairs=10), tmp_path / "out", **how)
    assert not (tmp_path / "out").exists()


# On the command line


@pytest.mark.parametrize("option", ["--workers", "--blocks-per-part"])
def test_none_of_something_is_refused_and_not_taken_for_the_default(tmp_path: Path, option: str) -> None:
    done = shell("generate", "--pairs", "10", "--first-id", "1", option, "0", "--out", "out/", cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"{option[2:].replace('-', '_')} is 0; expected a whole number from 1" in done.err
    assert files_in(tmp_path) == {}


def test_the_command_line_makes_the_same_dataset(tmp_path: Path) -> None:
    done = shell(*WORDS, "--pairs", "66536", "--first-id", "1", "--out", "out/", cwd=tmp_path)
    manifest = write(a_run(), tmp_path / "expected")
    assert (done.code, done.out) == (0, "")
    assert files_in(tmp_path / "out") == files_in(tmp_path / "expected")
    assert manifest["digests"]["trades"] in done.err


def test_a_finished_dataset_is_resumed_with_nothing_to_do(tmp_path: Path) -> None:
    words = (*WORDS, "--pairs", "100", "--out", "out/")
    assert shell(*words, cwd=tmp_path).code == 0
    with unchanged(tmp_path):
        done = shell(*words, "--resume", cwd=tmp_path)
    assert done.code == 0
    digest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())["digests"]["trades"]
    assert digest in done.err
    assert "tradegen: out/ holds all of it already; nothing was left to make\n" in done.err
    assert ledger_at(tmp_path / "trade_ids.db").show().ranges == 1


@pytest.mark.slow
def test_resume_alone_goes_on_with_the_universe_and_the_parts_it_was_begun_with(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("ticker,price\nABC,10.00\nXYZ,20.00\n")
    words = (
        "generate",
        "--pairs",
        "140000",
        "--blocks-per-part",
        "1",
        "--tickers",
        "mine.csv",
        "--out",
        "out/",
        "--format",
        "csv",
    )
    assert shell(*words, "--first-id", "1", "--seed", "7", "--workers", "1", cwd=tmp_path).code == 0
    expected = files_in(tmp_path / "out")
    (tmp_path / "mine.csv").unlink()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    break_off(prepare(**manifest["replay"]), tmp_path / "begun", blocks_per_part=1)
    done = shell("generate", "--out", "begun/", "--resume", "--first-id", "1", cwd=tmp_path)
    assert done.code == 0, done.err
    assert files_in(tmp_path / "begun") == expected


REFUSED = {
    "another seed": ("--out", "there/", "--resume", "--seed", "8"),
    "other files": ("--out", "other/"),
    "no format": ("--out", "new/", "--format", "parkett"),
    "unknown store": ("--out", "ftp://host/folder"),
    "no bucket": ("--out", "s3://"),
    "truth elsewhere": ("--out", "new/", "--truth", "t.csv"),
    "one file resumed": ("--out", "new.csv", "--resume"),
    "nowhere": ("--out", ""),
    "an endpoint of no bucket": ("--out", "new/", "--endpoint", "http://127.0.0.1:1"),
}


@pytest.mark.slow
def test_what_cannot_be_written_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    write(a_run(pairs=10), tmp_path / "there")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with unchanged(tmp_path):
        for case, words in REFUSED.items():
            done = shell(*WORDS, "--first-id", "1", "--pairs", "10", *words, cwd=tmp_path)
            assert (done.code, done.out) == (2, ""), case
            assert done.err.startswith("tradegen: "), done.err
            assert done.err.count("\n") == 1, done.err
    assert not (tmp_path / "new").exists() or not files_in(tmp_path / "new")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_leaves_a_dataset_that_the_same_command_resumes(tmp_path: Path, workers: str) -> None:
    words = (*WORDS, "--pairs", "300000", "--out", "out/", "--workers", workers)
    child = subprocess.Popen(
        [sys.executable, "-m", "tradegen", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: list(tmp_path.glob("out/.progress/part-*.json")))
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=60)
        assert child.returncode == 130
        sentence = re.fullmatch(
            r"tradegen: trade_ids\.db was not there: .*\n"
            r"tradegen: interrupted; ([\d,]+) of 300,000 pairs are written to out/; "
            r"the same command with --resume goes on\n",
            said,
        )
        assert sentence, said
        made = sentence[1]
        assert 0 <= int(made.replace(",", "")) < 300_000
        assert processes_in(child.pid) == []
    finally:
        child.kill()
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert not [path for path in (tmp_path / "out").rglob(".*.*") if path.is_file()]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("out/.progress/part-*.json")}
    assert kept
    assert shell(*words, "--resume", cwd=tmp_path).code == 0
    write(a_run(pairs=300_000), tmp_path / "expected")
    assert files_in(tmp_path / "out") == files_in(tmp_path / "expected")
    assert ledger_at(tmp_path / "trade_ids.db").show().ranges == 1
