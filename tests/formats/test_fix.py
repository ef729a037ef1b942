"""FIX: every message is one that the standard allows, and says what the CSV of the same run says."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import simplefix
from conftest import ROOT
from reading import Row, rows
from written import written_lists

from tradegen import generate
from tradegen.errors import OutputError
from tradegen.formats import FORMATS
from tradegen.formats.fix import MESSAGE
from tradegen.formats.tables import list_tables, truth_table

SOH = b"\x01"
EVERY_MECHANISM = {"scenario": "everything", "pairs": 300, "seed": 11}
# What FIX 4.4 marks as required: in the header, in AE, in its group of sides, and in the trailer.
REQUIRED = {8, 9, 35, 49, 56, 34, 52, 571, 570, 55, 32, 31, 75, 60, 552, 54, 37, 10}
PAGE = (ROOT / "docs" / "fix.md").read_text("utf-8")


def fix_lists(**arguments: Any) -> dict[str, bytes]:
    """The bytes of each list of the view, by its name."""
    arguments.setdefault("date", "2025-07-21")
    batch = generate(**arguments)
    lists: dict[str, bytes] = {}
    for name, table in list_tables(batch.run).items():
        pieces: list[bytes] = []
        writer = FORMATS["fix"](table, pieces.append)
        for block in batch.blocks:
            writer.add(table.rows(block))
        writer.end()
        lists[name] = b"".join(pieces)
    return lists


def messages(stream: bytes) -> list[simplefix.FixMessage]:
    parser = simplefix.FixParser()
    parser.append_buffer(stream)
    found = list(iter(parser.get_message, None))
    assert parser.get_buffer() in (b"", b"\n"), "the parser took not all of the stream"
    return found


def record(message: simplefix.FixMessage) -> Row:
    """A message as the row of a CSV, each value by its tag; a party's, by the role that follows it."""
    pairs = [(int(tag), value.decode()) for tag, value in message.pairs]
    one = {tag: value for tag, value in pairs if tag not in (448, 447, 452)}
    parties = [[value for tag, value in pairs if tag == each] for each in (452, 448)]
    roles = dict(zip(*parties, strict=True))
    form = "%Y%m%d-%H:%M:%S.%f" if "." in one[60] else "%Y%m%d-%H:%M:%S"
    moment = dt.datetime.strptime(one[60], form)
    row = {
        "trade_id": one[37],
        "ticker": one[55],
        "broker_id": roles["1"],
        "contra_broker_id": roles["17"],
        "quantity": one[32],
        "price": one[31],
        "order_type": {"1": "BUY", "2": "SELL"}[one[54]],
        "date": str(dt.datetime.strptime(one[75], "%Y%m%d").date()),
        "trade_timestamp": moment.isoformat(" ", "milliseconds" if "." in one[60] else "seconds"),
    }
    assert one[52] == one[60]
    assert one[17] == one[37]
    if one[571] != f"{row['trade_id']}-{row['order_type']}":
        row["record_id"] = one[571]
    return row


@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
@pytest.mark.parametrize("arguments", [{"seed": 7}, EVERY_MECHANISM], ids=["original", "every mechanism"])
def test_messages_say_what_the_csv_says(view: str, arguments: dict[str, Any]) -> None:
    expected, truth = written_lists("csv", view=view, **arguments)
    made = fix_lists(view=view, **arguments)
    assert made.keys() == expected.keys()
    for name, stream in made.items():
        assert list(map(record, messages(stream))) == rows(expected[name])
    if arguments is EVERY_MECHANISM:
        mechanisms = {row["mechanism"] for row in rows(truth)}
        assert {"record.split", "record.duplicate", "ticker.suffix", "trade_id.mistyped"} <= mechanisms


def test_body_length_and_checksum_are_right() -> None:
    lines = fix_lists(**EVERY_MECHANISM)["trades"].splitlines(keepends=True)
    assert len(lines) > 500
    for line in lines:
        start = re.match(rb"8=FIX\.4\.4\x019=([1-9]\d*)\x01(?=35=AE\x01)", line)
        end = re.search(rb"(?<=\x01)10=(\d{3})\x01\n\Z", line)
        assert start, line
        assert end, line
        assert int(start[1]) == end.start() - start.end()
        assert int(end[1]) == sum(line[: end.start()]) % 256


