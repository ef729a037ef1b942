"""Verify: an edit of a column that a scenario adds is found, and told of with its trade and its column."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from added_columns import ASKED, COLUMNS, FORMS, RENAMED, VIEWS, Files, Row, write
from verify_edits import edited_parquet, edited_text, lone_ids

from tradegen import generate
from tradegen.verify import VerifyError, verify


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many pairs that each edit has one of its own."""
    return write(tmp_path_factory.mktemp("added"), pairs=1_500)[0].parent


@pytest.fixture
def files(folder: Path) -> Files:
    def rows(name: str) -> list[Row]:
        return list(csv.DictReader(io.StringIO((folder / name).read_text())))

    lists = {name: rows(f"t.{name}.csv") for name in ("ours", "theirs")}
    return Files(lists, rows("key.csv"), json.loads((folder / "m.json").read_text()))


Change = Callable[[Files], tuple[str, str]]
Edit = tuple[str, Change, str]
"""A kind of finding, what makes it (and then names the trade and the column), and a part of the sentence."""


def cell(column: str, *values: str) -> Change:
    """Write something into a column of a clean pair: on our list, and on theirs if there are two values."""

    def change(files: Files) -> tuple[str, str]:
        legs = files.clean()
        for leg, value in zip(legs, values, strict=False):
            assert leg[column] != value
            leg[column] = value
        return legs[0]["trade_id"], column

    return change


def altered(column: str, change: Callable[[str], str], *, both: bool = False) -> Change:
    def changed(files: Files) -> tuple[str, str]:
        ours, theirs = files.clean()
        for leg in (ours, theirs)[: 1 + both]:
            leg[column] = change(leg[column])
        return ours["trade_id"], column

    return changed


def truth(mechanism: str, /, **changes: str) -> Change:
    """Write something into a row of the truth."""

    def change(files: Files) -> tuple[str, str]:
        row = files.told(mechanism)
        row.update(changes)
        return row["trade_id"], row["field"]

    return change


def dropped(mechanism: str) -> Change:
    def change(files: Files) -> tuple[str, str]:
        row = files.told(mechanism)
        files.truth.remove(row)
        return row["trade_id"], row["field"]

    return change


def digit(text: str) -> str:
    """The same text with another last digit."""
    return text[:-1] + str((int(text[-1]) + 1) % 10)


def another(text: str) -> str:
    return {"USD": "EUR", "EUR": "USD", "ok": "late, see mail", "late, see mail": "ok"}[text]


def with_digit(mechanism: str, where: str) -> Change:
    def change(files: Files) -> tuple[str, str]:
        row = files.told(mechanism)
        row[where] = digit(row[where])
        return row["trade_id"], row["field"]

    return change


def split_leg(files: Files) -> list[Row]:
    """The fills of a leg that was split and not altered otherwise."""
    return files.records(files.told("record.split"))


def moved_between_fills(files: Files) -> tuple[str, str]:
    one, other = split_leg(files)[:2]
    one["gross_amount"] = str(Decimal(one["gross_amount"]) + 1)
    other["gross_amount"] = str(Decimal(other["gross_amount"]) - 1)
    return one["trade_id"], "gross_amount"


def lost_in_a_fill(files: Files) -> tuple[str, str]:
    fill = split_leg(files)[0]
    fill["gross_amount"] = digit(fill["gross_amount"])
    return fill["trade_id"], "gross_amount"


def unlike_fill(files: Files) -> tuple[str, str]:
    fill = split_leg(files)[0]
    fill["fee"] = digit(fill["fee"])
    return fill["trade_id"], "fee"


def reference_twice(one: str, other: str) -> Change:
    def change(files: Files) -> tuple[str, str]:
        first, second = files.clean(), files.clean()
        names = [*files.lists]
        first[names.index(one)]["our_ref"] = second[names.index(other)]["our_ref"]
        return first[0]["trade_id"], "our_ref"

    return change


