"""Arrow: batches hold what the frames and the text of the same run hold, exactly, in types that say so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from arrow_runs import LARGE, LAYOUT, RUNS
from reading import rows
from written import written_lists

from tradegen import generate
from tradegen.api.batch import Batch
from tradegen.core.blocks import Block, Truth
from tradegen.formats.arrow import record_batch, text_array
from tradegen.formats.tables import list_tables, tables, truth_table

NAME = pa.dictionary(pa.int32(), pa.string())
DATES = {"date": pa.date32(), "trade_timestamp": pa.timestamp("us")}
NAMES = {"ticker", "broker_id", "contra_broker_id", "order_type", "leg", "field", "mechanism", "cause"}
TYPES = {
    "trade_id": pa.string(),
    "quantity": pa.int64(),
    "price": pa.decimal128(18, 2),
    **DATES,
    "record_id": pa.string(),
    "original": pa.string(),
    "altered": pa.string(),
    "delta": pa.decimal128(24, 6),
    "benign": pa.bool_(),
    "notional": pa.decimal128(19, 2),
}


def batches(batch: Batch) -> dict[str, pa.RecordBatch]:
    """Each list of a run of one block, and its truth."""
    [block] = batch.blocks
    return batches_of(batch, block)


def batches_of(batch: Batch, block: Block) -> dict[str, pa.RecordBatch]:
    """Each list of a block, and its truth."""
    return {name: record_batch(table, table.rows(block)) for name, table in tables(batch.run).items()}


def plain(value: Any) -> Any:
    """A value as the text of a CSV would have it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(params=RUNS)
def batch(request: pytest.FixtureRequest) -> Batch:
    return generate(**{"pairs": 3000, "seed": 5, "date": "2025-07-08", **RUNS[request.param]})


def test_types_say_what_the_values_are(batch: Batch) -> None:
    layouts = batch.run.scenario.lists
    for table, found in batches(batch).items():
        layout = layouts.get(table)
        own = {} if layout is None else layout.columns
        plain_names = {written: name for name, written in own.items()}
        for field in found.schema:
            name = plain_names.get(field.name, field.name)
            if name in NAMES:
                assert pa.types.is_dictionary(field.type)
                assert field.type.value_type == pa.string()
            elif name in DATES and layout and layout.columns:
                assert field.type == pa.string()
            else:
                assert field.type == TYPES[name], name
            if name != "delta":
                assert found[field.name].null_count == 0
        found.validate(full=True)


def test_values_are_those_of_the_frames(batch: Batch) -> None:
    for table, found in batches(batch).items():
        frame = batch.truth if table == "truth" else batch.lists[table]
        assert found.schema.names == list(frame.columns)
        assert found.num_rows == len(frame) > 0
        for name, values in frame.items():
            expected = values.astype(object).tolist()
            column = found[name].to_pylist()
            if name in ("price", "Px", "notional", "delta"):
                # The frame has the double nearest to the exact decimal.
                assert [None if value is None else float(value) for value in column] == [
                    None if value != value else value for value in expected
                ]
            elif isinstance(expected[0], pd.Timestamp) and isinstance(column[0], str):
                form = LAYOUT["date_format" if name == "date" else "timestamp_format"]
                assert column == [value.strftime(form) for value in expected]
            elif isinstance(expected[0], pd.Timestamp):
                assert [pd.Timestamp(value) for value in column] == expected
            else:
                assert column == expected


def test_values_are_what_the_text_files_print(batch: Batch) -> None:
    """Exact decimals to the last digit, where a frame's doubles would hide what is wrong with them."""
    lists, truth = written_lists("csv", **batch.run.replay(), date=batch.run.scenario.date)
    for table, found in batches(batch).items():
        expected = rows(truth if table == "truth" else lists[table])
        for name in found.schema.names:
            column, texts = found[name].to_pylist(), [row[name] for row in expected]
            if isinstance(column[0], dt.datetime):
                digits = {"s": 0, "ms": 3, "us": 6}[batch.run.scenario.timestamp_precision]
                cut = None if digits == 6 else digits - 6 or None
                printed = [value.strftime("%Y-%m-%d %H:%M:%S.%f") for value in column]
                assert [text[:-7] if not digits else text[:cut] for text in printed] == texts
            elif name == "delta":
                assert [value if value is None else value.normalize() for value in column] == [
                    Decimal(text).normalize() if text else None for text in texts
                ]
            else:
                assert [plain(value) for value in column] == texts


