"""Views and layouts: which lists there are, what stands in them, and how they are written."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from shell import run
from written import written, written_lists

from tradegen import generate

Row = dict[str, str]


def lists(**arguments: object) -> tuple[dict[str, list[Row]], list[Row]]:
    texts, truth = written_lists(**arguments)
    found = {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}
    return found, list(csv.DictReader(io.StringIO(truth)))


def by_id(rows: list[Row]) -> dict[str, Row]:
    assert len({row["trade_id"] for row in rows}) == len(rows)
    return {row["trade_id"]: row for row in rows}


def test_counterparty_is_the_single_list_parted_into_buys_and_sells() -> None:
    parted, truth = lists(view="counterparty", pairs=2_000, seed=5)
    whole, same = lists(pairs=2_000, seed=5)
    assert truth == same
    assert list(parted) == ["buy", "sell"]
    # In the order that they have among themselves in the one list.
    assert parted["buy"] == [row for row in whole["trades"] if row["order_type"] == "BUY"]
    assert parted["sell"] == [row for row in whole["trades"] if row["order_type"] == "SELL"]


def test_two_systems_hold_the_same_record_but_for_the_mismatches() -> None:
    parted, truth = lists(view="two_system", pairs=5_000, seed=5)
    assert list(parted) == ["ours", "theirs"]
    assert {row["leg"] for row in truth} == {"OURS", "THEIRS"}
    ours, theirs = by_id(parted["ours"]), by_id(parted["theirs"])
    assert set(ours) == set(theirs)
    assert list(ours) != list(theirs)  # each in an order of its own
    found = {
        (trade_id, field)
        for trade_id, row in ours.items()
        for field, value in row.items()
        if theirs[trade_id][field] != value
    }
    assert found == {(row["trade_id"], row["field"]) for row in truth}
    sides = [row["order_type"] for row in ours.values()]
    # Either side alike: 5,000 coins, seven standard deviations.
    assert abs(sides.count("BUY") - 2_500) < 250


def test_the_view_moves_no_value_of_the_clean_pairs() -> None:
    single, _ = lists(pairs=500, seed=9, mismatch_rate=0)
    systems, _ = lists(pairs=500, seed=9, mismatch_rate=0, view="two_system")
    legs = {(row["trade_id"], row["order_type"]): row for row in single["trades"]}
    assert all(legs[row["trade_id"], row["order_type"]] == row for row in systems["ours"])


def test_columns_dates_and_times_are_written_as_the_layout_says_and_the_truth_stays_plain() -> None:
    layout = {
        "columns": {"trade_id": "Trade Ref", "quantity": "Qty 100%", "trade_timestamp": "Time"},
        "date_format": "%m/%d/%Y",
        "timestamp_format": "%d-%b-%y %I:%M:%S %p",
    }
    plain, truth = lists(view="two_system", pairs=300, mismatch_rate=1, seed=3)
    laid_out, same = lists(view="two_system", pairs=300, mismatch_rate=1, seed=3, theirs=layout)
    assert truth == same
    assert laid_out["ours"] == plain["ours"]
    for row, original in zip(laid_out["theirs"], plain["theirs"], strict=True):
        assert list(row)[:1] + list(row)[4:5] + list(row)[8:] == ["Trade Ref", "Qty 100%", "Time"]
        year, month, day = original["date"].split("-")
        assert row["date"] == f"{month}/{day}/{year}"
        moment = pd.to_datetime(row["Time"], format="%d-%b-%y %I:%M:%S %p")
        assert str(moment) == original["trade_timestamp"]
        assert row["Qty 100%"] == original["quantity"]
    for form in ("json", "ndjson"):
        text = written_lists(form, view="two_system", pairs=300, mismatch_rate=1, seed=3, theirs=layout)[0]
        lines = text["theirs"].splitlines()
        records = json.loads(text["theirs"]) if form == "json" else list(map(json.loads, lines))
        assert [str(record["Qty 100%"]) for record in records] == [
            row["Qty 100%"] for row in laid_out["theirs"]
        ]


@pytest.mark.parametrize(("precision", "digits"), [("s", 0), ("ms", 4), ("us", 7)])
def test_timestamps_have_the_precision_asked(precision: str, digits: int) -> None:
    trades, truth = written(pairs=400, seed=2, mismatch_rate=1, timestamp_precision=precision)
    rows = [*csv.DictReader(io.StringIO(trades)), *csv.DictReader(io.StringIO(truth))]
    times = [
        row.get("trade_timestamp") or row["original"]
        for row in rows
        if row.get("field", "") in ("", "trade_timestamp")
    ]
    assert all(len(text) == 19 + digits for text in times)
    if digits:
        assert len({text[19:] for text in times}) > 300
    for row in csv.DictReader(io.StringIO(truth)):
        if row["field"] == "trade_timestamp":
            apart = pd.Timestamp(row["altered"]) - pd.Timestamp(row["original"])
            assert float(row["delta"]) == pytest.approx(apart.total_seconds(), abs=1e-9)


def test_frames_hold_the_lists_with_their_column_names() -> None:
    batch = generate(view="two_system", pairs=50, seed=1, theirs={"columns": {"price": "Px"}})
    assert list(batch.lists) == ["ours", "theirs"]
    assert [len(table) for table in batch.lists.values()] == [50, 50]
    assert "Px" in batch.lists["theirs"]
    assert "price" in batch.lists["ours"]
    assert len(batch.trades) == 100
    assert list(batch.trades["trade_id"][:50]) == list(batch.lists["ours"]["trade_id"])
    single = generate(pairs=50, seed=1)
    assert list(single.lists) == ["trades"]
    assert single.lists["trades"].equals(single.trades)


def test_records_have_ids_only_where_trade_id_and_side_may_not_do() -> None:
    assert "record_id" not in generate(pairs=10).trades
    for name in ("record.missing", "order_type.flip", "trade_id.mistyped"):
        batch = generate(pairs=3_000, mismatch_rate=0.5, seed=1, mechanisms={name: 1})
        ids = batch.trades["record_id"]
        assert ids.is_unique
        assert ids.str.fullmatch("[0-9a-f]{16}").all()
        known = set(ids) | ({""} if name == "record.missing" else set())
        assert set(batch.truth["record_id"]) <= known


def test_adding_records_moves_no_other_record() -> None:
    few, many = (
        generate(
            pairs=3_000,
            seed=4,
            mismatch_rate=rate,
            mechanisms={"record.duplicate": 1, "record.split": 1, "record.missing": 1},
        )
        for rate in (0, 0.5)
    )
    before, after = few.trades["record_id"].tolist(), many.trades["record_id"].tolist()
    common = set(before) & set(after)
    assert len(common) > 5_000
    assert [name for name in before if name in common] == [name for name in after if name in common]


def test_each_list_has_a_file_of_its_own(tmp_path: Path) -> None:
    words = ["generate", "--pairs", "20", "--seed", "1", "--first-id", "1", "--date", "2025-07-21"]
    done = run(*words, "--view", "counterparty", "--out", "trades.csv", "--truth", "key.csv", cwd=tmp_path)
    assert done.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "key.csv",
        "trades.buy.csv",
        "trades.sell.csv",
    ]
    assert len((tmp_path / "trades.buy.csv").read_text().splitlines()) == 21
    again = run(*words, "--view", "two_system", "--out", "t", "--format", "ndjson", cwd=tmp_path)
    assert again.code == 0
    assert len((tmp_path / "t.theirs").read_text().splitlines()) == 20


def test_two_lists_do_not_go_to_standard_output(tmp_path: Path) -> None:
    for words in ([], ["--out", "-"]):
        done = run("generate", "--view", "two_system", *words, cwd=tmp_path)
        assert done.code == 2
        assert "the view has two lists, ours and theirs, and standard output takes one" in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_both_lists_are_guarded(tmp_path: Path) -> None:
    words = ["generate", "--view", "counterparty", "--out", "t.csv", "--truth", "t.sell.csv"]
    done = run(*words, "--first-id", "1", cwd=tmp_path)
    assert done.code == 2
    assert "t.sell.csv is named for two outputs" in done.err
