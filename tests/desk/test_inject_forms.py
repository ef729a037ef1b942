"""Frames, Parquet and JSON lines, broken: kinds and types stay, and the manifest repeats what was done."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk_lists import COLUMNS, NAMES, desk_rows, write_rows

from tradegen import inject
from tradegen.desk.injecting.id_hashes import id_hashes
from tradegen.verify import verify

ROWS = desk_rows(600)
DESCRIBED = COLUMNS | {"file": {"form": "parquet"}}
WEIGHTS = {
    "quantity.nudge": 1,
    "price.nudge": 1,
    "date.next_session": 1,
    "trade_timestamp.delay": 1,
    "Acct.typo": 1,
    "record.missing": 1,
    "record.duplicate": 1,
}


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds: dict[str, Any] = {"Qty": "int64", "Lots": "int32", "Px": "float64", "Net.Amt": "float64"}
    kinds |= {"Trade Date": "datetime64[us]", "Exec Time": "datetime64[us]", "Ticker": "category"}
    return frame.assign(Note=frame.Note.replace("", None)).astype(kinds)


FRAME = typed(pd.DataFrame(ROWS, columns=list(NAMES)))


def broken(given: Any, **more: Any) -> Any:
    options: dict[str, Any] = {"seed": 7, "mechanisms": WEIGHTS, "mismatch_rate": 0.3} | more
    return inject(given, columns=options.pop("columns", DESCRIBED), **options)


def test_a_pandas_frame_keeps_its_types_and_the_mask_shows_where_it_differs() -> None:
    before = FRAME.copy(deep=True)
    made = broken(FRAME)
    pd.testing.assert_frame_equal(FRAME, before)
    assert made.theirs.drop(columns="Ticker").dtypes.equals(FRAME.drop(columns="Ticker").dtypes)
    mask = made.mask()
    assert mask.shape == made.theirs.shape
    ours = FRAME.set_index("TradeRef").reindex(made.theirs.TradeRef).reset_index()
    again = made.theirs.TradeRef.duplicated().to_numpy()
    texts = [frame.fillna({"Note": ""}).astype(str) for frame in (ours, made.theirs.reset_index(drop=True))]
    differs = (texts[0] != texts[1]).to_numpy()
    np.testing.assert_array_equal(mask.to_numpy()[~again], differs[~again])
    assert mask.to_numpy()[again].all()
    told = made.truth[made.truth.field.astype(str) != "record"]
    assert differs[~again].sum() == len(told)


@pytest.mark.parametrize("convert", [pa.Table.from_pandas, pl.from_pandas], ids=["Arrow", "Polars"])
def test_other_frames_come_back_as_what_they_were_with_the_same_mismatches(convert: Any) -> None:
    given = convert(FRAME)
    made = broken(given)
    assert type(made.theirs) is type(given)
    assert made.theirs.schema == given.schema
    pd.testing.assert_frame_equal(made.truth, broken(FRAME).truth)


@pytest.mark.slow
def test_a_list_has_the_same_mismatches_as_csv_parquet_json_lines_and_a_frame(tmp_path: Path) -> None:
    csv_file = write_rows(tmp_path / "trades.csv", ROWS)
    lines = tmp_path / "trades.jsonl"
    lines.write_text("".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS), "utf-8")
    parquet = tmp_path / "trades.parquet"
    FRAME.to_parquet(parquet)
    found = [
        broken(csv_file, columns=COLUMNS),
        broken(lines, columns=COLUMNS | {"file": {"form": "ndjson"}}),
        broken(parquet),
        broken(FRAME),
    ]
    for made in found[1:]:
        for name in ("trade_id", "field", "mechanism"):
            assert list(made.truth[name]) == list(found[0].truth[name])
        pd.testing.assert_series_equal(made.truth.delta, found[0].truth.delta)
    pd.testing.assert_frame_equal(found[0].truth, found[1].truth)


def test_a_number_of_json_lines_keeps_the_zeros_at_its_end_when_it_is_altered(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_text("".join(f'{{"id": "T{n}", "px": {100 + n}.50}}\n' for n in range(100)), "utf-8")
    columns = [
        {"name": "id", "kind": "reference"},
        {"name": "px", "kind": "decimal", "places": 2, "fixed": False},
    ]
    described = {"id": ["id"], "file": {"form": "ndjson"}, "columns": columns}
    made = inject(path, columns=described, seed=1, mismatch_rate=0.5, mechanisms={"px.nudge": 1})
    made.write(tmp_path / "theirs.jsonl")
    written = (tmp_path / "theirs.jsonl").read_text("utf-8").splitlines()
    assert len(made.truth) in (50, 51)
    assert all(re.fullmatch(r'\{"id": "T\d+", "px": \d+\.\d\d\}', line) for line in written)


def test_parquet_is_written_with_the_types_it_had(tmp_path: Path) -> None:
    path = tmp_path / "trades.parquet"
    pq.write_table(pa.Table.from_pandas(FRAME, preserve_index=False), path, row_group_size=100)
    made = broken(path)
    made.write(tmp_path / "theirs.parquet")
    theirs = pq.read_table(tmp_path / "theirs.parquet")
    assert theirs.schema == pq.read_table(path).schema
    assert theirs.num_rows == made.manifest["counts"]["rows"] + int(
        made.truth[made.truth.field.astype(str) == "record"].delta.sum()
    )


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "parquet"])
def test_a_truth_says_the_same_in_every_format(suffix: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "trades.csv", ROWS)
    made = broken(path, columns=COLUMNS)
    truth = tmp_path / f"truth.{suffix}"
    made.write(tmp_path / "theirs.csv", truth)
    read: Any = {
        "csv": lambda: pd.read_csv(truth, dtype=str),
        "json": lambda: pd.DataFrame(json.loads(truth.read_text("utf-8"))),
        "ndjson": lambda: pd.DataFrame(map(json.loads, truth.read_text("utf-8").splitlines())),
        "parquet": lambda: pd.read_parquet(truth),
    }[suffix]()
    assert list(read.columns) == list(made.truth.columns)
    for name in ("trade_id", "leg", "field", "mechanism", "original", "altered"):
        assert list(read[name]) == list(made.truth[name])
    for name in ("delta", "notional"):
        np.testing.assert_allclose(read[name].astype(float), made.truth[name])


def test_what_was_injected_is_shown_on_one_line() -> None:
    assert repr(broken(FRAME)) == "<Injected of 600 trades, 180 mismatched, seed 7>"


def test_the_manifest_repeats_what_was_done(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "trades.csv", ROWS)
    made = broken(path, columns=COLUMNS, tolerances={"quantity": 2}, benign_rate=0.05)
    manifest = json.loads(json.dumps(made.manifest))
    again = inject(path, **manifest["inject"])
    pd.testing.assert_frame_equal(again.truth, made.truth)
    assert again.manifest == made.manifest


def test_ids_of_two_columns_name_a_trade_together() -> None:
    frame = pd.DataFrame(
        {
            "ref": [f"T{n // 2}" for n in range(400)],
            "leg": [n % 2 for n in range(400)],
            "px": np.arange(400) + 1.0,
        }
    )
    columns = {
        "id": ["ref", "leg"],
        "file": {"form": "parquet"},
        "columns": [
            {"name": "ref", "kind": "code"},
            {"name": "leg", "kind": "integer"},
            {"name": "px", "kind": "decimal", "places": 2, "role": "price"},
        ],
    }
    made = inject(frame, columns=columns, seed=1, mismatch_rate=0.1, mechanisms={"price.nudge": 1})
    assert len(made.truth) in (40, 41)
    assert set(made.truth.trade_id) <= {f"T{n // 2} / {n % 2}" for n in range(400)}


def test_rows_whose_id_stands_twice_are_left_as_they_are_where_that_is_asked() -> None:
    frame = pd.DataFrame({"id": [f"T{n % 90}" for n in range(100)], "px": np.arange(100) + 1.5})
    columns = {
        "id": ["id"],
        "duplicate_ids": "leave",
        "file": {"form": "parquet"},
        "columns": [{"name": "id", "kind": "code"}, {"name": "px", "kind": "decimal", "places": 1}],
    }
    made = inject(frame, columns=columns, seed=1, mismatch_rate=1, mechanisms={"px.nudge": 1})
    assert set(made.truth.trade_id) == {f"T{n}" for n in range(10, 90)}


@pytest.mark.parametrize("rows", [0, 1])
def test_a_list_of_no_row_or_of_one_is_broken_as_far_as_it_goes(rows: int) -> None:
    made = broken(FRAME.head(rows), mechanisms={"price.nudge": 1}, mismatch_rate=1)
    assert len(made.truth) == rows
    assert len(made.theirs) == rows


@pytest.mark.parametrize(
    "name", ["amount.nudge", "minus.nudge", "minus.tick", "huge.nudge", "ts.delay", "ts.clock_skew"]
)
def test_numbers_and_times_of_any_size_are_altered_by_as_much_as_asked_or_left(name: str) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "id": [f"X{n}" for n in range(500)],
        "amount": rng.integers(1, 10**14, 500),
        "minus": -rng.random(500) * 1e9,
        "huge": rng.integers(10**17, 9 * 10**17, 500),
        "ts": pd.Timestamp("2025-07-21 10:00") + pd.to_timedelta(rng.integers(0, 10**9, 500), unit="us"),
    })  # fmt: skip
    columns = [
        {"name": "id", "kind": "reference"},
        {"name": "amount", "kind": "integer"},
        {"name": "minus", "kind": "decimal", "places": 6},
        {"name": "huge", "kind": "integer"},
        {"name": "ts", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S.%f"},
    ]
    described = {"id": ["id"], "file": {"form": "parquet"}, "columns": columns}
    truth = inject(frame, columns=described, seed=3, mismatch_rate=0.5, mechanisms={name: 1}).truth
    assert len(truth) == (0 if name == "huge.nudge" else 250)
    size = truth.delta.abs()
    if name.endswith("nudge"):
        size = size / truth.original.astype(float).abs()
    least, most = {
        "nudge": (0.01, 0.05),
        "tick": (1e-6, 5e-6),
        "delay": (60, 1_800),
        "clock_skew": (0.05, 5),
    }[name.partition(".")[2]]
    assert (size >= least * 0.999).all()
    assert (size <= most * 1.001).all()


def test_hashes_of_ids_follow_from_their_texts_alone_and_differ() -> None:
    texts = [f"{'x' * (n % 30)}{n}" for n in range(20_000)] + ["", "\0", "a", "a\0"]
    found = id_hashes(pa.array(texts))
    assert len(np.unique(found)) == len(texts)
    np.testing.assert_array_equal(id_hashes(pa.array(texts[100:200])), found[100:200])
    np.testing.assert_array_equal(id_hashes(pa.array(["long " * 50, *texts]))[1:], found)


@pytest.mark.slow
def test_a_row_takes_at_most_sixteen_bytes_of_memory_that_python_knows_of(tmp_path: Path) -> None:
    described = {
        "id": ["id"],
        "columns": [{"name": "id", "kind": "reference"}, {"name": "px", "kind": "decimal", "places": 2}],
    }
    peaks = []
    for count in (100_000, 400_000):
        path = tmp_path / f"{count}.csv"
        path.write_text("id,px\n" + "".join(f"T{n},{n}.50\n" for n in range(count)), "utf-8")
        tracemalloc.start()
        inject(path, columns=described, seed=1, mismatch_rate=0.001, mechanisms={"px.nudge": 1})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 16 * 300_000


# By form: a column's cells as they stand in the file. In each form, names need quotes, or have them anyway.
QUOTED = {
    "where needed": ['"Avery, Ltd"', "Bellamy", "Cole"],
    "always": ['"Avery, Ltd"', '"Bellamy"', '"Cole"'],
    "where needed, with blanks": ['"Avery, Ltd"', "Bellamy", ""],
    "always but blanks": ['"Avery, Ltd"', '"Bellamy"', ""],
    "always, blanks too": ['"Avery, Ltd"', '"Bellamy"', '""'],
    "always, and blanks around them": [' "Avery, Ltd" ', ' "Bellamy" ', ' "Cole" '],
    "thousands": ['"1,284"', "999", "15"],
}


@pytest.mark.parametrize("cells", QUOTED.values(), ids=QUOTED)
def test_altered_cells_have_quotes_where_those_of_their_column_have_them(
    cells: list[str], tmp_path: Path
) -> None:
    ours, theirs, truth, manifest = (tmp_path / name for name in ("ours.csv", "o.csv", "t.csv", "m.json"))
    ours.write_text("id,x\n" + "".join(f"T{n},{cells[n % 3]}\n" for n in range(60)))
    columns = [{"name": "id", "kind": "reference"}, {"name": "x", "kind": "text"}]
    weights = {"x.other": 1, **({"x.blank": 1} if '""' in cells or "" in cells else {})}
    made = inject(
        ours, columns={"id": ["id"], "columns": columns}, mechanisms=weights, mismatch_rate=1, seed=1
    )
    made.write(theirs, truth, manifest)
    assert {line.partition(",")[2] for line in theirs.read_text().splitlines()[1:]} == set(cells)
    assert len(made.truth) == 60 - 20 * ("" in cells or '""' in cells)
    assert not verify([ours, theirs, truth, manifest]).findings


@pytest.mark.parametrize("escaped", [True, False])
def test_letters_of_altered_names_are_escaped_in_json_where_those_of_others_are(
    escaped: bool, tmp_path: Path
) -> None:
    path, theirs = tmp_path / "ours.jsonl", tmp_path / "theirs.jsonl"
    names = ["Zürich", "Bern", "Genève"]
    cells = [json.dumps(name, ensure_ascii=escaped) for name in names]
    path.write_text("".join(f'{{"id": "T{n}", "x": {cells[n % 3]}}}\n' for n in range(60)), "utf-8")
    columns = [{"name": "id", "kind": "reference"}, {"name": "x", "kind": "code"}]
    described = {"id": ["id"], "columns": columns, "file": {"form": "ndjson"}}
    inject(path, columns=described, mechanisms={"x.other": 1}, mismatch_rate=1, seed=1).write(theirs)
    lines = theirs.read_text("utf-8").splitlines()
    assert {line.partition('"x": ')[2].removesuffix("}") for line in lines} == set(cells)
