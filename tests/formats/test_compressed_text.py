"""Text compressed by gzip or Zstandard: written, read by every command, and refused where it is damaged."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import ROOT
from shell import run
from sizes import chosen

from tradegen import MarketError, OutputError, ScoringError, fit, generate, prepare, score
from tradegen.core.compression import compressor, content_of
from tradegen.market.universe import load_market
from tradegen.output.dataset import write_dataset
from tradegen.output.manifest_files import load_manifest
from tradegen.scoring.input_files import read_manifest
from tradegen.verify import VerifyError, open_dataset, verify, verify_dataset

ASKED: dict[str, Any] = {"scenario": "everything", "pairs": 300, "seed": 3, "date": "2025-07-21"}
TEXTS = ("csv", "json", "ndjson", "jsonl", "fix")


def unzstd(content: bytes) -> bytes:
    return bytes(pa.CompressedInputStream(pa.BufferReader(content), "zstd").read())


PLAIN: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".zst": unzstd}


def write(folder: Path, form: str, suffix: str = "", **more: Any) -> list[Path]:
    truth = f"key.{'csv' if form == 'fix' else form}{suffix}"
    paths = [folder / name for name in (f"t.{form}{suffix}", truth, f"m.json{suffix}")]
    generate(**{**ASKED, **more}).write(paths[0], truth=paths[1], manifest=paths[2])
    return paths


@pytest.mark.parametrize(
    ("form", "suffix"),
    chosen(itertools.product(TEXTS, PLAIN), list(zip(TEXTS, itertools.cycle(PLAIN), strict=False))),
)
def test_the_text_is_that_of_the_plain_file_and_verify_proves_it(
    tmp_path: Path, form: str, suffix: str
) -> None:
    compressed = write(tmp_path, form, suffix)
    for path, plain in zip(compressed, write(tmp_path, form), strict=True):
        assert PLAIN[suffix](path.read_bytes()) == plain.read_bytes()
        assert path.stat().st_size < plain.stat().st_size / 2
    assert verify(compressed).ok


@pytest.mark.parametrize("suffix", PLAIN)
def test_the_bytes_are_the_same_each_time_however_the_text_is_cut(suffix: str) -> None:
    text = b"tid00000021,AAPL,250\n" * 100_000
    made = []
    for size in (997, len(text)):
        pieces: list[bytes] = []
        stream = compressor(suffix, pieces.append)
        for start in range(0, len(text), size):
            stream.write(text[start : start + size])
        stream.end()
        made.append(b"".join(pieces))
    assert made[0] == made[1]
    assert PLAIN[suffix](made[0]) == text
    if suffix == ".gz":
        # RFC 1952: no flags, so that no name follows; and no time.
        assert made[0][3:8] == bytes(5)


@pytest.mark.parametrize("suffix", PLAIN)
def test_a_file_that_is_given_up_writes_nothing_more(suffix: str) -> None:
    seen: list[bytes] = []
    stream = compressor(suffix, seen.append)
    stream.write(b"text" * 1000)
    before = len(seen)
    del stream
    assert len(seen) == before


def test_two_lists_have_their_names_before_both_suffixes(tmp_path: Path) -> None:
    generate(pairs=20, seed=1, view="two_system").write(
        tmp_path / "t.csv.gz", truth=tmp_path / "key.jsonl.zst", manifest=tmp_path / "m.json"
    )
    lists = [tmp_path / "t.ours.csv.gz", tmp_path / "t.theirs.csv.gz"]
    assert verify([*lists, tmp_path / "key.jsonl.zst", tmp_path / "m.json"]).ok
    found = score(tmp_path / "key.jsonl.zst", tmp_path / "key.jsonl.zst", trades=lists)
    assert found.pairs.recall == 1


@pytest.mark.slow
@pytest.mark.parametrize(("form", "pairs"), [("csv.gz", 66_000), ("ndjson.zst", 300), ("fix.gz", 300)])
def test_a_dataset_is_written_proved_and_replayed(tmp_path: Path, form: str, pairs: int) -> None:
    asked = f"--pairs {pairs} --seed 3 --first-id 1 --date 2025-07-21 --format {form} --blocks-per-part 1"
    done = run("generate", *asked.split(), "--mismatch-rate", "0.01", "--out", "d/", cwd=tmp_path)
    assert done.code == 0, done.err
    manifest = load_manifest(str(tmp_path / "d"))
    truth = form.replace("fix", "csv")
    assert {name.partition(".")[2] for name in manifest["dataset"]["files"]} == {form, truth}
    for name, told in manifest["dataset"]["files"].items():
        # The digest of a file is that of the file as it lies there.
        assert hashlib.sha256((tmp_path / "d" / name).read_bytes()).hexdigest() == told["sha256"]
    proved = run("verify", "d/", cwd=tmp_path)
    assert proved.code == 0, proved.out
    again = run("replay", "d/", "--out", "e/", cwd=tmp_path)
    assert "in files of the same bytes" in again.err
    assert "holds all of it already" in run("replay", "d/", "--out", "e/", "--resume", cwd=tmp_path).err
    assert score(tmp_path / "d", tmp_path / "d" / "truth" / f"part-00000.{truth}").pairs.precision == 1


def test_the_values_digest_is_the_same_for_plain_and_compressed_files(tmp_path: Path) -> None:
    _, _, plain = write(tmp_path, "csv")
    _, _, compressed = write(tmp_path, "csv", ".zst")
    assert json.loads(plain.read_bytes())["digests"] == load_manifest(str(compressed))["digests"]
    assert read_manifest(compressed) == json.loads(plain.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("suffix", PLAIN)
def test_what_is_compressed_is_scored_shown_fitted_and_reported_as_what_is_plain(
    tmp_path: Path, suffix: str
) -> None:
    plain, compressed = write(tmp_path, "csv"), write(tmp_path, "csv", suffix)

    def scored(paths: list[Path]) -> object:
        trades, truth, manifest = paths
        return score(truth, truth, trades=trades, manifest=manifest).by

    assert scored(compressed) == scored(plain)

    def shown(paths: list[Path]) -> str:
        trades, truth, manifest = map(str, paths)
        return run("show", trades, truth, "--manifest", manifest, cwd=tmp_path).out

    assert shown(compressed) == shown(plain)
    assert "altered trades shown" in shown(plain)
    page = run("report", *map(str, compressed), "--out", "r.html", cwd=tmp_path)
    assert page.code == 0, page.err


@pytest.mark.slow
def test_fit_reads_compressed_lists_and_breaks(tmp_path: Path) -> None:
    batch = generate(pairs=1_000, mismatch_rate=0.1, seed=1, view="two_system")
    for suffix in ("", ".gz"):
        batch.write(tmp_path / f"t.csv{suffix}")
    plain, compressed = (
        fit(*(tmp_path / f"t.{name}.csv{suffix}" for name in ("ours", "theirs"))) for suffix in ("", ".gz")
    )
    assert compressed.to_toml() == plain.to_toml()
    breaks = batch.truth.assign(ours=batch.truth["original"], theirs=batch.truth["altered"])
    breaks[["trade_id", "field", "ours", "theirs"]].to_csv(tmp_path / "b.csv.gz", index=False)
    of_frame = fit(breaks=breaks[["trade_id", "field", "ours", "theirs"]], trades=1_000)
    assert fit(breaks=tmp_path / "b.csv.gz", trades=1_000).to_toml() == of_frame.to_toml()


def test_tickers_may_be_compressed(tmp_path: Path) -> None:
    content = (ROOT / "tickers.csv").read_bytes()
    path = tmp_path / "tickers.csv.gz"
    path.write_bytes(gzip.compress(content))
    assert load_market(path).sha256 == load_market(ROOT / "tickers.csv").sha256
    path.write_bytes(gzip.compress(content)[:-9])
    with pytest.raises(MarketError, match="cannot be read: its gzip data end too early: it is cut off"):
        load_market(path)


def damages(content: bytes) -> dict[str, bytes]:
    middle = len(content) // 2
    return {
        "cut off": content[:middle],
        "cut off at its last byte": content[:-1],
        "more at its end": content + b"more at its end",
        "not compressed": b"trade_id,ticker\n",
    }


@pytest.mark.parametrize("suffix", PLAIN)
@pytest.mark.parametrize("damage", damages(b"12"))
def test_a_damaged_file_is_one_sentence_for_verify_and_score(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    trades, truth, manifest = write(tmp_path, "csv", suffix, pairs=50)
    truth.write_bytes(damages(truth.read_bytes())[damage])
    with pytest.raises(VerifyError, match=rf"{truth.name} cannot be read: it"):
        verify([trades, truth, manifest])
    with pytest.raises(ScoringError) as refused:
        score(truth, truth)
    assert str(refused.value).startswith(f"{truth} cannot be read: it")
    done = run("verify", str(trades), str(truth), str(manifest), cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_flipped_bit_of_gzip_is_found_by_its_checksum(tmp_path: Path) -> None:
    _, truth, _ = write(tmp_path, "csv", ".gz", pairs=200)
    content = bytearray(truth.read_bytes())
    content[-8] ^= 1  # of the checksum itself: nothing else can show it
    truth.write_bytes(content)
    with pytest.raises(OSError, match="its gzip data are damaged"):
        content_of(truth)


def test_a_damaged_part_of_a_dataset_is_a_finding(tmp_path: Path) -> None:
    write_dataset(prepare(**{**ASKED, "pairs": 50}), tmp_path / "d", form="csv.gz", workers=1)
    path = tmp_path / "d" / "truth" / "part-00000.csv.gz"
    path.write_bytes(path.read_bytes()[:-1])
    findings = verify_dataset(open_dataset(str(tmp_path / "d"))).findings
    assert findings["invalid"].examples == (
        "truth/part-00000.csv.gz cannot be read: its gzip data end too early: it is cut off",
    )
    assert "is truncated" in findings["digest"].examples[0]


def test_a_compressed_file_under_a_plain_name_is_refused(tmp_path: Path) -> None:
    trades, truth, _ = write(tmp_path, "csv", ".gz", pairs=50)
    plain = truth.rename(tmp_path / "key.csv")
    wrong = "key.csv cannot be read: it is compressed by gzip; expected a name that ends in .gz"
    with pytest.raises(VerifyError, match=wrong):
        verify([trades, plain])
    with pytest.raises(ScoringError, match=wrong):
        score(plain, plain)


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [
        ("t.csv", "csv.gz", "t.csv has the suffix .csv, and format is csv.gz; expected a suffix that fits"),
        ("t.csv.gz", "csv.zst", "t.csv.gz has the suffix .csv.gz, and format is csv.zst; expected a suffix"),
        ("t.csv.gz", "json", "t.csv.gz has the suffix .csv.gz, and format is json; expected a suffix that"),
        ("t.dat", "csv.gz", "t.dat has the suffix .dat, and format is csv.gz; expected a suffix that fits"),
        ("t.gz", None, "t.gz has the suffix .gz; expected .jsonl, .json, .ndjson, .csv, .parquet, .fix, or"),
        ("t.parquet.gz", None, "t.parquet.gz has the suffix .parquet.gz, and Parquet is compressed within"),
        ("t.gz", "parquet", "t.gz has the suffix .gz, and Parquet is compressed within; expected the suffix"),
        ("t.csv", "parquet.gz", "format parquet.gz is unknown; did you mean"),
    ],
)
def test_a_suffix_that_contradicts_is_refused(
    tmp_path: Path, name: str, form: str | None, expected: str
) -> None:
    with pytest.raises(OutputError) as refused:
        generate(pairs=5).write(tmp_path / name, form=form)
    assert expected in str(refused.value).replace(f"{tmp_path}/", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "form"), [("t.csv.gz", "csv"), ("t.gz", "csv"), ("T.CSV.GZ", None)])
def test_a_suffix_says_how_a_format_is_compressed(tmp_path: Path, name: str, form: str | None) -> None:
    batch = generate(pairs=5, seed=1)
    batch.write(tmp_path / name, form=form)
    batch.write(tmp_path / "plain.csv")
    assert gzip.decompress((tmp_path / name).read_bytes()) == (tmp_path / "plain.csv").read_bytes()


def test_standard_output_is_compressed_where_the_format_says_so(tmp_path: Path) -> None:
    asked = ("--pairs", "5", "--seed", "1", "--first-id", "1", "--date", "2025-07-21", "--format")
    command = [sys.executable, "-m", "tradegen", "generate", *asked]
    plain, compressed = (
        subprocess.run([*command, form], cwd=tmp_path, capture_output=True, check=True).stdout
        for form in ("csv", "csv.gz")
    )
    assert gzip.decompress(compressed) == plain
    assert plain.count(b"\n") == 11
