"""Broken trades of the user's own, side by side, in the words of their lists."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from desk_lists import COLUMNS, desk_rows, write_rows
from shell import run

from tradegen import compare, inject
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.list_form import load_forms

LIST = (
    "Ref;Leg;Qty;Px;Day;Note\r\nT1;A;1.000;154,50;21/07/2025;\r\nT1;B;250;1.401,25;21/07/2025;x\r\n"
    "T2;A;75;201,10;22/07/2025;M\u00fcller\r\n"
)
THEIRS = LIST.replace("1.401,25", "1.402,25").replace("T2;A", "T2;B").replace("T1;A;1.000", "T1;A;1.010")
TRUTH = """trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause
T1 / A,THEIRS,Qty,quantity.nudge,1.000,1.010,10,true,154500.00,
T1 / B,THEIRS,Px,price.nudge,"1.401,25","1.402,25",1.00,false,350312.50,
T2 / A,THEIRS,Leg,Leg.other,A,B,,false,15082.50,
"""
COLUMNS_OF_LIST = """id = ["Ref", "Leg"]
columns = [
  { name = "Ref", kind = "code" },
  { name = "Leg", kind = "code" },
  { name = "Qty", kind = "integer", grouped = true, role = "quantity" },
  { name = "Px", kind = "decimal", places = 2, grouped = true, role = "price" },
  { name = "Day", kind = "date", format = "%d/%m/%Y" },
  { name = "Note", kind = "text" },
]
[file]
encoding = "latin-1"
separator = ";"
line_end = "\\r\\n"
decimal = ","
thousands = "."
"""
SHOWN = """\
  list    Ref  Leg  Qty   Px          Day          Note

T1 / B
  price.nudge on THEIRS: 1.401,25 -> 1.402,25, +1.00 dollar (+7.1 bps)
  ours     T1   B    250   1.401,25    21/07/2025   x
  theirs   T1   B    250  [1.402,25]   21/07/2025   x

T2 / A
  Leg.other on THEIRS: A -> B
  ours     T2   A    75    201,10      22/07/2025   M\u00fcller
  theirs   T2  [B]   75    201,10      22/07/2025   M\u00fcller

2 of 2 altered trades shown
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    import tomllib

    described = load_forms(tomllib.loads(COLUMNS_OF_LIST)).ours.model_dump(mode="json", exclude_none=True)
    (tmp_path / "mine.csv").write_bytes(LIST.encode("latin-1"))
    (tmp_path / "theirs.csv").write_bytes(THEIRS.encode("latin-1"))
    (tmp_path / "truth.csv").write_text(TRUTH, "utf-8")
    manifest = {"manifest": 2, "inject": {"columns": described}, "counts": {"rows": 3}}
    pd.Series(manifest).to_json(tmp_path / "m.json")
    return tmp_path


@pytest.mark.slow
def test_lists_of_any_dialect_are_shown_side_by_side_in_their_own_words(files: Path) -> None:
    done = run("show", "mine.csv", "truth.csv", "--and", "theirs.csv", "--manifest", "m.json", cwd=files)
    assert (done.code, done.out, done.err) == (0, SHOWN, "")


def test_an_id_that_no_list_has_is_refused_with_one_that_there_is(files: Path) -> None:
    done = run(
        "show", "mine.csv", "truth.csv", "T9", "--and", "theirs.csv", "--manifest", "m.json", cwd=files
    )
    assert (done.code, done.out) == (2, "")
    assert "'T9' is in none of the lists; expected an id such as T1 / A" in done.err


@pytest.mark.slow
def test_the_truth_is_known_by_its_columns_wherever_it_stands(files: Path) -> None:
    for words in (
        ("mine.csv", "theirs.csv", "truth.csv"),
        ("mine.csv", "truth.csv", "theirs.csv"),
        ("truth.csv", "mine.csv", "theirs.csv"),
        ("truth.csv", "mine.csv", "--and", "theirs.csv"),
    ):
        done = run("show", *words, "--manifest", "m.json", cwd=files)
        assert (done.code, done.out, done.err) == (0, SHOWN, ""), words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("mine.csv", "theirs.csv"),
            "none of mine.csv, theirs.csv is a truth; expected one with",
        ),
        (("mine.csv", "truth.csv", "T1 / A", "theirs.csv"), "theirs.csv is a file, and stands behind ids"),
        (("mine.csv", "truth.csv", "theirs.csv", "mine.csv"), "are lists; expected one or two of them"),
        (("mine.csv", "truth.csv", "truth.csv"), "truth.csv and truth.csv are truths; expected one"),
    ],
)
def test_files_that_are_not_lists_and_a_truth_are_refused(
    files: Path, words: tuple[str, ...], message: str
) -> None:
    done = run("show", *words, "--manifest", "m.json", cwd=files)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_findings_with_an_altered_id_show_its_trade(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.csv", desk_rows(40))
    made = inject(path, columns=COLUMNS, seed=5, mismatch_rate=0.1, mechanisms={"trade_id.mistyped": 1})
    (first, *_), altered = made.truth.trade_id, made.truth.altered[:1]
    found = compare(made, findings=pd.DataFrame({"trade_id": altered}), ids=[first])
    assert [(trade.trade_id, trade.state) for trade in found.trades] == [(first, "found")]


@pytest.mark.slow
def test_the_marked_cells_are_those_of_the_truth_and_of_their_list(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.csv", desk_rows(150))
    weights = dict.fromkeys(possible(load_forms(COLUMNS).ours), 1)
    made = inject(path, columns=COLUMNS, seed=5, mismatch_rate=0.6, mechanisms=weights)
    found = compare(made, limit=1_000)
    assert len(found.trades) == made.truth.trade_id.nunique() == 90
    for trade in found.trades:
        rows = made.truth[made.truth.trade_id == trade.trade_id]
        cells = rows[rows.field.astype(str) != "record"]
        gone = {"record.missing", "trade_id.blank"} & set(rows.mechanism.astype(str))
        assert {trade.records[at][0] for at, _ in trade.marks} <= ({"ours"} if gone else {"theirs"})
        assert {field for _, field in trade.marks} <= set(cells.field)
        assert gone or {field for _, field in trade.marks} == set(cells.field)


def test_of_a_frame_the_lists_go_along() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "px": [10.5, 11.25]})
    kinds = [{"name": "id", "kind": "reference"}, {"name": "px", "kind": "decimal", "places": 2}]
    described = {"id": ["id"], "file": {"form": "parquet"}, "columns": kinds}
    made = inject(frame, columns=described, seed=1, mismatch_rate=1, mechanisms={"px.sign": 1})
    text = str(compare(made, ids=["b"]))
    assert "px.sign on THEIRS: 11.25 -> -11.25, -22.5 (-200.0%)" in text
    assert "theirs   b  [-11.25]" in text
