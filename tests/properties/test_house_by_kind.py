"""What the nine columns have wrong with them by their kind: missing values, misspelled names."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from plausible import DAY, EVERYTHING, FORMS, TOLERANCES, VIEWS, both, check_exact, check_plausible, possible
from reading import COLUMNS, Row, rows
from reference import check_order, check_truth, clean
from sizes import chosen
from written import written_files, written_lists

from tradegen import Scenario, ScenarioError, generate, prepare, write_dataset
from tradegen.mechanisms.catalogue import CATALOGUE, HOUSE
from tradegen.verify import open_dataset, verify_dataset

BY_KIND = [name for name in HOUSE if name not in CATALOGUE]
NAMES = ("ticker", "broker_id", "contra_broker_id", "order_type")
BLANKS = [name for name in BY_KIND if name.endswith(".blank")]
ALL: dict[str, Any] = EVERYTHING | {"mechanisms": dict.fromkeys(HOUSE, 1.0)}


def test_the_nine_columns_but_the_id_can_be_blank_and_the_names_among_them_misspelled() -> None:
    expected = {f"{name}.blank" for name in COLUMNS if name != "trade_id"}
    expected |= {f"{name}.{way}" for name in NAMES for way in ("case", "padded", "truncated", "typo")}
    assert set(BY_KIND) == expected
    assert len(BY_KIND) == 24


def check_alone(mechanism: str, view: str, form: str) -> None:
    pairs = 2_000
    lists, truth = both(form, pairs=pairs, view=view, mechanisms={mechanism: 1}, seed=11)
    before = check_truth(lists, truth, view)
    check_order(truth)
    check_plausible(truth, before, view)
    assert {row["mechanism"] for row in truth} == {mechanism}
    # Some tickers have one letter, or the same two.
    able = {trade_id for trade_id, legs in before.items() if possible(mechanism, legs[0])}
    assert {row["trade_id"] for row in truth} <= able
    assert len(able) == pairs or mechanism in ("ticker.truncated", "ticker.typo")
    check_exact(truth, pairs, 0.3)
    # A broker that is misspelled is no other one, who might be the one on the other side.
    for row in (row for listed in lists.values() for row in listed):
        assert row["broker_id"] != row["contra_broker_id"]


@pytest.mark.parametrize(("number", "mechanism"), list(enumerate(BY_KIND)), ids=BY_KIND)
def test_each_alone_is_effective_complete_exact_and_as_described(number: int, mechanism: str) -> None:
    check_alone(mechanism, VIEWS[number % 3], FORMS[number // 3 % 3])


@pytest.mark.parametrize("mechanism", [name for name in BY_KIND if name.startswith("order_type.")])
def test_the_truth_says_whose_record_it_is_whose_side_is_not_to_be_read(mechanism: str) -> None:
    check_alone(mechanism, "single", "csv")


@pytest.mark.parametrize(("view", "form"), list(zip(VIEWS, FORMS, strict=True)))
def test_with_all_others_they_are_effective_and_complete(view: str, form: str) -> None:
    more = {"tolerances": TOLERANCES, "benign_rate": 0.05, "timestamp_precision": "ms"}
    lists, truth = both(form, pairs=5_000, seed=VIEWS.index(view), view=view, **ALL, **more)
    before = check_truth(lists, truth, view, TOLERANCES)
    check_order(truth)
    check_plausible([row for row in truth if row["benign"] == "false"], before, view)
    assert {row["mechanism"] for row in truth} >= set(BY_KIND)
    assert not [row for row in truth if row["benign"] == "true" and row["mechanism"] in BY_KIND]


def truth_of(**arguments: Any) -> set[tuple[str, ...]]:
    _, text = written_lists(**({"pairs": 3_000, "seed": 8, "date": DAY} | arguments))
    return {tuple(row.values())[:10] for row in rows(text)}


def test_raising_the_rate_keeps_every_row_and_adds_to_them() -> None:
    before: set[tuple[str, ...]] = set()
    for rate in (0.0, 0.01, 0.3, 0.7, 1.0):
        now = truth_of(**ALL, mismatch_rate=rate)
        assert before <= now
        before = now


@pytest.mark.slow
def test_the_weight_of_one_moves_no_row_of_another() -> None:
    arguments = {**ALL, "mismatch_rate": 0.5, "fields_per_pair": [1], "view": "two_system"}
    everything = truth_of(**arguments)
    for name in BY_KIND:
        kept = {row for row in everything if row[3] != name}
        assert kept <= truth_of(**(arguments | {"mechanisms": ALL["mechanisms"] | {name: 0}})), name


@pytest.mark.parametrize("view", VIEWS)
def test_they_move_no_clean_value(view: str) -> None:
    arguments = {"pairs": 2_000, "seed": 6, "view": view}
    expected = clean(*both(**arguments, mismatch_rate=0), view)
    assert clean(*both(**arguments, **ALL), view) == expected


def test_values_on_a_grid_are_missing_as_all_others() -> None:
    for grids in ({"tick": 0.25, "quantity_step": 100}, {"tick": 0.0005, "quantity_step": 0.125}):
        more = {"quantity_max": 5_000, "quantity_min": 100, "mismatch_rate": 1}
        lists, truth = both(pairs=200, mechanisms={"quantity.blank": 1, "price.blank": 1}, **grids, **more)
        check_truth(lists, truth)
        assert {row["field"] for row in truth} == {"quantity", "price"}
        assert {row["altered"] for row in truth} == {""}


def test_a_benign_difference_is_never_a_value_that_is_missing() -> None:
    only = {"mechanisms": {"quantity.blank": 1}, "tolerances": {"quantity": 5}}
    for more in ({"benign_rate": 0.1}, {"boundary": True}):
        with pytest.raises(ScenarioError, match="although no field with a mechanism has a tolerance"):
            Scenario(**only, **more)


def test_a_missing_value_is_null_or_absent_in_every_format() -> None:
    arguments: dict[str, Any] = {"pairs": 100, "mechanisms": dict.fromkeys(BLANKS, 1), "mismatch_rate": 1}
    arguments["seed"] = 1
    plain = {name: rows(content.decode()) for name, content in written_files("csv", **arguments).items()}
    wrong: dict[str, set[str]] = {}
    for row in plain["truth"]:
        wrong.setdefault(row["record_id"], set()).add(row["field"])
    assert set().union(*wrong.values()) == set(COLUMNS) - {"trade_id"}
    by_json = json.loads(written_files("json", **arguments)["trades"])
    for row, told in zip(plain["trades"], by_json, strict=True):
        missing = {name for name, value in row.items() if value == ""}
        assert missing == wrong.get(row["record_id"], set())
        assert missing == {name for name, value in told.items() if value is None}
    batch = generate(**arguments, date="2025-07-21")
    frame, table = batch.trades, batch.to_arrow()["trades"]
    for name in COLUMNS[1:]:
        nulls = sum(row[name] == "" for row in plain["trades"])
        assert nulls > 0
        assert frame[name].isna().sum() == table.column(name).null_count == nulls
    assert frame["quantity"].dtype == "Int64"
    assert batch.truth["delta"].isna().all()
    messages = written_files("fix", only="trades", **arguments)["trades"].decode().splitlines()
    tags = {"ticker": "55=", "quantity": "32=", "price": "31=", "order_type": "54=", "date": "75="}
    for row, message in zip(plain["trades"], messages, strict=True):
        parts = message.split("\x01")
        for name, tag in tags.items():
            assert sum(part.startswith(tag) for part in parts) == (row[name] != "")
        assert sum(part.startswith(("52=", "60=")) for part in parts) == 2 * (row["trade_timestamp"] != "")
        there = (row["broker_id"] != "") + (row["contra_broker_id"] != "")
        assert f"453={there}" in parts
        for tag in ("448=", "447=", "452="):
            assert sum(part.startswith(tag) for part in parts) == there


def test_dtypes_stay_as_they_are_where_nothing_may_be_missing() -> None:
    frame = generate(pairs=10, seed=1, date=DAY).trades
    assert frame["quantity"].dtype == "int64"
    assert frame["price"].dtype == "float64"
    whole = generate(pairs=10, seed=1, date=DAY, mechanisms={"price.blank": 1}).trades
    assert whole["quantity"].dtype == "int64"
    assert whole["price"].isna().sum() == 3
    assert pd.api.types.is_datetime64_dtype(whole["date"])


# Files of each form and view are proved in `test_verify_odd_values`.
@pytest.mark.parametrize(
    ("view", "form"),
    chosen(
        itertools.product(VIEWS, ["csv", "json", "ndjson", "parquet"]),
        [("single", "csv"), ("counterparty", "json"), ("two_system", "ndjson"), ("two_system", "parquet")],
    ),
)
def test_datasets_with_them_are_proved(view: str, form: str, tmp_path: Path) -> None:
    run = prepare(pairs=2_000, seed=3, view=view, **ALL)
    write_dataset(run, tmp_path / "set", form=form)
    assert not verify_dataset(open_dataset(str(tmp_path / "set"))).findings


AMOUNT = [{"name": "amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
          {"name": "settled", "kind": "date", "sessions_after": "date", "by": 2},
          {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp"}]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_follows_on_a_missing_value_and_fills_share_out_what_was_there(
    view: str, tmp_path: Path
) -> None:
    mechanisms = dict.fromkeys((*BLANKS, "record.split", "quantity.nudge", "date.next_session"), 1)
    mechanisms |= {"record.split": 6, "price.blank": 6}
    asked = {"columns": AMOUNT, "mechanisms": mechanisms, "mismatch_rate": 1, "fields_per_pair": [0.4, 0.6]}
    run = prepare(pairs=3_000, seed=4, view=view, date="2025-07-18", **asked)
    write_dataset(run, tmp_path / "set", form="csv")
    assert not verify_dataset(open_dataset(str(tmp_path / "set"))).findings
    texts, truth = written_lists(pairs=3_000, seed=4, view=view, date="2025-07-18", **asked)
    records = [row for text in texts.values() for row in rows(text)]
    stated: dict[str, dict[str, Row]] = {}
    for row in rows(truth):
        stated.setdefault(row["trade_id"], {})[row["field"]] = row
    split = {trade_id for trade_id, fields in stated.items() if {"record", "price"} <= fields.keys()}
    assert len(split) > 50
    for trade_id in split:
        fills = [row for row in records if row["trade_id"] == trade_id and row["price"] == ""]
        price = Decimal(stated[trade_id]["price"]["original"])
        whole = sum(int(row["quantity"]) for row in fills) * price
        assert sum(Decimal(row["amount"]) for row in fills) == whole
    for fields in stated.values():
        if "date" in fields and fields["date"]["altered"] == "":
            assert "settled" not in fields
        if "quantity" in fields and fields["quantity"]["altered"] == "" and "price" not in fields:
            assert "amount" not in fields


def test_every_way_to_misspell_is_drawn_alike() -> None:
    _, truth = both(pairs=4_000, mechanisms={"order_type.padded": 1}, mismatch_rate=1, view="two_system")
    found = Counter(row["altered"] for row in truth)
    assert set(found) == {"BUY ", " BUY", "SELL ", " SELL"}
    # A binomial share of 4,000 legs: six standard deviations.
    assert all(abs(count / 4_000 - 0.25) < 6 * math.sqrt(0.25 * 0.75 / 4_000) for count in found.values())


def test_a_misspelled_name_is_never_another_name() -> None:
    few = {"GOOG": "170.49", "GOOGL": "168.95"}
    _, truth = both(pairs=400, mechanisms={"ticker.truncated": 1}, mismatch_rate=1, tickers=few)
    assert {(row["original"], row["altered"]) for row in truth} == {("GOOG", "GOO")}  # and not GOOGL, GOOG
    _, truth = both(pairs=2_000, mechanisms={"broker_id.typo": 1}, mismatch_rate=1, brokers=15)
    of_one = {row["altered"] for row in truth if row["original"] == "BKR001"}
    assert of_one == {"KBR001", "BRK001", "BK0R01"}  # and not BKR010
    own = [{"name": "currency", "kind": "code", "values": ["USD", "SUD", "usd"]}]
    ways = {"currency.typo": 1, "currency.case": 1}
    _, truth = both(pairs=200, mechanisms=ways, mismatch_rate=1, columns=own)
    assert {row["altered"] for row in truth if row["original"] == "USD"} == {"UDS"}


def test_times_that_are_missing_are_in_no_layout() -> None:
    layout = {"date_format": "%m/%d/%Y", "timestamp_format": "%d.%m.%Y %H:%M:%S"}
    texts, truth = written_lists(
        pairs=50, date=DAY, mechanisms={"date.blank": 1, "trade_timestamp.blank": 1}, trades=layout,
        mismatch_rate=1, fields_per_pair=[0, 1],
    )  # fmt: skip
    records = rows(texts["trades"])
    assert sum(row["date"] == row["trade_timestamp"] == "" for row in records) == 50
    for row in records:
        if row["date"]:
            dt.datetime.strptime(row["date"], "%m/%d/%Y")
    assert len(rows(truth)) == 100
