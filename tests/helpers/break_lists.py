"""The truth as a desk would list its breaks."""

from __future__ import annotations

import pandas as pd


def break_rows(truth: pd.DataFrame) -> pd.DataFrame:
    """A row per altered field: trade_id, field, and what ours and theirs have, as text."""
    rows = truth.astype(str)
    ours = rows["leg"] == "OURS"
    return pd.DataFrame(
        {
            "trade_id": rows["trade_id"],
            "field": rows["field"],
            "ours": rows["altered"].where(ours, rows["original"]),
            "theirs": rows["original"].where(ours, rows["altered"]),
        }
    )
