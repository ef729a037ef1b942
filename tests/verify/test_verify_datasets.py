"""Verify: datasets are proved whole, in every form and view; files that are not as told are named."""

from __future__ import annotations

import ast
import dataclasses
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shell import run as shell
from sizes import size
from verify_datasets import (
    BLOCK,
    VIEWS,
    changed_manifest,
    clean_row,
    made,
    proof,
    swapped,
    told,
    with_cell,
)

import tradegen
from tradegen.core.storage import open_storage
from tradegen.verify import VerifyError, open_dataset, verify, verify_dataset
from tradegen.verify.words import UnfinishedError

# Each form once, and Parquet, which has types, also in another form of its own.
SOME = {
    ("csv", "single"),
    ("ndjson", "two_system"),
    ("json", "counterparty"),
    ("parquet", "single"),
    ("parquet", "two_system"),
}
OVER_THE_EDGE = {("csv", "single"), ("parquet", "two_system")}
FORMS_AND_VIEWS = [
    pytest.param(form, view, marks=[] if (form, view) in SOME else pytest.mark.large)
    for form in ("csv", "ndjson", "json", "parquet")
    for view in VIEWS
]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "view"), FORMS_AND_VIEWS)
def test_what_is_right_is_proved_in_every_form_and_view(tmp_path: Path, form: str, view: str) -> None:
    # Over the edge of a block in one form of text and one with types: parts are proved alike in all.
    pairs = BLOCK + 1_500 if (form, view) in OVER_THE_EDGE else size(2_000, BLOCK + 1_500)
    folder = made(tmp_path / "d", form, pairs=pairs, **VIEWS[view])
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    report = proof(folder)
    assert report.ok, str(report)
    counts, files = manifest["counts"], manifest["dataset"]["files"]
    assert (report.pairs, report.records, report.truth_rows) == (
        counts["pairs"],
        counts["trades"],
        counts["truth_rows"],
    )
    assert (report.files, report.bytes) == (len(files), sum(file["bytes"] for file in files.values()))


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("first_id", [2**62 - 1, 2**62, 2**63 - 30])
def test_ids_are_proved_up_to_the_largest(tmp_path: Path, form: str, first_id: int) -> None:
    run = tradegen.prepare("everything", pairs=30, seed=1, date="2025-07-21", first_id=first_id)
    tradegen.write_dataset(run, tmp_path / "d", form=form)
    report = proof(tmp_path / "d")
    assert report.ok, str(report)
    assert report.pairs == 30


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("view", VIEWS)
def test_a_run_without_mismatches_is_proved(tmp_path: Path, form: str, view: str) -> None:
    report = proof(made(tmp_path / "d", form, "clean", pairs=30, view=view))
    assert report.ok, str(report)
    assert (report.pairs, report.records, report.truth_rows) == (30, 60, 0)


@pytest.mark.slow
def test_the_report_is_the_same_for_any_number_of_workers(copied: Callable[[str], Path]) -> None:
    folder = copied("parquet")
    right = proof(folder, 2)
    assert right.ok
    assert str(proof(folder, 1)) == str(right)
    for number in (0, 1):
        path = folder / f"truth/part-0000{number}.parquet"
        pq.write_table(pq.read_table(path).slice(1), path)
    (folder / "trades/part-00001.parquet").unlink()
    one, two = (str(proof(folder, workers)) for workers in (1, 2))
    assert one == two
    assert "trades/part-00001.parquet is missing" in one


# Files that are not as the manifest says


def flipped(folder: Path, form: str) -> None:
    path = folder / f"trades/part-00001.{form}"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncated(folder: Path, form: str) -> None:
    path = folder / f"truth/part-00001.{form}"
    path.write_bytes(path.read_bytes()[:-5])


def missing(folder: Path, form: str) -> None:
    (folder / f"truth/part-00000.{form}").unlink()


def extra(folder: Path, form: str) -> None:
    shutil.copy(folder / f"trades/part-00001.{form}", folder / f"trades/part-00009.{form}")


def unnamed(folder: Path, form: str) -> None:
    changed_manifest(folder, lambda found: found["dataset"]["files"].pop(f"truth/part-00001.{form}"))


def renamed(folder: Path, form: str) -> None:
    def change(found: dict[str, Any]) -> None:
        files = found["dataset"]["files"]
        files["../elsewhere"] = files.pop(f"truth/part-00001.{form}")

    changed_manifest(folder, change)


