"""Verify: columns that a scenario adds are proved like the nine, and each edit of them is found and named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradegen import generate
from tradegen.verify import Report, VerifyError, verify

Row = dict[str, str]

COLUMNS: list[dict[str, Any]] = [
    {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 1},
    {"name": "currency", "kind": "code", "values": ["USD", "EUR"]},
    {"name": "account", "kind": "code", "codes": 200, "prefix": "ACC"},
    {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "fee", "kind": "decimal", "places": 4, "min": 0.5, "max": 99.5},
    {"name": "lots", "kind": "integer", "min": 1, "max": 500},
    {"name": "note", "kind": "text", "values": ["late, see mail", "ok"]},
    {"name": "booked_at", "kind": "timestamp", "after": "trade_timestamp", "max": 600},
    {"name": "order_ref", "kind": "reference", "prefix": "ORD", "digits": 8},
    {"name": "our_ref", "kind": "reference", "own": True, "prefix": "R-"},
]
SPELLED = ("other", "case", "padded", "truncated", "typo", "blank")
MECHANISMS = [
    *("quantity.nudge", "price.nudge", "date.next_session", "record.split", "record.missing"),
    *("settlement_date.next_session", "settlement_date.blank"),
    *(f"{name}.{way}" for name in ("currency", "account", "note") for way in SPELLED),
    *("gross_amount.nudge", "gross_amount.sign", "gross_amount.blank", "fee.nudge", "fee.blank"),
    *("lots.nudge", "lots.digit_swap", "lots.blank", "booked_at.delay", "booked_at.blank"),
    *("order_ref.mistyped", "order_ref.blank"),
]
ASKED: dict[str, Any] = {
    "columns": COLUMNS,
    "date": "2025-07-18",  # a Friday
    "mismatch_rate": 0.6,
    "mechanisms": dict.fromkeys(MECHANISMS, 1) | {"quantity.nudge": 5, "record.split": 5},
    "pairs": 250,
    "seed": 5,
    "view": "two_system",
}
RENAMED = {"columns": {"trade_id": "Ref", "fee": "Fee"}, "date_format": "%d/%m/%y"}


def write(folder: Path, form: str = "csv", **changes: Any) -> list[Path]:
    folder.mkdir(exist_ok=True)
    batch = generate(**ASKED | changes)
    batch.write(folder / f"t.{form}", truth=folder / f"key.{form}", manifest=folder / "m.json")
    return sorted(folder.iterdir())


@dataclass
class Files:
    """The lists, the truth and the manifest of a run, to be edited."""

    lists: dict[str, list[Row]]
    truth: list[Row]
    manifest: dict[str, Any]

    def proof(self, folder: Path) -> Report:
        for name, rows in {**self.lists, "key": self.truth}.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            (folder / (f"t.{name}.csv" if name in self.lists else "key.csv")).write_text(text.getvalue())
        (folder / "m.json").write_text(json.dumps(self.manifest))
        return verify(sorted(folder.iterdir()))

    def clean(self) -> tuple[Row, Row]:
        """Both legs of a pair without a mismatch."""
        wrong = {row["trade_id"] for row in self.truth}
        ours = next(row for row in self.lists["ours"] if row["trade_id"] not in wrong)
        return ours, next(row for row in self.lists["theirs"] if row["trade_id"] == ours["trade_id"])

    def told(self, mechanism: str) -> Row:
        """A truth row that is the only one of its pair, or of a quantity and what follows on it."""
        ids = [row["trade_id"] for row in self.truth]
        alone = 2 if mechanism in ("quantity.nudge", "gross_amount.follows") else 1
        return next(
            row for row in self.truth if row["mechanism"] == mechanism and ids.count(row["trade_id"]) == alone
        )

    def records(self, row: Row) -> list[Row]:
        """The records of a truth row's leg."""
        return [leg for leg in self.lists[row["leg"].lower()] if leg["trade_id"] == row["trade_id"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("added"))[0].parent


@pytest.fixture
def files(folder: Path) -> Files:
    def rows(name: str) -> list[Row]:
        return list(csv.DictReader(io.StringIO((folder / name).read_text())))

    lists = {name: rows(f"t.{name}.csv") for name in ("ours", "theirs")}
    return Files(lists, rows("key.csv"), json.loads((folder / "m.json").read_text()))


QUICK = {("single", "ndjson"), ("counterparty", "csv"), ("two_system", "parquet")}


def runs() -> Iterator[Any]:
    for view in ("single", "counterparty", "two_system"):
        for form in ("csv", "json", "ndjson", "parquet"):
            marks = [] if (view, form) in QUICK else [pytest.mark.large]
            yield pytest.param(view, form, marks=marks)


@pytest.mark.parametrize(("view", "form"), [*runs()])
def test_a_run_with_columns_of_every_kind_is_proved(tmp_path: Path, view: str, form: str) -> None:
    layout = {"theirs": RENAMED} if view == "two_system" else {}
    report = verify(write(tmp_path / "d", form, view=view, **layout))
    assert report.ok, str(report)
    assert report.own == ("our_ref",)
    assert "not compared: our_ref, of which each record has its own" in report.lines()
    assert "(settlement_date, gross_amount) agrees with what it is worked out from" in str(report)


def test_names_that_are_words_of_sql_and_of_the_truth_are_names_like_any_other(tmp_path: Path) -> None:
    names = ("select", "order", "group", "pair", "field", "one", "mechanism", "original", "altered", "number")
    columns = [{"name": name, "kind": "code", "values": ["it's", "b c", "%_x"]} for name in names]
    mechanisms = {f"{name}.{way}": 1 for name in names for way in ("other", "blank")}
    report = verify(write(tmp_path / "d", columns=columns, mechanisms=mechanisms, pairs=100))
    assert report.ok, str(report)


ROUNDED = [
    {"name": "lots", "kind": "integer", "min": 1, "max": 500},
    {"name": "fee", "kind": "decimal", "places": 4, "min": 0.5, "max": 99.5},
    {"name": "less", "kind": "decimal", "places": 1, "product": ["quantity", "fee"]},
    {"name": "more", "kind": "decimal", "places": 6, "product": ["quantity", "price"], "not_recomputed": 0.5},
    {"name": "units", "kind": "decimal", "places": 0, "product": ["quantity", "lots"]},
    {"name": "same", "kind": "date", "sessions_after": "date", "by": 0},
    {"name": "later", "kind": "date", "sessions_after": "date", "by": 8, "not_recomputed": 0.5},
]


@pytest.mark.parametrize("date", ["2025-07-17", "2025-07-19", "2025-07-20"])
def test_products_are_rounded_and_sessions_counted_as_the_columns_say(tmp_path: Path, date: str) -> None:
    mechanisms = (
        "quantity.nudge",
        "price.nudge",
        "record.split",
        "fee.sign",
        "lots.blank",
        "date.next_session",
    )
    asked = {"columns": ROUNDED, "mechanisms": dict.fromkeys(mechanisms, 1), "fields_per_pair": [0.5, 0.5]}
    report = verify(write(tmp_path / "d", date=date, **asked))
    assert report.ok, str(report)


def test_what_follows_on_a_benign_difference_is_benign(tmp_path: Path) -> None:
    asked = {"tolerances": {"quantity": 5}, "benign_rate": 0.3, "mechanisms": {"quantity.nudge": 1}}
    report = verify(write(tmp_path / "d", mismatch_rate=0.3, columns=COLUMNS[3:4], **asked))
    assert report.ok, str(report)
    assert report.benign_rows > 75


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
        first, second = files.lists[one][3], files.lists[other][5]
        first["our_ref"] = second["our_ref"]
        return first["trade_id"], "our_ref"

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


@pytest.mark.parametrize(("kind", "change", "phrase"), [*EDITS.values()], ids=EDITS)
def test_an_edit_is_told_of_with_its_trade_and_column(
    files: Files, tmp_path: Path, kind: str, change: Change, phrase: str
) -> None:
    trade_id, column = change(files)
    report = files.proof(tmp_path)
    assert kind in report.findings, str(report)
    told = [line for line in report.findings[kind].examples if f" {column}" in line and phrase in line]
    assert any(line.startswith(trade_id) for line in told), str(report)


def test_a_row_about_a_reference_that_is_each_records_own_is_refused(files: Files, tmp_path: Path) -> None:
    files.told("order_ref.mistyped").update(field="our_ref", mechanism="our_ref.mistyped")
    assert "field is 'our_ref'; expected one of" in files.proof(tmp_path).findings["invalid"].examples[0]


def test_a_count_of_an_added_column_is_checked(files: Files, tmp_path: Path) -> None:
    files.manifest["counts"]["by_field"]["fee"] += 1
    assert files.proof(tmp_path).findings["manifest"].examples[0].startswith("counts.by_field.fee is")


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
@pytest.mark.parametrize("column", ["account", "order_ref"])
def test_an_empty_text_is_no_missing_value(tmp_path: Path, form: str, column: str) -> None:
    asked = {"view": "single", "mechanisms": {f"{column}.blank": 1}, "pairs": 20, "mismatch_rate": 1}
    paths = write(tmp_path / "d", form, **asked)
    path = tmp_path / "d" / f"t.{form}"
    if form == "ndjson":
        text = path.read_text()
        assert f'"{column}": null' in text
        path.write_text(text.replace(f'"{column}": null', f'"{column}": ""'))
    else:
        table = pq.read_table(path)
        texts = pa.array(["" if value is None else value for value in table[column].to_pylist()])
        pq.write_table(table.set_column(table.column_names.index(column), column, texts), path)
    found = [line for finding in verify(paths).findings.values() for line in finding.examples]
    assert any(column in line and '""' in line for line in found)


def test_a_name_that_comes_from_the_tickers_is_that_of_the_trades_ticker(tmp_path: Path) -> None:
    universe = tmp_path / "tickers.csv"
    universe.write_text("ticker,price,isin\nAAPL,154.00,US0378331005\nMSFT,300.00,US5949181045\n")
    columns = [{"name": "isin", "kind": "code", "from": "isin"}]
    mechanisms = {"isin.other": 1, "ticker.other": 1, "isin.blank": 1}
    paths = write(tmp_path / "d", tickers=universe, columns=columns, mechanisms=mechanisms, view="single")
    assert verify(paths).ok
    trades = tmp_path / "d" / "t.csv"
    wrong = {line.split(",")[0] for line in (tmp_path / "d" / "key.csv").read_text().splitlines()}
    lines = trades.read_text().splitlines()
    trade_id = next(line for line in lines[1:] if "AAPL" in line and line[:11] not in wrong)[:11]
    swapped = [
        line.replace("US0378331005", "US5949181045") if line.startswith(trade_id) else line for line in lines
    ]
    trades.write_text("\n".join([*swapped, ""]))
    told = verify(paths).findings["relation"].examples
    assert len(told) == 2
    assert all(line.startswith(trade_id) and " isin in t.csv: US5949181045 is what" in line for line in told)


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


def test_without_a_manifest_nothing_says_what_added_columns_are(tmp_path: Path) -> None:
    paths = [path for path in write(tmp_path / "d", view="single") if path.name != "m.json"]
    with pytest.raises(VerifyError, match=r"t\.csv has the columns .*; a manifest says what others are"):
        verify(paths)
