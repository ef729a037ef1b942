"""Trades side by side as text for a terminal, and as a table for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from tradegen.analysis.altered_trades import Alteration, Trade
from tradegen.core.columns import TRADE_COLUMNS
from tradegen.core.html_pages import CELL, MARK, escaped
from tradegen.core.text_tables import aligned

__all__ = ["as_html", "as_text"]


def as_text(trades: Sequence[Trade], total: int) -> str:
    """Each trade with what was done to it, and its records below; altered cells stand in brackets."""
    cells = [row for trade in trades for row in _cells(trade)]
    head, *lines = (f"  {line}" for line in aligned([("list", *TRADE_COLUMNS), *cells]))
    blocks = [head]
    for trade in trades:
        records, lines = lines[: len(trade.records)], lines[len(trade.records) :]
        blocks.append("\n".join([_title(trade), *(f"  {_told(row)}" for row in trade.altered), *records]))
    return "\n\n".join([*blocks, _closing(trades, total)])


def as_html(trades: Sequence[Trade], total: int) -> str:
    """The same as a table that takes its colours from the notebook; altered cells are shaded."""
    head = "".join(f'<th style="{CELL}">{name}</th>' for name in ("list", *TRADE_COLUMNS))
    rows = []
    for trade in trades:
        told = "<br>".join(escaped(text) for text in (_title(trade), *map(_told, trade.altered)))
        rows.append(f'<tr><td colspan="{len(TRADE_COLUMNS) + 1}" style="{CELL}"><b>{told}</b></td></tr>')
        for position, (name, record) in enumerate(trade.records):
            cells = [f'<td style="{CELL}">{escaped(name)}</td>']
            for field in TRADE_COLUMNS:
                mark = f"; {MARK}" if (position, field) in trade.marks else ""
                cells.append(f'<td style="{CELL}{mark}">{escaped(record.get(field, ""))}</td>')
            rows.append(f"<tr>{''.join(cells)}</tr>")
    closing = escaped(_closing(trades, total))
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f"<div><table>{body}</table><p>{closing}</p></div>"


def _cells(trade: Trade) -> list[list[str]]:
    """The records as text; an altered cell in brackets, and a blank in place of a bracket elsewhere."""
    return [
        [
            name,
            *(
                f"[{record.get(field, '')}]"
                if (position, field) in trade.marks
                else f" {record.get(field, '')}"
                for field in TRADE_COLUMNS
            ),
        ]
        for position, (name, record) in enumerate(trade.records)
    ]


def _title(trade: Trade) -> str:
    state = f", {trade.state}" if trade.state else "" if trade.altered else ", clean"
    named = f" (findings name {', '.join(trade.named)})" if trade.named else ""
    return f"{trade.trade_id}{state}{named}"


def _told(row: Alteration) -> str:
    size = f", {row.size}" if row.size else ""
    benign = ", within tolerance" if row.benign else ""
    cause = f"; cause: {row.cause}" if row.cause else ""
    return f"{row.mechanism} on {row.leg}: {row.original} -> {row.altered}{size}{benign}{cause}"


def _closing(trades: Sequence[Trade], total: int) -> str:
    shown = sum(bool(trade.altered or trade.state) for trade in trades)
    return f"{shown:,} of {total:,} altered trades shown" if total else "no trade is altered"
