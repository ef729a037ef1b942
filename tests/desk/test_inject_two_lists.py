"""Two lists of one desk, each in a form of its own: compared, and theirs broken."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shell import run

from tradegen import inject
from tradegen.errors import ListError

OURS = "Ref;Qty;Px;Day;Side;Note\r\n" + "".join(
    f"T{n:03};{1000 + n};{10 + n % 7},{n % 100:02};{1 + n % 28:02}.07.2025;B;ours\r\n" for n in range(200)
)
THEIRS = "side,settled,trade ref,shares,unit price,on,broker\n" + "".join(
    f" B ,x,T{n:03},{1000 + n},{10 + n % 7}.{n % 100:02}0,2025/07/{1 + n % 28:02},Müller\n"
    for n in reversed(range(200))
)
ROLES = {
    "trade_id": ("Ref", "trade ref"),
    "quantity": ("Qty", "shares"),
    "price": ("Px", "unit price"),
    "date": ("Day", "on"),
    "order_type": ("Side", "side"),
}


def described(side: int) -> dict[str, Any]:
    """What the columns are: written by hand, for the two lists have little in common."""
    kinds: dict[str, dict[str, Any]] = {
        "trade_id": {"kind": "reference"},
        "quantity": {"kind": "integer"},
        "price": {"kind": "decimal", "places": 2 + side},
        "date": {"kind": "date", "format": ("%d.%m.%Y", "%Y/%m/%d")[side]},
        "order_type": {"kind": "code"},
    }
    by_name = {names[side]: {"role": role} | kinds[role] for role, names in ROLES.items()}
    header = (OURS, THEIRS)[side].splitlines()[0].split(";,"[side])
    file = [
        {"separator": ";", "line_end": "\r\n", "decimal": ","},
        {"encoding": "latin-1"},
    ][side]
    columns = [{"name": name, "kind": "text"} | by_name.get(name, {}) for name in header]
    return {"id": [ROLES["trade_id"][side]], "columns": columns, "file": file}


COLUMNS = {"ours": described(0), "theirs": described(1)}


def lists(folder: Path, ours: str = OURS, theirs: str = THEIRS) -> tuple[Path, Path]:
    (folder / "ours.csv").write_bytes(ours.encode())
    (folder / "theirs.csv").write_bytes(theirs.encode("latin-1"))
    return folder / "ours.csv", folder / "theirs.csv"


@pytest.mark.parametrize(
    ("side", "column", "change", "told"),
    [
        (0, None, {"decimal": "."}, "ours.csv has '10,00' in column 'Px', row 1, which is no decimal"),
        (
            0,
            "Day",
            {"format": "%m.%d.%Y"},
            "ours.csv has '13.07.2025' in column 'Day', row 13, which is no",
        ),
        (
            1,
            "unit price",
            {"places": 2},
            "theirs.csv has '13.990' in column 'unit price', row 1, which is",
        ),
    ],
)
def test_a_list_that_is_not_written_as_described_is_refused_with_an_example(
    side: int, column: str | None, change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    given = described(side)
    by_name = {one["name"]: one for one in given["columns"]} | {None: given["file"]}
    by_name[column].update(change)
    columns = COLUMNS | {("ours", "theirs")[side]: given}
    with pytest.raises(ListError) as refused:
        inject(*lists(tmp_path), columns=columns, seed=1)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_lists_that_agree_in_forms_of_their_own_are_taken_and_theirs_is_broken(tmp_path: Path) -> None:
    ours, theirs = lists(tmp_path)
    made = inject(ours, theirs, columns=COLUMNS, seed=7, mismatch_rate=0.1)
    made.write(tmp_path / "broken.csv")
    assert (ours.read_bytes(), theirs.read_bytes()) == (OURS.encode(), THEIRS.encode("latin-1"))
    lines = zip(THEIRS.splitlines(), (tmp_path / "broken.csv").read_text("latin-1").splitlines(), strict=True)
    changed = [before.split(",")[2] for before, after in lines if before != after]
    assert sorted(changed) == sorted(made.truth.trade_id.unique())
    assert len(changed) == 20
    assert set(made.truth.field) <= {"shares", "unit price", "on"}
    alone = inject(theirs, **made.manifest["inject"])
    pd.testing.assert_frame_equal(alone.truth, made.truth)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("T007,1007", "T007,1008", "in 1 trade already, such as T007, whose shares is '1007' and '1008';"),
        ("10.000,2025/07/01", "10.001,2025/07/01", "such as T000, whose unit price is '10,00' and '10.001'"),
        ("10.000,2025/07/01", "10.000,2025/07/02", "whose on is '01.07.2025' and '2025/07/02'"),
        ("10.000,2025/07/01", ",2025/07/01", "whose unit price is '10,00' and ''"),
        (" B ,x,T000", "S,x,T000", "T000, whose side is 'B' and 'S'"),
        (
            "x,T000",
            "x,T900",
            "in 2 trades already, such as T000, which is not in .*theirs.csv; T900, which is",
        ),
        ("x,T001", "x,T000", "has 1 ids more than once, such as 'T000' in rows 199 and 200"),
    ],
)
def test_lists_that_differ_already_are_refused_with_examples(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    ours, theirs = lists(tmp_path, theirs=THEIRS.replace(old, new))
    with pytest.raises(ListError, match=sentence):
        inject(ours, theirs, columns=COLUMNS, seed=7)


def test_columns_that_belong_together_must_hold_the_same_sort_of_values(tmp_path: Path) -> None:
    ours, theirs = lists(tmp_path)
    lists(tmp_path, theirs=THEIRS.replace("settled", "Note").replace(",x,", ",5,"))
    kinds = [
        {"name": "Note", "kind": "integer"} if one["name"] == "settled" else one
        for one in described(1)["columns"]
    ]
    with pytest.raises(ListError, match="'Note' of ours is of kind text, and 'Note' of theirs of kind int"):
        inject(ours, theirs, columns=COLUMNS | {"theirs": described(1) | {"columns": kinds}})
    with pytest.raises(ListError, match="describes one list, and two are given; expected the tables ours"):
        inject(ours, theirs, columns=described(0))
    with pytest.raises(ListError, match="describes two lists, and one is given"):
        inject(ours, columns=COLUMNS)


def test_rows_whose_id_stands_twice_are_compared_with_none(tmp_path: Path) -> None:
    ours, theirs = lists(tmp_path, theirs=THEIRS.replace("T001,1001", "T000,5"))
    kept = {name: one | {"duplicate_ids": "leave"} for name, one in COLUMNS.items()}
    with pytest.raises(ListError, match="in 1 trade already, such as T001, which is not in"):
        inject(ours, theirs, columns=kept, seed=7)


@pytest.mark.slow
def test_the_commands_describe_both_break_theirs_and_prove_it(tmp_path: Path) -> None:
    lists(tmp_path)
    done = run("columns", "ours.csv", "theirs.csv", cwd=tmp_path)
    assert done.code == 0
    told = tomllib.loads(done.out)
    assert [one["name"] for one in told["theirs"]["columns"]][2] == "trade ref"
    assert told["ours"]["file"]["separator"] == ";"
    # Names such as `shares` tell a role, and `on` does not.
    text = done.out.replace('{ name = "on", ', '{ name = "on", role = "date", ')
    text = text.replace('{ name = "Day", ', '{ name = "Day", role = "date", ')
    (tmp_path / "both.toml").write_text(text, "utf-8")
    args = [
        "inject",
        "ours.csv",
        "theirs.csv",
        "--columns",
        "both.toml",
        "--mismatch-rate",
        "10%",
        "--seed",
        "7",
    ]
    done = run(
        *args, "--out", "broken.csv", "--truth", "k.csv", "--manifest", "m.json", cwd=tmp_path
    )  # fmt: skip
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("tradegen: 200 trades, 20 mismatched (")
    assert run("verify", "theirs.csv", "broken.csv", "k.csv", "m.json", cwd=tmp_path).code == 0
    (tmp_path / "theirs.csv").write_bytes(THEIRS.replace("1007", "1008").encode("latin-1"))
    done = run(*args, "--out", "other.csv", cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "other.csv").exists()
    assert run(*args, "--out", "ours.csv", cwd=tmp_path).code == 2
    assert (tmp_path / "ours.csv").read_bytes() == OURS.encode()
