"""Verify: what is right is proved, and each kind of damage is found and named."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from shell import run
from sizes import chosen
from verify_files import MANIFEST, TRADES, TRUTH, as_form, proof, two_lists

from tradegen.verify import verify
from tradegen.verify.proof_report import KINDS

LINES, ROWS = TRADES.splitlines(keepends=True), TRUTH.splitlines(keepends=True)


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_what_is_right_is_proved_in_every_format(tmp_path: Path, form: str) -> None:
    report = proof(tmp_path, manifest=MANIFEST, form=form)
    assert report.ok, str(report)
    assert (report.pairs, report.records, report.truth_rows, report.benign_rows) == (9, 19, 10, 0)


def test_no_manifest_is_needed_for_one_list(tmp_path: Path) -> None:
    assert proof(tmp_path).ok


def test_without_a_manifest_benign_labels_are_not_checked_and_the_report_says_so(tmp_path: Path) -> None:
    report = proof(tmp_path, truth=TRUTH.replace("410.25,0.25,false", "410.25,0.25,true"))
    assert report.ok
    assert "not checked: whether they are benign, since tolerances stand in the manifest" in report.lines()


# Of the pair with a wrong price on the SELL leg: MSFT at 09:31, sold by BKR004 to BKR003 for 41,000 dollars.
MET = [
    {"broker_id": "BKR004", "contra_broker_id": ["BKR003"]},
    {"ticker": ["AAPL", "MSFT"], "hours": ["23:00-09:32", "12:00-13:00"], "min_notional": 41_000},
    {"hours": "09:31-09:32", "max_notional": 41_000.0, "leg": "SELL"},
]
NOT_MET = [
    {"broker_id": "BKR003"}, {"contra_broker_id": ["BKR004"]}, {"ticker": "AAPL"}, {"hours": "23:00-09:31"},
    {"hours": ["09:32-12:00"]}, {"min_notional": 41_000.01}, {"max_notional": 40_999.99}, {"leg": "BUY"},
]  # fmt: skip


@pytest.mark.parametrize(("wheres", "met"), [(MET, True), (NOT_MET, False)], ids=["met", "not met"])
def test_a_cause_is_one_whose_conditions_the_clean_leg_meets(
    tmp_path: Path, wheres: list[dict[str, Any]], met: bool
) -> None:
    for where in wheres:
        leg = {"leg": where.pop("leg")} if "leg" in where else {}
        spot = {"name": "x", "where": where, "rate": 0.5, **leg}
        scenario = {"pairs": 9, "brokers": 15, "hot_spots": [spot]}
        manifest = MANIFEST | {"replay": MANIFEST["replay"] | {"scenario": scenario}}
        report = proof(tmp_path, truth=TRUTH.replace(",41000.00,,", ",41000.00,x,"), manifest=manifest)
        assert report.ok == met, (where, str(report))
        if not met:
            assert "the conditions of x are not those of the trade" in report.findings["invalid"].examples[0]


def test_of_causes_that_go_together_each_is_about_one_of_the_legs(tmp_path: Path) -> None:
    where = [{"broker_id": "BKR004"}, {"broker_id": "BKR003"}]
    for second, met in (("BKR003", True), ("BKR005", False)):
        where[1]["broker_id"] = second
        spots = [{"name": name, "where": one, "factor": 2} for name, one in zip("xy", where, strict=True)]
        scenario = {"pairs": 9, "brokers": 15, "hot_spots": spots}
        manifest = MANIFEST | {"replay": MANIFEST["replay"] | {"scenario": scenario}}
        truth = TRUTH.replace(",41000.00,,", ",41000.00,x + y,")
        assert proof(tmp_path, truth=truth, manifest=manifest).ok == met


@pytest.mark.parametrize("seed", range(5))
def test_rows_in_any_order_are_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr("tradegen.verify.written_lists.RECORDS_AT_ONCE", 5)

    def shuffled(text: str) -> str:
        header, *lines = text.splitlines(keepends=True)
        random.Random(seed).shuffle(lines)
        return "".join([header, *lines])

    assert proof(tmp_path, shuffled(TRADES), shuffled(TRUTH), MANIFEST).ok


DAMAGES = [
    # kind, file, what stands there, what is put there, what the first example must name
    (
        "unlabelled",
        "trades",
        "tid00000001,AAPL,BKR002,BKR001,250",
        "tid00000001,AAPL,BKR002,BKR001,251",
        "quantity",
    ),
    (
        "unlabelled",
        "trades",
        "tid00000001,AAPL,BKR002",
        "tid00000001,MSFT,BKR002",
        "ticker in a.csv: AAPL on BUY",
    ),
    (
        "unlabelled",
        "trades",
        "AAPL,BKR002,BKR001,250",
        "AAPL,BKR003,BKR001,250",
        "contra_broker_id in a.csv: BKR002",
    ),
    ("unlabelled", "truth", ROWS[1], "", "410.00 on BUY, 410.25 on SELL"),
    (
        "unlabelled",
        "trades",
        "20,200.00,SELL,2025-07-21,2025-07-21 11:01:00,00000000000000b8",
        "21,200.00,SELL,2025-07-21,2025-07-21 11:01:00,00000000000000b8",
        "records of one leg have quantity 20 and 21",
    ),
    (
        "unlabelled",
        "trades",
        "BKR008,30,201.00",
        "BKR008,31,201.00",
        "quantity in a.csv: 46 on BUY, 45 on SELL",
    ),
    (
        "vanished",
        "trades",
        "410.25",
        "410.00",
        "tid00000002 SELL price in a.csv: 410.25 by the truth, 410.00",
    ),
    ("vanished", "trades", "BKR003,BKR004,100,410.00", "BKR003,BKR004,100,409.00", "original is 410.00"),
    ("vanished", "truth", "410.00,410.25,0.25", "410.25,410.25,0.00", "original and altered are the same"),
    ("vanished", "truth", "BKR009,BKR001,,false", "BKR008,BKR001,,false", "original is BKR008"),
    ("vanished", "truth", "tid00000007,tid00900007", "tid00000007,tid00800007", "trade_id"),
    ("unknown", "truth", "tid00000009,BUY", "tid00000019,BUY", "tid00000019"),
    ("repeated", "truth", ROWS[1], ROWS[1] * 2, "tid00000002"),
    ("both_legs", "truth", "tid00000008,SELL,date", "tid00000008,BUY,date", "tid00000008"),
    ("records", "trades", LINES[4], "", "tid00000002 BUY in a.csv: records of the leg: 0"),
    ("records", "trades", LINES[2], LINES[2] * 2, "tid00000001"),
    (
        "records",
        "truth",
        "record.duplicate,1,2,1",
        "record.split,1,3,2",
        "records of the leg: 2; by the truth: 3",
    ),
    ("records", "truth", ROWS[2], "", "tid00000003 BUY"),
    ("orphan", "trades", "tid00000001,AAPL,BKR001", "tid70000001,AAPL,BKR001", "tid70000001"),
    ("orphan", "truth", ROWS[6], "", "tid00900007"),
    ("invalid", "trades", "154.00,BUY", "154.0,BUY", "price in a.csv line 3 is '154.0'; expected dollars"),
    ("invalid", "trades", "154.00,BUY", "0.00,BUY", "expected a value above 0"),
    ("invalid", "trades", "250,154.00,BUY", "0,154.00,BUY", "expected a value above 0"),
    ("invalid", "trades", "250,154.00,BUY", "0250,154.00,BUY", "expected a whole number"),
    ("invalid", "trades", "154.00,BUY,2025-07-21", "154.00,BUY,2025-02-30", "expected a date"),
    (
        "invalid",
        "trades",
        "2025-07-21 09:31:00,00000000000000a4",
        "2025-07-21 24:31:00,00000000000000a4",
        "24:31",
    ),
    ("invalid", "trades", "154.00,BUY", "154.00,HOLD", "expected BUY or SELL"),
    ("invalid", "trades", "tid00000001,AAPL,BKR001", "tid1,AAPL,BKR001", "expected an id such as"),
    (
        "invalid",
        "trades",
        "tid00000001,AAPL,BKR001,",
        "tid00000001,AAPL,",
        "a.csv line 3 has 9 values; expected 10",
    ),
    ("invalid", "trades", "00000000000000a4", "00000000000000A4", "16 hexadecimal digits"),
    (
        "invalid",
        "truth",
        "SELL,price,price.nudge",
        "SELL,price,quantity.nudge",
        "expected a mechanism of price",
    ),
    ("invalid", "truth", "record.duplicate,1,2,1", "record.missing,1,2,1", "the number of records"),
    ("invalid", "truth", "tid00000002,SELL,price", "tid00000002,LEFT,price", "one of: BUY, SELL"),
    ("delta", "truth", "410.00,410.25,0.25", "410.00,410.25,-0.25", "delta is -0.25, from 410.00 to 410.25"),
    ("delta", "truth", "11:36:00,1800", "11:36:00,30", "delta is 30"),
    ("delta", "truth", "BUY,SELL,,false", "BUY,SELL,1,false", "expected none, for a name"),
    ("notional", "truth", "41000.00", "41025.00", "the clean pair's is 100 x 410.00"),
    ("notional", "truth", "-1,false,1500.00", "-1,false,1500.01", "tid00000003 BUY record in a.csv"),
    ("record_id", "trades", "00000000000000a1", "00000000000000a2", "00000000000000a2 stands twice"),
    (
        "record_id",
        "truth",
        "41000.00,,00000000000000a4",
        "41000.00,,00000000000000a3",
        "none of the leg's records",
    ),
    ("record_id", "truth", "1500.00,,", "1500.00,,00000000000000a6", "tid00000003"),
    ("invalid", "truth", "record.duplicate,1,2,1", "record.duplicate,1,3,2", "the number of records"),
    ("invalid", "truth", "record.duplicate,1,2,1", "record.split,1,6,5", "the number of records"),
]


@pytest.mark.parametrize(("kind", "file", "old", "new", "example"), DAMAGES)
def test_damage_is_found_and_named(
    tmp_path: Path, kind: str, file: str, old: str, new: str, example: str
) -> None:
    texts = {"trades": TRADES, "truth": TRUTH}
    assert texts[file].count(old) == 1, "the damage is to one place"
    report = proof(tmp_path, **texts | {file: texts[file].replace(old, new)})
    assert not report.ok
    assert any(example in told for told in report.findings[kind].examples), str(report)


TOGETHER = [[0, 3, 4, 5, 9, 10, 11, 17, 35], [1, 6, 13, 16, 19, 34, 37]]
"""Damages of different pairs, which can be in one file."""
ALONE = [[number] for number in range(len(DAMAGES)) if not any(number in group for group in TOGETHER)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "numbers", chosen(TOGETHER + ALONE, TOGETHER), ids=lambda numbers: "-".join(map(str, numbers))
)
def test_damages_are_found_in_slices_of_three_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every_example: None, numbers: list[int]
) -> None:
    monkeypatch.setattr("tradegen.verify.written_lists.RECORDS_AT_ONCE", 3)
    texts = {"trades": TRADES, "truth": TRUTH}
    for _, file, old, new, _ in (DAMAGES[number] for number in numbers):
        assert texts[file].count(old) == 1, "the damage is to one place"
        texts[file] = texts[file].replace(old, new)
    findings = proof(tmp_path, **texts).findings
    missed = [
        number
        for number in numbers
        for kind, *_, example in [DAMAGES[number]]
        if not any(example in told for told in findings[kind].examples)
    ]
    assert not missed, findings


def test_a_leg_that_is_lost_at_the_edge_of_a_slice_is_still_of_its_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only past the ids of all pairs is a lone record of no pair; past those of a slice, others follow."""
    monkeypatch.setattr("tradegen.verify.written_lists.RECORDS_AT_ONCE", 7)
    # Of every three pairs two have lost a leg, so that slices begin and end with such a pair.
    trades = LINES[0]
    for number in range(1, 20):
        for line in LINES[2:4] if number % 3 == 1 else LINES[2:3]:
            trades += line.replace("tid00000001", f"tid{number:08d}").replace("00a", f"{number:02x}a")
    findings = proof(tmp_path, trades, ROWS[0]).findings
    assert {kind: found.count for kind, found in findings.items()} == {"records": 12}


