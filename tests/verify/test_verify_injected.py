"""A list that `inject` has broken, proved; and every damage to its files, found and told in a sentence."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk_lists import COLUMNS, desk_rows, write_rows
from foreign_lists import random_list
from shell import run

from tradegen import inject
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.list_form import load_forms
from tradegen.verify import Report, VerifyError, verify

MINE = (
    'Ref;Symbol;Qty;Px;Trade Date;Acct\r\n"T-1";AAPL;100;154,25;21.07.2025;ACC1\r\n'
    '"T-2";MSFT;250;300,10;21.07.2025;ACC2\r\n"T-3";AAPL;70;154,00;22.07.2025;ACC1\r\n'
    '"T-4";"IBM; US";1000;120,50;22.07.2025;ACC3\r\n"T-5";IBM;8;120,00;22.07.2025;ACC3\r\n'
    '"T-6";IBM;9;120,00;22.07.2025;ACC3\r\n'
)
THEIRS = (
    'Ref;Symbol;Qty;Px;Trade Date;Acct\r\n"T-1";AAPL;90;154,25;21.07.2025;ACC1\r\n'
    '"T-2";MSFT;250;300,25;21.07.2025;\r\n"T-3";AAPL;30;154,00;22.07.2025;ACC1\r\n'
    '"T-3";AAPL;40;154,00;22.07.2025;ACC1\r\n"T-4";"IBM; US";1000;120,50;23.07.2025;ACC3\r\n'
    '"T-6";IBM;9;120,00;22.07.2025;ACC3\r\n'
)
TRUTH = """trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause
T-1,THEIRS,Qty,quantity.nudge,100,90,-10,true,15425.00,
T-2,THEIRS,Px,price.nudge,"300,10","300,25",0.15,false,75025.00,
T-2,THEIRS,Acct,Acct.blank,ACC2,,,false,75025.00,
T-3,THEIRS,record,record.split,1,2,1,false,10780.00,
T-4,THEIRS,Trade Date,date.next_session,22.07.2025,23.07.2025,1,false,120500.00,
T-5,THEIRS,record,record.missing,1,0,-1,false,960.00,
"""
KINDS: list[dict[str, Any]] = [
    {"name": "Ref", "kind": "reference", "role": "trade_id"},
    {"name": "Symbol", "kind": "code", "role": "ticker"},
    {"name": "Qty", "kind": "integer", "role": "quantity"},
    {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
    {"name": "Trade Date", "kind": "date", "format": "%d.%m.%Y", "role": "date"},
    {"name": "Acct", "kind": "code"},
]
FILE = {"form": "csv", "separator": ";", "line_end": "\r\n", "decimal": ","}
COUNTS = {
    "rows": 6, "mismatched_rows": 4, "benign_rows": 1, "truth_rows": 6,
    "by_field": {"Qty": 1, "Px": 1, "Trade Date": 1, "Acct": 1, "record": 2},
    "by_mechanism": {
        "quantity.nudge": {"requested": 3, "applied": 1}, "price.nudge": 1, "Acct.blank": 1,
        "record.split": 1, "date.next_session": 1, "record.missing": 1,
    },
}  # fmt: skip
"""Written by hand, as are the lists: nothing here is asked of `inject`."""


def proof(
    folder: Path,
    mine: str = MINE,
    theirs: str = THEIRS,
    truth: str = TRUTH,
    *,
    sealed: bool = True,
    **more: Any,
) -> Report:
    """The proof of these texts; unless `sealed`, the digests are those of the files as they ought to be."""
    texts = {"mine": mine, "theirs": theirs, "truth": truth}
    due = texts if sealed else {"mine": MINE, "theirs": THEIRS, "truth": TRUTH}
    told = {name: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in due.items()}
    form = load_forms({"id": ["Ref"], "file": FILE | more.pop("file", {}), "columns": KINDS}).ours
    manifest = {
        "manifest": 2,
        "inject": {
            "columns": form.model_dump(mode="json", exclude_none=True),
            "scenario": {"tolerances": {"quantity": 10, "price": {"bps": 4}}},
        },
        "input": {"rows": 6, **told["mine"]},
        "output": {"theirs": {"rows": 6, **told["theirs"]}, "truth": told["truth"]},
        "counts": COUNTS,
    }
    paths = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_bytes(text.encode())
    (folder / "m.json").write_text(json.dumps(manifest | more), "utf-8")
    return verify([*paths, folder / "m.json"])


def test_a_list_broken_by_hand_is_proved(tmp_path: Path) -> None:
    report = proof(tmp_path)
    assert report.ok, str(report)
    assert (report.pairs, report.records, report.truth_rows, report.benign_rows) == (6, 12, 6, 1)
    assert str(report).endswith("all else is as it was, byte by byte")


def on(name: str, old: str, new: str) -> dict[str, str]:
    text = {"mine": MINE, "theirs": THEIRS, "truth": TRUTH}[name]
    assert text.count(old) == 1, old
    return {name: text.replace(old, new)}


DAMAGES: list[tuple[str, dict[str, str], str]] = [
    ("unlabelled", on("theirs", "MSFT", "MSFX"), "T-2 Symbol: MSFT in mine.csv, MSFX in theirs.csv"),
    ("unlabelled", on("theirs", "9;120,00", "9;120,0"), "T-6 Px: 120,00 in mine.csv, 120,0 in theirs.csv"),
    ("unlabelled", on("theirs", ";9;", "; 9;"), "T-6 Qty: 9 in mine.csv,  9 in theirs.csv"),
    ("unlabelled", on("truth", TRUTH.splitlines()[1] + "\n", ""), "T-1 Qty: 100 in mine.csv, 90 in"),
    ("vanished", on("theirs", ";90;", ";91;"), "T-1 Qty: 90 by the truth, 91 in theirs.csv"),
    ("vanished", on("truth", "100,90", "101,90"), "T-1 Qty: original is 101 by the truth, and 100 in"),
    ("vanished", on("truth", "100,90", "100,89"), "T-1 Qty: 89 by the truth, 90 in theirs.csv"),
    ("vanished", on("theirs", ";40;", ";41;"), "T-3 Qty: 30 + 41 in theirs.csv is not 70"),
    ("untouched", on("theirs", '"T-6"', "T-6"), 'T-6 Ref: "T-6" has become T-6 in theirs.csv'),
    ("untouched", on("theirs", ";MSFT;", ';"MSFT";'), 'T-2 Symbol: MSFT has become "MSFT" in theirs.csv'),
    ("untouched", on("theirs", ";90;", ';"90";'), 'T-1 Qty: 100 has become "90" in theirs.csv'),
    ("untouched", on("theirs", '23.07.2025;ACC3\r\n', '23.07.2025;ACC3\n'), "its line end, or"),
    ("untouched", on("theirs", "Ref;", '"Ref";'), "what stands before the first record"),
    ("untouched", {"theirs": THEIRS[:-2]}, "whether the last line has its line end"),
    ("records", on("theirs", THEIRS.splitlines(True)[-1], ""), "T-6 in theirs.csv: records: 0; by mine.csv"),
    ("records", {"theirs": THEIRS + THEIRS.splitlines(True)[-1]}, "T-6 in theirs.csv: records: 2; by"),
    ("records", on("theirs", '"T-6"', '"T-7"'), "T-7 in theirs.csv: records: 1; by mine.csv"),
    ("records", on("truth", TRUTH.splitlines()[-1] + "\n", ""), "T-5 in theirs.csv: records: 0; by mine.csv"),
    ("unknown", on("truth", "T-4,", "T-8,"), "T-8 in truth.csv: no record of mine.csv has this id"),
    ("repeated", {"truth": TRUTH + TRUTH.splitlines()[1] + "\n"}, "T-1 Qty: the truth has it twice"),
    ("invalid", on("truth", "Acct.blank", "Symbol.blank"), "T-2 Acct: the row has Symbol.blank"),
    ("invalid", on("truth", "record.split", "record.missing"), "is no number of records"),
    ("invalid", on("theirs", "9;120,00", "9;120,00;"), "theirs.csv line 7 has 7 cells; expected 6"),
    ("delta", on("truth", "-10,", "-11,"), "T-1 Qty: delta is -11, from 100 to 90"),
    ("delta", on("truth", ",0.15,", ",0.16,"), 'T-2 Px: delta is 0.16, from 300,10 to 300,25'),
    ("delta", on("truth", "23.07.2025,1,", "23.07.2025,,"), "T-4 Trade Date: delta is empty"),
    ("delta", on("truth", "ACC2,,,", "ACC2,,0,"), "T-2 Acct: delta is 0, from ACC2 to a blank"),
    ("benign", on("truth", "-10,true", "-10,false"), "T-1 Qty: benign is false; 100 to 90 is within"),
    ("benign", on("truth", "0.15,false", "0.15,true"), "T-2 Px: benign is true; 300,10 to 300,25 is beyond"),
    ("notional", on("truth", "10780.00", "10780.01"), "T-3 record: notional is 10780.01; that of mine.csv"),
    ("order", {"theirs": "".join(np.array(THEIRS.splitlines(True))[[0, 2, 1, 3, 4, 5, 6]])}, "T-1 in"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "damage", "sentence"), DAMAGES, ids=[f"{n} {d[0]}" for n, d in enumerate(DAMAGES)]
)
def test_a_damage_is_found_though_the_digests_agree(
    kind: str, damage: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    findings = proof(tmp_path, **damage).findings
    assert kind in findings, findings
    assert any(sentence in example for example in findings[kind].examples), findings[kind]


@pytest.mark.parametrize(
    ("name", "place"), [("mine", "input"), ("theirs", "output.theirs"), ("truth", "output.truth")]
)
def test_a_file_that_is_not_the_manifests_is_told(name: str, place: str, tmp_path: Path) -> None:
    texts = {"mine": MINE, "theirs": THEIRS, "truth": TRUTH}
    findings = proof(tmp_path, sealed=False, **{name: texts[name] + "\r\n"} if name != "truth" else {
        "truth": TRUTH.replace("-10,", "-10.0,")}).findings  # fmt: skip
    assert findings["digest"].examples[0].startswith(f"{name}.csv is not the file of {place}: ")


def test_a_count_of_the_manifest_that_the_files_do_not_bear_out_is_told(tmp_path: Path) -> None:
    findings = proof(tmp_path, counts=COUNTS | {"mismatched_rows": 5}).findings
    assert "counts.mismatched_rows is 5 in the manifest; the files hold 4" in findings["manifest"].examples


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"output": {}}, "the manifest has no output.theirs.sha256"),
        ({"inject": {"columns": {}}}, "the manifest does not say what list was broken"),
        ({"truth": MINE}, "is no truth of inject"),
    ],
)
def test_what_cannot_be_proved_is_refused_by_a_sentence(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(VerifyError, match=sentence):
        proof(tmp_path, **changes)


@pytest.mark.parametrize("name", ["mine.csv", "theirs.csv", "truth.csv", "m.json"])
def test_a_pipe_among_the_files_of_inject_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    assert proof(tmp_path).ok
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    done = run("verify", "mine.csv", "theirs.csv", "truth.csv", "m.json", cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "pipe" in done.err


@pytest.mark.slow
def test_lists_of_any_dialect_are_proved_and_a_changed_letter_in_them_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for number in range(6):
        given = random_list(rng)
        path = given.write(tmp_path / f"{number}.csv")
        names = [name for name in possible(load_forms(given.described()).ours) if "200" not in name][:60]
        made = inject(
            path,
            columns=given.described(),
            seed=number,
            mismatch_rate=0.5,
            mechanisms=dict.fromkeys(names, 1),
        )
        suffix = ("csv", "json", "ndjson", "parquet")[number % 4]
        paths = [path, tmp_path / "t.csv", tmp_path / f"k.{suffix}", tmp_path / "m.json"]
        made.write(*paths[1:])
        report = verify(paths)
        assert report.ok, f"{given.file}\n{report}"
        text = given.decoded(paths[1].read_bytes())
        if "T" in text[len(given.before) + 20 :]:
            at = text.rindex("T")
            paths[1].write_bytes(given.encoded(f"{text[:at]}S{text[at + 1 :]}"))
            assert set(verify(paths).findings) > {"digest"}


@pytest.mark.slow
def test_every_mechanism_of_a_desks_list_is_proved_with_tolerances(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.csv", desk_rows(300))
    made = inject(
        path, columns=COLUMNS, seed=7, mismatch_rate=0.5, benign_rate=0.2, fields_per_pair=[0.5, 0.3, 0.2],
        mechanisms=dict.fromkeys(possible(load_forms(COLUMNS).ours), 1),
        tolerances={"quantity": 5, "price": {"bps": 20}, "date": 2, "trade_timestamp": 30},
    )  # fmt: skip
    paths = [tmp_path / name for name in ("theirs.csv", "truth.csv", "m.json")]
    made.write(*paths)
    report = verify([path, *paths])
    assert report.ok, str(report)
    assert report.benign_rows == made.truth.benign.sum() > 0


HOT_SPOTS = [{"name": "late", "factor": 2}, {"name": "acct", "factor": 3}, {"name": "x", "rate": 1}]
BY_CAUSE = {"": 1, "late": 1, "late + acct": 1, "x": 1}
CAUSED = (
    TRUTH.replace("75025.00,\n", "75025.00,late\n").replace("10780.00,", "10780.00,x")
    .replace("960.00,", "960.00,late + acct")
)  # fmt: skip


def with_causes(folder: Path, truth: str, **by_cause: Any) -> Any:
    form = load_forms({"id": ["Ref"], "file": FILE, "columns": KINDS}).ours.model_dump(mode="json")
    scenario = {"tolerances": {"quantity": 10, "price": {"bps": 4}}, "hot_spots": HOT_SPOTS}
    told = {name: {"applied": count} for name, count in (BY_CAUSE | by_cause).items()}
    counts = COUNTS | {"by_cause": told}
    return proof(folder, truth=truth, inject={"columns": form, "scenario": scenario}, counts=counts)


@pytest.mark.slow
def test_causes_are_hot_spots_of_the_manifest_as_often_as_it_says(tmp_path: Path) -> None:
    report = with_causes(tmp_path, CAUSED)
    assert report.ok, str(report)
    for old, new in (("late + acct", "acct + late"), ("late + acct", "late + x"), (",x\n", ",y\n")):
        findings = with_causes(tmp_path, CAUSED.replace(old, new)).findings
        assert f"cause is {new.strip(chr(10) + ',')}; expected a hot spot" in findings["invalid"].examples[0]
    benign = CAUSED.replace("15425.00,", "15425.00,late")
    assert "T-1 Qty: cause is late" in with_causes(tmp_path, benign).findings["invalid"].examples[0]
    findings = with_causes(tmp_path, CAUSED, x=2).findings
    assert "counts.by_cause.x is 2 in the manifest; the files hold 1" in findings["manifest"].examples
