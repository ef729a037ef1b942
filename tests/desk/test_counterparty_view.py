"""`inject --both`: the other party's view of a list, broken; read again by Python's csv and by pandas."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shell import run

from tradegen import compare, inject, score
from tradegen.desk.injecting.mirroring import other_sides
from tradegen.errors import ListError

HEADER = 'Ref;Side;"Broker";Contra;Qty;Px;Note\r\n'
SIDES = {"Buy": "Sell", "Sell": "Buy", "": ""}
COLUMNS: dict[str, Any] = {
    "id": ["Ref"],
    "file": {"separator": ";", "line_end": "\r\n", "decimal": ","},
    "columns": [
        {"name": "Ref", "kind": "reference", "role": "trade_id"},
        {"name": "Side", "kind": "code", "role": "order_type"},
        {"name": "Broker", "kind": "code", "role": "broker_id"},
        {"name": "Contra", "kind": "code", "role": "contra_broker_id"},
        {"name": "Qty", "kind": "integer", "role": "quantity"},
        {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
        {"name": "Note", "kind": "text"},
    ],
}
SCENARIO = {
    "mismatch_rate": 0.2, "keep_in_range": True,
    "mechanisms": {
        "quantity.nudge": 1, "order_type.other": 1, "broker_id.other": 1, "contra_broker_id.blank": 1,
        "record.missing": 1, "record.duplicate": 1, "record.split": 1,
    },
}  # fmt: skip


def rows(count: int = 300) -> list[str]:
    """Rows with padding and blanks; the third column has quotes where it must, and the fourth always."""
    found = []
    for n in range(count):
        broker = ["BRK 1", "BRK2", '"a;b"', "", " BRK3 "][n % 5]
        contra = ['"CON1"', '"CON2"', '"BRK2"'][n % 3]
        side = ["Buy", "Sell", " Sell", ""][n % 4 if n % 20 else 3]
        found.append(f'T{n};{side};{broker};{contra};{100 + n};{n % 9 + 1},25;"say ""x"""\r\n')
    return found


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(keepends=True), delimiter=";"))


def raw_cells(line: str) -> list[str]:
    """The cells of a line as they stand, quotes and all; only the third can have a separator in it."""
    return line.rstrip("\r\n").replace("a;b", "a,b").split(";")


def broken(folder: Path, lines: list[str] | None = None, **more: Any) -> Any:
    folder.mkdir(exist_ok=True)
    (folder / "t.csv").write_bytes((HEADER + "".join(lines or rows())).encode())
    made = inject(folder / "t.csv", columns=COLUMNS, scenario=SCENARIO, seed=7, both=True, **more)
    made.write(folder / "o.csv", folder / "k.csv", folder / "m.json")
    return made


def test_without_mismatches_sides_are_mirrored_and_brokers_exchanged(tmp_path: Path) -> None:
    made = broken(tmp_path, mismatch_rate=0)
    ours, theirs = ((tmp_path / name).read_bytes().decode() for name in ("t.csv", "o.csv"))
    for mine, other in zip(cells(ours)[1:], cells(theirs)[1:], strict=True):
        assert other[1].strip() == SIDES[mine[1].strip()]
        assert (other[2].strip(), other[3].strip()) == (mine[3].strip(), mine[2].strip())
        assert (other[0], other[4:]) == (mine[0], mine[4:])
    assert len(made.truth) == 0
    assert not made.mask().to_numpy().any()


def test_every_other_cell_is_as_it_was_byte_by_byte(tmp_path: Path) -> None:
    broken(tmp_path, mismatch_rate=0)
    ours, theirs = ((tmp_path / name).read_bytes().decode().splitlines(True) for name in ("t.csv", "o.csv"))
    assert ours[0] == theirs[0]
    for mine, other in zip(map(raw_cells, ours[1:]), map(raw_cells, theirs[1:]), strict=True):
        assert [mine[0], *mine[4:]] == [other[0], *other[4:]]
        # Blanks around a cell stay where they are.
        if mine[1].strip():
            assert mine[1].partition(mine[1].strip())[0] == other[1].partition(other[1].strip())[0]