@pytest.mark.parametrize("alone", ["tid00000011", "tid00000031"])
def test_a_record_with_an_id_before_or_past_those_of_all_pairs_is_of_no_pair(
    tmp_path: Path, alone: str
) -> None:
    # The pairs have the ids 21 to 29.
    trades, truth = (text.replace("tid0000000", "tid0000002") for text in (TRADES, TRUTH))
    assert proof(tmp_path, trades, truth).ok
    report = proof(tmp_path, trades.replace("tid00000021,AAPL,BKR001", f"{alone},AAPL,BKR001"), truth)
    assert any(alone in told for told in report.findings["orphan"].examples), str(report)


def test_a_mistyped_id_that_another_pair_has_is_a_collision(tmp_path: Path) -> None:
    trades, truth = (text.replace("tid00900007", "tid00000001") for text in (TRADES, TRUTH))
    report = proof(tmp_path, trades, truth)
    assert "collision" in report.findings
    assert "tid00000001" in report.findings["collision"].examples[0]


def test_one_mistyped_id_for_two_pairs_is_a_collision(tmp_path: Path) -> None:
    row = "tid00000009,SELL,trade_id,trade_id.mistyped,tid00000009,tid00900007,,false,1020.00,,"
    report = proof(tmp_path, truth=f"{TRUTH}{row}00000000000000bc\n")
    assert "both tid00000007 and tid00000009" in report.findings["collision"].examples[0]


