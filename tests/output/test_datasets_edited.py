"""Datasets that were edited by hand: refused in a sentence, and nothing outside their folder is touched."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets_files import a_run, break_off, files_in, unchanged, write
from shell import run as shell
from sizes import size
from typer.testing import CliRunner

from tradegen.cli.main import app
from tradegen.errors import OutputError
from tradegen.version import __version__


@pytest.mark.parametrize("name", ["trades", "truth", ".progress"])
@pytest.mark.parametrize("how", [{"overwrite": True}, {"resume": True}])
def test_nothing_is_written_or_taken_away_through_a_link(
    tmp_path: Path, name: str, how: dict[str, bool]
) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    break_off(a_run(), out)
    shutil.move(out / name, elsewhere)
    (out / name).symlink_to(elsewhere)
    with unchanged(tmp_path), pytest.raises(OutputError, match=f"{name} is a link; expected a folder that"):
        write(a_run(), out, **how)


def test_a_part_that_is_a_link_is_replaced_and_not_what_it_points_to(tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.csv"
    break_off(a_run(), out)
    mine.write_text("mine")
    part = out / "trades" / "part-00000.csv"
    part.unlink()
    part.symlink_to(mine)
    write(a_run(), out, resume=True)
    write(a_run(), tmp_path / "expected")
    assert mine.read_text() == "mine"
    assert files_in(out) == files_in(tmp_path / "expected")


@pytest.mark.parametrize("finished", [True, False])
def test_a_dataset_with_a_stray_part_is_not_said_to_be_well(tmp_path: Path, finished: bool) -> None:
    if finished:
        write(a_run(), tmp_path)
    else:
        break_off(a_run(), tmp_path)
    (tmp_path / "trades" / "part-00009.csv").write_text("stray")
    with (
        unchanged(tmp_path),
        pytest.raises(OutputError, match=r"holds trades/part-00009\.csv, which is no part of this dataset"),
    ):
        write(a_run(), tmp_path, resume=True)
    write(a_run(), tmp_path, overwrite=True)
    assert "trades/part-00009.csv" not in files_in(tmp_path)


def edited(manifest: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy in which the value at a path such as ``replay.seed`` is another; taken away for `...`."""
    copy = json.loads(json.dumps(manifest))
    *places, last = path.split(".")
    table = copy
    for place in places:
        table = table[place]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    return copy


def leaves(table: dict[str, Any], depth: int = 3) -> list[str]:
    found = []
    for name, value in table.items():
        found.append(name)
        if isinstance(value, dict) and depth > 1 and "." not in name:
            found += [f"{name}.{below}" for below in leaves(value, depth - 1) if name != "files"]
    return found


@pytest.mark.slow
def test_a_manifest_edited_anywhere_ends_replay_and_resume_in_a_sentence(tmp_path: Path) -> None:
    write(a_run(pairs=10), tmp_path / "data")
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text())
    del manifest["counts"]  # is read by nothing
    edits = list(itertools.product(leaves(manifest), (..., None, 7, -1, "x", [], {}, True, 1e300)))
    assert len(edits) > 200
    # Of nine values a place, every seventh edit has each of them in turn.
    for path, value in edits[:: size(7, 1)]:
        (tmp_path / "m.json").write_text(json.dumps(edited(manifest, path, value)))
        done = CliRunner().invoke(app, ["replay", str(tmp_path / "m.json"), "--out", "/dev/null"])
        assert done.exception is None or isinstance(done.exception, SystemExit), (path, value)
        assert done.exit_code in (0, 1, 2), (path, value, done.output)
        shutil.copy(tmp_path / "m.json", tmp_path / "data" / "manifest.json")
        with contextlib.suppress(OutputError):
            write(a_run(pairs=10), tmp_path / "data", resume=True)


@pytest.mark.slow
def test_a_plan_edited_anywhere_ends_resume_in_a_sentence(tmp_path: Path) -> None:
    break_off(a_run(pairs=10), tmp_path / "data")
    shutil.copytree(tmp_path / "data", tmp_path / "begun")
    plan = json.loads((tmp_path / "begun" / ".progress" / "plan.json").read_text())
    refused = 0
    for path in leaves(plan):
        for value in (..., None, 7, "x", {}):
            shutil.copytree(tmp_path / "begun", tmp_path / "data", dirs_exist_ok=True)
            (tmp_path / "data" / ".progress" / "plan.json").write_text(json.dumps(edited(plan, path, value)))
            try:
                write(a_run(pairs=10), tmp_path / "data", resume=True, workers=1)
            except OutputError:
                refused += 1
    assert refused > 50


