"""A run as its files would hold it."""

from __future__ import annotations

from typing import Any

from tradegen import generate
from tradegen.sinks import SINKS, TRADES, TRUTH, trade_records, truth_records


def written(form: str = "csv", **arguments: Any) -> tuple[str, str]:
    """The text of the trades and of the truth."""
    arguments.setdefault("date", "2025-07-21")
    batch = generate(**arguments)
    texts = []
    for kind, records in ((TRADES, trade_records), (TRUTH, truth_records)):
        pieces: list[str] = []
        sink = SINKS[form](kind, pieces.append)
        for block in batch.blocks:
            sink.add(records(batch.run, block))
        sink.end()
        texts.append("".join(pieces))
    return texts[0], texts[1]
