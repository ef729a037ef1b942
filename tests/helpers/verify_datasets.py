"""Datasets for the tests of verify: made, changed, and proved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

import tradegen
from tradegen.output.dataset import write_dataset
from tradegen.verify import Report, open_dataset, verify_dataset

BLOCK = 65_536
VIEWS: dict[str, dict[str, Any]] = {
    "single": {},
    "counterparty": {"view": "counterparty", "buy": {"columns": {"price": "Px", "record_id": "Id"}}},
    "two_system": {
        "view": "two_system",
        "theirs": {
            "columns": {"trade_id": "TradeRef", "quantity": "Qty"},
            "date_format": "%d/%m/%Y",
            "timestamp_format": "%d-%b-%Y %I:%M:%S.%f %p",
        },
    },
}


def made(folder: Path, form: str, scenario: str = "everything", **changed: Any) -> Path:
    """A dataset of a block and a few pairs more, in two parts."""
    changed = {"pairs": BLOCK + 1_500, "seed": 7, "date": "2025-07-21", "first_id": 21, **changed}
    write_dataset(tradegen.prepare(scenario, **changed), folder, form=form, blocks_per_part=1, workers=1)
    return folder


def proof(folder: Path, workers: int = 1) -> Report:
    return verify_dataset(open_dataset(str(folder)), workers=workers)


def told(report: Report, kind: str) -> str:
    assert kind in report.findings, str(report)
    return "\n".join(report.findings[kind].examples)


def changed_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest, indent=2), "utf-8")


def hashed_again(folder: Path, **rows: int) -> None:
    """Put sizes and digests of the files as they are now into the manifest: they hide what was done."""

    def change(manifest: dict[str, Any]) -> None:
        lines = ""
        for name, file in manifest["dataset"]["files"].items():
            content = (folder / name).read_bytes()
            file["bytes"], file["sha256"] = len(content), hashlib.sha256(content).hexdigest()
            file["rows"] += rows.get(name.partition("/")[0], 0) if "00001" in name else 0
            lines += f"{file['sha256']}  {name}\n"
        manifest["dataset"]["sha256"] = hashlib.sha256(lines.encode()).hexdigest()

    changed_manifest(folder, change)


def lines_of(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text("utf-8").splitlines()]


def put(path: Path, lines: list[list[str]]) -> None:
    path.write_text("".join(f"{','.join(line)}\n" for line in lines), "utf-8")


def swapped(folder: Path, form: str) -> None:
    for table in ("trades", "truth"):
        one, other = (folder / f"{table}/part-0000{number}.{form}" for number in (0, 1))
        one.rename(folder / "between")
        other.rename(one)
        (folder / "between").rename(other)


def clean_row(table: pa.Table, truth: pa.Table) -> int:
    altered = set(truth["trade_id"].to_pylist())
    return next(row for row, found in enumerate(table["trade_id"].to_pylist()) if found not in altered)


def with_cell(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    kind = table.schema.field(column).type
    values = table[column].to_pylist()
    values[row] = value
    plain = pa.array(values, kind.value_type if pa.types.is_dictionary(kind) else kind)
    return table.set_column(table.schema.get_field_index(column), column, plain)