DIGESTS: dict[Callable[[Path, str], None], str] = {
    flipped: "trades/part-00001.parquet is altered: its SHA-256 is another",
    truncated: "truth/part-00001.parquet is truncated: ",
    swapped: "trades/part-00000.parquet is t",  # truncated, or too long
    missing: "truth/part-00000.parquet is missing",
    extra: "trades/part-00009.parquet is there, and not in the manifest",
    unnamed: "truth/part-00001.parquet is not in the manifest, and should be",
    renamed: "'../elsewhere' is in the manifest; no file of this dataset has such a name",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "damages",
    [(missing, extra), (flipped, unnamed), (swapped, renamed), (truncated,)],
    ids=lambda damages: " and ".join(damage.__name__ for damage in damages),
)
def test_files_that_are_not_as_the_manifest_says_are_found_and_named(
    copied: Callable[[str], Path],
    every_example: None,
    damages: tuple[Callable[[Path, str], None], ...],
) -> None:
    folder = copied("parquet")
    for damage in damages:
        damage(folder, "parquet")
    report = proof(folder)
    examples = told(report, "digest")
    for damage in damages:
        assert DIGESTS[damage] in examples
    if missing in damages:
        assert list(report.findings) == ["digest"], "what is there is right, and no count is compared in vain"


@pytest.mark.slow
def test_files_in_each_others_place_are_named_as_such(copied: Callable[[str], Path]) -> None:
    folder = copied("parquet")
    swapped(folder, "parquet")
    # Of one size, they differ by their digests alone.
    one, other = (folder / f"trades/part-0000{number}.parquet" for number in (0, 1))
    size = max(path.stat().st_size for path in (one, other))
    changed_manifest(
        folder, lambda found: [file.update(bytes=size) for file in found["dataset"]["files"].values()]
    )
    assert "it is the file of trades/part-0000" in told(proof(folder), "digest")


@pytest.mark.slow
def test_another_digest_of_the_dataset_is_found(copied: Callable[[str], Path]) -> None:
    folder = copied("csv")
    changed_manifest(folder, lambda found: found["dataset"].update(sha256="0" * 64))
    assert told(proof(folder), "digest") == "manifest.json: dataset.sha256 is not that of the files it names"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.large) for seed in (1, 2))])
def test_parquet_that_is_damaged_anywhere_is_told_of_in_sentences(tmp_path: Path, seed: int) -> None:
    folder = made(tmp_path / "d", "parquet", pairs=300)
    chance = random.Random(seed)
    paths = sorted(folder.glob("*/*.parquet"))
    for number in range(size(20, 60)):
        path = paths[number % 2]
        right = path.read_bytes()
        wrong = bytearray(right)
        wrong[chance.randrange(len(wrong))] ^= 1 << chance.randrange(8)
        path.write_bytes(wrong if number % 4 else right[: chance.randrange(len(right))])
        assert "digest" in proof(folder).findings
        path.write_bytes(right)


def parquet_files(folder: Path) -> list[Path]:
    return [*sorted(folder.glob("*/part-00000.parquet")), folder / "manifest.json"]


@pytest.mark.slow
def test_single_files_in_parquet_are_proved(tmp_path: Path) -> None:
    paths = parquet_files(made(tmp_path / "d", "parquet", pairs=300))
    assert verify(paths).ok, str(verify(paths))
    assert verify(paths[:2]).pairs == 300
    table = pq.read_table(paths[0])
    row = clean_row(table, pq.read_table(paths[1]))
    pq.write_table(with_cell(table, "quantity", row, 0), paths[0])
    example = told(verify(paths), "invalid")
    assert example == (
        f"{table['trade_id'][row].as_py()} quantity in part-00000.parquet row {row + 1} is '0'; "
        "expected a value above 0"
    )


def test_parquet_with_columns_of_other_types_is_refused_or_read(tmp_path: Path) -> None:
    paths = parquet_files(made(tmp_path / "d", "parquet", pairs=300))
    table = pq.read_table(paths[0])
    moments = table["trade_timestamp"].cast(pa.timestamp("ms"))
    at = table.schema.get_field_index("trade_timestamp")
    pq.write_table(table.set_column(at, "trade_timestamp", moments), paths[0])
    assert verify(paths).ok
    at = table.schema.get_field_index("price")
    pq.write_table(table.set_column(at, "price", table["price"].cast(pa.float64())), paths[0])
    with pytest.raises(VerifyError, match="has double in price; expected decimals with two places"):
        verify(paths)