@pytest.mark.slow
def test_the_truth_is_about_what_the_other_party_ought_to_have(tmp_path: Path) -> None:
    made = broken(tmp_path)
    ours = {row[0]: row for row in cells((tmp_path / "t.csv").read_bytes().decode())}
    with (tmp_path / "k.csv").open(newline="") as text:
        truth = list(csv.DictReader(text))
    due = {
        "Side": lambda row: SIDES[row[1].strip()],
        "Broker": lambda row: row[3],
        "Contra": lambda row: row[2],
    }
    seen = set()
    for row in truth:
        if row["field"] in due:
            assert row["original"] == due[row["field"]](ours[row["trade_id"]]).strip()
            seen.add(row["field"])
    assert seen == set(due)
    assert made.manifest["mirror"] == {
        "side": "Side", "words": {"Buy": "Sell", "Sell": "Buy"}, "brokers": ["Broker", "Contra"],
    }  # fmt: skip
    done = run("verify", "t.csv", "o.csv", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 0, done.out


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing_and_the_manifest_does_it_again(tmp_path: Path) -> None:
    made = broken(tmp_path / "a")
    other = broken(tmp_path / "b", rows()[::-1])
    pd.testing.assert_frame_equal(made.truth, other.truth)
    lines = [sorted((tmp_path / name / "o.csv").read_bytes().splitlines()) for name in "ab"]
    assert lines[0] == lines[1]
    again = inject(tmp_path / "a" / "t.csv", **made.manifest["inject"])
    pd.testing.assert_frame_equal(made.truth, again.truth)
    pd.testing.assert_frame_equal(made.theirs, again.theirs)


DAMAGES = [
    ("Sell;CON1;BRK 1", "Buy;CON1;BRK 1", "Side: Sell by the other party's view, Buy in o.csv"),
    ("Sell;CON1;BRK 1", "Sell;CON2;BRK 1", "Broker: CON1 by the other party's view, CON2 in o.csv"),
    ("100;1,25", "101;1,25", "T0 Qty: 100 in t.csv, 101 in o.csv"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), DAMAGES)
def test_a_view_that_is_another_is_found(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    lines = ["T0;Buy;BRK 1;CON1;100;1,25;x\r\n", "T1;Sell;BRK2;CON2;200;2,25;x\r\n"]
    broken(tmp_path, lines, mismatch_rate=0)
    text = (tmp_path / "o.csv").read_bytes().decode()
    assert text.count(old) == 1
    (tmp_path / "o.csv").write_bytes(text.replace(old, new).encode())
    done = run("verify", "t.csv", "o.csv", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 1
    assert sentence in done.out


@pytest.mark.parametrize(
    "mirror",
    [
        None,
        {"side": "Note", "words": {"Buy": "Sell", "Sell": "Buy"}, "brokers": ["Broker", "Contra"]},
        {"side": "Side", "words": {"Buy": "Buy", "Sell": "Sell"}, "brokers": ["Broker", "Contra"]},
        {"side": "Side", "words": {"Buy": "Sell", "Sell": "Buy"}, "brokers": ["Broker", "Note"]},
    ],
)
def test_a_manifest_that_mirrors_otherwise_is_refused(mirror: Any, tmp_path: Path) -> None:
    broken(tmp_path)
    manifest = json.loads((tmp_path / "m.json").read_text("utf-8"))
    (tmp_path / "m.json").write_text(json.dumps(manifest | {"mirror": mirror}), "utf-8")
    done = run("verify", "t.csv", "o.csv", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 2
    assert "does not say what the other party sees mirrored" in done.err


@pytest.mark.parametrize("form", ["csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_lists_of_every_form_are_mirrored_and_proved(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "ref": [f"T{n}" for n in range(80)], "side": ["B", "S", "B", "B"] * 20, "broker": ["X1", "X2"] * 40,
        "cpty": ["Y1", None, "Y3", "Y4"] * 20, "qty": range(100, 180), "px": [n + 0.25 for n in range(80)],
    })  # fmt: skip
    path = tmp_path / f"t.{form}"
    if form == "parquet":
        frame.astype({"side": "category"}).to_parquet(path, index=False)
    elif form.startswith("jsonl"):
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    done = run(
        "inject", path.name, "--both", "--seed", "3", "--mechanism", "order_type.other=1", "--mechanism",
        "quantity.nudge=1", "--mismatch-rate", "0.2", "--out", f"o.{form}", "--truth", "k.csv", "--manifest",
        "m.json", cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (
        "their list is the other party's view: side is mirrored, and broker and cpty are exchanged"
        in done.err
    )
    read = {"parquet": pd.read_parquet, "csv": pd.read_csv, "jsonl": lambda at: pd.read_json(at, lines=True)}
    theirs = read[form.partition(".")[0]](tmp_path / f"o.{form}")
    truth = pd.read_csv(tmp_path / "k.csv")
    altered = set(truth.trade_id[truth.field == "side"])
    assert altered
    quiet = ~theirs.ref.isin(altered)
    assert (theirs.side.astype(str) == frame.side)[~quiet].all()
    assert (theirs.side.astype(str) != frame.side)[quiet].all()
    assert (theirs.broker.fillna("") == frame.cpty.fillna("")).all()
    assert (theirs.cpty == frame.broker).all()
    done = run("verify", path.name, f"o.{form}", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 0, done.out
    assert done.out.endswith("all else is as in the other party's view of it, byte by byte\n")


def test_frames_are_mirrored_scored_and_shown() -> None:
    ours = pd.DataFrame({"ref": list("ABCD"), "side": ["BUY", "SELL"] * 2, "qty": [100, 200, 300, 400]})
    made = inject(ours, both=True, seed=1, mismatch_rate=0.5, mechanisms={"order_type.other": 1})
    altered = made.truth.trade_id.tolist()
    assert len(altered) == 2
    expected = [
        side if ref in altered else {"BUY": "SELL", "SELL": "BUY"}[side]
        for ref, side in zip(ours.ref, ours.side, strict=True)
    ]
    assert made.theirs.side.tolist() == expected
    assert made.lists["ours"].side.tolist() == ["BUY", "SELL"] * 2
    assert made.mask().to_numpy().sum() == 2
    assert score(made, made.truth[["trade_id", "field"]]).pairs.found == 2
    assert "order_type.other on THEIRS" in str(compare(made))


@pytest.mark.parametrize(
    ("words", "others"),
    [
        (["BUY", "SELL"], {"BUY": "SELL", "SELL": "BUY"}),
        (["buy"], {"buy": "sell"}),
        (["Kauf", "Verkauf"], {"Kauf": "Verkauf", "Verkauf": "Kauf"}),
        (["K", "V"], {"K": "V", "V": "K"}),
        (["A", "V"], {"A": "V", "V": "A"}),
        (["Achat", "Vente"], {"Achat": "Vente", "Vente": "Achat"}),
        (["Compra", "Vendita"], {"Compra": "Vendita", "Vendita": "Compra"}),
        (["ACQUISTO"], {"ACQUISTO": "VENDITA"}),
        (["1", "2"], {"1": "2", "2": "1"}),
        (["Buy", "SELL"], {"Buy": "SELL", "SELL": "Buy"}),
    ],
)
def test_each_side_has_its_other_in_the_spelling_of_the_column(
    words: list[str], others: dict[str, str]
) -> None:
    assert other_sides(words, "column 'Side'") == others


@pytest.mark.parametrize(
    ("change", "given", "sentence"),
    [
        ({"Side": None}, "", "no column of .* has the role order_type; expected it on the column of sides"),
        (
            {},
            "T9;Hold;x;y;1;1,25;x\r\n",
            "column 'Side' of .*t.csv has 'Hold', which is no side that is known",
        ),
        ({"id": ["Ref", "Side"]}, "", "column 'Side' of .*, is part of its id; expected an id of other"),
    ],
)
def test_what_no_role_says_how_to_mirror_is_refused(
    change: dict[str, Any], given: str, sentence: str, tmp_path: Path
) -> None:
    columns = [
        {key: value for key, value in one.items() if key != "role" or one["name"] not in change}
        for one in COLUMNS["columns"]
    ]
    described = COLUMNS | {"columns": columns} | {key: value for key, value in change.items() if key == "id"}
    (tmp_path / "t.csv").write_bytes((HEADER + "".join(rows(9)) + given).encode())
    with pytest.raises(ListError, match=sentence):
        inject(tmp_path / "t.csv", columns=described, both=True, seed=1)


def test_a_word_of_several_languages_needs_its_partner() -> None:
    with pytest.raises(ListError, match="has 'V', which may be the other side of k or a or c; expected"):
        other_sides(["V"], "column 'Side'")


def test_cells_that_have_no_room_for_one_another_are_refused(tmp_path: Path) -> None:
    columns = [one | ({"width": 4} if one["name"] == "Contra" else {}) for one in COLUMNS["columns"]]
    (tmp_path / "t.csv").write_bytes(f"{HEADER}T1;Buy;BROKER1;CON1;1;1,25;x\r\n".encode())
    with pytest.raises(
        ListError, match=r"column 'Contra' of .* has no room for 'BROKER1', row 1; expected a"
    ):
        inject(tmp_path / "t.csv", columns=COLUMNS | {"columns": columns}, both=True, seed=1)
    (tmp_path / "t.jsonl").write_text('{"ref": "A", "side": "B", "broker": "7", "cpty": null, "qty": 1}\n')
    with pytest.raises(
        ListError, match="has '7' and null in columns 'broker' and 'cpty', row 1, which cannot"
    ):
        inject(tmp_path / "t.jsonl", both=True, seed=1)


def test_two_lists_have_no_view_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes((HEADER + "".join(rows(9))).encode())
    done = run("inject", "t.csv", "t.csv", "--both", "--out", "o.csv", cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "both is given with two lists; expected one, of which the other party's view is" in done.err
    assert not (tmp_path / "o.csv").exists()
