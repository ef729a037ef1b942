"""Scores of runs whose scenario adds columns: a truth written by hand, and what counts of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scoring_files import frame, said

from tradegen import generate, score
from tradegen.errors import ScoringError
from tradegen.scoring import Outcome, Recall, Score
from tradegen.scoring.requirements import requirement

# Pair: what is wrong with it.
#  1   quantity, and the gross amount that follows from it
#  2   price, whose gross amount was not worked out anew
#  3   gross amount, by a digit
#  4   account missing
#  5   settlement date, which follows on the date
#  6   booked 90 seconds late
#  7   lots, by 5
#  8   gross amount missing
#  9   nothing; and so for 10
TRUTH = """\
trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause,record_id
tid00000001,BUY,quantity,quantity.nudge,100,103,3,false,1000.00,,
tid00000001,BUY,gross_amount,gross_amount.follows,1000.00,1030.00,30.00,false,1000.00,,
tid00000002,BUY,price,price.nudge,10.00,10.50,0.50,false,1000.00,,
tid00000003,SELL,gross_amount,gross_amount.digit_swap,1200.00,2100.00,900.00,false,1200.00,,
tid00000004,SELL,account,account.blank,ACC001,,,false,1000.00,,
tid00000005,BUY,date,date.next_session,2025-07-18,2025-07-21,3,false,1000.00,,
tid00000005,BUY,settlement_date,settlement_date.follows,2025-07-21,2025-07-22,1,false,1000.00,,
tid00000006,BUY,booked_at,booked_at.delay,2025-07-18 10:00:00,2025-07-18 10:01:30,90,false,1000.00,,
tid00000007,BUY,lots,lots.nudge,100,105,5,false,1000.00,,
tid00000008,BUY,gross_amount,gross_amount.blank,1000.00,,,false,1000.00,,
"""
COLUMNS: list[dict[str, Any]] = [
    {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 1},
    {"name": "account", "kind": "code", "codes": 9, "prefix": "ACC"},
    {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "fee", "kind": "decimal", "places": 4, "min": 1, "max": 2},
    {"name": "lots", "kind": "integer", "min": 1, "max": 500},
    {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp"},
    {"name": "our_ref", "kind": "reference", "own": True},
]
MANIFEST: dict[str, Any] = {
    "replay": {"scenario": {"pairs": 10, "view": "single", "columns": COLUMNS}, "first_id": 1}
}


def scored(findings: pd.DataFrame, **others: Any) -> Score:
    return score(frame(TRUTH), findings, **{"manifest": MANIFEST, **others})


def by_field(found: Score) -> dict[str, Outcome]:
    return {name: value for name, value in found.by["field"].items() if isinstance(value, Outcome)}


def test_whoever_reports_the_quantity_alone_misses_the_amount_that_follows() -> None:
    found = scored(said((1, "quantity")))
    assert found.pairs.found == 1
    assert by_field(found)["quantity"] == Outcome(expected=1, found=1)
    assert by_field(found)["gross_amount"] == Outcome(expected=3, found=0)


def test_whoever_reports_the_amount_alone_misses_the_quantity_and_invents_nothing() -> None:
    found = scored(said((1, "gross_amount")))
    assert found.pairs.found == 1
    assert found.by["mechanism"]["gross_amount.follows"] == Recall(1, 1)
    assert found.by["mechanism"]["quantity.nudge"] == Recall(1, 0)
    assert found.fields is not None
    assert (found.fields.found, found.fields.false_alarms) == (1, 0)


def test_whoever_reports_quantity_and_amount_has_named_all_of_the_pair() -> None:
    found = scored(said((1, "quantity"), (1, "gross_amount")))
    assert (found.several.all, found.several.some, found.several.none) == (1, 0, 1)


def test_an_amount_that_was_not_worked_out_anew_is_a_false_alarm() -> None:
    assert by_field(scored(said((2, "price"), (2, "gross_amount"))))["gross_amount"].false_alarms == 1


def test_a_missing_value_counts_for_its_field() -> None:
    found = scored(said((4, "account"), (8, "gross_amount")))
    assert by_field(found)["account"] == Outcome(expected=1, found=1)
    assert by_field(found)["gross_amount"] == Outcome(expected=3, found=1)


def test_a_column_that_differs_on_every_record_is_a_false_alarm_as_is_a_clean_one() -> None:
    fields = by_field(scored(said((9, "our_ref"), (10, "fee"))))
    assert fields["our_ref"] == fields["fee"] == Outcome(false_alarms=1)


def test_confusion_names_the_column_and_what_it_was_taken_for() -> None:
    found = scored(said((3, "fee"), (4, "account"), (9, "lots")))
    assert found.confusion["gross_amount"] == {"fee": 1, "(not reported)": 1}
    assert found.confusion["account"] == {"account": 1}
    assert found.confusion["(clean)"] == {"lots": 1}


@pytest.mark.parametrize(
    ("field", "unit", "place"),
    [
        ("gross_amount", "units", 20.0),  # 30.00
        ("gross_amount", "units", 500.0),  # 900.00
        ("gross_amount", "bps", 200.0),  # 30.00 of 1,000.00 are 300
        ("gross_amount", "bps", 5_000.0),  # 900.00 of 1,200.00 are 7,500
        ("settlement_date", "days", 1.0),
        ("booked_at", "seconds", 50.0),  # 90
        ("lots", "units", 5.0),
    ],
)
def test_sizes_of_own_columns_have_a_scale_of_their_own(field: str, unit: str, place: float) -> None:
    curve = next(one for one in scored(said(1)).detection if (one.field, one.unit) == (field, unit))
    assert curve.points[place].expected == 1


def test_a_missing_value_has_no_size() -> None:
    curve = next(one for one in scored(said(1)).detection if one.field == "gross_amount")
    assert sum(point.expected for point in curve.points.values()) == 2


def test_a_missing_value_is_to_be_reported_whatever_the_tolerance() -> None:
    found = scored(said((1, "gross_amount"), (8, "gross_amount")))
    sweep = next(one for one in found.tolerance_sweep if (one.field, one.unit) == ("gross_amount", "units"))
    assert sweep.points[0.0] == Outcome(expected=3, found=2)
    # 30.00 is within 50 and 900.00 is not; the amount of pair 8 is missing.
    assert sweep.points[50.0] == Outcome(expected=2, found=1, false_alarms=1)
    assert sweep.points[1_000.0] == Outcome(expected=1, found=1, false_alarms=1)


def test_without_a_manifest_the_truth_says_which_columns_there_are() -> None:
    findings = said((1, "gross_amount"), (5, "settlement_date"), (7, "lots"), (9, "account"))
    with_manifest, without = scored(findings), scored(findings, manifest=None)
    assert by_field(without) == by_field(with_manifest)
    assert without.confusion == with_manifest.confusion
    sizes = {(one.field, one.unit): dict(one.points) for one in without.detection}
    assert sizes == {(one.field, one.unit): dict(one.points) for one in with_manifest.detection}


def test_a_column_that_the_truth_does_not_name_needs_the_manifest() -> None:
    with pytest.raises(ScoringError) as caught:
        scored(said((9, "fee")), manifest=None)
    assert str(caught.value).endswith(
        "to leave out what is no field, give --ignore-field fee; if the scenario has such a column, "
        "--manifest says so"
    )


def test_a_field_of_the_truth_whose_mechanisms_are_not_its_own_is_refused() -> None:
    text = TRUTH.replace(",lots,lots.nudge", ",lots,quantity.nudge")
    with pytest.raises(ScoringError, match="field cannot be used in 1 row of the truth frame; expected one"):
        score(frame(text), said(1))


def test_a_manifest_with_columns_that_are_none_is_refused() -> None:
    manifest = {
        "replay": {"scenario": {"pairs": 10, "columns": [{"name": "x", "kind": "odd"}]}, "first_id": 1}
    }
    with pytest.raises(ScoringError) as caught:
        scored(said(1), manifest=manifest)
    assert str(caught.value) == (
        "columns in the manifest cannot be read: column x: kind is 'odd'; expected one of code, integer, "
        "decimal, date, timestamp, text, reference"
    )


def test_an_amount_that_follows_is_within_tolerance_where_the_quantity_is() -> None:
    found = scored(said((1, "gross_amount")), tolerances={"quantity": 3})
    assert found.pairs.expected == 7
    assert by_field(found)["gross_amount"] == Outcome(expected=2, found=0, false_alarms=1)


@pytest.mark.slow
def test_findings_may_hold_columns_of_the_records_and_be_chosen_by_them() -> None:
    findings = said((1, "gross_amount"), (4, "account"), account=["ACC001", ""], fee=["1.0000", "1.5000"])
    assert scored(findings).pairs.found == 2
    assert scored(findings, where="account != ACC001").pairs.found == 1
    assert scored(findings, ignore_fields=["gross_amount"]).pairs.found == 1


def test_fields_have_names_of_the_findings_own() -> None:
    found = scored(said((1, "GrossAmt")), fields={"gross_amount": "GrossAmt"})
    assert by_field(found)["gross_amount"].found == 1


def test_a_recall_may_be_required_of_a_mechanism_of_an_own_column() -> None:
    found = scored(said((1, "quantity")))
    missed = requirement("recall.gross_amount.follows", "1").missed(found)
    assert missed is not None
    assert "0 of 1 truth rows found" in missed
    with pytest.raises(ScoringError, match=r"did you mean price\.nudge"):
        requirement("recall.price.nudges", "1")


def test_links_between_trades_that_differ_in_an_own_column_alone_are_false() -> None:
    own = [{"name": "account", "kind": "code", "codes": 9_000, "prefix": "A"}]
    # One ticker, price and second, so that trades are alike but for their account.
    window = {"start": "10:00:00", "end": "10:00:01", "quantity_max": 1, "brokers": 2, "price_band": 0.0001}
    given: dict[str, Any] = {
        **window, "pairs": 40, "mismatch_rate": 0.0, "tickers": {"AAPL": 10.0}, "seed": 1, "first_id": 1,
        "date": "2025-07-18",
    }  # fmt: skip
    alike, told_apart = generate(**given), generate(**given, columns=own)
    for batch, false in ((alike, False), (told_apart, True)):
        trades = batch.trades.drop(columns="trade_id")
        same = trades[batch.trades["order_type"] == "BUY"].drop(columns="account", errors="ignore")
        groups = same.groupby(list(same.columns), observed=True).groups
        first, second, *_ = batch.trades.loc[max(groups.values(), key=len), "trade_id"]
        found = score(batch, pd.DataFrame({"trade_id": [first], "linked_trade_id": [second]}))
        assert found.links is not None
        assert (found.links.outcome.false_alarms, found.links.interchangeable) == (
            (1, 0) if false else (0, 1)
        )


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_the_truth_of_a_run_with_every_kind_of_column_scores_perfectly_against_itself(
    form: str, tmp_path: Path
) -> None:
    given = {"pairs": 300, "seed": 3, "first_id": 1, "date": "2025-07-18", "mismatch_rate": 0.5}
    ways = {f"{one['name']}.blank": 1 for one in COLUMNS[:-1]}
    ways |= {"quantity.nudge": 1, "fee.sign": 1, "account.padded": 1, "lots.digit_swap": 1}
    batch = generate(columns=COLUMNS, mechanisms=ways, **given)  # type: ignore[arg-type]
    files = batch.write(
        tmp_path / f"t.{form}", truth=tmp_path / f"truth.{form}", manifest=tmp_path / "m.json"
    )
    assert files is not None or (tmp_path / "m.json").exists()
    assert json.loads((tmp_path / "m.json").read_text())["replay"]["scenario"]["columns"]
    found = score(
        tmp_path / f"truth.{form}",
        batch.truth[["trade_id", "field"]],
        trades=tmp_path / f"t.{form}",
        manifest=tmp_path / "m.json",
    )
    assert found.fields is not None
    assert found.fields.precision == found.fields.recall == found.pairs.recall == found.pairs.precision == 1.0
    assert found.fields.expected == len(batch.truth)