def test_a_manifest_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    words = ("--pairs", "4", "--first-id", "1", "--out", "t.csv", "--manifest", "m.json")
    assert shell("generate", *words, cwd=tmp_path).code == 0
    (tmp_path / "m.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "m.json").read_bytes())
    assert shell("replay", "m.json", "--out", "again.csv", cwd=tmp_path).code == 0


def test_files_outside_the_folder_are_refused_before_they_are_read(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = write(a_run(pairs=10), out)
    files = manifest["dataset"]["files"]
    # Reading it would have no end, or fail for the other reason.
    files["../../../../../../dev/zero"] = files.pop("trades/part-00000.csv")
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(OutputError, match="does not name the files that such a dataset has"):
        write(a_run(pairs=10), out, resume=True)


RECORD = ".progress/part-00000.json"
DAMAGED: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "cut short": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: text + "x",
    "nested without end": lambda text: "[" * 100_000,
    "null": lambda text: "null",
    "a number": lambda text: "7",
    "a list": lambda text: "[]",
    "without its content": lambda text: "{}",
    "without its files": lambda text: text.replace('"files"', '"file"'),
    "another count": lambda text: text.replace('"trades": 20', '"trades": 22'),
    "a count of text": lambda text: re.sub(r'"pairs": \d+', '"pairs": "many"', text),
    "a count too long": lambda text: re.sub(r'"pairs": \d+', f'"pairs": {"9" * 5_000}', text),
    "another number of rows": lambda text: re.sub(r'"rows": \d+', '"rows": 7', text),
    "another size": lambda text: re.sub(r'"bytes": \d+', '"bytes": null', text),
    "another file": lambda text: text.replace("trades/part-00000", "trades/part-00001"),
    "a file elsewhere": lambda text: text.replace("trades/part-00000", "/dev/zero"),
    "digests of no hex": lambda text: re.sub(r'"truth": "[0-9a-f]{8}', '"truth": "tradegen', text),
    "digests cut short": lambda text: re.sub(r'"truth": "[0-9a-f]{8}', '"truth": "', text),
    "a list cut short": lambda text: re.sub(r'"by_field": \[\d+, ', '"by_field": [', text),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_part_whose_record_is_damaged_is_made_again(tmp_path: Path, damage: str, whole: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole.with_name("begun"), out)
    record = out / RECORD
    text = record.read_text()
    record.write_text(DAMAGED[damage](text))
    assert record.read_text() != text
    write(a_run(pairs=10), out, resume=True, workers=1)
    assert files_in(out) == files_in(whole)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset; beside it, one of the same that was broken off when its part was made."""
    folder = tmp_path_factory.mktemp("datasets")
    break_off(a_run(pairs=10), folder / "begun")
    write(a_run(pairs=10), folder / "whole")
    return folder / "whole"


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("generation", [1, 3, None, "2"])
def test_a_dataset_of_another_generation_is_not_gone_on_with(
    tmp_path: Path, whole: Path, generation: object, finished: bool
) -> None:
    """Also where the version is the same, as between two states of a checkout."""
    out = tmp_path / "out"
    shutil.copytree(whole if finished else whole.with_name("begun"), out)
    noted = out / ("manifest.json" if finished else ".progress/plan.json")
    noted.write_text(json.dumps(edited(json.loads(noted.read_text()), "generation", generation)))
    message = f"is of generation {generation!r}, and tradegen {__version__} makes generation 2, whose values"
    with unchanged(out):
        with pytest.raises(
            OutputError, match=f"{message} .*; to go on with it, install tradegen .* --overwrite"
        ):
            write(a_run(pairs=10), out, resume=True)
        words = ("generate", "--out", f"{out}/", "--resume")
        done = CliRunner().invoke(app, words)
    assert (done.exit_code, message in done.stderr) == (2, True)
    write(a_run(pairs=10), out, overwrite=True, workers=1)
    assert files_in(out) == files_in(whole)