def test_legs_that_face_the_wrong_way_together_are_found(tmp_path: Path) -> None:
    turned = {"BUY": "SELL", "SELL": "BUY"}
    paths = two_lists(
        tmp_path, "counterparty", lambda leg, row: {**row, "order_type": turned[row["order_type"]]}
    )
    report = verify(paths)
    assert report.findings["relation"].count == 2
    assert "tid00000001" in report.findings["relation"].examples[0]


def test_a_pair_that_is_there_twice_is_found(tmp_path: Path) -> None:
    pair = "".join(line for line in TRADES.splitlines(keepends=True) if "tid00000001" in line)
    report = proof(tmp_path, TRADES + pair)
    assert report.findings["records"].count == 2
    assert report.findings["record_id"].count == 2


def test_quotation_marks_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    assert proof(tmp_path, TRADES.replace("AAPL", '"AAPL"'), TRUTH.replace("\n", "\r\n"), MANIFEST).ok


@pytest.mark.parametrize(
    ("old", "new", "example"),
    [
        ("},\n", "}\n", "t.json line 2 has no comma at its end"),
        ("\n]\n", "\n", "t.json line 20, the last one, does not close the array"),
        ("\n]\n", ",\n]\n", "t.json line 20 ends the array after a comma"),
        ("250, ", "250 ", "t.json line 3 is not an object with trade_id, ticker"),
        ('"ticker": "AAPL", ', "", "t.json line 3 is not an object with"),
        ('"ticker": "AAPL"', '"ticker": "AAPL", "ticker": "AAPL"', "t.json line 3 is not an object with"),
        ('"ticker": "AAPL"', '"ticker": "AAPL", "venue": "X"', "t.json line 3 is not an object with"),
        ('000a1"}', '000a1",}', "t.json line 3 is not an object with"),
        ("\n]\n", '\n]\n{"trade_id": "tid00000001"}\n', "does not close the array"),
        ("\n]\n", "\n]\nand so on\n", "t.json line 22, the last one, does not close the array"),
        ("\n]\n", "\n] and so on\n", "does not close the array"),
        ("[\n", "[\n\n", "t.json line 2 is not an object with"),
        ("250, ", "2.5e2, ", "quantity in t.json line 3 is '2.5e2'; expected a whole number"),
        ("154.00, ", "154.0, ", "price in t.json line 3 is '154.0'; expected dollars with two decimals"),
        ("154.00, ", '"154.00", ', "price in t.json line 3 is '\"154.00\"'; expected dollars"),
        ("154.00, ", "NaN, ", "price in t.json line 3 is 'NaN'; expected dollars with two decimals"),
    ],
)
def test_json_that_is_broken_is_found_by_its_line(tmp_path: Path, old: str, new: str, example: str) -> None:
    trades, truth = tmp_path / "t.json", tmp_path / "k.json"
    trades.write_text(as_form(TRADES, "json").replace(old, new, 1), "utf-8")
    truth.write_text(as_form(TRUTH, "json"), "utf-8")
    report = verify([trades, truth])
    assert any(example in told for told in report.findings["invalid"].examples), str(report)


