"""Trades side by side as text for a terminal, and as a table for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from tradegen.analysis.altered_trades import Alteration, Trade
from tradegen.core.columns import RECORD, RECORD_ID, TRADE_COLUMNS
from tradegen.core.html_pages import CELL, MARK, escaped, for_notebook
from tradegen.core.text_tables import aligned

_TITLE = "text-align: left"


def as_text(trades: Sequence[Trade], total: int, columns: Sequence[str] = ()) -> str:
    """Each trade with what was done to it, and its records below; altered cells stand in brackets."""
    columns = columns or _columns(trades)
    cells = [row for trade in trades for row in _cells(trade, columns)]
    head, *lines = (f"  {line}" for line in aligned([("list", *columns), *cells]))
    blocks = [head]
    for trade in trades:
        records, lines = lines[: len(trade.records)], lines[len(trade.records) :]
        blocks.append("\n".join([_title(trade), *(f"  {_told(row)}" for row in trade.altered), *records]))
    return "\n\n".join([*blocks, _closing(trades, total)])


def as_html(trades: Sequence[Trade], total: int, columns: Sequence[str] = ()) -> str:
    """The same as a table that takes its colours from the notebook; altered cells are shaded.

    Where there is one list, no column says which.
    """
    several = len({name for trade in trades for name, _ in trade.records}) > 1
    columns = columns or _columns(trades)
    headers = ("list", *columns) if several else tuple(columns)
    head = "".join(f'<th style="{CELL}">{escaped(name)}</th>' for name in headers)
    bodies = []
    for trade in trades:
        told = "<br>".join(escaped(text) for text in (_title(trade), *map(_told, trade.altered)))
        rows = [f'<tr class="title"><td colspan="{len(headers)}" style="{_TITLE}"><b>{told}</b></td></tr>']
        for position, (name, record) in enumerate(trade.records):
            cells = [f'<td style="{CELL}">{escaped(name)}</td>'] if several else []
            for field in columns:
                mark = f"; {MARK}" if (position, field) in trade.marks else ""
                cells.append(f'<td style="{CELL}{mark}">{escaped(record.get(field, ""))}</td>')
            rows.append(f"<tr>{''.join(cells)}</tr>")
        bodies.append(f'<tbody class="pair">{"".join(rows)}</tbody>')
    closing = escaped(_closing(trades, total))
    table = f"<table><thead><tr>{head}</tr></thead>{''.join(bodies)}</table>"
    return for_notebook(f'<div class="wide" tabindex="0">{table}</div><p>{closing}</p>')


def _columns(trades: Sequence[Trade]) -> tuple[str, ...]:
    """The columns that come with the house, and those that the records have beside them."""
    others = dict.fromkeys(column for trade in trades for _, record in trade.records for column in record)
    # Where records do not say which trade they are of, they are known by their own ids.
    shared_id = "trade_id" in others or not others
    house = TRADE_COLUMNS if shared_id else (RECORD_ID, *TRADE_COLUMNS[1:])
    return (*house, *(column for column in others if column not in (*TRADE_COLUMNS, RECORD_ID)))


def _cells(trade: Trade, columns: Sequence[str]) -> list[list[str]]:
    """The records as text; an altered cell in brackets, and a blank in place of a bracket elsewhere."""
    return [
        [
            name,
            *(
                f"[{record.get(field, '')}]"
                if (position, field) in trade.marks
                else f" {record.get(field, '')}"
                for field in columns
            ),
        ]
        for position, (name, record) in enumerate(trade.records)
    ]


def _title(trade: Trade) -> str:
    state = f", {trade.state}" if trade.state else "" if trade.altered else ", clean"
    named = f" (findings name {', '.join(trade.named)})" if trade.named else ""
    return f"{trade.trade_id}{state}{named}"


def _told(row: Alteration) -> str:
    what = _records(row) if row.field == RECORD else ", ".join(filter(None, (row.change, row.size)))
    benign = ", within tolerance" if row.benign else ""
    cause = f"; cause: {row.cause}" if row.cause else ""
    return f"{row.mechanism} on {row.leg}: {what}{benign}{cause}"


def _records(row: Alteration) -> str:
    if row.altered == "0":
        return "no record, where the other side has one"
    if row.original == "0":
        return "a record, where the other side has none"
    return f"{row.altered} records in place of {row.original}"


def _closing(trades: Sequence[Trade], total: int) -> str:
    shown = sum(bool(trade.altered or trade.state) for trade in trades)
    return f"{shown:,} of {total:,} altered trades shown" if total else "no trade is altered"