def test_each_message_has_every_required_tag_and_none_is_empty() -> None:
    for line in fix_lists(**EVERY_MECHANISM)["trades"].splitlines():
        fields = [field.split(b"=", 1) for field in line.removesuffix(SOH).split(SOH)]
        tags = Counter(int(tag) for tag, _ in fields)
        assert tags.keys() >= REQUIRED
        assert {tag for tag, count in tags.items() if count > 1} == {448, 447, 452}
        assert all(value for _, value in fields)


def test_groups_start_with_their_count_and_follow_the_order_of_the_standard() -> None:
    [line, *_] = fix_lists(seed=7)["trades"].splitlines()
    tags = [int(field.split(b"=")[0]) for field in line.removesuffix(SOH).split(SOH)]
    assert tags[:3] == [8, 9, 35]
    assert tags[-11:] == [552, 54, 37, 453, 448, 447, 452, 448, 447, 452, 10]


@pytest.mark.parametrize("arguments", [{"seed": 7, "pairs": 500}, EVERY_MECHANISM])
def test_each_report_has_an_id_of_its_own(arguments: dict[str, Any]) -> None:
    ids = [message.get(571) for message in messages(fix_lists(**arguments)["trades"])]
    assert len(set(ids)) == len(ids)


def test_times_have_milliseconds_where_the_run_has() -> None:
    for precision, form in (("s", rb"\d{8}-\d\d:\d\d:\d\d"), ("ms", rb"\d{8}-\d\d:\d\d:\d\d\.\d{3}")):
        for message in messages(fix_lists(seed=7, timestamp_precision=precision)["trades"]):
            assert re.fullmatch(form, message.get(60))
            assert re.fullmatch(rb"\d{8}", message.get(75))


def test_microseconds_are_refused() -> None:
    with pytest.raises(OutputError, match=r"timestamp_precision is us, and FIX 4\.4 has no microseconds"):
        fix_lists(seed=7, timestamp_precision="us")


def test_new_names_of_columns_change_nothing() -> None:
    # Two names exchanged: what a column is cannot be told by its name alone.
    exchanged = {"columns": {"broker_id": "contra_broker_id", "contra_broker_id": "broker_id", "price": "Px"}}
    plain = fix_lists(seed=7, view="two_system")
    assert fix_lists(seed=7, view="two_system", theirs=exchanged) == plain


@pytest.mark.parametrize("name", ["date_format", "timestamp_format"])
def test_another_form_of_dates_or_times_is_refused(name: str) -> None:
    form = {"date_format": "%d/%m/%Y", "timestamp_format": "%d/%m/%Y %H:%M:%S"}[name]
    with pytest.raises(OutputError, match=f"{name} is '{form}', and FIX has one form of its own"):
        fix_lists(seed=7, view="two_system", theirs={name: form})


def test_the_truth_is_refused() -> None:
    with pytest.raises(OutputError, match="has no tags for the truth"):
        FORMATS["fix"](truth_table(generate(seed=7).run), [].append)


def test_the_same_run_is_the_same_bytes() -> None:
    assert fix_lists(**EVERY_MECHANISM) == fix_lists(**EVERY_MECHANISM)


def test_messages_are_numbered_through_the_blocks_of_a_file_and_each_file_begins_at_1() -> None:
    batch = generate(seed=7, pairs=3)
    [table] = list_tables(batch.run).values()
    files: list[list[bytes]] = [[], []]
    for pieces in files:
        writer = FORMATS["fix"](table, pieces.append)
        for _ in range(2):
            for block in batch.blocks:
                writer.add(table.rows(block))
        writer.end()
    for pieces in files:
        numbers = [int(message.get(34)) for message in messages(b"".join(pieces))]
        assert numbers == list(range(1, 13))


def test_a_list_without_records_is_an_empty_file() -> None:
    batch = generate(seed=7)
    block = next(iter(batch.blocks))
    pieces: list[bytes] = []
    [table] = list_tables(batch.run).values()
    writer = FORMATS["fix"](table, pieces.append)
    writer.add(block.trades.take(block.trades.leg == 9))
    writer.end()
    assert b"".join(pieces) == b""


def test_the_library_is_loaded_where_it_is_used() -> None:
    code = "import sys, tradegen.formats; sys.exit('simplefix' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(ROOT))


def test_the_page_lists_every_tag_in_its_place() -> None:
    described = [int(tag) for tag in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)]
    [line, *_] = fix_lists(seed=7)["trades"].splitlines()
    tags = [int(field.split(b"=")[0]) for field in line.removesuffix(SOH).split(SOH)]
    assert described == list(dict.fromkeys(tags))
    assert {tag for tag, _ in MESSAGE} == set(tags) - {9, 10}


