"""What a matcher is given: two lists and what a user knows of them; without ids, under random references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

LISTS = ("ours", "theirs")
REFERENCE = "reference"
"""The column that names a record where the trade ids are hidden."""


def write_inputs(dataset: Path, folder: Path, hidden: bool, draw: str) -> dict[str, str]:
    """Write both lists of a dataset, and what is known of them, for an adapter to read.

    Parameters
    ----------
    dataset : Path
        A dataset in Parquet, of the view two_system.
    folder : Path
        Where the adapter is to find its input; it holds nothing else.
    hidden : bool
        Whether the trade ids give way to references: one a record, drawn at random in each list, and the rows
        in their order. So neither a reference nor a row's place says which records belong together.
    draw : str
        What the random numbers are drawn by: the same text, the same references.

    Returns
    -------
    dict of str to str
        The trade id by what the adapter will call the record.
    """
    folder.mkdir(parents=True)
    scenario = json.loads((dataset / "manifest.json").read_text("utf-8"))["replay"]["scenario"]
    ids: dict[str, str] = {}
    for name in LISTS:
        table = pq.read_table(dataset / name)
        if "record_id" in table.column_names:  # an id of the data's own, of no use to a matcher
            table = table.drop_columns(["record_id"])
        if hidden:
            table, references = _hidden(table, name, draw)
            ids |= references
        else:
            ids |= {trade: trade for trade in table["trade_id"].to_pylist()}
        table = pa.table({column: _plain(table[column]) for column in table.column_names})
        pq.write_table(table, folder / f"{name}.parquet")
        pa.csv.write_csv(table, folder / f"{name}.csv")
    columns = table.column_names[1:]
    known = _knowledge(columns, scenario.get("tolerances", {}), hidden)
    (folder / "knowledge.json").write_text(json.dumps(known, indent=2), "utf-8")
    return ids


def _hidden(table: pa.Table, name: str, draw: str) -> tuple[pa.Table, dict[str, str]]:
    """The table under references, in their order, and the trade ids by reference."""
    seed = int.from_bytes(hashlib.sha256(f"{draw} {name}".encode()).digest())
    order = np.random.default_rng(seed).permutation(len(table))
    references = [f"{name}-{number:08d}" for number in range(1, len(table) + 1)]
    table = table.take(pa.array(order))
    trades = table["trade_id"].to_pylist()
    table = table.drop_columns(["trade_id"]).add_column(0, REFERENCE, pa.array(references))
    return table, dict(zip(references, trades, strict=True))


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Strings as strings: not every reader knows dictionaries."""
    if pa.types.is_dictionary(values.type):
        return values.cast(values.type.value_type)
    return values


def _knowledge(columns: list[str], tolerances: Mapping[str, Any], hidden: bool) -> dict[str, Any]:
    """What whoever sets up a reconciliation knows: columns, tolerances, and what to join by."""
    allowed = {column: value for column, value in tolerances.items() if value}
    natural = [column for column in columns if column not in allowed]
    return {
        "reference": REFERENCE if hidden else "trade_id",
        "key": [column for column in natural if column != "trade_timestamp"] if hidden else ["trade_id"],
        "columns": columns,
        "tolerances": allowed,
    }
