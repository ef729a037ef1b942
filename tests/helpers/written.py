"""A run as its files would hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reading import Lists, Row, rows

from tradegen import generate
from tradegen.formats import FORMATS
from tradegen.formats.tables import tables


def written_files(
    form: str, options: dict[str, Any] | None = None, only: str = "", **arguments: Any
) -> dict[str, bytes]:
    """What is written of each list of the view, by its name, and of the truth; or of one of them alone."""
    arguments.setdefault("date", "2025-07-21")
    batch = generate(**arguments)
    made = {name: table for name, table in tables(batch.run).items() if not only or name == only}
    pieces: dict[str, list[bytes]] = {name: [] for name in made}
    for name, table in made.items():
        writer = FORMATS[form](table, pieces[name].append, **options or {})
        for block in batch.blocks:
            writer.add(table.rows(block))
        writer.end()
    return {name: b"".join(parts) for name, parts in pieces.items()}


def written_lists(form: str = "csv", **arguments: Any) -> tuple[dict[str, str], str]:
    """The text of each list of the view, by its name, and that of the truth."""
    texts = {name: content.decode() for name, content in written_files(form, **arguments).items()}
    truth = texts.pop("truth")
    return texts, truth


def written_truth(form: str = "csv", **arguments: Any) -> list[Row]:
    """The rows of the truth alone: to write and read lists takes most of the time."""
    return rows(written_files(form, only="truth", **arguments)["truth"].decode(), form)


def written(form: str = "csv", **arguments: Any) -> tuple[str, str]:
    """The text of the trades, in the view of one list, and of the truth."""
    lists, truth = written_lists(form, **arguments)
    return lists["trades"], truth


def written_rows(form: str = "csv", **arguments: Any) -> tuple[Lists, list[Row]]:
    """The rows of each list of the view, by its name, and those of the truth."""
    lists, truth = written_lists(form, **arguments)
    return {name: rows(text, form) for name, text in lists.items()}, rows(truth, form)


def places(text: str) -> int:
    """How many decimals a number is written with."""
    return len(text.partition(".")[2])


def give_both_legs(folder: Path, trade_id: str, column: str, text: str) -> None:
    """Write a value into both legs of a trade in the files ``t.ours.csv`` and ``t.theirs.csv``."""
    for path in sorted(folder.glob("t.*.csv")):
        header, *records = (line.split(",") for line in path.read_text().splitlines())
        for record in records:
            if record[0] == trade_id:
                record[header.index(column)] = text
        path.write_text("".join(",".join(record) + "\n" for record in (header, *records)))
