"""Datasets: the same files however they are made, whole, with ids of their own."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets_files
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets_files import break_off, files_in, set_block, tables_of, write
from reading import rows
from sizes import size
from written import written_lists

from tradegen import generate
from tradegen.engine.run import prepare
from tradegen.errors import LedgerError, OutputError
from tradegen.ledger import Ledger
from tradegen.version import __version__

# Which part a block lies in, and what joins the parts, does not depend on how long a block is.
BLOCK = size(2_048, datasets_files.BLOCK)
a_run = functools.partial(datasets_files.a_run, pairs=BLOCK + 1_000)

# Two lists, one of them with names and forms of its own.
TWO_LISTS = {
    "view": "two_system",
    "theirs": {"columns": {"trade_id": "TradeRef", "price": "Px"}, "date_format": "%d/%m/%Y"},
}
THREE_PARTS = 2 * BLOCK + 900
EVERYTHING = {"scenario": "everything", "pairs": THREE_PARTS}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "parquet": ("parquet", EVERYTHING),
    "csv": ("csv", EVERYTHING),
    "ndjson": ("ndjson", EVERYTHING),
    "json": ("json", EVERYTHING),
    "fix": ("fix", {}),  # two parts: it takes 50 us a pair
    "two lists in parquet": ("parquet", {**EVERYTHING, **TWO_LISTS}),
    "two lists in csv": ("csv", {**EVERYTHING, **TWO_LISTS}),
    "a buy and a sell list": ("ndjson", {"view": "counterparty", "pairs": THREE_PARTS}),
}

# What is written a line at a time, by Arrow, and with several lists. FIX takes as long as all of these.
TELLING = ("parquet", "csv", "two lists in parquet", "a buy and a sell list")


@pytest.fixture(autouse=True)
def _blocks_are_of_that_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the workers, too, which are forked."""
    set_block(monkeypatch, BLOCK)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each of these runs, made by one process."""

    @functools.cache
    def folder(case: str) -> Path:
        form, arguments = RUNS[case]
        path = tmp_path_factory.mktemp("made")
        write(a_run(**arguments), path, form=form, workers=1)
        return path

    return folder


# The same, however it is made


@pytest.mark.parametrize("case", RUNS)
def test_a_part_has_a_file_for_each_list_and_for_the_truth(made: Callable[[str], Path], case: str) -> None:
    form, _ = RUNS[case]
    lists = {"two": ["ours", "theirs"], "a": ["buy", "sell"]}.get(case.split()[0], ["trades"])
    assert set(files_in(made(case))) == {
        "manifest.json",
        *(
            f"{table}/part-{part:05d}.{'csv' if (form, table) == ('fix', 'truth') else form}"
            for table in (*lists, "truth")
            for part in range(2 if form == "fix" else 3)
        ),
    }


@pytest.mark.parametrize(
    ("case", "workers"),
    [
        pytest.param(case, workers, marks=[] if (workers == 2 and case in TELLING) else pytest.mark.large)
        for case in RUNS
        for workers in (2, 4)
        if (case, workers) != ("fix", 4)
    ],
)
def test_any_number_of_workers_makes_the_same_files(
    tmp_path: Path, made: Callable[[str], Path], case: str, workers: int
) -> None:
    form, arguments = RUNS[case]
    write(a_run(**arguments), tmp_path, form=form, workers=workers)
    assert files_in(tmp_path) == files_in(made(case))


@pytest.mark.parametrize(
    "case", [case if case in TELLING else pytest.param(case, marks=pytest.mark.large) for case in RUNS]
)
def test_a_run_broken_off_and_resumed_makes_the_same_files(
    tmp_path: Path, made: Callable[[str], Path], case: str
) -> None:
    form, arguments = RUNS[case]
    break_off(a_run(**arguments), tmp_path, form=form)
    assert not (tmp_path / "manifest.json").exists()
    write(a_run(**arguments), tmp_path, form=form, workers=2, resume=True)
    assert files_in(tmp_path) == files_in(made(case))


def test_a_replay_from_the_manifest_gives_the_same_files(tmp_path: Path) -> None:
    universe = {"AAPL": "154.00", "MSFT": "402.15"}
    write(a_run(tickers=universe, first_id=21), tmp_path / "one", form="parquet")
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_bytes())
    write(prepare(**manifest["replay"]), tmp_path / "two", form=manifest["dataset"]["format"])
    assert files_in(tmp_path / "two") == files_in(tmp_path / "one")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_which_part_a_block_lies_in_depends_on_its_number_alone(tmp_path: Path, form: str) -> None:
    write(a_run("everything", pairs=2 * BLOCK), tmp_path / "two", form=form)
    write(a_run("everything", pairs=2 * BLOCK + 1), tmp_path / "three", form=form)
    two, three = files_in(tmp_path / "two"), files_in(tmp_path / "three")
    assert three.keys() - two.keys() == {f"{table}/part-00002.{form}" for table in ("trades", "truth")}
    for name in two.keys() - {"manifest.json"}:
        assert three[name] == two[name]


def test_a_part_holds_as_many_blocks_as_it_is_told(tmp_path: Path) -> None:
    run = a_run(pairs=3 * BLOCK + 1)
    for blocks, parts in ((1, 4), (2, 2), (3, 2), (4, 1), (16, 1)):
        manifest = write(run, tmp_path / str(blocks), workers=1, blocks_per_part=blocks)
        tables = tables_of(manifest["dataset"]["files"])
        found = [manifest["dataset"]["files"][name]["rows"] for name in tables["trades"]]
        whole = 2 * BLOCK * blocks
        assert found == [*[whole] * (parts - 1), 2 * run.scenario.pairs - whole * (parts - 1)]


def test_ids_and_seed_decide_the_files(tmp_path: Path) -> None:
    digests = {
        write(a_run(pairs=1_000, **other), tmp_path / str(number), workers=1)["dataset"]["sha256"]
        for number, other in enumerate([{}, {"seed": 8}, {"first_id": 2}, {"quantity_max": 900}])
    }
    assert len(digests) == 4


# What the files hold


@pytest.mark.parametrize("case", ["csv", "ndjson", "json", "two lists in csv", "a buy and a sell list"])
def test_parts_end_to_end_hold_the_records_of_a_single_file(made: Callable[[str], Path], case: str) -> None:
    form, arguments = RUNS[case]
    run = a_run(**arguments)
    files = files_in(made(case))
    lists, truth = written_lists(form, **run.replay())
    for table, expected in {**lists, "truth": truth}.items():
        parts = [files[name].decode() for name in tables_of(files)[table]]
        assert len(parts) == 3
        if form == "csv":
            header = expected[: expected.index("\n") + 1]
            assert all(part.startswith(header) for part in parts)
            assert header + "".join(part.removeprefix(header) for part in parts) == expected
        elif form == "ndjson":
            assert "".join(parts) == expected
        else:
            found = [record for part in parts for record in json.loads(part, parse_float=str)]
            assert found == json.loads(expected, parse_float=str)


def test_fix_parts_are_numbered_from_1_and_their_truth_is_csv(made: Callable[[str], Path]) -> None:
    run = a_run(**RUNS["fix"][1])
    files = files_in(made("fix"))
    lines = files["trades/part-00001.fix"].splitlines()
    assert [line.split(b"\x0134=")[1].split(b"\x01")[0] for line in lines] == [
        str(number).encode() for number in range(1, 2 * (run.scenario.pairs - BLOCK) + 1)
    ]
    _, truth = written_lists("csv", **run.replay())
    header = truth[: truth.index("\n") + 1]
    parts = [files[f"truth/part-0000{part}.csv"].decode().removeprefix(header) for part in range(2)]
    assert header + "".join(parts) == truth


@pytest.mark.parametrize("view", ["single", "two_system"])
def test_duckdb_and_pandas_read_from_parquet_what_generate_gives(tmp_path: Path, view: str) -> None:
    run = a_run("everything", view=view, pairs=BLOCK + 900, timestamp_precision="us")
    batch = generate(**run.replay())
    write(run, tmp_path, form="parquet")
    for table, expected in {**batch.lists, "truth": batch.truth}.items():
        dollars = "notional" if table == "truth" else "price"
        exact = expected[dollars].map("{:.2f}".format).tolist()
        read = pd.read_parquet(tmp_path / table)
        assert list(read.columns) == list(expected.columns)
        assert [str(value) for value in read[dollars]] == exact
        source = f"read_parquet('{tmp_path / table}/*.parquet')"
        seen = duckdb.sql(f"SELECT * FROM {source}").df()
        texts = duckdb.sql(f"SELECT {dollars}::VARCHAR FROM {source}").fetchall()
        assert [text for (text,) in texts] == exact
        for found in (read, seen):
            for name, values in expected.items():
                _require_equal(found[name], values)


def _require_equal(found: pd.Series[Any], expected: pd.Series[Any]) -> None:
    """The same values in the same order, whatever holds them."""
    if isinstance(expected.dtype, pd.CategoricalDtype) or expected.dtype == "str":
        assert found.astype(object).tolist() == expected.astype(object).tolist()
    elif expected.dtype.kind == "M":
        assert (pd.to_datetime(found) == expected).all()
    elif expected.dtype.kind == "f":
        # Doubles nearest to exact decimals, on both sides.
        numbers = np.array([np.nan if value is None else float(value) for value in found])
        np.testing.assert_array_equal(numbers, expected.to_numpy())
    else:
        assert found.tolist() == expected.tolist()


def test_parquet_types_are_those_of_the_values(tmp_path: Path) -> None:
    write(a_run("everything", pairs=1000), tmp_path, form="parquet")

    def types(table: str) -> dict[str, str]:
        described = duckdb.sql(f"DESCRIBE SELECT * FROM '{tmp_path}/{table}/part-00000.parquet'").fetchall()
        return {name: kind for name, kind, *_ in described if kind != "VARCHAR"}

    assert types("trades") == {
        "quantity": "BIGINT",
        "price": "DECIMAL(18,2)",
        "date": "DATE",
        "trade_timestamp": "TIMESTAMP",
    }
    assert types("truth") == {"delta": "DECIMAL(24,6)", "benign": "BOOLEAN", "notional": "DECIMAL(19,2)"}


# The manifest


def test_the_digest_of_the_files_is_that_of_the_lines_sha256sum_prints(made: Callable[[str], Path]) -> None:
    folder = made("two lists in csv")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    names = [f"{table}/part-0000{part}.csv" for part in range(3) for table in ("ours", "theirs", "truth")]
    lines = subprocess.run(["sha256sum", *names], cwd=folder, capture_output=True, check=True).stdout
    assert manifest["dataset"]["sha256"] == hashlib.sha256(lines).hexdigest()


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_the_digests_are_of_the_values_whatever_the_format(made: Callable[[str], Path], form: str) -> None:
    run = a_run(**EVERYTHING)
    digests = json.loads((made(form) / "manifest.json").read_bytes())["digests"]
    assert digests == generate(**run.replay()).manifest["digests"]
    assert digests.keys() == {"trades", "truth", "tickers"}


def test_the_manifest_counts_what_the_files_hold(tmp_path: Path) -> None:
    run = a_run("everything", **TWO_LISTS)  # two parts
    manifest = write(run, tmp_path, workers=2)
    assert manifest == json.loads((tmp_path / "manifest.json").read_bytes())
    files = files_in(tmp_path)
    del files["manifest.json"]
    assert manifest["dataset"]["files"] == {
        name: {
            "rows": len(rows(content.decode())),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in files.items()
    }
    truth = [row for name in tables_of(files)["truth"] for row in rows(files[name].decode())]
    listed = sum(file["rows"] for name, file in manifest["dataset"]["files"].items() if "truth" not in name)
    counts = manifest["counts"]
    assert counts["pairs"] == run.scenario.pairs
    assert counts["trades"] == listed
    assert counts["truth_rows"] == len(truth)
    assert counts["mismatched_pairs"] == len({r["trade_id"] for r in truth if r["benign"] == "false"})
    assert counts["benign_pairs"] == len({r["trade_id"] for r in truth if r["benign"] == "true"}) > 0
    found = Counter(row["field"] for row in truth)
    assert {name: count for name, count in counts["by_field"].items() if count} == found
    # And what only the blocks know is what `generate` counts.
    assert counts == generate(**run.replay()).manifest["counts"]


def test_the_manifest_says_which_versions_and_ids_it_is_of(tmp_path: Path) -> None:
    run = a_run(first_id=501)
    manifest = write(run, tmp_path, form="parquet")
    assert manifest["replay"]["first_id"] == 501
    assert manifest["last_id"] == 500 + run.scenario.pairs
    assert {"tradegen", "numpy", "pandas", "python", "pyarrow"} == manifest["versions"].keys()
    # What decides the bytes.
    assert manifest["dataset"]["versions"] == {"tradegen": __version__, "pyarrow": pa.__version__}


def test_the_manifest_names_no_pyarrow_that_it_does_not_depend_on(tmp_path: Path) -> None:
    manifest = write(a_run(), tmp_path, form="csv")
    assert "pyarrow" not in manifest["versions"]
    assert manifest["dataset"]["versions"] == {"tradegen": __version__}


# Ids


def test_a_dataset_is_one_reservation_however_often_it_is_resumed(tmp_path: Path, ledger: Ledger) -> None:
    run, out = a_run(), tmp_path / "out"
    ledger.reserve(20)
    for resume in (False, True):
        break_off(run, out, reserve=ledger.reserve, resume=resume)
    manifest = write(run, out, reserve=ledger.reserve, resume=True)
    assert (manifest["replay"]["first_id"], manifest["last_id"]) == (21, 20 + run.scenario.pairs)
    assert ledger.show().ranges == 2
    assert ledger.show().next_id == manifest["last_id"] + 1
    write(a_run(first_id=21), tmp_path / "same", workers=1)
    assert files_in(out) == files_in(tmp_path / "same")
    # Once it is finished, too.
    write(run, out, reserve=ledger.reserve, resume=True)
    assert ledger.show().ranges == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_ends_as_it_reserves_does_not_burn_ids(
    tmp_path: Path, ledger: Ledger, moment: str
) -> None:
    def ends(count: int, key: str) -> int:
        if moment == "after":
            ledger.reserve(count, key)
        raise LedgerError("ends here")

    with pytest.raises(LedgerError, match="ends here"):
        write(a_run(), tmp_path / "out", reserve=ends)
    manifest = write(a_run(), tmp_path / "out", reserve=ledger.reserve, resume=True)
    assert manifest["replay"]["first_id"] == 1
    assert ledger.show().ranges == 1


def test_two_datasets_are_two_reservations(tmp_path: Path, ledger: Ledger) -> None:
    run = a_run(pairs=10)
    first = [
        write(run, tmp_path / name, reserve=ledger.reserve)["replay"]["first_id"] for name in ("one", "two")
    ]
    again = write(run, tmp_path / "one", reserve=ledger.reserve, overwrite=True)
    assert [*first, again["replay"]["first_id"]] == [1, 11, 21]


def test_ids_given_are_taken_and_the_ledger_is_left_alone_when_it_is_resumed(tmp_path: Path) -> None:
    run = a_run(first_id=77)
    break_off(run, tmp_path)

    def never(_count: int, _key: str) -> int:
        raise AssertionError("reserved")

    assert write(a_run(), tmp_path, reserve=never, resume=True)["replay"]["first_id"] == 77


def test_what_the_format_cannot_hold_is_refused_before_ids_are_reserved(
    tmp_path: Path, ledger: Ledger
) -> None:
    run = a_run(pairs=10, timestamp_precision="us")
    with pytest.raises(OutputError, match=r"timestamp_precision is us, and FIX 4\.4 has no microseconds"):
        write(run, tmp_path / "out", form="fix", reserve=ledger.reserve)
    assert ledger.show().ranges == 0
    assert files_in(tmp_path).keys() == {"trade_ids.db"}
