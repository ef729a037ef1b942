"""Verify: columns that a scenario adds are proved like the nine, in every format, view and layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from added_columns import ASKED, COLUMNS, FORMS, RENAMED, VIEWS, write
from verify_datasets import made, proof, told

from tradegen import prepare
from tradegen.output.dataset import write_dataset
from tradegen.verify import VerifyError, open_dataset, verify, verify_dataset

QUICK = {("single", "ndjson"), ("counterparty", "csv"), ("two_system", "parquet")}


def runs() -> Iterator[Any]:
    for view in VIEWS:
        for form in FORMS:
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


def test_columns_that_a_list_leaves_out_are_named_and_nothing_is_found_of_them(tmp_path: Path) -> None:
    layouts = {
        "ours": {"include": ["trade_id", "price", "fee"], "columns": {"fee": "Fee"}},
        "theirs": {"include": ["gross_amount", "lots", "fee", "our_ref", "booked_at", "trade_id"]},
    }
    report = verify(write(tmp_path / "d", mechanisms={"fee.nudge": 1, "fee.blank": 1}, **layouts))
    assert report.ok, str(report)
    assert report.left_out["ours"][-2:] == ("order_ref", "our_ref")
    # Without its quantity and its price, nobody can say what an amount should be.
    assert (report.own, report.derived) == (("our_ref",), ())


@pytest.mark.slow
def test_pairs_of_a_large_file_are_proved_a_slice_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradegen.verify.written_lists.RECORDS_AT_ONCE", 200)
    report = verify(write(tmp_path / "d"))
    assert report.ok, str(report)
    assert report.records > 400


def test_a_dataset_is_proved_with_its_columns(tmp_path: Path) -> None:
    run = prepare(**ASKED)
    write_dataset(run, tmp_path / "d", form="parquet", workers=1)
    report = verify_dataset(open_dataset(str(tmp_path / "d")))
    assert report.ok, str(report)
    assert report.lines()[-1].endswith("no our_ref stands twice")


@pytest.mark.large
def test_an_own_reference_in_two_parts_of_a_dataset_is_found(tmp_path: Path) -> None:
    folder = made(tmp_path / "d", "csv", "original", columns=COLUMNS[-1:])
    assert proof(folder).ok
    first, second = (folder / f"trades/part-0000{part}.csv" for part in (0, 1))
    taken = first.read_text().splitlines()[1].split(",")[-1]
    lines = second.read_text().splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[-1], taken)
    second.write_text("\n".join([*lines, ""]))
    assert f"our_ref {taken} stands in two parts or more" in told(proof(folder), "reference")


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
    found = verify(paths).findings["relation"].examples
    assert len(found) == 2
    assert all(line.startswith(trade_id) and " isin in t.csv: US5949181045 is what" in line for line in found)


def test_without_a_manifest_nothing_says_what_added_columns_are(tmp_path: Path) -> None:
    paths = [path for path in write(tmp_path / "d", view="single") if path.name != "m.json"]
    with pytest.raises(VerifyError, match=r"t\.csv has the columns .*; a manifest says what others are"):
        verify(paths)
