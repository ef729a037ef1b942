"""Trade cases: what they hand out, what they take as findings, and what bounds they keep to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_cases import IDS, PLAIN, booked_late, refusal

from tradegen import ScenarioError
from tradegen.errors import CaseError, ScoringError
from tradegen.scoring.requirements import requirement
from tradegen.testing import TradeCase, make_case
from tradegen.testing.engine_findings import as_findings


def test_the_recall_of_one_mechanism_can_be_asked_for() -> None:
    case = booked_late()
    case.assert_score(IDS[:9], mechanisms={"date.next_session": 0.9})
    text = refusal(case, IDS[:9], mechanisms={"date.next_session": 0.95})
    first = "recall of date.next_session is 0.9000, expected at least 0.95: 9 of 10 truth rows found"
    assert text.splitlines()[0] == first
    assert "tid00000010 BUY date.next_session" in text


@pytest.mark.slow
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


@pytest.mark.slow
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
