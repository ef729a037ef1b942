"""Findings as a test has them at hand: a set of ids, or tuples, as a frame that can be scored."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tradegen.errors import ScoringError, nearest, shown

__all__ = ["as_findings", "as_rows"]

_TUPLE = ("trade_id", "field", "leg")
_SUFFIXES = (".csv", ".json", ".ndjson", ".jsonl", ".parquet")
_EXPECTED = "trade ids, tuples (trade_id, field), dicts with a trade_id, a frame, an Arrow table or a path"


def as_findings(findings: Any) -> Any:
    """What `tradegen.score` takes, from that or from an iterable.

    Parameters
    ----------
    findings : frame, Arrow table, path, or iterable
        An iterable holds trade ids, tuples ``(trade_id, field)`` or ``(trade_id, field, leg)``, and mappings
        of a finding's columns; a field of None or "" is none. It is read once.

    Returns
    -------
    DataFrame, or `findings` itself
        Of an iterable, a frame with a row for each item, in its order.

    Raises
    ------
    ScoringError
        Where it is nothing of these.
    """
    if findings is None:
        raise ScoringError(f"findings is None; expected {_EXPECTED}; does the engine return them?")
    if isinstance(findings, pd.Series):
        return _frame([_row(value) for value in findings.tolist()])
    if isinstance(findings, (str, os.PathLike, pd.DataFrame)) or hasattr(findings, "__arrow_c_stream__"):
        return findings
    if isinstance(findings, Mapping) or not isinstance(findings, Iterable):
        raise ScoringError(f"findings is a {type(findings).__name__}; expected {_EXPECTED}")
    return _frame([_row(item) for item in findings])


def _row(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"trade_id": item}
    if isinstance(item, Mapping):
        row = dict(item)
    elif isinstance(item, (tuple, list)) and 1 <= len(item) <= len(_TUPLE):
        row = dict(zip(_TUPLE, item, strict=False))
    else:
        raise ScoringError(f"a finding is {shown(item)}; expected a trade id, (trade_id, field) or a dict")
    for name in _TUPLE:
        # What a mapping calls the id, the scorer's `columns` may say.
        if row.get(name) is not None and not isinstance(row[name], str):
            raise ScoringError(f"a finding is {shown(item)}, whose {name} is no text; expected text")
    return row


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    columns = list(names) or ["trade_id"]
    return pd.DataFrame({name: [row.get(name) for row in rows] for name in columns}, columns=columns)


def as_rows(
    findings: Any, columns: Mapping[str, str] | None = None, fields: Mapping[str, str] | None = None
) -> list[tuple[str, str, str]]:
    """Findings that were scored, in a form to explain the score by.

    Parameters
    ----------
    findings : frame, Arrow table or path
    columns, fields : mapping of str to str, optional
        Names and values that the findings have, by ours.

    Returns
    -------
    list of tuple of str
        By finding: ``trade_id``, ``field`` and ``linked_trade_id``, each "" where it says nothing.

    Raises
    ------
    ScoringError
        Where it is a file of a form that is not read here.
    """
    table = _read(findings)
    ours = {theirs: name for name, theirs in (fields or {}).items()}
    found = []
    for name in ("trade_id", "field", "linked_trade_id"):
        given = (columns or {}).get(name, name)
        values = table[given].tolist() if given in table else [""] * len(table)
        found.append(["" if pd.isna(value) else str(value).strip() for value in values])
    return [(pair, ours.get(field, field), linked) for pair, field, linked in zip(*found, strict=True)]


def _read(findings: Any) -> pd.DataFrame:
    if isinstance(findings, pd.DataFrame):
        return findings
    if not isinstance(findings, (str, os.PathLike)):
        import pyarrow as pa  # whoever gives an Arrow table has it

        table: pd.DataFrame = pa.table(findings).to_pandas()
        return table
    path = Path(findings)
    if path.is_dir():
        return pd.concat([_file(part) for part in sorted(path.iterdir())])
    return _file(path)


def _file(path: Path) -> pd.DataFrame:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pd.read_parquet(path)
    text = path.read_text("utf-8-sig")
    if suffix == ".csv":
        first = text.partition("\n")[0]
        delimiter = max(",;\t|", key=first.count)
        return pd.read_csv(io.StringIO(text), sep=delimiter, dtype="str", keep_default_na=False)
    if suffix == ".json":
        return pd.DataFrame(json.loads(text))
    if suffix in (".ndjson", ".jsonl"):
        return pd.DataFrame([json.loads(line) for line in text.splitlines() if line.strip()])
    raise ScoringError(f"{path} has the suffix {suffix}; {nearest(suffix, _SUFFIXES)}")
