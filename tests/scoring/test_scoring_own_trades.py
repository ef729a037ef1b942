"""Scores of the user's own trades, broken: a truth written by hand, in the list's own words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scoring_files import frame
from shell import run

from tradegen import inject, score
from tradegen.errors import ScoringError
from tradegen.scoring import Outcome, Recall

TRUTH = """\
trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause
T-1,THEIRS,Qty,quantity.nudge,100,90,-10,false,15425.00,
T-2,THEIRS,Net Amt,Net Amt.sign,"75025,00","-75025,00",-150050.00,false,,
T-3,THEIRS,Trade Date,date.next_session,22.07.2025,23.07.2025,1,false,10780.00,
T-4,THEIRS,Ref,trade_id.mistyped,T-4,T-7,,false,120500.00,
"""
COLUMNS: list[dict[str, Any]] = [
    {"name": "Ref", "kind": "reference", "role": "trade_id"},
    {"name": "Qty", "kind": "integer", "role": "quantity"},
    {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
    {"name": "Trade Date", "kind": "date", "format": "%d.%m.%Y", "role": "date"},
    {"name": "Net Amt", "kind": "decimal", "places": 2},
]
MANIFEST: dict[str, Any] = {
    "inject": {"columns": {"id": ["Ref"], "columns": COLUMNS}},
    "counts": {"rows": 6},
}
OURS = "Ref;Qty;Px;Trade Date;Net Amt\n" + "".join(
    f"T-{n};100;154,25;22.07.2025;15425,00\n" for n in range(1, 7)
)


def found(*rows: tuple[str, str], **options: Any) -> Any:
    findings = pd.DataFrame(rows, columns=["trade_id", "field"])
    return score(frame(TRUTH), findings, **{"manifest": MANIFEST, **options})


def test_ids_and_fields_are_those_of_the_list() -> None:
    counted = found(("T-1", "Qty"), ("T-2", "Net Amt"), ("T-5", "Px"))
    assert counted.pairs == Outcome(expected=4, found=2, false_alarms=1, quiet=2)
    assert counted.by["field"]["Px"] == Outcome(false_alarms=1)
    assert counted.by["mechanism"]["Net Amt.sign"] == Recall(1, 1)
    assert counted.by["leg"] == {"THEIRS": Recall(4, 2)}


def test_a_column_may_be_named_by_its_role() -> None:
    assert found(("T-1", "quantity")).by["field"] == found(("T-1", "Qty")).by["field"]


def test_a_mistyped_id_means_the_trade_that_has_it() -> None:
    counted = found(("T-7", "record"))
    assert counted.pairs == Outcome(expected=4, found=1, quiet=2)
    assert counted.by["field"]["Ref"] == Outcome(expected=1, found=1)


def renamed_ids(like: str, mechanism: str, altered: str = "T-7") -> Any:
    """The truth of a list whose ids are of another form, and whose fourth trade has another id."""
    text = TRUTH.replace("trade_id.mistyped,T-4,T-7", f"{mechanism},T-4,{altered}")
    return frame(text.replace("T-", like))


@pytest.mark.parametrize("like", ["T-", "tid0000001"])
@pytest.mark.parametrize("mechanism", ["trade_id.mistyped", "trade_id.typo", "Ref.mistyped", "Ref.case"])
def test_an_altered_id_is_known_without_a_manifest_whatever_its_column_is_called(
    like: str, mechanism: str
) -> None:
    truth = renamed_ids(like, mechanism)
    for named in ("Ref", "trade_id", "record"):
        reported = pd.DataFrame({"trade_id": [f"{like}7"], "field": [named]})
        counted = score(truth, reported)
        assert counted.pairs == Outcome(expected=4, found=1, quiet=None)
        assert counted.by["field"]["Ref"] == Outcome(expected=1, found=1)
        assert counted.by["mechanism"][mechanism] == Recall(1, 1)


@pytest.mark.parametrize("mechanism", ["trade_id.typo", "trade_id.blank"])
def test_a_record_whose_id_was_altered_may_be_named_by_either_word(mechanism: str) -> None:
    altered = "" if mechanism.endswith("blank") else "T-7"
    truth = renamed_ids("T-", mechanism, altered)
    for named in ("Ref", "record"):
        counted = score(truth, pd.DataFrame({"trade_id": ["T-4"], "field": [named]}), manifest=MANIFEST)
        assert counted.by["field"]["Ref"] == Outcome(expected=1, found=1)


@pytest.mark.slow
def test_an_id_of_two_columns_of_which_one_was_altered_means_its_trade() -> None:
    columns = [*COLUMNS, {"name": "Leg", "kind": "code"}]
    described = {"id": ["Ref", "Leg"], "columns": columns}
    manifest = {"inject": {"columns": described}, "counts": {"rows": 6}}
    truth = TRUTH.replace("T-4,THEIRS", "T-4 / B,THEIRS")
    truth = re.sub(r"(?m)^(T-[123]),", r"\1 / B,", truth)
    for named in ("Ref", "trade_id", "record"):
        reported = pd.DataFrame({"trade_id": ["T-7 / B"], "field": [named]})
        counted = score(frame(truth), reported, manifest=manifest)
        assert counted.pairs == Outcome(expected=4, found=1, quiet=2)
        assert counted.by["field"]["Ref"] == Outcome(expected=1, found=1)


def test_sizes_are_the_differences_that_the_truth_states() -> None:
    (curve,) = (one for one in found(("T-1", "Qty")).detection if one.field == "Qty")
    assert {place: point.expected for place, point in curve.points.items() if point.expected} == {10.0: 1}


def test_value_counts_of_the_trades_whose_value_is_known() -> None:
    assert found(("T-1", "Qty"), ("T-2", "Net Amt")).notional.found == 1_542_500


def test_without_a_manifest_the_truth_says_which_fields_there_are() -> None:
    counted = found(("T-1", "quantity"), ("T-9", "Net Amt"), manifest=None)
    assert counted.pairs == Outcome(expected=4, found=1, false_alarms=1, quiet=None)


def test_the_list_says_which_ids_there_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(OURS)
    counted = found(("T-5", "Px"), ("T-9", "Px"), trades=path)
    assert counted.pairs == Outcome(expected=4, false_alarms=1, unknown=1, quiet=2)


def test_tolerances_and_links_are_refused() -> None:
    with pytest.raises(ScoringError, match="tolerances label the truth of generated trades anew"):
        found(("T-1", "Qty"), tolerances={"quantity": 5})
    linked = pd.DataFrame({"trade_id": ["T-1"], "linked_trade_id": ["T-2"]})
    with pytest.raises(ScoringError, match="links records, which are scored of generated trades alone"):
        score(frame(TRUTH), linked, manifest=MANIFEST)


def test_whoever_reports_the_truth_of_an_injected_frame_has_found_all_of_it() -> None:
    ours = pd.DataFrame(
        {
            "Ref": [f"T-{n}" for n in range(40)],
            "Qty": [100 + n for n in range(40)],
            "Px": [10 + n / 100 for n in range(40)],
            "Net Amt": [1000 + n / 100 for n in range(40)],
        }
    )
    columns = {
        "id": ["Ref"],
        "columns": [one for one in COLUMNS if one["name"] in ours],
        "file": {"form": "parquet"},
    }
    broken = inject(ours, columns=columns, mismatch_rate=0.5, seed=7)
    counted = score(broken.truth, broken.truth[["trade_id", "field"]], manifest=broken.manifest)
    assert counted.pairs == Outcome(expected=20, found=20, quiet=20)
    assert counted.fields.precision == counted.fields.recall == 1


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp1252"])
def test_the_command_takes_the_list_in_the_dialect_that_the_manifest_states(
    encoding: str, tmp_path: Path
) -> None:
    rows = "".join(f"T-{n};A;100;154,25;22.07.2025;15425,00;€\r\n" for n in range(1, 7))
    text = f"made by us\r\nRef;Leg;Qty;Px;Trade Date;Net Amt;Note\r\n{rows}"
    (tmp_path / "mine.txt").write_bytes(text.encode(encoding))
    file = {"encoding": encoding, "separator": ";", "skip": 1, "decimal": ",", "line_end": "\r\n"}
    others = [{"name": "Leg", "kind": "code"}, {"name": "Note", "kind": "text"}]
    columns = [*COLUMNS[:1], others[0], *COLUMNS[1:], others[1]]
    for ids, suffix in ((["Ref"], ""), (["Ref", "Leg"], " / A")):
        described = {"id": ids, "columns": columns, "file": file}
        manifest = {"manifest": 2, "inject": {"columns": described}, "counts": {"rows": 6}}
        truth = re.sub(r"(?m)^(T-\d)", rf"\1{suffix}", TRUTH)
        (tmp_path / "truth.csv").write_text(truth, "utf-8")
        (tmp_path / "m.json").write_text(json.dumps(manifest), "utf-8")
        findings = "".join(f"T-{n}{suffix}\n" for n in (1, 5, 9))
        (tmp_path / "found.csv").write_text(f"trade_id\n{findings}", "utf-8")
        done = run(
            "score", "--truth", "truth.csv", "--findings", "found.csv", "--trades", "mine.txt",
            "--manifest", "m.json", "--format", "json", cwd=tmp_path,
        )  # fmt: skip
        assert done.code == 0, done.err
        # Six trades, four of them mismatched; of what was reported, T-9 is none of them.
        pairs = json.loads(done.out)["pairs"]
        assert (pairs["expected"], pairs["found"], pairs["false_alarms"], pairs["unknown"]) == (4, 1, 1, 1)


def test_a_list_that_is_not_as_the_manifest_states_is_refused_by_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("Ref,Qty\nT-1,1\n", "utf-8")
    (tmp_path / "truth.csv").write_text(TRUTH, "utf-8")
    (tmp_path / "found.csv").write_text("trade_id\nT-1\n", "utf-8")
    (tmp_path / "m.json").write_text(json.dumps(MANIFEST), "utf-8")
    done = run(
        "score", "--truth", "truth.csv", "--findings", "found.csv", "--trades", "mine.csv",
        "--manifest", "m.json", cwd=tmp_path,
    )  # fmt: skip
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "mine.csv has no column 'Px', which the file of columns describes" in done.err


@pytest.mark.slow
def test_what_was_injected_is_scored_with_its_lists() -> None:
    ours = pd.DataFrame({"ref": ["a", "a", "b"], "leg": ["1", "2", "3"], "px": [1.5, 2.5, 3.5]})
    kinds: list[dict[str, Any]] = [{"name": "ref", "kind": "code"}, {"name": "leg", "kind": "code"}]
    kinds.append({"name": "px", "kind": "decimal", "places": 1})
    # Of an id of several columns, the manifest says how many trades there are.
    for ids, unknown in ((["ref", "leg"], 0), (["leg"], 1)):
        described = {"id": ids, "file": {"form": "parquet"}, "columns": kinds}
        broken = inject(ours, columns=described, mismatch_rate=1, seed=7, mechanisms={"px.sign": 1})
        findings = pd.DataFrame({"trade_id": [*broken.truth.trade_id, "zz"]})
        pairs = score(broken, findings).pairs
        assert (pairs.expected, pairs.found, pairs.unknown) == (3, 3, unknown)
