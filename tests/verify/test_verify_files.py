"""Verify: files that go together, and files that do not; lists, layouts, manifests; what tradegen writes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from shell import run
from verify_files import MANIFEST, TRADES, TRUTH, proof, two_lists

from tradegen.verify import VerifyError, verify


@pytest.mark.parametrize("view", ["counterparty", "two_system"])
def test_two_lists_are_proved_whatever_their_order(tmp_path: Path, view: str) -> None:
    paths = two_lists(tmp_path, view)
    assert verify(paths).ok, str(verify(paths))
    assert verify(paths[::-1]).ok


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("%d/%m/%y %H:%M:%S.%f", "21/07/25 22:33:00.500000"),
        ("%B %d, %Y %I:%M:%S.%f %p", "July 21, 2025 10:33:00.500000 PM"),
        ("%Y%j%H%M%S%f", "2025202223300500000"),
        ("%d-%b-%Y %H.%M.%S.%f%%", "21-Jul-2025 22.33.00.500000%"),
    ],
)
def test_a_list_in_another_layout_is_read_by_the_manifest(tmp_path: Path, form: str, written: str) -> None:
    def change(leg: int, row: dict[str, str]) -> dict[str, str]:
        if not leg:
            return row
        row = {**row, "date": "07/21/2025", "trade_timestamp": written}
        return {{"trade_id": "TradeRef", "price": "Px"}.get(name, name): value for name, value in row.items()}

    layout = {
        "columns": {"trade_id": "TradeRef", "price": "Px"},
        "date_format": "%m/%d/%Y",
        "timestamp_format": form,
    }
    paths = two_lists(tmp_path, "two_system", change, theirs=layout)
    # Columns that differ say which list is which; names need not.
    for path in paths[:2]:
        path.rename(path.with_name(path.name.replace(".", "-", 1)))
    paths[:2] = [path.with_name(path.name.replace(".", "-", 1)) for path in paths[:2]]
    report = verify([paths[1], paths[0], *paths[2:]])
    assert report.ok, str(report)


TOLERANCES = [
    ({"price": {"absolute": 0.25}}, True),
    ({"price": {"absolute": 0.24}}, False),
    ({"price": {"ticks": 25}}, True),
    ({"price": {"ticks": 24}}, False),
    ({"price": {"bps": 6.1}}, True),  # 0.0610% of 410.00 is 0.2501
    ({"price": {"bps": 6.09}}, False),  # and 0.0609% is 0.24969
    ({"quantity": 25}, False),
]


@pytest.mark.parametrize(("tolerances", "benign"), TOLERANCES)
def test_a_benign_label_is_worked_out_from_the_manifests_tolerances(
    tmp_path: Path, tolerances: dict[str, Any], benign: bool
) -> None:
    manifest = json.loads(json.dumps(MANIFEST))
    manifest["replay"]["scenario"]["tolerances"] = tolerances
    manifest["counts"]["mismatched_pairs"] = 8 - benign
    right, wrong = ("true", "false") if benign else ("false", "true")
    labelled = TRUTH.replace("410.25,0.25,false", f"410.25,0.25,{right}")
    report = proof(tmp_path, truth=labelled, manifest=manifest)
    assert report.ok, str(report)
    assert report.benign_rows == int(benign)
    report = proof(tmp_path, truth=TRUTH.replace("0.25,false", f"0.25,{wrong}"), manifest=manifest)
    assert report.findings["benign"].count == 1


def test_a_difference_of_just_the_tolerance_in_basis_points_is_benign(tmp_path: Path) -> None:
    manifest = json.loads(json.dumps(MANIFEST))
    manifest["replay"]["scenario"]["tolerances"] = {"price": {"bps": 6.25}}  # of 400.00 it is 0.25
    manifest["counts"]["mismatched_pairs"] = 7
    trades, truth = (text.replace("410.", "400.") for text in (TRADES, TRUTH))
    truth = truth.replace("0.25,false,41000.00", "0.25,true,40000.00")
    report = proof(tmp_path, trades, truth, manifest)
    assert report.ok, str(report)
    assert report.benign_rows == 1


@pytest.mark.parametrize("name", ["pairs", "trades", "mismatched_pairs", "truth_rows"])
def test_a_count_in_the_manifest_that_is_wrong_is_found(tmp_path: Path, name: str) -> None:
    manifest = {**MANIFEST, "counts": {**MANIFEST["counts"], name: 99}}
    report = proof(tmp_path, manifest=manifest)
    assert report.findings["manifest"].examples == (
        f"counts.{name} is 99 in the manifest; the files hold {MANIFEST['counts'][name]}",
    )


def test_a_pair_with_a_benign_difference_and_a_mismatch_counts_as_mismatched(tmp_path: Path) -> None:
    # The brokers of tid00000008 are exchanged, and its date is off by a day.
    manifest = json.loads(json.dumps(MANIFEST))
    manifest["replay"]["scenario"]["tolerances"] = {"date": 1}
    manifest["counts"] |= {"mismatched_pairs": 8, "benign_pairs": 0}
    truth = TRUTH.replace("2025-07-21,2025-07-22,1,false", "2025-07-21,2025-07-22,1,true")
    report = proof(tmp_path, truth=truth, manifest=manifest)
    assert report.ok, str(report)
    assert report.benign_rows == 1


def test_a_pair_without_any_record_is_found_by_the_manifest(tmp_path: Path) -> None:
    trades = "".join(line for line in TRADES.splitlines(keepends=True) if "tid00000001" not in line)
    examples = proof(tmp_path, trades, manifest=MANIFEST).findings["manifest"].examples
    assert examples[0] == "tid00000001 is an id of the run; it has no records"


def test_a_broker_that_the_scenario_does_not_have_is_invalid(tmp_path: Path) -> None:
    trades = TRADES.replace("BKR009", "BKR099")
    truth = TRUTH.replace("BKR009", "BKR099")
    assert proof(tmp_path, trades, truth).ok
    assert "BKR099" in proof(tmp_path, trades, truth, MANIFEST).findings["invalid"].examples[0]


REFUSED = [
    ({"t.csv": TRADES}, "no truth"),
    ({"k.csv": TRUTH}, "0 trades files given"),
    ({"k.csv": TRUTH, "k2.csv": TRUTH, "t.csv": TRADES}, "more than one truth"),
    ({"t.csv": TRADES, "t2.csv": TRADES, "k.csv": TRUTH}, "two trades files need the manifest"),
    ({"t.csv": TRADES.replace("ticker", "symbol"), "k.csv": TRUTH}, "expected trade_id, ticker"),
    ({"t.csv": TRADES.replace(",record_id", ""), "k.csv": TRUTH}, "record_id in all of them or in none"),
    ({"t.csv": TRADES, "k.csv": TRUTH, "m.json": "{\n}"}, "is not JSON as tradegen writes it"),
    ({"t.csv": TRADES, "k.csv": TRUTH, "m.json": '{"manifest": 2}'}, "does not say what was run"),
    ({"t.csv": TRADES, "k.csv": TRUTH, "absent.csv": None}, "absent.csv cannot be read"),
]


@pytest.mark.parametrize(("files", "sentence"), REFUSED)
def test_files_that_do_not_go_together_are_refused(
    tmp_path: Path, files: dict[str, str | None], sentence: str
) -> None:
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(VerifyError, match=sentence):
        verify([tmp_path / name for name in files])


def test_lists_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    paths = two_lists(tmp_path, "counterparty")
    paths[0] = paths[0].rename(tmp_path / "one.csv")
    with pytest.raises(VerifyError, match=r"cannot be told apart; expected names with \.buy\. and \.sell\."):
        verify(paths)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every mechanism there is, in each view."""
    folder = tmp_path_factory.mktemp("generated")
    for view in ("single", "counterparty", "two_system"):
        (folder / view).mkdir()
        words = ["generate", "--scenario", "everything", "--pairs", "400", "--mismatch-rate", "0.6"]
        words += ["--set", f'view="{view}"', "--seed", "7", "--first-id", "21"]
        words += ["--out", "t.csv", "--truth", "k.csv", "--manifest", "m.json"]
        done = run(*words, cwd=folder / view)
        assert done.code == 0, done.err
    return folder