def test_single_files_in_parquet_that_are_damaged_are_refused_by_name(tmp_path: Path) -> None:
    paths = parquet_files(made(tmp_path / "d", "parquet", pairs=300))
    paths[1].write_bytes(paths[1].read_bytes()[:-20])
    with pytest.raises(VerifyError, match=r"truth/part-00000\.parquet cannot be read as Parquet: "):
        verify(paths)


# The command


@pytest.mark.slow
def test_the_command_proves_finds_and_refuses(copied: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copied("fix")
    right = shell("verify", "fix", "--workers", "2", cwd=tmp_path)
    assert (right.code, right.err) == (0, "")
    assert "proved: every file is as the manifest says" in right.out
    assert shell("verify", "manifest.json", cwd=folder).out == right.out
    path = folder / "trades/part-00000.fix"
    path.write_bytes(path.read_bytes().replace(b"BKR001", b"BKR002"))
    wrong = shell("verify", "fix/", cwd=tmp_path)
    assert wrong.code == 1
    assert "digest: 1 (a file that is not as the manifest says)" in wrong.out
    (folder / "manifest.json").unlink()
    refused = shell("verify", "fix", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "holds no manifest.json, so that it is no finished dataset" in refused.err
    assert "--resume" in refused.err
    mixed = shell("verify", "fix", "fix/manifest.json", cwd=tmp_path)
    assert (mixed.code, mixed.err) == (
        2,
        "tradegen: fix is given with other files; expected a dataset alone, or files\n",
    )


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("gs://bucket/x", "gs://bucket/x is of a kind that is unknown; expected a folder or s3://"),
        ("s3://", "s3:// names no bucket; expected s3://bucket/prefix"),
        ("nowhere", "nowhere is no folder"),
    ],
)
def test_places_that_hold_no_datasets_are_refused(place: str, sentence: str) -> None:
    with pytest.raises(VerifyError) as error:
        open_dataset(place)
    assert sentence in str(error.value)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An object store of this machine, with a bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="bucket")
    yield url
    server.stop()


@pytest.mark.slow
def test_a_dataset_in_a_bucket_is_proved_and_what_is_missing_found(originals: Path, endpoint: str) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    folder = originals / "parquet"
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.upload_file(str(path), "bucket", f"some/where/{path.relative_to(folder).as_posix()}")
    expected = str(proof(folder))
    for place in ("s3://bucket/some/where/", "s3://bucket/some/where/manifest.json"):
        assert str(verify_dataset(open_dataset(place, endpoint), workers=2)) == expected
    client.delete_object(Bucket="bucket", Key="some/where/truth/part-00001.parquet")
    client.put_object(Bucket="bucket", Key="some/where/truth/part-00002.parquet", Body=b"x")
    example = told(verify_dataset(open_dataset("s3://bucket/some/where", endpoint), workers=1), "digest")
    assert "truth/part-00001.parquet is missing" in example
    assert "truth/part-00002.parquet is there, and not in the manifest" in example
    with pytest.raises(VerifyError, match=r"holds no manifest\.json"):
        open_dataset("s3://bucket/elsewhere", endpoint)


@pytest.mark.slow
def test_a_store_that_cannot_be_reached_is_no_damaged_file(originals: Path, endpoint: str) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint)
    client.upload_file(str(originals / "csv/manifest.json"), "bucket", "d/manifest.json")
    dataset = open_dataset("s3://bucket/d", endpoint)
    # Nobody listens at port 1.
    gone = dataclasses.replace(
        dataset, storage=open_storage("s3://bucket/d", "http://127.0.0.1:1", UnfinishedError)
    )
    with pytest.raises(VerifyError, match="s3://bucket/d cannot be used: "):
        verify_dataset(gone)


def test_nothing_of_the_generating_code_is_used() -> None:
    """A proof by the code under proof would be none."""
    for path in Path(tradegen.__file__).parent.joinpath("verify").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                # Of what a file is, where it lies, how it is unpacked and how many cores there are, nothing
                # is proved.
                neutral = (
                    "errors",
                    "core.compression",
                    "core.interrupts",
                    "core.machine",
                    "core.regular_files",
                    "core.storage",
                    "verify",
                )
                allowed = name.startswith(tuple(f"tradegen.{module}" for module in neutral))
                assert allowed or not name.startswith("tradegen"), f"{path.name} imports {name}"
