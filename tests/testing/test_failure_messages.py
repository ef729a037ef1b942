"""What a case says when a score falls short: the numbers, then what was missed, with its records."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from scoring_reference import Reference
from sizes import chosen
from small_cases import IDS, PLAIN, booked_late, brokers_aside, refusal, within_tolerance

from tradegen.scoring.evaluation import explain
from tradegen.testing import make_case
from tradegen.testing.engine_findings import as_findings


def test_the_message_shows_the_numbers_then_what_was_missed_with_both_records() -> None:
    text = brokers_aside(refusal(booked_late(), IDS[:8], recall=0.99, precision=1.0))
    assert text.splitlines() == [
        "recall is 0.8000, expected at least 0.99: 8 of 10 mismatched pairs found",
        "met: precision 1.0000 (8 of 8 reported pairs right)",
        "",
        "missed: 2 truth rows of 2 pairs",
        "  date.next_session  2 of 10",
        "",
        "  1.   tid00000009 BUY date.next_session: 2025-07-21 -> 2025-07-22 (1 day)",
        "       BUY   tid00000009  AAPL  BKR  BKR  100  100.00  BUY   2025-07-22  2025-07-21 10:00:00",
        "       SELL  tid00000009  AAPL  BKR  BKR  100  100.00  SELL  2025-07-21  2025-07-21 10:00:00",
        " " * 67 + "^^^^^^^^^^ date",
        "",
        "  2.   tid00000010 BUY date.next_session: 2025-07-21 -> 2025-07-22 (1 day)",
        "       BUY   tid00000010  AAPL  BKR  BKR  100  100.00  BUY   2025-07-22  2025-07-21 10:00:00",
        "       SELL  tid00000010  AAPL  BKR  BKR  100  100.00  SELL  2025-07-21  2025-07-21 10:00:00",
        " " * 67 + "^^^^^^^^^^ date",
        "",
        f"The same case: from tradegen.testing import make_case; case = {booked_late()!r}",
    ]


def test_a_false_alarm_within_tolerance_is_said_to_be_so() -> None:
    text = refusal(within_tolerance(), [(name, "price") for name in IDS[:3]], precision=1.0)
    lines = text.splitlines()
    assert lines[0] == "precision is 0.0000, expected at least 1: 0 of 3 reported pairs right"
    assert "false alarms: 3 pairs" in lines
    assert "  price.tick, within tolerance  3" in lines
    [first] = [line for line in lines if line.startswith("  1.")]
    assert re.fullmatch(
        r"  1\.   tid00000001 reported as price: BUY price\.tick: "
        r"100\.00 -> (99\.99 \(-0\.01|100\.01 \(0\.01) dollars\), within tolerance",
        first,
    )


def test_a_false_alarm_on_a_clean_pair_and_an_id_of_nowhere_are_told_apart() -> None:
    clean = make_case(**PLAIN, mismatch_rate=0.0)
    text = refusal(clean, [IDS[4], "tid00000099"])
    assert "precision is 0.0000, expected at least 1: 0 of 2 reported pairs right" in text
    assert "false alarms: 1 pair\n  nothing differs  1" in text
    assert "false alarms: 1 id that the data does not have: tid00000099" in text
    assert "  1.   tid00000005 reported: nothing differs\n       BUY   tid00000005  AAPL" in text


def test_only_ten_pairs_are_shown_and_the_others_counted() -> None:
    text = refusal(booked_late(pairs=25), [], recall=1)
    assert "missed: 25 truth rows of 25 pairs" in text
    assert "  10.  tid00000010 BUY" in text
    assert "tid00000011" not in text
    assert "\n  and 15 more\n" in text


def test_of_many_one_pair_of_each_mechanism_is_shown_before_a_second_of_any() -> None:
    # 99 pairs are dated wrongly for one whose price is a tick off, wherever that is.
    weights = {"date.next_session": 99, "price.tick": 1}
    cases = (make_case(pairs=100, mismatch_rate=1.0, mechanisms=weights, seed=seed) for seed in range(20))
    case = next(case for case in cases if (case.truth["field"].iloc[60:] == "price").any())
    text = refusal(case, [])
    assert re.search(r"  \d+\. +tid\d{8} (BUY|SELL) price\.tick: ", text)
    assert len(re.findall(r"^  \d+\. +tid", text, re.MULTILINE)) == 10


@pytest.mark.slow
def test_a_field_that_was_named_wrongly_is_shown_with_what_was_said_instead() -> None:
    findings = [(name, "date") for name in IDS[:9]] + [(IDS[9], "price")]
    case = booked_late()
    case.assert_score(findings, recall=1, precision=1)  # by pair, all is well
    text = refusal(case, findings, field_recall=1, field_precision=1)
    lines = text.splitlines()
    assert lines[0] == "field_recall is 0.9000, expected at least 1: 9 of 10 mismatched fields found"
    assert lines[1] == "field_precision is 0.9000, expected at least 1: 9 of 10 reported fields right"
    assert lines[3] == "missed: 1 truth row of 1 pair"
    assert lines[6].endswith("2025-07-21 -> 2025-07-22 (1 day) (reported as price)")
    assert "wrong fields: 1 pair" in lines
    # What was invented is shown where it is asked for, and only there.
    assert "wrong fields: 1 pair" not in refusal(case, findings, field_recall=1)
    assert "wrong fields: 1 pair" in refusal(case, findings, field_precision=1)


@pytest.mark.parametrize("mechanism", ["record.missing", "record.duplicate"])
def test_records_that_are_missing_or_double_are_shown_as_such(mechanism: str) -> None:
    case = make_case(**{**PLAIN, "pairs": 1}, mechanisms={mechanism: 1}, mismatch_rate=1.0)
    text = refusal(case, [])
    if mechanism == "record.missing":
        assert "  1.   tid00000001 BUY record.missing: 1 -> 0 records\n" in text
        assert "       BUY   (no record)\n" in text
    else:
        assert "  1.   tid00000001 BUY record.duplicate: 1 -> 2 records\n" in text
        assert text.count("       BUY   tid00000001  AAPL") == 2
    assert text.count("       SELL  tid00000001  AAPL") == 1


@pytest.mark.slow
def test_a_mistyped_id_shows_both_of_its_records_and_either_id_finds_it() -> None:
    case = make_case(**{**PLAIN, "pairs": 1}, mechanisms={"trade_id.mistyped": 1}, mismatch_rate=1.0)
    [mistyped] = case.truth["altered"]
    text = refusal(case, [])
    assert f"BUY trade_id.mistyped: tid00000001 -> {mistyped}" in text
    assert f"       BUY   {mistyped}  AAPL" in text
    assert "       SELL  tid00000001  AAPL" in text
    case.assert_score([mistyped])
    case.assert_score(["tid00000001"])


FIELDS = ["quantity", "price", "date", "trade_timestamp", "ticker", "broker_id", "contra_broker_id"]
FIELDS += ["order_type", "trade_id", "record", "missing", "split", "orphan", ""]


@pytest.mark.parametrize(
    ("view", "seed"),
    chosen(
        itertools.product(["single", "counterparty", "two_system"], range(4)),
        [("single", 0), ("counterparty", 1), ("two_system", 2), ("single", 3)],
    ),
)
def test_the_rows_of_a_message_are_those_of_the_plain_reference(view: str, seed: int) -> None:
    case = make_case("everything", pairs=400, seed=seed, view=view)
    random = np.random.default_rng(seed)
    ids = [*case.batch.trades["trade_id"].unique(), "tid77777777", "tid88888888"]
    truth = case.truth
    right = truth.loc[random.random(len(truth)) < 0.5, ["trade_id", "field"]].astype(str).to_numpy().tolist()
    wrong = [[random.choice(ids), random.choice(FIELDS)] for _ in range(150)]
    findings = as_findings([tuple(map(str, row)) for row in right + wrong])
    reference = Reference(
        truth.to_dict("records"), findings.to_dict("records"), case.batch.run.first_id, 400, view, None, None
    )
    details = explain(case.batch, findings)

    def keys(rows: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        return {
            tuple(row[name] for name in ("trade_id", "leg", "field", "mechanism", "benign")) for row in rows
        }

    reported, named = reference.reported, reference.named
    mismatches = [row for row in reference.truth if not row["benign"]]
    counted = [row for row in mismatches if not reference.behind(row)]
    unnamed = [row for row in counted if not named.get(row["trade_id"], set()) & set(reference.names(row))]
    assert details.unreported == keys(row for row in mismatches if row["trade_id"] not in reported) > set()
    assert details.unnamed == keys(unnamed) > set()
    assert details.unfound == keys(row for row in counted if not reference.found(row)) > set()
    assert set(details.named) == reported & reference.known
    assert set(details.false_alarms) == (reported & reference.known) - reference.expected > set()
    assert set(details.unknown) == reported - reference.known > set()
    false_fields = {
        (pair, reference.fold(field)) for pair, fields in details.false_fields.items() for field in fields
    }
    alarms = sum(outcome.false_alarms for outcome in reference.by_field().values())
    assert len(false_fields) == alarms > 0


@pytest.mark.slow
def test_the_message_shows_missing_values_of_own_columns_and_what_follows_on_others() -> None:
    case = make_case(
        pairs=4,
        date="2025-07-18",
        columns=[
            {"name": "account", "kind": "code", "codes": 20, "prefix": "ACC"},
            {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
            {"name": "our_ref", "kind": "reference", "own": True},
        ],
        mismatch_rate=1.0,
        mechanisms={"account.blank": 1, "quantity.nudge": 1},
        fields_per_pair=[0.0, 1.0],
    )
    rows = {row["field"]: row for row in case.truth.head(3).to_dict("records")}
    quantity, amount = rows["quantity"], rows["gross_amount"]
    ids = case.truth["trade_id"].unique()
    text = refusal(case, [(one, "quantity") for one in ids], field_recall=1.0)
    assert f"{amount['leg']} gross_amount.follows: {amount['original']} -> {amount['altered']}" in text
    assert f"({amount['delta']:.2f}) (reported as quantity)" in text
    assert f"account.blank: {rows['account']['original']} -> (blank) (reported as quantity)" in text
    # Both records with all of their columns, and below these the marks of the fields that were missed.
    assert re.search(r"\^+ +\^+ account gross_amount$", text, re.MULTILINE)
    assert case.score(case.truth[["trade_id", "field"]]).fields == case.score(case.truth).fields
    assert quantity["mechanism"] == "quantity.nudge"
