"""Findings as an engine returns them, such as a set of ids or a list of tuples, made into a frame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from tradegen.errors import ScoringError, shown

_TUPLE = ("trade_id", "field", "leg")
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
        If it is none of these.
    """
    if findings is None:
        raise ScoringError(f"findings is None; expected {_EXPECTED}; does the engine return them?")
    if isinstance(findings, pd.Series):
        return _frame([_row(value) for value in findings.tolist()])
    if isinstance(findings, (str, os.PathLike, pd.DataFrame)) or hasattr(findings, "__arrow_c_stream__"):
        return findings
    if isinstance(findings, Mapping) or not isinstance(findings, Iterable):
        raise ScoringError(f"findings is {shown(findings)}; expected {_EXPECTED}")
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
