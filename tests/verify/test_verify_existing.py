"""Differences that two lists had already, proved; and every damage to what is said of them, found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tradegen.desk.lists.list_form import load_forms
from tradegen.verify import Report, VerifyError, verify

TEXTS = {
    "ours": "Ref;Qty;Px;Day\nT-1;100;154,25;21.07.2025\nT-2;250;300,10;21.07.2025\nT-3;70;154,00;22.07.2025\n"
    "T-4;90;10,00;22.07.2025\n",
    "theirs": "day,ref,shares,price\n2025-07-21,T-1,100,154.25\n2025-07-21,T-2,251,300.10\n"
    "2025-07-23,T-3,70,154.001\n2025-07-22,T-5,10,20.00\n",
    "broken": "day,ref,shares,price\n2025-07-21,T-1,110,154.25\n2025-07-21,T-2,251,300.10\n"
    "2025-07-23,T-3,70,154.001\n2025-07-22,T-5,10,20.00\n",
    "truth": "trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause\n"
    "T-1,THEIRS,shares,quantity.nudge,100,110,10,false,15425.000,\n"
    "T-2,THEIRS,shares,existing,250,251,1,true,75025.00,\n"
    'T-3,THEIRS,price,existing,"154,00",154.001,0.001,false,10780.00,\n'
    "T-3,THEIRS,day,existing,22.07.2025,2025-07-23,1,false,10780.00,\n"
    "T-4,THEIRS,record,existing,1,0,-1,false,900.00,\n"
    "T-5,THEIRS,record,existing,0,1,1,false,200.000,\n",
}
COLUMNS: dict[str, Any] = {
    "ours": {"id": ["Ref"], "file": {"separator": ";", "decimal": ","}, "columns": [
        {"name": "Ref", "kind": "reference", "role": "trade_id"},
        {"name": "Qty", "kind": "integer", "role": "quantity"},
        {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
        {"name": "Day", "kind": "date", "format": "%d.%m.%Y", "role": "date"}]},
    "theirs": {"id": ["ref"], "columns": [
        {"name": "day", "kind": "date", "format": "%Y-%m-%d", "role": "date"},
        {"name": "ref", "kind": "reference", "role": "trade_id"},
        {"name": "shares", "kind": "integer", "role": "quantity"},
        {"name": "price", "kind": "decimal", "places": 3, "fixed": False, "min_places": 2, "role": "price"}]},
}  # fmt: skip
COUNTS = {
    "rows": 4, "mismatched_rows": 1, "benign_rows": 0, "truth_rows": 6,
    "by_field": {"shares": 2, "price": 1, "day": 1, "record": 2},
    "by_mechanism": {"quantity.nudge": 1, "existing": {"requested": 5, "applied": 5}},
    "existing": {
        "trades": 4, "benign_trades": 1, "ours_alone": 1, "theirs_alone": 1,
        "by_field": {"shares": 1, "price": 1, "day": 1, "record": 2},
    },
}  # fmt: skip
"""Written by hand, as are the lists: nothing here is asked of `inject`."""


def proof(folder: Path, *left_out: str, counts: dict[str, Any] = COUNTS, **changed: str) -> Report:
    texts = TEXTS | changed
    told = {name: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in texts.items()}
    forms = load_forms(COLUMNS).model_dump(mode="json", exclude_none=True)
    manifest = {
        "manifest": 2,
        "inject": {"columns": forms, "keep_existing": True, "scenario": {"tolerances": {"quantity": 2}}},
        "input": {"rows": 4, **told["theirs"]},
        "ours": {"rows": 4, **told["ours"]},
        "output": {"theirs": {"rows": 4, **told["broken"]}, "truth": told["truth"]},
        "counts": counts,
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    (folder / "m.json").write_text(json.dumps(manifest), "utf-8")
    return verify([*(folder / f"{name}.csv" for name in texts if name not in left_out), folder / "m.json"])


def test_lists_that_differed_already_are_proved(tmp_path: Path) -> None:
    report = proof(tmp_path)
    assert report.ok, str(report)
    assert (report.files, report.truth_rows, report.benign_rows) == (4, 6, 1)


def on(name: str, old: str, new: str) -> dict[str, str]:
    assert TEXTS[name].count(old) == 1, old
    return {name: TEXTS[name].replace(old, new)}


DAMAGES: list[tuple[str, dict[str, str], str]] = [
    ("unlabelled", on("truth", "T-2,THEIRS,shares,existing,250,251,1,true,75025.00,\n", ""), "T-2 shares"),
    ("unlabelled", on("ours", "T-1;100;154,25", "T-1;100;154,26"), "T-1 price: 154,26 in ours.csv, 154.25"),
    ("unlabelled", on("truth", "T-4,THEIRS,record,existing,1,0,-1,false,900.00,\n", ""), "T-4 record: 1 in"),
    ("unlabelled", {"ours": TEXTS["ours"] + "T-6;1;1,00;22.07.2025\n"},
     "T-6 record: 1 in ours.csv, 0 in theirs.csv"),
    ("vanished", on("ours", "T-2;250", "T-2;251"), "T-2 shares: existing by the truth, and ours.csv and"),
    ("vanished", on("truth", "existing,250,251", "existing,249,251"), "T-2 shares: original is 249 by"),
    ("vanished", on("truth", "existing,250,251", "existing,250,252"), "T-2 shares: altered is 252 by"),
    ("vanished", on("truth", "record,existing,0,1", "record,existing,1,1"), "T-5 record: original is 1"),
    ("delta", on("truth", "0.001,false", "0.002,false"), "T-3 price: delta is 0.002, from 154,00 to 154.001"),
    ("delta", on("truth", "1,0,-1,", "1,0,1,"), "T-4 record: delta is 1, from 1 to 0"),
    ("benign", on("truth", "251,1,true", "251,1,false"), "T-2 shares: benign is false; the tolerances"),
    ("benign", on("truth", "1,0,-1,false", "1,0,-1,true"), "T-4 record: benign is true; the tolerances"),
    ("notional", on("truth", "900.00", "901.00"), "T-4 record: notional is 901.00; that of the trade is"),
    ("repeated", {"truth": TEXTS["truth"] + TEXTS["truth"].splitlines(True)[-1]}, "T-5 record: the truth"),
    ("invalid", on("truth", "75025.00,", "75025.00,spot"), "T-2 shares: cause is spot; expected nothing"),
    ("invalid", {
        "broken": TEXTS["broken"].replace("T-3,70", "T-3,71"),
        "truth": TEXTS["truth"] + "T-3,THEIRS,shares,quantity.nudge,70,71,1,true,10780.070,\n",
     }, "T-3 shares: quantity.nudge by the truth, in a trade that is not to be altered"),
    ("unlabelled", on("broken", "T-5,10", "T-5,11"), "T-5 shares: 10 in theirs.csv, 11 in broken.csv"),
    ("records", on("broken", "2025-07-22,T-5,10,20.00\n", ""), "T-5 in broken.csv: records: 0"),
    ("collision", {
        "broken": TEXTS["broken"].replace("T-1,110", "T-4,110"),
        "truth": TEXTS["truth"] + "T-1,THEIRS,ref,trade_id.mistyped,T-1,T-4,,false,15425.000,\n",
     }, "T-1: its id T-4 is that of another record in ours.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "damage", "sentence"), DAMAGES)
def test_every_damage_is_found(kind: str, damage: dict[str, str], sentence: str, tmp_path: Path) -> None:
    report = proof(tmp_path, **damage)
    assert kind in report.findings, str(report)
    assert any(sentence in example for example in report.findings[kind].examples), str(report)


@pytest.mark.parametrize("name", ["trades", "benign_trades", "ours_alone", "theirs_alone", "by_field"])
def test_wrong_counts_are_found(name: str, tmp_path: Path) -> None:
    existing = COUNTS["existing"] | {
        name: {"shares": 2, "price": 1, "day": 1, "record": 2} if name == "by_field" else 9
    }
    report = proof(tmp_path, counts=COUNTS | {"existing": existing})
    assert set(report.findings) == {"manifest"}
    assert f"counts.existing.{name}" in str(report)


def test_it_takes_both_lists_as_they_were(tmp_path: Path) -> None:
    with pytest.raises(
        VerifyError, match="existing differences are kept, and 3 other files are given; expected our"
    ):
        proof(tmp_path, "ours")
