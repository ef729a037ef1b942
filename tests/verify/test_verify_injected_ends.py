"""Broken lists whose last line has no end: a right run is proved, whichever of their rows is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sizes import chosen

from tradegen import inject
from tradegen.verify import verify

WAYS = ("record.missing", "record.duplicate", "record.split", "quantity.extra_digit")
SHAPES = {
    "one row": "h1",
    "three rows": "h123",
    "a blank line between": "h1_2",
    "a blank line before": "h_1",
    "no header": "1",
    "no header, a blank line before": "_1",
    "header alone": "h",
    "blank lines at the end": "h12__",
}
USUAL = {("one row", "record.missing"), ("a blank line between", "record.missing")}
USUAL |= {("no header, a blank line before", "record.missing"), ("three rows", "record.split")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "way"),
    chosen([(shape, way) for shape in SHAPES for way in WAYS], USUAL),
)
def test_a_right_run_on_a_list_without_a_last_line_end_is_proved(
    shape: str, way: str, tmp_path: Path
) -> None:
    for form, end, more in [
        ("csv", "\n", ""),
        ("csv", "\r\n", ""),
        ("csv", "\n", "\n"),
        ("ndjson", "\r\n", ""),
    ]:
        header = "h" in SHAPES[shape]
        if form == "ndjson" and SHAPES[shape] == "h":
            continue
        names = ["id", "qty"] if header or form == "ndjson" else ["column_1", "column_2"]
        lines = []
        for mark in SHAPES[shape]:
            if mark.isdigit():
                row = {"id": f"T{mark}", "qty": int(mark) * 101}
                lines.append(json.dumps(row) if form == "ndjson" else f"{row['id']},{row['qty']}")
            elif mark == "_" or form == "csv":
                lines.append({"_": "", "h": "id,qty"}[mark])
        path, paths = tmp_path / f"m.{form}", [tmp_path / name for name in (f"t.{form}", "k.csv", "m.json")]
        path.write_bytes((end.join(lines) + more).encode())
        file: dict[str, Any] = {"form": form}
        file |= {"line_end": end, "header": header} if form == "csv" else {}
        columns = [
            {"name": names[0], "kind": "reference", "role": "trade_id"},
            {"name": names[1], "kind": "integer", "role": "quantity"},
        ]
        described = {"id": [names[0]], "file": file, "columns": columns}
        made = inject(
            path, columns=described, seed=3, mismatch_rate=1, mechanisms={way: 1}, keep_in_range=False
        )
        made.write(*paths)
        report = verify([path, *paths])
        assert report.ok, f"{paths[0].read_bytes()!r}\n{report}"
        content = paths[0].read_bytes()
        paths[0].write_bytes(content + end.encode())
        assert "untouched" in verify([path, *paths]).findings, content
