"""Datasets in Parquet: compression, row groups, and what another pyarrow means for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets_files import BLOCK, a_run, break_off, files_in, unchanged, write
from shell import run as shell

from tradegen.engine.run import Run
from tradegen.errors import OutputError

RUN = ("generate", "--seed", "7", "--first-id", "1", "--date", "2025-07-21")
ZSTD = ("--compression", "zstd", "--row-group-rows", "50_000")


def in_parquet(run: Run, out: Path, **how: Any) -> dict[str, Any]:
    return write(run, out, form="parquet", workers=1, **how)


def test_parquet_is_gone_on_with_under_the_same_pyarrow_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the parts would have other bytes. Where none is left to make, that does not matter."""
    break_off(a_run(), tmp_path / "begun", form="parquet")
    finished = in_parquet(a_run(), tmp_path / "finished")
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "22.0.0")
    with unchanged(tmp_path):
        with pytest.raises(OutputError, match=rf"was begun with pyarrow {pa.__version__}, not 22\.0\.0"):
            in_parquet(a_run(), tmp_path / "begun", resume=True)
        assert in_parquet(a_run(), tmp_path / "finished", resume=True) == finished


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"compression": "zstd"}, "compression snappy, not zstd"),
        ({"row_group_rows": 1_000}, "row_group_rows None, not 1000"),
    ],
)
def test_parquet_is_gone_on_with_in_the_way_it_was_begun(
    tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    break_off(a_run(), tmp_path, form="parquet")
    with unchanged(tmp_path), pytest.raises(OutputError, match=f"was begun with {message}; expected"):
        in_parquet(a_run(), tmp_path, resume=True, **how)
    # What is not given is what it is by default, which may be said, too.
    in_parquet(a_run(), tmp_path, resume=True, compression="snappy")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"compression": "zstd"}, "compression is zstd, and the format is csv; expected format parquet"),
        ({"row_group_rows": 9}, "row_group_rows is 9, and the format is csv; expected format parquet"),
        ({"compression": "gzip", "form": "parquet"}, "compression 'gzip' is unknown; expected one of"),
    ],
)
def test_options_that_a_format_does_not_have_are_refused(
    tmp_path: Path, how: dict[str, Any], message: str
) -> None:
    with unchanged(tmp_path), pytest.raises(OutputError, match=message):
        write(a_run(), tmp_path / "out", **how)


def test_any_number_of_workers_make_the_same_bytes(tmp_path: Path) -> None:
    run = a_run("everything", pairs=3 * BLOCK + 7)
    how = {"form": "parquet", "compression": "zstd", "row_group_rows": 50_000}
    for workers in (1, 3):
        write(run, tmp_path / str(workers), workers=workers, **how)
    assert files_in(tmp_path / "1") == files_in(tmp_path / "3")


# On the command line


def about(path: Path) -> tuple[str, int]:
    """The codec of a file's ids, and the rows of its first row group."""
    group = pq.ParquetFile(path).metadata.row_group(0)
    return group.column(0).compression, group.num_rows


@pytest.mark.slow
def test_a_dataset_is_written_resumed_and_replayed_as_it_was_asked_for(tmp_path: Path) -> None:
    run = a_run()
    break_off(run, tmp_path / "out", form="parquet", compression="zstd", row_group_rows=50_000)
    size = ("--pairs", str(run.scenario.pairs), "--blocks-per-part", "1")
    assert shell(*RUN, *size, *ZSTD, "--out", "whole/", cwd=tmp_path).code == 0
    assert shell(*RUN, *size, "--out", "out/", "--resume", cwd=tmp_path).code == 0
    done = shell("replay", "whole", "--out", "again/", cwd=tmp_path)
    assert done.code == 0
    assert done.err.endswith("the same trades and truth as the manifest says, in files of the same bytes\n")
    whole = files_in(tmp_path / "whole")
    assert about(tmp_path / "whole" / "trades" / "part-00000.parquet") == ("ZSTD", 50_000)
    assert whole == files_in(tmp_path / "out") == files_in(tmp_path / "again")


def test_single_files_are_written_as_it_was_asked_for(tmp_path: Path) -> None:
    words = (
        *RUN,
        "--pairs",
        "100",
        *ZSTD,
        "--out",
        "t.csv",
        "--truth",
        "k.parquet",
        "--manifest",
        "m.json",
    )
    assert shell(*words, cwd=tmp_path).code == 0
    assert about(tmp_path / "k.parquet")[0] == "ZSTD"
    assert json.loads((tmp_path / "m.json").read_bytes())["versions"]["pyarrow"] == pa.__version__


@pytest.mark.parametrize("out", ["out.csv", "-", "out/"])
def test_options_that_nothing_written_has_are_refused(tmp_path: Path, out: str) -> None:
    with unchanged(tmp_path):
        done = shell(*RUN, "--format", "csv", "--compression", "lz4", "--out", out, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "tradegen: compression is lz4, and the format is csv; expected format parquet with compression; "
        "text is compressed by a format such as csv.zst\n"
    )


@pytest.mark.slow
def test_replay_compares_values_and_says_whether_the_bytes_are_the_same(tmp_path: Path) -> None:
    write(a_run(), tmp_path / "out", form="parquet")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    # As another pyarrow would have made it.
    manifest["versions"]["pyarrow"] = manifest["dataset"]["versions"]["pyarrow"] = "22.0.0"
    manifest["dataset"]["sha256"] = "0" * 64
    path.write_text(json.dumps(manifest))
    done = shell("replay", "out", "--out", "again/", cwd=tmp_path)
    assert done.code == 0
    assert done.err.endswith(
        "the same trades and truth as the manifest says, in files of other bytes "
        f"(made with pyarrow 22.0.0, now {pa.__version__})\n"
    )


def test_a_dataset_of_other_values_is_not_taken_for_the_same(tmp_path: Path) -> None:
    write(a_run(), tmp_path / "out", form="parquet")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["digests"]["trades"] = "0" * 64
    path.write_text(json.dumps(manifest))
    done = shell("replay", "out", "--out", "again/", cwd=tmp_path)
    assert (done.code, "not what the manifest says: trades" in done.err) == (1, True)
