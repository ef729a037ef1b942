"""Columns of types: what one of them cannot show is passed over, and what it never can is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradegen import inject
from tradegen.errors import ListError
from tradegen.verify import verify

KINDS = [
    {"name": "id", "kind": "reference", "role": "trade_id"},
    {"name": "small", "kind": "integer"},
    {"name": "coded", "kind": "code"},
    {"name": "flag", "kind": "code"},
    {"name": "note", "kind": "code"},
    {"name": "legs", "kind": "text"},
]
DESCRIBED: dict[str, Any] = {"id": ["id"], "file": {"form": "parquet"}, "columns": KINDS}
WEIGHTS = dict.fromkeys(("flag.other", "coded.other", "coded.typo", "coded.blank"), 1)
WEIGHTS |= {f"note.{way}": 1 for way in ("other", "case", "padded", "truncated", "typo", "blank")}
WEIGHTS |= {f"small.{way}": 1 for way in ("nudge", "extra_digit", "lot_scale", "digit_swap")}
"""A byte cannot hold most of what the last three make, and a float few of the typos."""


def table(count: int = 200) -> pa.Table:
    rng = np.random.default_rng(5)
    return pa.table({
        "id": [f"T{number}" for number in range(count)],
        "small": pa.array(rng.integers(1, 127, count), pa.int8()),
        "coded": pa.array(rng.integers(10, 40, count) / 2, pa.float32()),
        "flag": rng.integers(0, 2, count).astype(bool),
        "note": pa.array([f"desk {number % 7}" for number in range(count)]).dictionary_encode(),
        "legs": [[number, 1] for number in range(count)],
    })  # fmt: skip


FRAMES: dict[str, Callable[[], Any]] = {
    "Arrow": table,
    "pandas": lambda: table().to_pandas(),
    "pandas objects": lambda: table().to_pandas().astype({"flag": object, "note": object}),
    "pandas with blanks": lambda: table().to_pandas().astype({"flag": "boolean", "small": "Int8"}),
    "Polars": lambda: pl.from_arrow(table()),
}


def columns_of(frame: Any) -> dict[str, list[Any]]:
    if isinstance(frame, pd.DataFrame):
        return {name: list(frame[name]) for name in frame}
    return dict((frame if isinstance(frame, pa.Table) else frame.to_arrow()).to_pydict())


@pytest.mark.parametrize("name", list(FRAMES))
def test_every_row_of_the_truth_is_another_value_in_a_frame_of_narrow_types(name: str) -> None:
    given = FRAMES[name]()
    made = inject(given, columns=DESCRIBED, seed=3, mismatch_rate=0.8, mechanisms=WEIGHTS)
    ours, theirs = columns_of(given), columns_of(made.theirs)
    lines = {trade: line for line, trade in enumerate(ours["id"])}
    told = {(row.trade_id, row.field) for row in made.truth.itertuples()}
    differs = {
        (trade, field)
        for field in ("small", "coded", "flag", "note")
        for trade, line in lines.items()
        if str(ours[field][line]) != str(theirs[field][line])
    }
    assert differs == told
    assert made.manifest["counts"]["mismatched_rows"] == 160
    assert list(map(str, theirs["legs"])) == list(map(str, ours["legs"]))
    assert {"small", "coded", "flag", "note"} == set(made.truth.field)
    assert set(made.truth.mechanism) > {"coded.typo", "small.extra_digit"}


@pytest.mark.slow
def test_parquet_of_narrow_types_is_proved(tmp_path: Path) -> None:
    path, paths = tmp_path / "mine.parquet", [tmp_path / name for name in ("t.parquet", "k.csv", "m.json")]
    pq.write_table(table(), path)
    made = inject(
        path, columns=DESCRIBED, seed=3, mismatch_rate=0.8, mechanisms=WEIGHTS | {"trade_id.blank": 1}
    )
    made.write(*paths)
    report = verify([path, *paths])
    assert report.ok, str(report)
    assert report.truth_rows > 160


@pytest.mark.parametrize(
    ("mechanism", "sentence"),
    [
        ("flag.case", "column 'flag' of the trades table, of type bool, cannot hold 'FALSE'; leave out"),
        ("coded.padded", "column 'coded' of the trades table, of type float, cannot hold "),
        ("legs.typo", "column 'legs' of the trades table holds lists or objects, which are never altered"),
        ("legs.blank", "column 'legs' of the trades table holds lists or objects, which are never altered"),
    ],
)
def test_what_a_type_can_never_show_is_refused_and_nothing_else_is(mechanism: str, sentence: str) -> None:
    weights = {mechanism: 1, "note.typo": 1}
    with pytest.raises(ListError) as refused:
        inject(table(), columns=DESCRIBED, seed=3, mismatch_rate=0.8, mechanisms=weights)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith("or give that column as text")


def test_a_blank_that_a_frame_has_no_room_for_is_refused() -> None:
    with pytest.raises(ListError, match=r"column 'small' .* of type int8, cannot hold a blank; leave out"):
        inject(table().to_pandas(), columns=DESCRIBED, seed=3, mechanisms={"small.blank": 1}, mismatch_rate=1)


def test_values_of_json_keep_their_sort_and_lists_and_objects_are_never_altered(tmp_path: Path) -> None:
    path, paths = tmp_path / "mine.jsonl", [tmp_path / name for name in ("t.jsonl", "k.csv", "m.json")]
    notes = [["a", {"b": 1}], {"c": "d"}, "[in words]", "desk"]
    rows = [
        {
            "id": f"T{n}",
            "small": n + 1,
            "coded": n % 9 + 10,
            "flag": n % 3 == 0,
            "note": notes[n % 4],
            "legs": [n],
        }
        for n in range(200)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    described = DESCRIBED | {"file": {"form": "ndjson"}}
    made = inject(path, columns=described, seed=3, mismatch_rate=0.9, mechanisms=WEIGHTS)
    made.write(*paths)
    theirs = [json.loads(line) for line in paths[0].read_text("utf-8").splitlines()]
    for ours, row in zip(rows, theirs, strict=True):
        assert row["legs"] == ours["legs"]
        for name in ("small", "coded", "flag", "note"):
            assert row[name] is None or type(row[name]) is type(ours[name])
        assert not isinstance(ours["note"], (list, dict)) or row["note"] == ours["note"]
    assert set(made.truth.field) == {"small", "coded", "flag", "note"}
    assert verify([path, *paths]).ok
    for mechanism, sentence in {
        "legs.other": "holds lists or objects, which are never altered; leave out legs.other",
        "flag.case": "mine.jsonl holds values without quotes, and '(TRUE|FALSE)' would need them; leave",
    }.items():
        with pytest.raises(ListError, match=sentence):
            inject(path, columns=described, seed=3, mechanisms={mechanism: 1}, mismatch_rate=1)


def test_columns_in_another_order_than_described_are_refused() -> None:
    given = table().select(["id", "coded", "small", "flag", "note", "legs"])
    with pytest.raises(ListError, match="in another order than the file of columns"):
        inject(given, columns=DESCRIBED, seed=3, mechanisms={"note.typo": 1})


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(range(500, 700), name="line"),
        pd.RangeIndex(5, 605, 3),
        pd.Index([f"r{n}" for n in range(200)]),
    ],
    ids=["numbers", "range", "texts"],
)
def test_an_index_of_the_users_own_goes_along_with_its_rows(index: pd.Index) -> None:
    frame = table().to_pandas().set_axis(index)
    weights = {"record.missing": 1, "record.duplicate": 1, "note.typo": 1}
    made = inject(frame, columns=DESCRIBED, seed=3, mismatch_rate=0.5, mechanisms=weights)
    by_id = dict(zip(frame["id"], frame.index, strict=True))
    assert list(made.theirs.index) == [by_id[trade] for trade in made.theirs["id"]]
    assert made.theirs.index.name == index.name
    assert len(made.mask()) == len(made.theirs) != len(frame)
