"""What an engine is given holds nothing of the truth: no column, category, order, index, name or metadata.

A twin is the same run with no mismatch and no benign difference in it: whatever of the trades is the same in
both cannot tell what is altered, and whatever differs must be what the truth says.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sizes import chosen

from tradegen import Batch, generate, prepare, write_dataset
from tradegen.core.columns import LISTS, RECORD_ID, TRADE_COLUMNS

VIEWS = ("single", "counterparty", "two_system")
COLUMNS = [*TRADE_COLUMNS, RECORD_ID]


def run(view: str, **others: Any) -> dict[str, Any]:
    return {"scenario": "everything", "pairs": 700, "seed": 9, "view": view, **others}


def twin(view: str) -> dict[str, Any]:
    batch = generate(**run(view))
    spots = [dict(spot, rate=0.0) for spot in batch.run.scenario.to_dict()["hot_spots"]]
    return run(view, mismatch_rate=0.0, benign_rate=0.0, hot_spots=spots)


@pytest.mark.parametrize("view", VIEWS)
def test_frames_have_the_documented_columns_a_plain_index_and_no_attributes(view: str) -> None:
    batch = generate(**run(view))
    assert tuple(batch.lists) == LISTS[view]
    for table in (batch.trades, *batch.lists.values()):
        assert list(table.columns) == COLUMNS
        assert table.attrs == {}
        assert table.index.equals(pd.RangeIndex(len(table)))
        assert table.index.name is table.columns.name is None
        assert list(vars(table).get("_metadata", [])) == []


@pytest.mark.parametrize("view", VIEWS)
def test_categories_and_dtypes_are_the_same_without_any_mismatch(view: str) -> None:
    batch, clean = generate(**run(view)), generate(**twin(view))
    assert len(clean.truth) == 0
    for name, table in batch.lists.items():
        for column in COLUMNS:
            assert table[column].dtype == clean.lists[name][column].dtype
            if isinstance(table[column].dtype, pd.CategoricalDtype):
                categories = [list(one.lists[name][column].cat.categories) for one in (batch, clean)]
                assert categories[0] == categories[1]


@pytest.mark.parametrize("view", VIEWS)
def test_rows_stand_in_the_order_that_they_have_without_any_mismatch(view: str) -> None:
    batch, clean = generate(**run(view)), generate(**twin(view))
    for name, table in batch.lists.items():
        ours, others = list(table[RECORD_ID]), list(clean.lists[name][RECORD_ID])
        both = set(ours) & set(others)
        assert len(both) > 600
        assert [one for one in ours if one in both] == [one for one in others if one in both]


@pytest.mark.parametrize("view", VIEWS)
def test_cells_differ_from_those_without_any_mismatch_exactly_where_the_truth_says(view: str) -> None:
    batch, clean = generate(**run(view)), generate(**twin(view))
    differing = set()
    for name, table in batch.lists.items():
        both = table.merge(clean.lists[name], on=RECORD_ID, suffixes=("", "_clean"))
        for column in TRADE_COLUMNS:
            differ = both[column].astype(object) != both[f"{column}_clean"].astype(object)
            differing |= {(record, column) for record in both.loc[differ, RECORD_ID]}
    rows = batch.truth[batch.truth["field"] != "record"]
    assert differing - _split(batch) == set(zip(rows[RECORD_ID], rows["field"], strict=True))


def _split(batch: Batch) -> set[tuple[str, str]]:
    """The quantities of split legs' own records, which are one of their fills."""
    split = batch.truth[batch.truth["mechanism"] == "record.split"]
    return {(record, "quantity") for record in split[RECORD_ID]}


@pytest.mark.parametrize(
    ("view", "form"),
    chosen(
        itertools.product(VIEWS, ["csv", "json", "ndjson", "parquet"]),
        [("single", "csv"), ("counterparty", "json"), ("two_system", "ndjson"), ("two_system", "parquet")],
    ),
)
def test_names_of_files_and_their_columns_do_not_vary_with_the_truth(
    tmp_path: Path, view: str, form: str
) -> None:
    names = []
    for number, given in enumerate((run(view), run(view, seed=10), twin(view))):
        folder = tmp_path / str(number)
        write_dataset(prepare(**given), folder, form=form)
        names.append(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")))
    assert names[0] == names[1] == names[2]
    lists = [name for name in names[0] if name.split("/")[0] not in ("truth", "manifest.json")]
    assert lists == sorted([*LISTS[view], *(f"{name}/part-00000.{form}" for name in LISTS[view])])


@pytest.mark.parametrize("view", VIEWS)
def test_parquet_holds_no_more_than_its_columns(tmp_path: Path, view: str) -> None:
    for number, given in enumerate((run(view), twin(view))):
        write_dataset(prepare(**given), tmp_path / str(number))
    for name in LISTS[view]:
        files = [pq.ParquetFile(tmp_path / number / name / "part-00000.parquet") for number in "01"]
        assert files[0].schema_arrow.names == COLUMNS
        assert files[0].schema_arrow.metadata == files[1].schema_arrow.metadata is None
        assert files[0].metadata.metadata == files[1].metadata.metadata
        assert all(
            field.metadata is None or set(field.metadata) == {b"PARQUET:field_id"}
            for field in files[0].schema_arrow
        )
