"""Lists that are sorted by the id as it is written, for tools that merge sorted files."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shell import run
from written import written_files, written_lists

from tradegen import OutputError, ScenarioError, blocks, generate, prepare
from tradegen.aws.log_lines import object_lines
from tradegen.formats.sorting import MOST_SORTED
from tradegen.formats.tables import list_tables
from tradegen.output.dataset import write_dataset
from tradegen.verify import verify

BLOCK = 65_536
MIXED: dict[str, Any] = {
    "mismatch_rate": 0.3,
    "seed": 5,
    "date": "2025-07-21",
    "mechanisms": {"trade_id.mistyped": 1, "record.duplicate": 1, "record.split": 1, "quantity.nudge": 1},
}
SORTED = {"sort": "trade_id"}


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))[1:]


@pytest.mark.parametrize("first_id", [1, 99_999_000, 999_999_500])
def test_records_stand_in_the_order_of_their_ids_as_text_and_are_those_that_they_were(first_id: int) -> None:
    asked = {**MIXED, "pairs": 3_000}
    run_of = prepare(**asked).starting_at(first_id)
    assert run_of.first_id == first_id
    plain = written_lists(**asked, first_id=first_id)[0]["trades"]
    chosen, truth = written_lists(**asked, first_id=first_id, trades=SORTED)
    # Python's own sort is stable, and compares text by its characters, which are ASCII here.
    assert cells(chosen["trades"]) == sorted(cells(plain), key=lambda row: row[0])
    assert truth == written_lists(**asked, first_id=first_id)[1]


def test_the_order_of_a_file_is_that_of_sort_and_the_file_spans_blocks(tmp_path: Path) -> None:
    asked = {**MIXED, "pairs": BLOCK + 500, "mismatch_rate": 0.05, "trades": SORTED}
    content = written_files("csv", **asked)["trades"]
    ids = b"".join(line.split(b",")[0] + b"\n" for line in content.splitlines()[1:])
    (tmp_path / "ids").write_bytes(ids)
    done = subprocess.run(["sort", "-c", tmp_path / "ids"], env={"LC_ALL": "C"}, check=False)
    assert done.returncode == 0
    assert ids.count(b"\n") > 2 * BLOCK


def test_every_format_and_every_table_has_the_same_order(tmp_path: Path) -> None:
    asked = {**MIXED, "pairs": 500, "trades": SORTED}
    ids = [row[0] for row in cells(written_lists(**asked)[0]["trades"])]
    batch = generate(**asked)
    assert batch.lists["trades"]["trade_id"].tolist() == ids
    assert batch.to_arrow()["trades"]["trade_id"].to_pylist() == ids
    assert pa.Table.from_batches(blocks(**asked))["trade_id"].to_pylist() == ids
    [table] = list_tables(batch.run).values()
    logged = object_lines(table, batch.blocks).splitlines()
    assert [json.loads(line)["trade_id"] for line in logged] == ids
    batch.write(tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet")["trade_id"].to_pylist() == ids
    batch.write(tmp_path / "t.fix")
    messages = [dict(part.split("=", 1) for part in m.split("\x01")[:-1]) for m in
                (tmp_path / "t.fix").read_text().splitlines()]  # fmt: skip
    assert [message["37"] for message in messages] == ids
    assert [message["34"] for message in messages] == [str(number + 1) for number in range(len(ids))]


def test_each_list_of_two_is_sorted_or_not_as_its_own_layout_says() -> None:
    asked = {**MIXED, "pairs": 400, "view": "two_system"}
    plain, one = generate(**asked).lists, generate(**asked, theirs=SORTED).lists
    assert one["ours"].equals(plain["ours"])
    assert one["theirs"]["trade_id"].tolist() == sorted(plain["theirs"]["trade_id"])


def test_sorting_changes_no_digest() -> None:
    asked = {**MIXED, "pairs": 400}
    assert generate(**asked).manifest["digests"] == generate(**asked, trades=SORTED).manifest["digests"]


@pytest.mark.slow
def test_parts_are_sorted_one_by_one_and_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    asked = {**MIXED, "pairs": 3 * BLOCK, "mismatch_rate": 0.01, "view": "two_system", "theirs": SORTED}
    for workers in (1, 2):
        write_dataset(
            prepare(**asked), tmp_path / str(workers), form="csv", workers=workers, blocks_per_part=2
        )
    for part in range(2):
        name = f"theirs/part-{part:05d}.csv"
        content = (tmp_path / "1" / name).read_bytes()
        assert content == (tmp_path / "2" / name).read_bytes()
        ids = [line.split(b",")[0] for line in content.splitlines()[1:]]
        assert ids == sorted(ids)
        ours = (tmp_path / "1" / name.replace("theirs", "ours")).read_bytes().splitlines()[1:]
        assert [line.split(b",")[0] for line in ours] != sorted(line.split(b",")[0] for line in ours)


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "parquet", "fix"])
def test_verify_proves_the_order(tmp_path: Path, form: str) -> None:
    truth = tmp_path / f"key.{'csv' if form == 'fix' else form}"
    batch = generate(**MIXED, pairs=500, trades=SORTED)
    batch.write(tmp_path / f"t.{form}", truth=truth, manifest=tmp_path / "m.json")
    files = [tmp_path / f"t.{form}", truth, tmp_path / "m.json"]
    assert verify(files).ok, str(verify(files))
    # The same records in another order, with a manifest that says they are sorted.
    other = generate(**MIXED, pairs=500)
    other.write(tmp_path / f"t.{form}")
    assert list(verify(files).findings) == ["order"]


def test_verify_names_the_record_that_is_out_of_order(tmp_path: Path) -> None:
    generate(pairs=20, seed=1, trades=SORTED).write(
        tmp_path / "t.csv", truth=tmp_path / "key.csv", manifest=tmp_path / "m.json"
    )
    lines = (tmp_path / "t.csv").read_text().splitlines(keepends=True)
    (tmp_path / "t.csv").write_text("".join([lines[0], *lines[3:], *lines[1:3]]))
    found = verify([tmp_path / name for name in ("t.csv", "key.csv", "m.json")]).findings
    assert found["order"].examples == ("tid00000001 trade_id in t.csv stands after tid00000020",)


def test_files_that_memory_does_not_hold_are_refused_before_ids_are_reserved(tmp_path: Path) -> None:
    done = run(
        "generate", "--pairs", str(MOST_SORTED + 1), "--set", "trades.sort='trade_id'", "--out", "t.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 2
    assert (
        "trades.sort is trade_id, and the file has 10,000,001 pairs; expected at most 10,000,000" in done.err
    )
    assert not list(tmp_path.iterdir())
    with pytest.raises(ScenarioError, match="or a dataset, whose parts are sorted one by one"):
        blocks(pairs=MOST_SORTED + 1, trades=SORTED)
    with pytest.raises(OutputError, match="expected at most"):
        write_dataset(prepare(pairs=10**9, trades=SORTED), tmp_path / "d", blocks_per_part=1_000)
