"""Lists of trades as brokers export them: any dialect, any columns, written cell by cell by nobody's library.

Each cell is kept both as its value and as the bytes that stand for it, so that a test knows what a list with
other cells has to look like without asking the code that is tested.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

TOP = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
WORDS = {
    "ascii": ["AAPL", "MSFT", "GS", "O'Neil", "5 inch", "none", "x" * 40],
    "latin-1": ["Société", "Müller", "Ølgård", "AAPL", "año", "ÿ"],
    "cp1252": ["€uro", "“quoted”", "Zürich", "naïve…", "AAPL"],
    "unicode": ["日本", "Zürich", "€", "Ω", "🙂", "AAPL"],
}


@dataclass
class ForeignList:
    """A list as text: what its file has to say of it, and its rows as cells."""

    file: dict[str, Any]
    names: list[str]
    kinds: list[dict[str, Any]]
    values: list[list[str]]
    raw: list[list[str]] = field(default_factory=list)
    before: str = ""
    final_end: bool = True
    line_ends: list[str] = field(default_factory=list)
    blank_lines: set[int] = field(default_factory=set)

    def text(self, raw: list[list[str]] | None = None) -> str:
        """The whole text, of these cells or of others in as many rows."""
        rows = self.raw if raw is None else raw
        parts = [self.before]
        end = self.line_ends[0]
        if self.file["header"]:
            lacks = not rows and not self.final_end
            parts += [self.file["separator"].join(map(self.quoted, self.names)), "" if lacks else end]
        for number, row in enumerate(rows):
            last = number == len(rows) - 1
            ended = "" if last and not self.final_end else self.line_ends[number % len(self.line_ends)]
            parts += [self.file["separator"].join(row), ended]
            if number in self.blank_lines and ended and not last:
                parts.append(end)
        return "".join(parts)

    def quoted(self, value: str, *, always: bool = False) -> str:
        mark = self.file["quote"]
        special = [self.file["separator"], "\n", "\r", *([mark] if mark else [])]
        if mark and (always or any(one in value for one in special)):
            return f"{mark}{value.replace(mark, mark * 2)}{mark}"
        return value

    def requoted(self, row: int, at: int, value: str) -> str:
        """The bytes of a cell once it has another value, quoted as cells of its column are."""
        column = [cells[at] for cells in self.raw]
        mark = self.file["quote"]
        enclosed = [bool(mark) and len(raw) > 1 and raw[0] == raw[-1] == mark for raw in column]
        inner = [raw[1:-1].replace(mark * 2, mark) if has else raw
                 for raw, has in zip(column, enclosed, strict=True)]  # fmt: skip
        needs = [self.quoted(text) != text for text in inner]
        spare = any(has and text and not need
                    for has, text, need in zip(enclosed, inner, needs, strict=True))  # fmt: skip
        blanks = [has for has, text in zip(enclosed, inner, strict=True) if not text.strip(" ")]
        always = enclosed[row] and (spare or not needs[row])
        if not value:
            always = bool(mark) and ((blanks[0] if blanks else always) or len(self.names) == 1)
        return self.quoted(value, always=always)

    def encoded(self, text: str) -> bytes:
        """A text as the bytes of the file."""
        found = text.encode(self.file["encoding"])
        if self.file["bom"]:
            found = TOP[self.file["encoding"]] + found
        if self.file["compression"] == "gz":
            return gzip.compress(found)
        return pa.compress(found, "zstd", asbytes=True) if self.file["compression"] == "zst" else found

    def decoded(self, content: bytes) -> str:
        """The text of a file's bytes."""
        if self.file["compression"] == "gz":
            content = gzip.decompress(content)
        elif self.file["compression"] == "zst":
            content = pa.input_stream(pa.py_buffer(content), compression="zstd").read()
        if self.file["bom"]:
            assert content.startswith(TOP[self.file["encoding"]])
            content = content[len(TOP[self.file["encoding"]]) :]
        return content.decode(self.file["encoding"])

    def read(self, text: str) -> list[list[str]]:
        """The rows of a text as Python's own csv module reads them."""
        quote = self.file["quote"]
        reader = csv.reader(
            io.StringIO(text[len(self.before) :], newline=""),
            delimiter=self.file["separator"],
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        return [row for row in reader if row][self.file["header"] :]

    def described(self) -> dict[str, Any]:
        """What a file of columns says of it."""
        columns = [{"name": name, **kind} for name, kind in zip(self.names, self.kinds, strict=True)]
        return {"id": [self.names[0]], "file": self.file, "columns": columns}

    def write(self, path: Path) -> Path:
        path.write_bytes(self.encoded(self.text()))
        return path


def random_list(rng: np.random.Generator) -> ForeignList:
    """A list of a random dialect, with 1 to 12 columns, or 200, and up to 60 rows."""
    pick = lambda *options: options[int(rng.integers(len(options)))]  # noqa: E731
    encoding = pick("utf-8", "utf-8", "utf-16-le", "utf-16-be", "latin-1", "cp1252")
    words = {"latin-1": "latin-1", "cp1252": "cp1252"}.get(encoding) or pick("ascii", "unicode")
    quote = pick('"', '"', "'", "")
    decimal = pick(".", ",")
    line_end = pick("\n", "\r\n", "\r", "mixed")
    file = {
        "form": "csv",
        "encoding": encoding,
        "bom": encoding in TOP and pick(True, False),
        "compression": pick("none", "none", "none", "gz", "zst"),
        "separator": pick(",", ";", "\t", "|", "\x01"),
        "quote": quote,
        "line_end": line_end,
        "header": pick(True, True, False),
        "skip": 0,
        "decimal": decimal,
        "thousands": pick("", "." if decimal == "," else ",", " ", "'"),
    }
    # Of one column with line ends of both kinds, DuckDB sees blank lines that are none: it is refused.
    width, count = pick(2, 3, 9, 12, 200, 2 if line_end == "mixed" else 1), pick(0, 1, 2, 20, 60)
    if width == 200:
        count = min(count, 20)
    names = ["column_1", *(f"{pick('Px', 'Qty', 'Ccy', 'Größe' if words != 'ascii' else 'Size')} {n}"
                           for n in range(2, width + 1))]  # fmt: skip
    if not file["header"]:
        names = [f"column_{n}" for n in range(1, width + 1)]
    kinds = [{"kind": "reference"}, *({"kind": "text"} for _ in names[1:])]
    one = ForeignList(file, names, kinds, [])
    one.line_ends = {"mixed": ["\n", "\r\n", "\r\n"]}.get(line_end, [line_end])
    if file["header"] and pick(True, False, False):
        file["skip"] = 2
        end = one.line_ends[0]
        one.before = f"Trades of the day{end}as of 10:00{end}"
    breaks = [] if line_end in ("\r", "mixed") or not quote else ["two\nlines", "two\r\nlines"]
    marks = [file["separator"], quote, quote * 2, f"5{quote or 'x'} pipe"] if quote else []
    if not quote and file["separator"] == file["thousands"]:
        file["thousands"] = ""
    number = [f"1{file['thousands']}284{decimal}50", f"0{decimal}5", "", " ", "250"]
    pool = [*WORDS[words], *breaks, *marks, *number]
    if not quote:
        pool = [value for value in pool if file["separator"] not in value]
    style = pick("needed", "always", "random", "some columns")
    for row in range(count):
        values = [f"T{row:05}", *(pool[int(rng.integers(len(pool)))] for _ in names[1:])]
        raw = []
        for at, value in enumerate(values):
            always = {"always": True, "random": rng.random() < 0.5, "some columns": at % 2 == 0}.get(
                style, False
            )
            cell = one.quoted(value, always=always)
            if cell == "" and width == 1:
                cell = one.quoted("T", always=False)
            raw.append(cell)
            values[at] = value
        if all(cell == "" for cell in raw):
            raw[0] = "T"
        one.values.append(values)
        one.raw.append(raw)
    one.final_end = pick(True, True, False)
    if width > 1 and pick(True, False, False, False):
        one.blank_lines = {1, 5}
    return one


BROKER_EXPORTS: dict[str, bytes] = {}
"""Exports of brokers and systems as one meets them, by what is odd about them."""


def _export(name: str, text: str, encoding: str = "utf-8", line_end: str = "\n") -> None:
    BROKER_EXPORTS[name] = text.replace("\n", line_end).encode(encoding)


_export(
    "plain",
    "trade_id,ticker,quantity,price,date\nT1,AAPL,100,154.00,2025-07-21\nT2,MSFT,250,401.25,2025-07-21\n"
    "T3,IBM,75,201.10,2025-07-22\n",
)
_export(
    "German bank, Excel",
    'Auftrag;Wertpapier;Stück;Kurs;Handelstag\nA-1;SAP;1.000;"1.154,50";21.07.2025\n'
    'A-2;BMW;250;98,25;21.07.2025\nA-3;"BASF ""SE""";75;45,00;22.07.2025\n',
    "cp1252",
    "\r\n",
)
_export(
    "Excel's Unicode text",
    "Trade Ref\tSymbol\tQty\tPx\tDate\nT1\tAAPL\t100\t154.5\t7/1/2025\nT2\tMSFT\t250\t401.25\t7/2/2025\n"
    "T3\tIBM\t75\t201\t12/2/2025\n",
    "utf-16",
    "\r\n",
)
_export(
    "everything quoted, thousands",
    '"Deal ID","Symbol","Qty","Price","Trade Date"\n"D1","AAPL","1,000","1,154.00","21-Jul-2025"\n'
    '"D2","MSFT","250","401.25","21-Jul-2025"\n"D3","BRK, B","75","201.10","22-Jul-2025"\n',
)
_export(
    "mainframe, padded",
    "ref     |symbol|quantity|     price|date    \nT1      |AAPL  |     100|    154.00|20250721\n"
    "T2      |MSFT  |     250|    401.25|20250721\nT3      |IBM   |      75|    201.10|20250722\n",
)
_export(
    "notes above, quoted line breaks, no final line end",
    "Broker XYZ\nTrades of 21 July 2025\n\nExec ID,Side,Shares,Price,Comment\n"
    'X1,B,100,154.00,"first\nsecond"\nX2,S,250,401.25,\nX3,B,75,201.10,"said ""ok"""',
)
_export(
    "no header",
    "T1,AAPL,100,154.00,2025-07-21T09:30:00Z\nT2,MSFT,250,401.25,2025-07-21T09:31:00Z\n"
    "T3,IBM,75,201.10,2025-07-21T09:32:00Z\n",
)
_export(
    "byte order mark, blank cells",
    "\ufeffTradeRef,Ccy,Qty,Px,SettleDate\nT1,USD,100,154.00,2025-07-23\nT2,,250,,\nT3,EUR,75,201.10,2025-07-24\n",
    "utf-8",
    "\r\n",
)
_export(
    "single quotes, French",
    "'id'|'titre'|'quantité'|'cours'|'date'\n'T1'|'L''Oréal'|'1 000'|'354,50'|'21/07/2025'\n"
    "'T2'|'Total|Energies'|'250'|'58,25'|'21/07/2025'\n'T3'|'Orange'|'75'|'11,10'|'22/07/2025'\n",
    "latin-1",
)
_export(
    "inches, which are no quotes",
    'trade_id,product,quantity,price,date\nT1,5" pipe,10,154.00,2025-07-21\nT2,rod 7",250,401.25,2025-07-21\n'
    'T3,"tube, long",75,201.10,2025-07-22\n',
)
_export("old Mac", "id;qty;px\nT1;100;154.00\nT2;250;401.25\nT3;75;201.10\n", "utf-8", "\r")
_export("one column", "trade_id\nT1\nT2\nT3\n")
_export("one row", "trade_id,price\nT1,154.00")
_export("a header alone", "trade_id,price\n")
_export(
    "200 columns",
    ",".join(["trade_id", *(f"field {n}" for n in range(199))]) + "\n"
    + "".join(",".join([f"T{row}", *(f"{row}{n}" for n in range(199))]) + "\n" for row in range(5)),
)  # fmt: skip


def typed(day: str) -> dt.date:
    return dt.date.fromisoformat(day)