def test_the_runs_reach_what_is_large_small_and_negative() -> None:
    made = batches(generate(pairs=3000, seed=5, **LARGE))
    prices = [value for name in ("ours", "theirs") for value in made[name]["price"].to_pylist()]
    assert max(prices) > 99_000_000  # its decimal point was moved
    assert min(prices) == Decimal("0.01")
    deltas = [value for value in made["truth"]["delta"].to_pylist() if value is not None]
    assert max(deltas) > 89_000_000
    assert min(deltas) < -8_000_000
    assert max(made["truth"]["notional"].to_pylist()) > 10**9
    assert any(0 < abs(value) < 1 for value in deltas)


def test_differences_beyond_64_bits_of_their_millionths_are_exact() -> None:
    """10**13 shares are 10**19 millionths, and 2**63 is less."""
    [block] = generate(pairs=10, seed=1, mismatch_rate=1).blocks
    run = generate(pairs=10, seed=1).run
    truth = block.truth.first(4)
    quantity, price, moment = 4, 5, 8
    columns = truth.arrays() | {
        "field": truth.field.dtype.type(quantity) + truth.field * 0,
        "original": truth.original * 0 + 10**13,
        "altered": truth.altered * 0 + 1,
    }
    columns["field"][1], columns["field"][2] = price, moment
    found = record_batch(truth_table(run), Truth(**columns))["delta"].to_pylist()
    difference = 1 - 10**13
    assert found == [
        Decimal(difference),
        Decimal(difference).scaleb(-2),
        Decimal(difference).scaleb(-6),
        Decimal(difference),
    ]


def test_an_empty_truth_has_the_columns_and_types_of_a_full_one() -> None:
    full = batches(generate("everything", pairs=500, seed=1))["truth"]
    nothing = generate("everything", pairs=500, seed=1, mismatch_rate=0, benign_rate=0, hot_spots=[])
    found = batches(nothing)["truth"]
    assert found.num_rows == 0
    assert found.schema == full.schema
    found.validate(full=True)


def test_a_list_without_records_is_an_empty_batch() -> None:
    batch = generate(pairs=10, seed=1)
    [block] = batch.blocks
    [table] = list_tables(batch.run).values()
    nothing = block.trades.take(block.trades.leg == 9)
    found, full = (record_batch(table, trades) for trades in (nothing, block.trades))
    assert found.num_rows == 0
    assert found.schema == full.schema


def test_all_blocks_of_a_run_have_one_schema() -> None:
    """So that they can lie in one file, and be read as one table."""
    batch = generate("everything", pairs=140_000, seed=2, view="counterparty")
    for name in ("buy", "sell"):
        found = [batches_of(batch, block)[name] for block in batch.blocks]
        table = pa.Table.from_batches(found)
        assert table.num_rows == len(batch.lists[name])
        assert table["trade_id"].to_pylist() == batch.lists[name]["trade_id"].tolist()
    truth = pa.Table.from_batches([batches_of(batch, block)["truth"] for block in batch.blocks])
    assert truth["altered"].to_pylist() == batch.truth["altered"].tolist()


@pytest.mark.parametrize(
    "texts", [["a"], ["", "bc", ""], ["abc", "abc"], ["", ""], [], ["a" * 64, "", "zz"]], ids=str
)
def test_text_loses_its_padding_and_nothing_else(texts: list[str]) -> None:
    import numpy as np

    width = max(map(len, texts), default=1) or 1
    assert text_array(np.array(texts, dtype=f"S{width}")).to_pylist() == texts