NO_CLEAN = "is what no clean leg has, and the truth has no row for it"
EDITS: dict[str, Edit] = {
    "another date": ("unlabelled", altered("settlement_date", digit), "2025-07-22 on OURS"),
    "another valid code": ("unlabelled", altered("currency", another), "on OURS"),
    "another valid account": ("unlabelled", altered("account", lambda _: "ACC200"), "ACC200 on OURS"),
    "another valid text": ("unlabelled", altered("note", another), "on OURS"),
    "another amount": ("unlabelled", altered("gross_amount", digit), "on OURS"),
    "another decimal": ("unlabelled", altered("fee", digit), "on OURS"),
    "another integer": ("unlabelled", altered("lots", digit), "on OURS"),
    "another time": ("unlabelled", altered("booked_at", digit), "on OURS"),
    "another reference": ("unlabelled", altered("order_ref", digit), "ORD"),
    **{
        f"no {name}": ("unlabelled", cell(name, ""), "nothing on OURS")
        for name in ("settlement_date", "account", "fee", "lots", "order_ref")
    },
    "nothing on both legs": ("relation", cell("account", "", ""), f"nothing {NO_CLEAN}"),
    "no number on both legs": ("relation", cell("fee", "", ""), f"nothing {NO_CLEAN}"),
    "a code past the last": ("relation", cell("account", "ACC201", "ACC201"), f"ACC201 {NO_CLEAN}"),
    "a code in another form": ("relation", cell("account", "ACC0001", "ACC0001"), NO_CLEAN),
    "an unknown name on both legs": ("relation", cell("currency", "CHF", "CHF"), f"CHF {NO_CLEAN}"),
    "a number past the range": ("relation", cell("lots", "501", "501"), f"501 {NO_CLEAN}"),
    "a decimal below the range": ("relation", cell("fee", "0.4999", "0.4999"), f"0.4999 {NO_CLEAN}"),
    "a time before the trade": (
        "relation",
        cell("booked_at", *["2025-07-18 09:00:00"] * 2),
        f"2025-07-18 09:00:00 {NO_CLEAN}",
    ),
    "a session too many on both legs": (
        "derived",
        altered("settlement_date", digit, both=True),
        "2025-07-22 is not 1 weekday after date, which is 2025-07-21",
    ),
    "another amount on both legs": (
        "derived",
        altered("gross_amount", digit, both=True),
        "is not quantity x price, which is",
    ),
    "a decimal cut short": ("invalid", altered("fee", lambda fee: fee[:-1]), "a number with 4 decimals"),
    "a decimal with an exponent": ("invalid", cell("fee", "1.5000e0"), "a number with 4 decimals"),
    "a negative zero": ("invalid", cell("fee", "-0.0000"), "a number with 4 decimals"),
    "an integer with a zero in front": (
        "invalid",
        altered("lots", lambda lots: f"0{lots}"),
        "a whole number",
    ),
    "a date without zeros": ("invalid", cell("settlement_date", "2025-7-21"), "a date in the list's format"),
    "a time with a fraction": ("invalid", altered("booked_at", lambda time: f"{time}.0"), "a timestamp in"),
    "a reference cut short": ("invalid", altered("order_ref", lambda ref: ref[:-1]), "ORD and 8 digits"),
    "an own reference in capitals": (
        "invalid",
        altered("our_ref", str.upper),
        "R- and 16 hexadecimal digits",
    ),
    "no own reference": ("invalid", cell("our_ref", ""), "R- and 16 hexadecimal digits"),
    "an own reference twice": ("reference", reference_twice("ours", "ours"), "stands on another record, too"),
    "an own reference on both lists": ("reference", reference_twice("ours", "theirs"), "stands on another"),
    "another original": ("vanished", with_digit("fee.nudge", "original"), "original is"),
    "another original name": (
        "vanished",
        truth("currency.case", original="CHF"),
        "original is CHF by the truth",
    ),
    "another altered": ("vanished", with_digit("order_ref.mistyped", "altered"), "by the truth, ORD"),
    "another altered name": ("vanished", truth("note.case", altered="Ok"), "Ok by the truth"),
    "another delta": ("delta", with_digit("lots.nudge", "delta"), "delta is"),
    "a delta of days": ("delta", truth("settlement_date.next_session", delta="2"), "delta is 2, from"),
    "a delta of seconds": ("delta", with_digit("booked_at.delay", "delta"), "delta is"),
    "a delta with fewer decimals": ("delta", truth("fee.nudge", delta="0.5"), "delta is 0.5, from"),
    "a delta of a name": ("delta", truth("account.typo", delta="1"), "delta is 1; expected none, for a name"),
    "a delta of a reference": ("delta", truth("order_ref.mistyped", delta="1"), "expected none, for a name"),
    "a delta of a blank": ("delta", truth("fee.blank", delta="1"), "expected none, for a missing value"),
    "no delta": ("delta", truth("gross_amount.sign", delta=""), "delta is empty"),
    "nothing before": ("invalid", truth("fee.nudge", original=""), "original is ''; expected a value"),
    "a blank that is none": ("invalid", truth("fee.nudge", mechanism="fee.blank"), "nothing with fee.blank"),
    "a blank called otherwise": ("invalid", truth("note.blank", mechanism="note.case"), "and there alone"),
    "no row for a blank": ("unlabelled", dropped("account.blank"), "nothing on"),
    "no row for what follows": ("unlabelled", dropped("gross_amount.follows"), "on OURS"),
    "follows on nothing": (
        "vanished",
        truth("gross_amount.nudge", mechanism="gross_amount.follows"),
        "it follows by the truth, and nothing that it comes from was altered",
    ),
    "follows by another name": (
        "invalid",
        truth("gross_amount.follows", mechanism="gross_amount.nudge"),
        "its mechanism is gross_amount.nudge; expected gross_amount.follows",
    ),
    "follows with another label": (
        "benign",
        truth("gross_amount.follows", benign="true"),
        "benign is true, and false of what it follows on",
    ),
    "benign without a tolerance": ("benign", truth("fee.nudge", benign="true"), "is beyond the tolerance"),
    "fills with another's part": ("derived", moved_between_fills, "of a fill with"),
    "fills that are too little": ("unlabelled", lost_in_a_fill, "on OURS"),
    "fills that are not alike": ("unlabelled", unlike_fill, "records of one leg have"),
}