def test_large_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    """As doubles, the two prices would be one."""
    trades = TRADES.replace("154.00", "90071992547409.93")
    assert proof(tmp_path, trades, form="json").ok
    damaged = trades.replace("90071992547409.93,BUY", "90071992547409.92,BUY")
    assert proof(tmp_path, damaged, form="json").findings["unlabelled"].count == 1


@pytest.mark.parametrize("form", ["csv", "json", "ndjson"])
def test_a_truth_and_a_list_without_rows_are_read_as_what_they_are(tmp_path: Path, form: str) -> None:
    clean = [
        "generate",
        "--mismatch-rate",
        "0",
        "--first-id",
        "1",
        "--out",
        f"t.{form}",
        "--truth",
        f"k.{form}",
    ]
    assert run(*clean, cwd=tmp_path).code == 0
    report = verify([tmp_path / f"k.{form}", tmp_path / f"t.{form}"])
    assert report.ok
    assert (report.pairs, report.truth_rows) == (15, 0)
    missing = [
        "generate",
        "--pairs",
        "3",
        "--mismatch-rate",
        "1",
        "--first-id",
        "1",
        "--set",
        "buy_share=1.0",
    ]
    missing += ["--set", 'mechanisms={"record.missing"=1}', "--set", 'view="counterparty"']
    files = ["--out", f"u.{form}", "--truth", f"l.{form}", "--manifest", "m.json"]
    assert run(*missing, *files, cwd=tmp_path).code == 0
    paths = [tmp_path / name for name in (f"u.sell.{form}", f"l.{form}", "m.json", f"u.buy.{form}")]
    report = verify(paths)
    assert report.ok, str(report)
    assert (report.pairs, report.records, report.truth_rows) == (3, 3, 3)


def test_the_report_reads_as_lines(tmp_path: Path) -> None:
    assert str(proof(tmp_path)).splitlines() == [
        "9 pairs, 19 records, 10 truth rows, 0 of them benign",
        "proved: every truth row is a difference as written, and every difference is in it",
    ]
    lines = str(proof(tmp_path, truth=TRUTH.replace("41000.00", "41000.01"))).splitlines()
    assert lines[1:] == [
        "not proved: 1 finding",
        "  notional: 1 (a notional that is not the clean quantity x price)",
        "    tid00000002 SELL price in a.csv: notional is 41000.01; the clean pair's is 100 x 410.00",
    ]


def test_every_kind_of_finding_is_tried_here() -> None:
    elsewhere = {"benign", "collision", "derived", "digest", "manifest", "order", "reference", "relation"}
    elsewhere |= {"links", "untouched"}
    assert {damage[0] for damage in DAMAGES} | elsewhere == set(KINDS)


def test_progress_counts_every_record_once(tmp_path: Path) -> None:
    counted: list[int] = []
    report = proof(tmp_path, advance=counted.append)
    assert sum(counted) == report.records
