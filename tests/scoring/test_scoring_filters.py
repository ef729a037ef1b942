"""Which findings are scored: conditions, ignored fields, and a warning if every pair is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scoring_files import MANIFEST, VIEWS, said, scored, tid

from tradegen import generate, pool, score
from tradegen.core.columns import TRADE_COLUMNS
from tradegen.scoring import Outcome

# Every pair with a status, as many tools report: 1 and 3 rightly as breaks, 9 wrongly, 4 as missing.
STATUS = {1: "BREAK", 3: "BREAK", 9: "BREAK", 4: "MISSING"}
EVERY_PAIR = pd.DataFrame(
    {
        "trade_id": [tid(number) for number in range(1, 11)],
        "Match Status": [STATUS.get(number, "MATCHED") for number in range(1, 11)],
        "Desk": ["A"] * 5 + ["B"] * 4 + [None],
    }
)


CONDITIONS: list[tuple[Any, Outcome, int]] = [
    # 7 of 10 pairs are mismatched: 1 to 6 and 8.
    ("Match Status != MATCHED", Outcome(7, 3, 1, 0, 3), 6),
    ("Match Status!=MATCHED", Outcome(7, 3, 1, 0, 3), 6),
    ("Match Status != 'MATCHED'", Outcome(7, 3, 1, 0, 3), 6),
    ("Match Status = BREAK", Outcome(7, 2, 1, 0, 3), 7),
    ("Match Status == BREAK", Outcome(7, 2, 1, 0, 3), 7),
    ("Match Status in BREAK, MISSING", Outcome(7, 3, 1, 0, 3), 6),
    ('Match Status in (MISSING, "BREAK")', Outcome(7, 3, 1, 0, 3), 6),
    ("Match Status in MISSING", Outcome(7, 1, 0, 0, 3), 9),
    ("Match Status != matched", Outcome(7, 7, 3, 0, 3), 0),
    ("Match Status = no such thing", Outcome(7, 0, 0, 0, 3), 10),
    ("Match Status != O'Brien's", Outcome(7, 7, 3, 0, 3), 0),
    (["Match Status != MATCHED", "Desk = A"], Outcome(7, 3, 0, 0, 3), 7),
    (["Match Status != MATCHED", "Desk != A"], Outcome(7, 0, 1, 0, 3), 9),
    # Pair 10 has no desk.
    ("Desk =", Outcome(7, 0, 1, 0, 3), 9),
    ("Desk != B", Outcome(7, 5, 1, 0, 3), 4),
    ("Desk in A, B", Outcome(7, 7, 2, 0, 3), 1),
    ("trade_id = tid00000001", Outcome(7, 1, 0, 0, 3), 9),
]
FILES = ("csv", "ndjson", "parquet")
# What is about the pair without a desk in every kind of file, since each has its own way to hold nothing. The
# others on the frame alone by default, and in a kind of file by turns: conditions are about the cells' texts.
IN_FORMS = [
    pytest.param(form, *condition, marks=[] if form == "frame" or desk else pytest.mark.large)
    for number, condition in enumerate(CONDITIONS)
    for desk in ["Desk" in str(condition[0])]
    for form in ("frame", *(FILES if desk else (FILES[number % 3],)))
]


@pytest.mark.parametrize(("form", "where", "pairs", "left_out"), IN_FORMS)
def test_only_findings_that_meet_every_condition_are_scored(
    tmp_path: Path, form: str, where: Any, pairs: Outcome, left_out: int
) -> None:
    path = tmp_path / f"f.{form}"
    if form == "csv":
        EVERY_PAIR.to_csv(path, index=False)
    elif form == "ndjson":
        EVERY_PAIR.to_json(path, orient="records", lines=True)
    elif form == "parquet":
        EVERY_PAIR.to_parquet(path)
    found = scored(EVERY_PAIR if form == "frame" else path, where=where)
    assert found.pairs == pairs
    assert (found.input.rows, found.input.left_out) == (10 - left_out, left_out)


def test_a_condition_on_a_column_of_ours_goes_by_its_own_name() -> None:
    findings = pd.DataFrame({"Ref": [tid(1), tid(9)], "Kind": ["Px", "Qty"]})
    found = scored(
        findings, columns={"trade_id": "Ref", "field": "Kind"}, fields={"price": "Px"}, where="Kind = Px"
    )
    assert found.fields == Outcome(expected=8, found=1)


def test_what_a_condition_leaves_out_may_be_wrong() -> None:
    findings = pd.DataFrame(
        {"trade_id": [tid(1), tid(2)], "field": ["price", "---"], "Status": ["BREAK", "MATCHED"]}
    )
    assert scored(findings, where="Status != MATCHED").fields == Outcome(expected=8, found=1)


def test_values_of_conditions_are_no_sql() -> None:
    nasty = "x') OR true --"
    findings = EVERY_PAIR.assign(Desk=[nasty] + ["A"] * 9)
    assert scored(findings, where=f"Desk = {nasty}").pairs == Outcome(7, 1, 0, 0, 3)


def test_the_report_says_how_many_findings_were_left_out() -> None:
    found = scored(EVERY_PAIR, where="Match Status != MATCHED")
    assert "  6 findings left out, and not scored, as was asked for\n" in f"{found}\n"
    assert pool([found, found]).input.left_out == 12


def test_findings_about_ignored_fields_count_as_never_made() -> None:
    findings = said((1, "price"), (1, "record_id"), (9, "record_id"), (2, "row"))
    found = scored(findings, ignore_fields=["record_id", "row"])
    expected = scored(said((1, "price")))
    assert (found.pairs, found.fields, found.by) == (expected.pairs, expected.fields, expected.by)
    assert found.input.left_out == 3
    assert scored(said((1, "price"), (9, "row")), ignore_fields="row").pairs == expected.pairs


def test_a_matcher_that_compares_every_column_is_scored_without_record_ids() -> None:
    batch = generate("everything", pairs=300, seed=3, view="two_system", date="2025-07-21")
    ours, theirs = (table.drop_duplicates("trade_id") for table in batch.lists.values())
    both = ours.merge(theirs, on="trade_id", suffixes=("", "_theirs"))
    columns = [*TRADE_COLUMNS[1:], "record_id"]
    rows = [
        (row["trade_id"], column)
        for row in both.astype(str).to_dict("records")
        for column in columns
        if row[column] != row[f"{column}_theirs"]
    ]
    findings = pd.DataFrame(rows, columns=["trade_id", "field"])
    assert (findings["field"] == "record_id").sum() == len(both)
    found = score(batch, findings, ignore_fields=["record_id"])
    without = score(batch, findings[findings["field"] != "record_id"])
    assert found.pairs == without.pairs
    assert found.pairs.false_alarms < found.pairs.quiet


# --- the warning -------------------------------------------------------------------------------------------

WARNING = "warning: every pair was reported, those without a mismatch as well"


def test_a_report_of_every_pair_is_warned_of_in_text_page_and_notebook() -> None:
    found = scored(EVERY_PAIR)
    assert found.pairs.recall == 1
    assert WARNING in " ".join(str(found).split())
    for page in (found.to_html(), found._repr_html_()):
        assert "every pair was reported, those without a mismatch as well" in page
    assert WARNING in " ".join(str(pool([found, scored(said(1))])).split())


@pytest.mark.parametrize(
    ("findings", "options"),
    [
        (EVERY_PAIR, {"where": "Match Status != MATCHED"}),
        (EVERY_PAIR.iloc[1:], {}),
        (EVERY_PAIR.iloc[:9], {}),
        # Without manifest and trades nothing says how many pairs there are.
        (EVERY_PAIR, {"manifest": None, "trades": None}),
    ],
)
def test_nothing_is_warned_of_where_a_pair_is_left_out_or_pairs_are_not_known(
    findings: pd.DataFrame, options: dict[str, Any]
) -> None:
    assert scored(findings, **options).report().warnings == ()


def test_nothing_is_warned_of_where_every_pair_is_mismatched() -> None:
    batch = generate(pairs=20, seed=1, mismatch_rate=1.0, date="2025-07-21")
    found = score(batch, batch.truth[["trade_id"]])
    assert (found.pairs.recall, found.pairs.precision) == (1, 1)
    assert found.report().warnings == ()


@pytest.mark.parametrize("view", VIEWS)
def test_a_dataset_reported_whole_is_warned_of_in_every_view(view: str) -> None:
    batch = generate("everything", pairs=100, seed=1, view=view, first_id=1, date="2025-07-21")
    found = score(batch, pd.Series([tid(number) for number in range(1, 101)]))
    assert len(found.report().warnings) == 1
    assert MANIFEST["replay"]["first_id"] == 1
