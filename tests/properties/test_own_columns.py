"""Columns that a scenario adds: what the written lists and their truth must show of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

import added_columns
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import rows
from written import written_files, written_lists

from tradegen import Scenario, ScenarioError, generate, prepare, write_dataset
from tradegen.verify import open_dataset, verify_dataset

Row = dict[str, str]

FRIDAY = "2025-07-18"
WEIGHTS = {"currency": {"weights": [9, 1]}}
COLUMNS: list[dict[str, Any]] = [column | WEIGHTS.get(column["name"], {}) for column in added_columns.COLUMNS]
BY_KIND = {
    "code": ("other", "case", "padded", "truncated", "typo", "blank"),
    "text": ("other", "case", "padded", "truncated", "typo", "blank"),
    "integer": ("nudge", "digit_swap", "extra_digit", "blank"),
    "decimal": ("nudge", "digit_swap", "decimal_shift", "sign", "blank"),
    "date": ("next_session", "previous_session", "day_month_swap", "blank"),
    "timestamp": ("delay", "blank"),
    "reference": ("mistyped", "blank"),
}
OWN = [f"{column['name']}.{name}" for column in COLUMNS[:-1] for name in BY_KIND[column["kind"]]]
HOUSE = [
    "quantity.nudge",
    "price.nudge",
    "date.next_session",
    "record.split",
    "record.duplicate",
    "record.missing",
]
ALL: dict[str, Any] = {
    "columns": COLUMNS,
    "date": FRIDAY,
    "mismatch_rate": 0.5,
    "mechanisms": dict.fromkeys(OWN + HOUSE, 1),
    "seed": 5,
    "pairs": 20_000,
}
NOT_COMPARED = {"order_type", "record_id", "our_ref", "broker_id", "contra_broker_id"}


def written(**changes: Any) -> tuple[list[Row], list[Row]]:
    """The records of both lists, and the truth, as CSV has them."""
    lists, truth = written_lists(**(ALL | {"view": "two_system"} | changes))
    return [row for text in lists.values() for row in rows(text)], rows(truth)


@pytest.fixture(scope="module")
def both() -> tuple[list[Row], list[Row]]:
    return written()


def by_id(records: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in records:
        found.setdefault(row["trade_id"], []).append(row)
    return found


def test_trades_and_truth_alone_rebuild_pairs_that_agree(both: tuple[list[Row], list[Row]]) -> None:
    records, truth = both
    altered: dict[str, dict[str, tuple[str, str]]] = {}
    for row in truth:
        if row["field"] != "record":
            altered.setdefault(row["record_id"], {})[row["field"]] = row["original"], row["altered"]
    whole = {row["trade_id"] for row in truth if row["field"] == "record"}
    seen = Counter(row["field"] for row in truth)
    assert all(seen[column["name"]] for column in COLUMNS[:-1])
    for trade_id, legs in by_id(records).items():
        if trade_id in whole:
            continue
        legs = [dict(leg) for leg in legs]  # other tests read the records, too
        for leg in legs:
            for field, (original, value) in altered.get(leg["record_id"], {}).items():
                assert leg[field] == value != original
                leg[field] = original
        one, other = legs
        assert {name: one[name] for name in one.keys() - NOT_COMPARED} == {
            name: other[name] for name in other.keys() - NOT_COMPARED
        }


def test_clean_values_are_what_the_columns_say(both: tuple[list[Row], list[Row]]) -> None:
    records, truth = both
    wrong = {row["trade_id"] for row in truth}
    clean = [row for row in records if row["trade_id"] not in wrong]
    assert len(clean) > 15_000
    for row in clean:
        # The trade date is a Friday: the session after it is a Monday.
        assert row["settlement_date"] == "2025-07-21"
        assert Decimal(row["gross_amount"]) == int(row["quantity"]) * Decimal(row["price"])
        assert Decimal("0.5") <= Decimal(row["fee"]) <= Decimal("99.5")
        assert row["fee"][-5] == "."
        assert 1 <= int(row["lots"]) <= 500
        late = dt.datetime.fromisoformat(row["booked_at"]) - dt.datetime.fromisoformat(row["trade_timestamp"])
        assert 0 <= late.total_seconds() <= 600
        assert len(row["order_ref"]) == 11
        assert row["order_ref"].startswith("ORD")
    assert {row["account"] for row in clean} == {f"ACC{number:03d}" for number in range(1, 201)}
    # 15,000 draws of a share of 0.1: the bound is twelve standard deviations away.
    euros = Counter(row["currency"] for row in clean)["EUR"] / len(clean)
    assert abs(euros - 0.1) < 12 * (0.09 / len(clean)) ** 0.5
    references = [row["our_ref"] for row in records]
    assert len(set(references)) == len(references)


def test_an_amount_follows_on_a_quantity_or_price_and_the_truth_says_so(
    both: tuple[list[Row], list[Row]],
) -> None:
    records, truth = both
    by_record = {row["record_id"]: row for row in records}
    fields: dict[str, dict[str, Row]] = {}
    for row in truth:
        fields.setdefault(row["record_id"], {})[row["field"]] = row
    followed = 0
    for record_id, rows_of in fields.items():
        if "record" in rows_of or not {"quantity", "price"} & rows_of.keys():
            continue
        leg = by_record[record_id]
        assert rows_of["gross_amount"]["mechanism"] == "gross_amount.follows"
        assert Decimal(leg["gross_amount"]) == int(leg["quantity"]) * Decimal(leg["price"])
        followed += 1
    assert followed > 200


def test_fills_share_out_the_amount_of_the_whole(both: tuple[list[Row], list[Row]]) -> None:
    records, truth = both
    split = {
        (row["trade_id"], row["leg"]): int(row["altered"])
        for row in truth
        if row["mechanism"] == "record.split"
    }
    others = Counter(row["trade_id"] for row in truth)
    pairs, checked = by_id(records), 0
    for (trade_id, _leg), count in split.items():
        legs = pairs[trade_id] if checked < 50 and others[trade_id] == 1 else []
        if not legs:
            continue
        own = Counter(row["quantity"] for row in legs)
        assert len(legs) == count + 1
        total = max(legs, key=lambda row: int(row["quantity"]))
        fills = [row for row in legs if row is not total]
        assert sum(int(row["quantity"]) for row in fills) == int(total["quantity"]), own
        assert sum(Decimal(row["gross_amount"]) for row in fills) == Decimal(total["gross_amount"])
        checked += 1
    assert checked


def test_fills_share_out_an_amount_although_what_it_comes_from_is_missing() -> None:
    columns = [COLUMNS[5], {"name": "units", "kind": "decimal", "places": 0, "product": ["quantity", "lots"]}]
    mechanisms = {"lots.blank": 1, "record.split": 1}
    records, truth = written(
        columns=columns, mechanisms=mechanisms, pairs=40, mismatch_rate=1, fields_per_pair=[0, 1]
    )
    lots = {row["trade_id"]: int(row["original"]) for row in truth if row["field"] == "lots"}
    fills = [row for row in records if not row["lots"]]
    assert len(fills) > len(lots) == 40
    for row in fills:
        assert int(row["units"]) == int(row["quantity"]) * lots[row["trade_id"]]


def test_the_share_that_is_not_recomputed_keeps_its_amount() -> None:
    columns = [{**COLUMNS[3], "not_recomputed": 0.25}]
    _, truth = written(columns=columns, mechanisms={"quantity.nudge": 1}, mismatch_rate=1)
    nudged = sum(row["mechanism"] == "quantity.nudge" for row in truth)
    follows = sum(row["mechanism"] == "gross_amount.follows" for row in truth)
    # A binomial share of 20,000 legs: twelve standard deviations.
    assert nudged == 20_000
    assert abs(follows / nudged - 0.75) < 12 * (0.25 * 0.75 / nudged) ** 0.5


@pytest.mark.slow
def test_columns_of_its_own_move_no_other_value() -> None:
    house = {"columns": [], "mechanisms": {"quantity.nudge": 1, "price.nudge": 1}}
    plain, _ = written(**house)
    records, _ = written(mechanisms=house["mechanisms"])
    names = plain[0].keys() - {"record_id"}
    assert [{name: row[name] for name in names} for row in records] == [
        {name: row[name] for name in names} for row in plain
    ]


@pytest.mark.parametrize("mechanism", OWN)
def test_one_mechanism_alters_its_own_column_alone(mechanism: str) -> None:
    _, truth = written(mechanisms={mechanism: 1}, pairs=500, mismatch_rate=1, date="2025-07-08")
    assert {row["mechanism"] for row in truth} == {mechanism}
    assert {row["field"] for row in truth} == {mechanism.partition(".")[0]}
    assert len(truth) > 200


def test_a_missing_value_is_null_and_its_difference_too() -> None:
    blanks = {name: 1 for name in OWN if name.endswith(".blank")}
    batch = generate(**(ALL | {"mechanisms": blanks, "pairs": 2_000, "mismatch_rate": 1}))
    truth = batch.truth
    assert (truth["altered"] == "").all()
    assert truth["delta"].isna().all()
    for column in COLUMNS[:-1]:
        name = column["name"]
        missing = int((truth["field"] == name).sum())
        assert missing
        assert int(batch.trades[name].isna().sum()) == missing


def test_a_reference_without_a_prefix_may_be_missing() -> None:
    _, truth = written(
        columns=[{"name": "ref", "kind": "reference"}],
        mechanisms={"ref.blank": 1},
        pairs=20,
        mismatch_rate=1,
        date="2025-07-08",
    )
    assert [(row["altered"], len(row["original"])) for row in truth] == [("", 10)] * 20


@pytest.mark.parametrize("form", ["json", "ndjson", "parquet"])
def test_every_format_says_the_same_of_them(form: str) -> None:
    arguments = ALL | {"pairs": 300}
    plain = written_files("csv", **arguments)
    for name, content in written_files(form, **arguments).items():
        if form == "parquet":
            records = pq.read_table(pa.BufferReader(content)).to_pylist()
            found = [
                {key: "" if value is None else _text(key, value) for key, value in row.items()}
                for row in records
            ]
        else:
            found = rows(content.decode(), form)
        expected = rows(plain[name].decode())
        for row in expected:
            if form == "parquet" and row.get("delta"):
                row["delta"] = _text("delta", Decimal(row["delta"]))
        assert found == expected


def _text(column: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # Parquet has six decimal places for any difference. Text files print as many as the field has.
    return f"{value.normalize():f}" if column == "delta" else str(value)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no kind": ({"name": "x"}, "column x: kind is None; expected one of code, integer"),
    "an unknown kind": ({"name": "x", "kind": "money"}, "kind is 'money'"),
    "a name of the house": ({"name": "price", "kind": "code", "value": "a"}, "name is price, which is taken"),
    "no names": ({"name": "x", "kind": "code"}, "no names are given; expected one of value"),
    "names twice over": (
        {"name": "x", "kind": "code", "value": "a", "codes": 3},
        "value and codes are given together",
    ),
    "weights that do not fit": (
        {"name": "x", "kind": "code", "values": ["a", "b"], "weights": [1]},
        "weights has 1 and values 2",
    ),
    "a decimal without places": ({"name": "x", "kind": "decimal", "min": 1, "max": 2}, "places is missing"),
    "a product of a name": (
        {"name": "x", "kind": "decimal", "places": 2, "product": ["ticker", "price"]},
        "product names 'ticker', which is no column of drawn numbers",
    ),
    "a number past the places": (
        {"name": "x", "kind": "decimal", "places": 2, "min": 0.001, "max": 2},
        "min is 0.001; expected a number above 0 with up to 2 decimals",
    ),
    "a range upside down": ({"name": "x", "kind": "integer", "min": 3, "max": 2}, "min is 3 and max is 2"),
    "a column of tickers that is not there": (
        {"name": "x", "kind": "code", "from": "isin"},
        "the tickers have no such column",
    ),
    "a name that is none": ({"name": "X y", "kind": "code", "value": "a"}, "a name of 1 to 40 small letters"),
}


@pytest.mark.parametrize(("column", "message"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_cannot_be_is_refused_with_a_sentence(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        generate(columns=[column], date=FRIDAY, seed=1)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_mechanisms_are_those_of_the_columns_kind() -> None:
    with pytest.raises(ScenarioError, match=r"currency\.nudge.*unknown"):
        Scenario(columns=COLUMNS, mechanisms={"currency.nudge": 1})
    with pytest.raises(ScenarioError, match=r"gross_amount\.follows.*takes no weight"):
        Scenario(columns=COLUMNS, mechanisms={"gross_amount.follows": 1})
    with pytest.raises(ScenarioError, match=r"our_ref\.blank.*unknown"):
        Scenario(columns=COLUMNS, mechanisms={"our_ref.blank": 1})


def test_an_isin_comes_from_the_tickers(tmp_path: Any) -> None:
    universe = tmp_path / "tickers.csv"
    universe.write_text("ticker,price,isin\nAAPL,154.00,US0378331005\nMSFT,300.00,US5949181045\n")
    columns = [{"name": "isin", "kind": "code", "from": "isin"}]
    batch = generate(tickers=universe, columns=columns, date=FRIDAY, seed=1, pairs=200)
    found = {*zip(batch.trades["ticker"], batch.trades["isin"], strict=True)}
    assert found == {("AAPL", "US0378331005"), ("MSFT", "US5949181045")}
    again = generate(**batch.manifest["replay"])
    assert again.manifest["digests"] == batch.manifest["digests"]


@pytest.mark.parametrize("name", ["settlement", "dirty_text"])
def test_the_named_scenarios_with_columns_of_their_own_are_proved(name: str, tmp_path: Any) -> None:
    scenario = Scenario.load(name)
    run = prepare(scenario, pairs=3_000, mismatch_rate=0.3, seed=3, date=FRIDAY)
    manifest = write_dataset(run, tmp_path / "set")
    assert not verify_dataset(open_dataset(str(tmp_path / "set"))).findings
    altered = {column for column, count in manifest["counts"]["by_field"].items() if count}
    assert altered >= {name.partition(".")[0] for name in scenario.mechanisms}


def test_everything_keyed_is_everything_but_for_mechanisms_of_whole_records() -> None:
    everything, keyed = (Scenario.load(name).to_dict() for name in ("everything", "everything_keyed"))
    mechanisms = everything["mechanisms"]
    everything["mechanisms"] = {
        name: weight for name, weight in mechanisms.items() if not name.startswith("record.")
    }
    assert keyed == everything
    assert len(mechanisms) == len(keyed["mechanisms"]) + 3