@pytest.mark.slow
def test_each_edit_is_told_of_with_its_trade_and_column(
    files: Files, tmp_path: Path, every_example: None
) -> None:
    """One proof finds all of them, each in a trade of its own."""
    places = {name: change(files) for name, (_, change, _) in EDITS.items()}
    report = files.proof(tmp_path)
    missed = [
        name
        for name, (kind, _, phrase) in EDITS.items()
        if not any(
            line.startswith(places[name][0]) and f" {places[name][1]}" in line and phrase in line
            for line in report.findings[kind].examples
        )
    ]
    assert not missed, str(report)
    # Beside the counts of the manifest, nothing is told of that was not edited.
    told = [line for kind, found in report.findings.items() if kind != "manifest" for line in found.examples]
    more = [line for line in told if not line.startswith(tuple(files.edited))]
    assert not more


@pytest.mark.large
@pytest.mark.parametrize("number", range(60))
def test_any_single_edit_is_found(tmp_path: Path, number: int) -> None:
    rng = random.Random(number)
    view, form = VIEWS[number % 3], FORMS[number // 3 % 4]
    # Values without commas, for the editor to find where they stand.
    columns = [
        column | ({"values": ["later", "ok"]} if column["kind"] == "text" else {}) for column in COLUMNS
    ]
    layout = {"theirs": RENAMED} if view == "two_system" else {}
    paths = write(tmp_path / "d", form, view=view, columns=columns, pairs=60, **layout)
    lone = lone_ids(
        generate(**ASKED | {"columns": columns, "pairs": 60, "view": view}).truth.to_dict("records")
    )
    table = rng.choice(["list", "list", "truth"])
    path = rng.choice([path for path in paths if path.name.startswith("t." if table == "list" else "key.")])
    if form == "parquet":
        what = edited_parquet(path, table, lone, rng)
    else:
        what = edited_text(path, table, form, lone, rng, [])
    try:
        report = verify(paths)
    except VerifyError:
        return
    assert not report.ok, f"{view} {form} {number}: {what}"


def test_a_row_about_a_reference_that_is_each_records_own_is_refused(files: Files, tmp_path: Path) -> None:
    files.told("order_ref.mistyped").update(field="our_ref", mechanism="our_ref.mistyped")
    assert "field is 'our_ref'; expected one of" in files.proof(tmp_path).findings["invalid"].examples[0]


def test_a_count_of_an_added_column_is_checked(files: Files, tmp_path: Path) -> None:
    files.manifest["counts"]["by_field"]["fee"] += 1
    assert files.proof(tmp_path).findings["manifest"].examples[0].startswith("counts.by_field.fee is")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "price"}, "expected a new name and a kind"),
        ({"name": "a b"}, "expected a new name and a kind"),
        ({"kind": "money"}, "expected a new name and a kind"),
        ({"places": 9}, "column fee is"),
        ({"min": None}, "which is not how tradegen writes a decimal"),
        ({"product": ["quantity", "ticker"]}, "column fee is the product of 'ticker' in the manifest"),
    ],
)
def test_a_manifest_whose_columns_make_no_sense_is_refused(
    files: Files, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    files.manifest["replay"]["scenario"]["columns"][4].update(change)
    with pytest.raises(VerifyError, match=sentence):
        files.proof(tmp_path)
