"""Formats: the bytes of each format, against readers that know nothing of tradegen."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from reading import rows
from written import written, written_files

from tradegen.core import formatting
from tradegen.core.text_columns import strings

EXAMPLE = (
    r'\{"trade_id": "tid\d{8,}", "ticker": "[A-Z.]+", '
    r'"broker_id": "BKR\d{3}", "contra_broker_id": "BKR\d{3}", '
    r'"quantity": \d+, "price": \d+\.\d\d, "order_type": "(BUY|SELL)", '
    r'"date": "\d{4}-\d\d-\d\d", "trade_timestamp": "\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"\}'
)


def test_json_is_an_array_with_a_record_a_line_in_the_shape_of_the_design() -> None:
    trades, _ = written("json", seed=7)
    lines = trades.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("[", "]", 32)
    assert all(re.fullmatch(EXAMPLE, line.removesuffix(",")) for line in lines[1:-1])
    assert len(json.loads(trades)) == 30


@pytest.mark.slow
def test_all_formats_hold_the_same_records() -> None:
    texts = (written(form, pairs=70_000, seed=3) for form in ("csv", "json", "ndjson"))
    for in_csv, in_json, in_ndjson in zip(*texts, strict=True):
        from_csv = rows(in_csv)
        from_json = json.loads(in_json, parse_float=str, parse_int=str)
        from_ndjson = [json.loads(line, parse_float=str, parse_int=str) for line in in_ndjson.splitlines()]
        assert from_json == from_ndjson
        assert [
            {name: str(value).lower() if name == "benign" else value for name, value in row.items()}
            for row in from_json
        ] == from_csv


@pytest.mark.parametrize(("form", "nothing"), [("json", "[]\n"), ("ndjson", ""), ("csv", None)])
def test_a_truth_without_rows_is_a_valid_file(form: str, nothing: str | None) -> None:
    _, truth = written(form, mismatch_rate=0, seed=1)
    if nothing is None:
        assert truth == "trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause\n"
    else:
        assert truth == nothing


def test_what_blocks_there_are_does_not_show_in_json() -> None:
    trades, truth = written("json", pairs=65_537, seed=1, mismatch_rate=0.001)
    assert trades.count("[") == trades.count("]") == 1
    assert len(json.loads(trades)) == 2 * 65_537
    assert isinstance(json.loads(truth), list)


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_the_golden_files_stay_as_they_are(form: str, golden: Callable[[str, bytes], None]) -> None:
    for table, content in written_files(form, seed=7, first_id=21).items():
        golden(f"original.{table}.{form}", content)


def test_a_run_with_every_mechanism_keeps_its_bytes(golden: Callable[[str, bytes], None]) -> None:
    files = written_files("csv", scenario="everything", pairs=70_000, seed=7, first_id=21)
    lines = [f"{hashlib.sha256(content).hexdigest()}  {table}.csv\n" for table, content in files.items()]
    golden("everything.sha256", "".join(lines).encode())


def test_csv_lines_end_in_a_line_feed_alone() -> None:
    trades, _ = written("csv", seed=1)
    assert "\r" not in trades
    assert len(list(csv.reader(io.StringIO(trades)))) == 31


def test_prices_print_as_exact_decimals() -> None:
    ticks = np.array([1, 10, 99, 100, 15400, 71480000, -1, -100, -15399, 10**15 + 1])
    expected = [f"{Decimal(tick) / 100:.2f}" for tick in ticks.tolist()]
    assert strings(formatting.decimals(ticks, 2)).tolist() == expected


def test_ids_are_padded_to_eight_digits_and_widen() -> None:
    for first, count in ((1, 3), (998, 5), (99_999_998, 4), (2**63 - 3, 3), (1_000, 1), (999, 2)):
        expected = [f"tid{first + offset:08d}" for offset in range(count)]
        assert strings(formatting.trade_ids(first + np.arange(count))).tolist() == expected


def test_times_print_as_iso_to_the_second_before_and_after_1970() -> None:
    times = np.array(["1900-01-01T00:00:59", "1969-12-31T23:59:59", "2199-12-31T12:00:00"], "datetime64[us]")
    assert strings(formatting.timestamps(times.view(np.int64))).tolist() == [
        "1900-01-01 00:00:59",
        "1969-12-31 23:59:59",
        "2199-12-31 12:00:00",
    ]
    assert strings(formatting.dates(np.array([0, -1, 20290]))).tolist() == [
        "1970-01-01",
        "1969-12-31",
        "2025-07-21",
    ]


@pytest.mark.parametrize("spread", [1, 16, 17, 1_000, 10**6, 10**13])
def test_a_form_of_ones_own_is_strftimes_for_every_row(spread: int) -> None:
    """Few values, many close together, and many far apart are formatted in different ways."""
    start = 1_753_090_380_000_000
    values = start + np.random.default_rng(1).integers(0, spread, 500)
    form = "%d/%m/%Y %H.%M.%S.%f"
    expected = [
        (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=value)).strftime(form)
        for value in values.tolist()
    ]
    assert strings(formatting.timestamps_as(form)(values)).tolist() == expected


@pytest.mark.parametrize(
    "form", [formatting.dates_as("%d/%m/%Y"), formatting.timestamps_as("%H:%M"), formatting.dates]
)
def test_no_rows_are_no_text(form: formatting.Form) -> None:
    assert strings(form(np.empty(0, np.int32))).tolist() == []