def test_lists_of_unequal_length_are_read_in_step(tmp_path: Path) -> None:
    """Where one list lacks most of its records, the same place in both files is about different pairs."""
    words = ["generate", "--pairs", "2000", "--mismatch-rate", "0.9", "--first-id", "1", "--seed", "1"]
    words += ["--set", "buy_share=1.0", "--set", 'mechanisms={"record.missing"=1}', "--order", "paired"]
    words += ["--set", 'view="counterparty"', "--out", "t.csv", "--truth", "k.csv", "--manifest", "m.json"]
    assert run(*words, cwd=tmp_path).code == 0
    report = verify(sorted(tmp_path.iterdir()))
    assert report.ok, str(report)
    assert (report.records, report.truth_rows) == (2200, 1800)


@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
def test_truth_rows_that_are_taken_away_are_missed_each_of_them(
    generated: Path, tmp_path: Path, every_example: None, view: str, which: int
) -> None:
    """Of each pair the first row, or the last: what is left of a pair hides nothing."""
    files = sorted((generated / view).iterdir())
    truth = next(path for path in files if path.name == "k.csv")
    rows = list(csv.DictReader(io.StringIO(truth.read_text("utf-8"))))
    of_pair: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        of_pair.setdefault(row["trade_id"], []).append(number)
    gone = {numbers[which] for numbers in of_pair.values()}
    lines = truth.read_text("utf-8").splitlines(keepends=True)
    damaged = tmp_path / "k.csv"
    damaged.write_text("".join(line for number, line in enumerate(lines) if number - 1 not in gone), "utf-8")
    found = verify([path for path in files if path != truth] + [damaged]).findings
    told = [
        line for kind in ("unlabelled", "records", "orphan") if kind in found for line in found[kind].examples
    ]
    for number in gone:
        row = rows[number]
        field = "" if row["field"] in ("record", "trade_id", "order_type") else f" {row['field']}"
        names = (row["trade_id"], row["altered"])
        assert any(line.startswith(names) and (field in line) for line in told), row


@pytest.mark.large
@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
def test_every_truth_row_that_is_taken_away_is_missed(generated: Path, tmp_path: Path, view: str) -> None:
    files = sorted((generated / view).iterdir())
    truth = next(path for path in files if path.name == "k.csv")
    header, *rows = truth.read_text("utf-8").splitlines(keepends=True)
    damaged = tmp_path / "k.csv"
    for number in range(0, len(rows), 12):
        damaged.write_text(header + "".join(rows[:number] + rows[number + 1 :]), "utf-8")
        report = verify([path for path in files if path != truth] + [damaged])
        found = set(report.findings) - {"manifest"}
        assert found & {"unlabelled", "records", "orphan"}, rows[number]
