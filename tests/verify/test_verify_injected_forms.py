"""Lists of JSON lines and Parquet that `inject` has broken, proved; and every damage to them, found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk_lists import COLUMNS, NAMES, desk_rows

from tradegen import inject
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.plain_text import BOMS
from tradegen.verify import Report, VerifyError, verify

MINE = (
    '{"Ref": "T-1", "Qty":100, "Px" : 154.50, "Acct":"ACC1", "x": {"n": [1, "}"]}}\n'
    '{"Px":300.10,"Ref":"T-2","Qty":250,"Acct":"a \\"b\\", \\u00e9"}\r\n'
    "  \t\n"
    '{"Ref":"T-3","Qty":70,"Px":1.2e2,"Acct":null}'
)
THEIRS = (
    '{"Ref": "T-1", "Qty":100, "Px" : 154.00, "Acct":"ACC1", "x": {"n": [1, "}"]}}\n'
    '{"Px":300.10,"Ref":"T-2","Qty":250,"Acct":null}\r\n'
    "  \t\n"
    '{"Ref":"T-3","Qty":30,"Px":1.2e2,"Acct":null}\n{"Ref":"T-3","Qty":40,"Px":1.2e2,"Acct":null}'
)
TRUTH = """trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause
T-1,THEIRS,Px,price.nudge,154.5,154.0,-0.5,false,15450.00,
T-2,THEIRS,Acct,Acct.blank,"a ""b"", é",,,false,75025.00,
T-3,THEIRS,record,record.split,1,2,1,false,8400.00,
"""
KINDS: list[dict[str, Any]] = [
    {"name": "Ref", "kind": "reference", "role": "trade_id"},
    {"name": "Qty", "kind": "integer", "role": "quantity"},
    {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
    {"name": "Acct", "kind": "code"},
]


def proof(folder: Path, mine: bytes, theirs: bytes, truth: str, form: str) -> Report:
    """The proof of files that were made by hand, as is their manifest."""
    texts = {f"mine.{form}": mine, f"theirs.{form}": theirs, "truth.csv": truth.encode()}
    told = [{"rows": 0, "sha256": hashlib.sha256(text).hexdigest()} for text in texts.values()]
    told[0]["rows"], told[1]["rows"] = 3, 4
    described = load_forms({"id": ["Ref"], "file": {"form": form}, "columns": KINDS}).ours
    manifest = {
        "manifest": 2,
        "inject": {"columns": described.model_dump(mode="json", exclude_none=True), "scenario": {}},
        "input": told[0],
        "output": {"theirs": told[1], "truth": told[2]},
        "counts": {"rows": 3, "mismatched_rows": 3, "benign_rows": 0, "truth_rows": 3},
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    (folder / "m.json").write_text(json.dumps(manifest), "utf-8")
    return verify([*(folder / name for name in texts), folder / "m.json"])


def test_json_lines_broken_by_hand_are_proved(tmp_path: Path) -> None:
    report = proof(tmp_path, MINE.encode(), THEIRS.encode(), TRUTH, "ndjson")
    assert report.ok, str(report)
    assert (report.pairs, report.records, report.truth_rows) == (3, 7, 3)


@pytest.mark.parametrize(
    ("kind", "old", "new", "sentence"),
    [
        ("unlabelled", '"ACC1"', '"ACC2"', "T-1 Acct: ACC1 in mine.ndjson, ACC2 in theirs.ndjson"),
        ("untouched", '"Qty":100', '"Qty": 100', "T-1 in theirs.ndjson: what stands around its values"),
        ("untouched", '"Qty":100', '"Qty":"100"', 'T-1 Qty: 100 has become "100" in theirs.ndjson'),
        ("untouched", "300.10", "300.1", "T-2 Px: 300.10 has become 300.1 in theirs.ndjson"),
        ("untouched", "154.00", '"154.0"', 'T-1 Px: 154.50 has become "154.0" in theirs.ndjson'),
        ("untouched", '250,"Acct":null', '250,"Acct":""', 'has become "" in theirs.ndjson'),
        ("untouched", '"n": [1, "}"]', '"n": [2, "}"]', "T-1 in theirs.ndjson: what stands around"),
        ("untouched", "}\r\n", "}\n", "T-2 in theirs.ndjson: what stands around its values"),
        ("untouched", "  \t\n", "", "theirs.ndjson differs from mine.ndjson in how many lines are blank"),
        ("vanished", "154.00", "154.01", "T-1 Px: 154.0 by the truth, 154.01 in theirs.ndjson"),
        ("vanished", '"Qty":40', '"Qty":41', "T-3 Qty: 30 + 41 in theirs.ndjson is not 70"),
        ("records", '"Ref": "T-1"', '"Ref": "T-9"', "T-9 in theirs.ndjson: records: 1"),
        ("invalid", '"Qty":250', '"Qty":250,"Qty":250', "theirs.ndjson line 2 is no JSON object"),
    ],
)
def test_a_damage_to_json_lines_is_found(
    kind: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    assert THEIRS.count(old) == 1
    found = proof(tmp_path, MINE.encode(), THEIRS.replace(old, new).encode(), TRUTH, "ndjson").findings
    assert any(sentence in example for example in found[kind].examples), found


def parquet(folder: Path, table: pa.Table) -> bytes:
    pq.write_table(table, folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


CLEAN = pa.table({
    "Ref": ["T-1", "T-2", "T-3"], "Qty": pa.array([100, 250, 70], pa.int32()),
    "Px": [154.5, 300.1, 120.0], "Acct": ['ACC1', 'a "b", é', None],
})  # fmt: skip
BROKEN: dict[str, Any] = {
    "Ref": ["T-1", "T-2", "T-3", "T-3"], "Qty": pa.array([100, 250, 30, 40], pa.int32()),
    "Px": [154.0, 300.1, 120.0, 120.0], "Acct": ["ACC1", None, None, None],
}  # fmt: skip
CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("unlabelled", {"Acct": ["ACC2", None, None, None]}, "T-1 Acct: ACC1 in mine.parquet, ACC2 in theirs"),
    ("vanished", {"Px": [154.01, 300.1, 120.0, 120.0]}, "T-1 Px: 154.0 by the truth, 154.01 in"),
    ("untouched", {"Acct": ["ACC1", "", None, None]}, 'T-2 Acct: a "b", é has become  in theirs.parquet'),
    ("untouched", {"Acct": ["ACC1", None, "", None]}, "T-3 Acct: nothing has become  in theirs.parquet"),
    ("untouched", {"Qty": [100, 250, 30, 40]}, "differs from mine.parquet in the types of its columns"),
]


@pytest.mark.slow
def test_parquet_broken_by_hand_is_proved_and_a_damage_to_it_is_found(tmp_path: Path) -> None:
    mine = parquet(tmp_path, CLEAN)
    report = proof(tmp_path, mine, parquet(tmp_path, pa.table(BROKEN)), TRUTH, "parquet")
    assert report.ok, str(report)
    for kind, change, sentence in CHANGES:
        theirs = parquet(tmp_path, pa.table(BROKEN | change))
        found = proof(tmp_path, mine, theirs, TRUTH, "parquet").findings
        assert any(sentence in example for example in found[kind].examples), found
    named = pa.table(BROKEN).replace_schema_metadata({"desk": "2"})
    found = proof(tmp_path, mine, parquet(tmp_path, named), TRUTH, "parquet").findings
    assert "theirs.parquet differs from mine.parquet in its metadata" in found["untouched"].examples


def test_what_is_not_of_the_manifests_columns_is_refused(tmp_path: Path) -> None:
    other = parquet(tmp_path, CLEAN.drop_columns("Acct"))
    with pytest.raises(VerifyError, match="has the columns Ref, Qty, Px; expected those of the manifest"):
        proof(tmp_path, other, other, TRUTH, "parquet")
    with pytest.raises(VerifyError, match="cannot be read as Parquet"):
        proof(tmp_path, b"PAR1 it is not", other, TRUTH, "parquet")


@pytest.mark.parametrize("name", ["utf-8.jsonl", "utf-16-le.jsonl", "utf-8.jsonl.gz", "trades.parquet"])
def test_every_mechanism_of_a_desks_list_is_proved_in_every_form(name: str, tmp_path: Path) -> None:
    rows = desk_rows(300)
    path = tmp_path / name
    encoding = "utf-16-le" if "16" in name else "utf-8"
    file: dict[str, Any] = {"form": "ndjson", "encoding": encoding, "bom": "16" in name}
    if name.endswith(".parquet"):
        numbers = dict.fromkeys(("Qty", "Lots"), "int64") | dict.fromkeys(("Px", "Net.Amt"), "float64")
        moments = dict.fromkeys(("Trade Date", "Exec Time"), "datetime64[us]")
        frame = pd.DataFrame(rows, columns=list(NAMES)).astype(numbers | moments)
        frame.assign(Note=frame.Note.replace("", None)).to_parquet(path)
        file = {"form": "parquet"}
    else:
        bare = {"Qty", "Px", "Lots"}
        lines = [
            ", ".join(
                f'"{key}": {cell if key in bare else json.dumps(cell)}'
                for key, cell in zip(NAMES, row, strict=True)
            )
            for row in rows
        ]
        text = "".join(f"{{{line}}}\r\n" for line in lines)
        content = (BOMS[encoding] if file["bom"] else b"") + text.encode(encoding)
        if name.endswith(".gz"):
            file["compression"] = "gz"
            content = pa.compress(content, codec="gzip", asbytes=True)
        path.write_bytes(content)
    columns = COLUMNS | {"file": file}
    made = inject(
        path, columns=columns, seed=7, mismatch_rate=0.5, benign_rate=0.2, fields_per_pair=[0.5, 0.3, 0.2],
        mechanisms=dict.fromkeys(possible(load_forms(columns).ours), 1),
        tolerances={"quantity": 5, "price": {"bps": 20}, "date": 2, "trade_timestamp": 30},
    )  # fmt: skip
    paths = [tmp_path / f"theirs{path.suffix}", tmp_path / "truth.parquet", tmp_path / "m.json"]
    made.write(*paths)
    report = verify([path, *paths])
    assert report.ok, str(report)
    assert report.truth_rows == len(made.truth) > 200
