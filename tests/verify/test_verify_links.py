"""Verify: lists that share no id are proved by their links, and a link that is wrong is found."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradegen import generate, prepare
from tradegen.output.dataset import write_dataset
from tradegen.verify import Report, VerifyError, verify
from tradegen.verify.dataset_manifest import open_dataset
from tradegen.verify.dataset_proof import verify_dataset

ASKED: dict[str, Any] = {
    "shared_id": False,
    "pairs": 300,
    "mismatch_rate": 0.3,
    "seed": 9,
    "date": "2025-07-21",
    "mechanisms": dict.fromkeys(
        ("quantity.nudge", "price.nudge", "record.missing", "record.duplicate", "record.split"), 1
    ),
}
Row = list[str]


def files_of(folder: Path, form: str = "csv") -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (f".{form}", ".json"))


def write(folder: Path, form: str = "csv", **more: Any) -> list[Path]:
    batch = generate(**{"view": "two_system", **ASKED, **more})
    batch.write(folder / f"t.{form}", truth=folder / f"k.{form}", manifest=folder / "m.json")
    return files_of(folder, form)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    write(folder)
    return folder


def first_of(rows: list[Row], leg: str) -> Row:
    return next(row for row in rows if row[1] == leg)


def edited(written: Path, folder: Path, name: str, change: Callable[[list[Row]], object]) -> Report:
    """Verify the files after a change to the rows of one."""
    shutil.copytree(written, folder, dirs_exist_ok=True)
    with (folder / name).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    change(rows)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return verify(files_of(folder))


@pytest.mark.parametrize(
    ("view", "form"),
    [("counterparty", "csv"), *(("two_system", form) for form in ("csv", "json", "parquet"))],
)
def test_lists_without_ids_are_proved(tmp_path: Path, view: str, form: str) -> None:
    first = "ours" if view == "two_system" else "buy"
    layout = {first: {"columns": {"record_id": "OurRef"}}}
    report = verify(write(tmp_path, form, view=view, **layout))
    assert report.ok, str(report)
    assert (report.pairs, report.left_out) == (300, {})
    assert "every record has its link, and every link its record" in report.lines()[-1]


def test_included_columns_are_proved_and_the_others_named(tmp_path: Path) -> None:
    columns = ["price", "record_id", "quantity", "ticker"]
    report = verify(write(tmp_path, ours={"include": columns}, theirs={"include": columns}))
    assert report.ok, str(report)
    assert set(report.left_out) == {"ours", "theirs"}
    assert "trade_id" not in report.left_out["ours"]


def test_links_that_are_exchanged_make_differences_that_the_truth_does_not_have(
    written: Path, tmp_path: Path
) -> None:
    def exchange(rows: list[Row]) -> None:
        # Of the first two trades, the records of theirs; both are clean.
        theirs = [row for row in rows if row[1] == "THEIRS"][:2]
        theirs[0][2], theirs[1][2] = theirs[1][2], theirs[0][2]

    assert "unlabelled" in edited(written, tmp_path, "k.links.csv", exchange).findings


def test_a_record_without_a_link_and_a_link_without_a_record_are_named(written: Path, tmp_path: Path) -> None:
    lost: list[str] = []

    def rename(rows: list[Row]) -> None:
        row = first_of(rows, "OURS")
        lost.extend(row)
        row[2] = "00000000000000aa"

    found = edited(written, tmp_path, "k.links.csv", rename).findings["links"]
    assert found.count == 2
    assert set(found.examples) == {
        f"record {lost[2]} in t.ours.csv has no link in k.links.csv",
        f"{lost[0]} in k.links.csv names record 00000000000000aa, which is not in t.ours.csv",
    }


def test_a_record_with_two_links_is_named(written: Path, tmp_path: Path) -> None:
    found = edited(written, tmp_path, "k.links.csv", lambda rows: rows.append(rows[0])).findings
    assert found["links"].examples[0].endswith("has two links or more in k.links.csv")


def test_a_link_of_the_wrong_leg_is_found(written: Path, tmp_path: Path) -> None:
    def turn(rows: list[Row]) -> None:
        first_of(rows, "OURS")[1] = "THEIRS"

    assert edited(written, tmp_path, "k.links.csv", turn).findings["links"].count == 2


@pytest.mark.parametrize("column", range(3))
def test_a_link_that_cannot_be_read_is_named(written: Path, tmp_path: Path, column: int) -> None:
    def spoil(rows: list[Row]) -> None:
        rows[3][column] = "x"

    found = edited(written, tmp_path, "k.links.csv", spoil).findings
    assert "k.links.csv line 5 is 'x'; expected" in found["invalid"].examples[0]


def test_records_out_of_their_order_are_named(written: Path, tmp_path: Path) -> None:
    found = edited(written, tmp_path, "t.theirs.csv", lambda rows: rows.reverse()).findings
    assert list(found) == ["order"]


def test_a_list_without_record_ids_is_refused(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    lines = (tmp_path / "t.ours.csv").read_text().splitlines()
    (tmp_path / "t.ours.csv").write_text("".join(line.split(",", 1)[1] + "\n" for line in lines))
    with pytest.raises(VerifyError):
        verify(files_of(tmp_path))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: (folder / "k.links.csv").unlink(), "the files hold no table of links; expected one"),
        (
            lambda folder: shutil.copy(folder / "k.links.csv", folder / "z.csv"),
            "the files hold more than one table of links",
        ),
    ],
)
def test_one_table_of_links_is_needed(
    written: Path, tmp_path: Path, change: Callable[[Path], object], expected: str
) -> None:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    change(tmp_path)
    with pytest.raises(VerifyError, match=expected):
        verify(files_of(tmp_path))


def test_a_manifest_that_says_neither_true_nor_false_is_refused(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    manifest = json.loads((tmp_path / "m.json").read_text())
    manifest["replay"]["scenario"]["shared_id"] = "no"
    (tmp_path / "m.json").write_text(json.dumps(manifest))
    with pytest.raises(VerifyError, match="shared_id is 'no' in the manifest; expected true or false"):
        verify(files_of(tmp_path))


@pytest.mark.slow
def test_a_dataset_is_proved_part_by_part_and_a_part_without_its_links_is_found(tmp_path: Path) -> None:
    run = prepare(**ASKED | {"pairs": 70_000, "mismatch_rate": 0.01}, view="two_system")
    write_dataset(run, tmp_path / "d", blocks_per_part=1, workers=1)
    report = verify_dataset(open_dataset(str(tmp_path / "d")))
    assert report.ok, str(report)
    assert (report.pairs, report.files) == (70_000, 8)
    (tmp_path / "d" / "links" / "part-00001.parquet").unlink()
    found = verify_dataset(open_dataset(str(tmp_path / "d"))).findings
    assert found["digest"].examples == ("links/part-00001.parquet is missing",)