def test_the_pages_example_is_real_output() -> None:
    [example] = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    [line, *_] = fix_lists(seed=7, first_id=21)["trades"].splitlines()
    assert example.replace("\n", "") == line.replace(SOH, b"|").decode()


# --- columns that a scenario adds --------------------------------------------------------------------------

OWN: dict[str, Any] = {
    "columns": [
        {"name": "note", "kind": "text", "values": ["late, see mail", "ok"]},
        {"name": "settlement_date", "kind": "date", "sessions_after": "date", "by": 1},
        {"name": "currency", "kind": "code", "values": ["USD", "EUR"]},
        {"name": "isin", "kind": "code", "values": ["US0378331005", "US5949181045"]},
        {"name": "account", "kind": "code", "codes": 200, "prefix": "ACC"},
        {"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    ],
    "mechanisms": {
        f"{name}.{way}": 1
        for name, way in (
            *((one, "blank") for one in ("note", "settlement_date", "currency", "isin", "gross_amount")),
            ("account", "padded"),
            ("gross_amount", "sign"),
            ("record", "missing"),
        )
    },
    "mismatch_rate": 0.8,
}
OWN_TAGS = {"isin": 48, "settlement_date": 64, "account": 1, "currency": 15, "gross_amount": 381, "note": 58}


def test_own_columns_say_in_their_tags_what_the_csv_says() -> None:
    given: dict[str, Any] = {"scenario": OWN, "pairs": 60, "seed": 3, "date": "2025-07-18", "first_id": 1}
    table = rows(written_lists(**given)[0]["trades"])
    found = messages(fix_lists(**given)["trades"])
    assert len(found) == len(table)
    missing = Counter[str]()
    for message, row in zip(found, table, strict=True):
        for name, tag in OWN_TAGS.items():
            value = row[name].replace("-", "") if name == "settlement_date" else row[name]
            assert (message.get(tag) or b"").decode() == value
            missing[name] += not value
        assert message.get(22) == (b"4" if row["isin"] else None)
    assert all(missing[name] for name in OWN_TAGS if name != "account")


def test_own_tags_stand_in_the_order_of_the_standard() -> None:
    given = {"scenario": {**OWN, "mismatch_rate": 0.0}, "pairs": 1, "seed": 3}
    [first, *_] = messages(fix_lists(**given)["trades"])
    tags = [int(tag) for tag, _ in first.pairs]
    # FIX 4.4, Trade Capture Report: the instrument, times, and last in the group of sides.
    assert tags[tags.index(55) :][:4] == [55, 48, 22, 32]
    assert tags[tags.index(60) :][:3] == [60, 64, 552]
    assert tags[-6:] == [452, 1, 15, 381, 58, 10]


@pytest.mark.parametrize(
    ("columns", "layout", "sentence"),
    [
        (
            [{"name": "fee", "kind": "decimal", "places": 2, "min": 1, "max": 2}],
            {},
            "column fee has no tag in FIX; expected columns among isin, settlement_date, account, currency, "
            "gross_amount, note, text; leave it out by trades.include, or write another format",
        ),
        (
            [{"name": "account", "kind": "integer", "min": 1, "max": 2}],
            {},
            "column account is of the kind integer, which its tag 1 of FIX cannot hold; leave it out by "
            "trades.include, or write another format",
        ),
        (
            [{"name": name, "kind": "text", "value": "ok"} for name in ("note", "text")],
            {},
            "columns note and text have one tag in FIX, 58; leave one out by trades.include, or write "
            "another format",
        ),
        (
            [{"name": "settlement_date", "kind": "date", "sessions_after": "date"}],
            {"date_format": "%d/%m/%Y"},
            "date_format is '%d/%m/%Y', and FIX has one form of its own; expected none with format fix",
        ),
    ],
)
def test_what_fix_cannot_say_of_own_columns_is_refused(
    columns: list[dict[str, Any]], layout: dict[str, str], sentence: str
) -> None:
    with pytest.raises(OutputError) as caught:
        fix_lists(columns=columns, trades=layout, pairs=2, seed=1)
    assert str(caught.value) == sentence


def test_a_column_without_a_tag_may_be_left_out_of_the_list() -> None:
    fee = {"name": "fee", "kind": "decimal", "places": 2, "min": 1, "max": 2}
    plain = fix_lists(seed=7)["trades"]
    house = list(generate(seed=7).trades.columns)
    assert fix_lists(columns=[fee], trades={"include": house}, seed=7)["trades"] == plain
