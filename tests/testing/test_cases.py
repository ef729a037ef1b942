"""Trade cases: what they hand out, what they take as findings, and what they say when a score falls short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scoring_reference import Reference

from tradegen import ScenarioError
from tradegen.errors import CaseError, ScoringError
from tradegen.scoring.evaluation import explain
from tradegen.scoring.requirements import requirement
from tradegen.testing import TradeCase, make_case
from tradegen.testing.engine_findings import as_findings

# What is known before anything is altered: each of ten pairs is 100 shares of AAPL at 100.00, traded on
# 2025-07-21, at 10:00:00, between BKR001 and BKR002.
PLAIN: dict[str, Any] = {
    "pairs": 10,
    "tickers": {"AAPL": "100.00"},
    "price_band": 0,
    "quantity_min": 100,
    "quantity_max": 100,
    "brokers": 2,
    "start": "10:00:00",
    "end": "10:00:01",
    "buy_share": 1.0,
    "fields_per_pair": [1.0],
}
IDS = [f"tid{number:08d}" for number in range(1, 11)]


def booked_late(**more: Any) -> TradeCase:
    """Ten pairs, all of whose BUY legs are dated 2025-07-22."""
    return make_case(**{**PLAIN, "mechanisms": {"date.next_session": 1}, "mismatch_rate": 1.0, **more})


def within_tolerance(**more: Any) -> TradeCase:
    """Ten pairs, all of whose BUY legs are a tick off, which is within tolerance."""
    price = {
        "mechanisms": {"price.tick": 1},
        "settings": {"price.tick": {"min": 1, "max": 1}},
        "tolerances": {"price": {"ticks": 2}},
    }
    return make_case(**{**PLAIN, **price, "mismatch_rate": 0.0, "benign_rate": 1.0, **more})


def refusal(case: TradeCase, findings: Any, **bounds: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        case.assert_score(findings, **bounds)
    return str(caught.value)


def brokers_aside(text: str) -> str:
    return re.sub(r"BKR00[12]", "BKR", text)


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


def test_a_mistyped_id_shows_both_of_its_records_and_either_id_finds_it() -> None:
    case = make_case(**{**PLAIN, "pairs": 1}, mechanisms={"trade_id.mistyped": 1}, mismatch_rate=1.0)
    [mistyped] = case.truth["altered"]
    text = refusal(case, [])
    assert f"BUY trade_id.mistyped: tid00000001 -> {mistyped}" in text
    assert f"       BUY   {mistyped}  AAPL" in text
    assert "       SELL  tid00000001  AAPL" in text
    case.assert_score([mistyped])
    case.assert_score(["tid00000001"])


def test_the_recall_of_one_mechanism_can_be_asked_for() -> None:
    case = booked_late()
    case.assert_score(IDS[:9], mechanisms={"date.next_session": 0.9})
    text = refusal(case, IDS[:9], mechanisms={"date.next_session": 0.95})
    first = "recall of date.next_session is 0.9000, expected at least 0.95: 9 of 10 truth rows found"
    assert text.splitlines()[0] == first
    assert "tid00000010 BUY date.next_session" in text


def test_a_share_is_not_rounded_to_where_it_would_seem_to_do() -> None:
    case = booked_late(pairs=20_001)
    text = refusal(case, [f"tid{number:08d}" for number in range(1, 20_001)], recall=1)
    assert text.splitlines()[0].startswith("recall is 0.9999, expected at least 1: 20,000 of 20,001 ")


def test_without_a_bound_a_perfect_score_is_asked_for() -> None:
    case = booked_late()
    assert case.assert_score(IDS).pairs.recall == 1
    assert "recall is 0.9000, expected at least 1" in refusal(case, IDS[:9])


def test_a_false_alarm_rate_is_not_rounded_to_where_it_would_seem_to_do() -> None:
    clean = make_case(**{**PLAIN, "pairs": 20_001}, mismatch_rate=0.0)
    text = refusal(clean, [IDS[0]], false_alarm_rate=0)
    first = "false_alarm_rate is 0.0001, expected at most 0: 1 of 20,001 pairs without a mismatch reported"
    assert text.splitlines()[0] == first


def test_a_bound_is_shown_with_all_of_its_digits() -> None:
    text = refusal(booked_late(), IDS[:9], f1=0.9999999)
    first = "f1 is 0.9473, expected at least 0.9999999: 9 of 10 mismatched pairs found, 9 pairs reported"
    assert text.splitlines()[0] == first


def test_nothing_to_find_and_nothing_reported_is_right() -> None:
    make_case(**PLAIN, mismatch_rate=0.0).assert_score([], recall=1, precision=1, field_recall=1)


@pytest.mark.parametrize("name", ["recall", "precision", "f1", "field_recall"])
def test_where_there_is_nothing_to_find_silence_is_right_by_every_measure(name: str) -> None:
    score = make_case(**PLAIN, mismatch_rate=0.0).assert_score([], **{name: 1})
    assert requirement(name, "1").missed(score) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("precision", "nothing was reported"),
        ("field_precision", "nothing was reported"),
    ],
)
def test_where_there_is_something_to_find_silence_has_no_precision(name: str, why: str) -> None:
    sentence = f"{name} cannot be measured, expected at least 1: {why}"
    assert refusal(booked_late(), [], **{name: 1}).splitlines()[0] == sentence
    assert requirement(name, "1").missed(booked_late().score(as_findings([]))) == sentence


@pytest.mark.parametrize(
    ("findings", "bounds", "sentence"),
    [
        (None, {}, "findings is None; expected trade ids"),
        (3, {}, "findings is 3; expected trade ids"),
        ({"tid00000001": "price"}, {}, "findings is {'tid00000001': 'price'}; expected trade ids"),
        ([1, 2], {}, "a finding is 1; expected a trade id, (trade_id, field) or a dict"),
        ([("tid00000001", 3)], {}, "a finding is ('tid00000001', 3), whose field is no text; expected text"),
        (IDS, {"recall": 99}, "recall is required to be 99; expected a share from 0 to 1"),
        (IDS, {"field_recall": 1}, "field_recall is asked for, and the findings name no field"),
        (IDS, {"mechanisms": {"date.next": 1}}, "did you mean date.next_session?"),
        (IDS, {"mechanisms": {"price.tick": 1}}, "no mismatch by it; expected one of: date.next_session"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_sentence(
    findings: Any, bounds: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ScoringError) as caught:
        booked_late().assert_score(findings, **bounds)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def forms(folder: Path) -> dict[str, Any]:
    """The first eight pairs as late, in every form that findings have."""
    rows = [{"trade_id": name, "field": "date"} for name in IDS[:8]]
    frame = pd.DataFrame(rows)
    paths = {form: folder / f"findings.{form}" for form in ("csv", "json", "ndjson", "parquet")}
    frame.to_csv(paths["csv"], index=False)
    paths["json"].write_text(json.dumps(rows))
    paths["ndjson"].write_text("".join(json.dumps(row) + "\n" for row in rows))
    frame.to_parquet(paths["parquet"])
    (folder / "parts").mkdir()
    for part in (0, 1):
        frame[4 * part : 4 * part + 4].to_csv(folder / "parts" / f"part-{part}.csv", index=False)
    import pyarrow as pa

    return {
        "ids": IDS[:8],
        "set": set(IDS[:8]),
        "series": frame["trade_id"],
        "generator": (name for name in IDS[:8]),
        "tuples": [(name, "date") for name in IDS[:8]],
        "legs": [(name, "date", "BUY") for name in IDS[:8]],
        "no field": [(name, None) for name in IDS[:8]],
        "mixed": [*IDS[:4], *((name, "date") for name in IDS[4:8])],
        "dicts": rows,
        "frame": frame,
        "arrow": pa.Table.from_pandas(frame),
        **paths,
        "folder": folder / "parts",
        "text path": str(paths["csv"]),
    }


def test_findings_are_taken_in_any_form_and_say_the_same(tmp_path: Path) -> None:
    for name, findings in forms(tmp_path).items():
        text = refusal(booked_late(), findings, recall=1)
        assert "recall is 0.8000, expected at least 1: 8 of 10 mismatched pairs found" in text, name
        assert "missed: 2 truth rows of 2 pairs" in text, name


def test_findings_with_names_of_their_own_are_translated() -> None:
    findings = [{"TradeRef": name, "What": "TradeDate"} for name in IDS[:9]]
    names = {"columns": {"trade_id": "TradeRef", "field": "What"}, "fields": {"date": "TradeDate"}}
    text = refusal(booked_late(), findings, field_recall=1, **names)
    assert "field_recall is 0.9000" in text
    assert "missed: 1 truth row of 1 pair" in text


def test_an_engine_that_changes_its_input_changes_nothing_of_the_case() -> None:
    for view in ("single", "counterparty", "two_system"):
        case = booked_late(view=view)
        before = {name: table.copy() for name, table in case.lists.items()}
        truth = case.truth
        for table in [*case.lists.values(), *(getattr(case, name) for name in before)]:
            table["quantity"] = 0
            table.loc[:, "price"] = 0.0
            del table["trade_id"]
        del case.truth["field"]
        case.manifest["replay"]["seed"] = 99
        assert all(case.lists[name].equals(table) for name, table in before.items())
        assert case.truth.equals(truth)
        assert case.manifest["replay"]["seed"] == 0
        with pytest.raises(AttributeError):
            case.batch = None  # type: ignore[misc]


def test_a_list_of_another_view_is_refused() -> None:
    with pytest.raises(CaseError, match="the view counterparty has no list trades; expected buy and sell"):
        _ = booked_late(view="counterparty").trades
    with pytest.raises(CaseError, match="the view single has no list ours; expected trades"):
        _ = booked_late().ours


def test_files_hold_the_lists_and_not_the_truth(tmp_path: Path) -> None:
    case = booked_late(view="counterparty", folder=tmp_path)
    for form, read in {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}.items():
        for name in ("buy", "sell"):
            path = case.path(name, format=form)
            assert path == tmp_path / f"{name}.{form}"
            assert read(path)["trade_id"].tolist() == case.lists[name]["trade_id"].tolist()
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["buy"] * 3 + ["sell"] * 3
    assert len(booked_late().path(folder=tmp_path).read_text().splitlines()) == 21


def test_files_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    case = booked_late(view="counterparty", folder=tmp_path)
    with pytest.raises(CaseError, match=r"names no list, and the view has two; expected buy or sell"):
        case.path()
    with pytest.raises(CaseError, match=r"format cvs is unknown; did you mean csv\?"):
        case.path("buy", format="cvs")
    with pytest.raises(CaseError, match=r"no folder to write to; expected folder=tmp_path"):
        booked_late().path()


def test_a_case_is_the_same_each_time_and_prints_as_the_call_that_makes_it() -> None:
    case = make_case("hard", pairs=60, seed=3, view="two_system")
    assert repr(case) == "make_case('hard', pairs=60, seed=3, view='two_system')"
    again: TradeCase = eval(repr(case))
    assert again.manifest == case.manifest
    assert make_case(pairs=4).scenario.date is not None
    assert str(make_case(pairs=4).scenario.date) == "2025-07-21"
    assert repr(make_case()) == "make_case('original', pairs=15, seed=0)"


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ScenarioError, match=r"seed is .*; expected a whole number from 0"):
        make_case(seed=seed)


FIELDS = ["quantity", "price", "date", "trade_timestamp", "ticker", "broker_id", "contra_broker_id"]
FIELDS += ["order_type", "trade_id", "record", "missing", "split", "orphan", ""]


@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
@pytest.mark.parametrize("seed", range(4))
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
