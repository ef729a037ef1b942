"""Single edits of written lists, truths and manifests, made here without verify or the generator."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from verify_datasets import with_cell

# What a message says of a trade, by tag.
_TAGS = {
    "37": "trade_id",
    "55": "ticker",
    "32": "quantity",
    "31": "price",
    "75": "date",
    "60": "trade_timestamp",
    "54": "order_type",
    "448": "party",
}
_SOH = "\x01"


def framed(message: str) -> str:
    """A message with the length and checksum that its content calls for."""
    body = re.sub(r"^8=FIX.4.4\x019=\d+\x01", "", message[: message.rindex("10=")])
    head = f"8=FIX.4.4{_SOH}9={len(body.encode())}{_SOH}{body}"
    return f"{head}10={sum(head.encode()) % 256:03d}{_SOH}\n"


def spans(line: str, form: str, header: list[str]) -> Iterator[tuple[str, int, int]]:
    """The column, and where its value stands, of each value of a line."""
    if form == "csv":
        start = 0
        for name, value in zip(header, line.rstrip("\n").split(","), strict=True):
            yield name, start, start + len(value)
            start += len(value) + 1
    elif form == "fix":
        for found in re.finditer(r"\x01(\d+)=([^\x01]*)", line):
            if found[1] in _TAGS:
                yield _TAGS[found[1]], found.start(2), found.end(2)
    else:
        for found in re.finditer(r'"([^"]+)": (?:"([^"]*)"|([^",}]+))', line):
            group = 2 if found[2] is not None else 3
            yield found[1], found.start(group), found.end(group)


def edits(value: str, rng: random.Random) -> dict[str, str]:
    """Other texts for a value: each of them says something else, or is not how it is written."""
    found = {
        "extra digit": f"{value}0" if "." in value else f"{value}{rng.randrange(10)}",
        "sign": value.removeprefix("-") if value.startswith("-") else f"-{value}",
        "exponent": f"{value}e{rng.randrange(2)}",
    }
    digits = [at for at, letter in enumerate(value) if letter.isdigit()]
    if digits:
        at = rng.choice(digits)
        other = rng.choice([digit for digit in "0123456789" if digit != value[at]])
        found["digit"] = value[:at] + other + value[at + 1 :]
    if value:
        found["blank"] = ""
    return found


def lone_ids(truth: list[dict[str, str]]) -> set[str]:
    """Pairs with one leg: in most fields of it, nothing says what it was."""
    return {row["trade_id"] for row in truth if row["mechanism"] == "record.missing"}


def provable(table: str, column: str, trade_id: str, lone: set[str]) -> bool:
    """Whether an edit of one cell contradicts anything that is written elsewhere."""
    if table == "truth":
        return True
    # A record_id is a random number; one that no truth row names may be any. So may a record's own reference.
    if column in ("record_id", "our_ref"):
        return False
    return trade_id not in lone or column in ("trade_id", "quantity", "price", "gross_amount")


def edited_text(
    path: Path, table: str, form: str, lone: set[str], rng: random.Random, others: list[Path]
) -> str:
    """Edit one place of a file of text; says what was done."""
    lines = path.read_bytes().decode("utf-8").splitlines(keepends=True)
    first = 1 if form in ("csv", "json") else 0
    last = len(lines) - (form == "json")
    at = rng.randrange(first, last)
    line = lines[at]
    kind = rng.choice(["cell"] * 6 + ["line end", "doubled", "dropped", "moved"])
    if kind == "moved" and (not others or form == "json"):
        kind = "dropped"
    if kind == "line end":
        lines[at] = line.removesuffix("\n") + rng.choice(["\r\n", "\r", "\n\n", ""])
    elif kind == "doubled":
        lines[at] = line if form != "json" else f"{line.rstrip().removesuffix(',')},\n"
        lines.insert(at, lines[at] if form != "json" else f"{line.rstrip().removesuffix(',')},\n")
    elif kind == "dropped":
        del lines[at]
    elif kind == "moved":
        del lines[at]
        with others[0].open("a", encoding="utf-8", newline="") as other:
            other.write(line)
    else:
        header = lines[0].rstrip("\n").split(",")
        found = list(spans(line, form, header))
        trade_id = line[slice(*next(span[1:] for span in found if span[0] in ("trade_id", "TradeRef")))]
        chosen = [span for span in found if provable(table, span[0], trade_id, lone)]
        column, start, end = rng.choice(chosen)
        value = line[start:end]
        kind, new = rng.choice(sorted(edits("" if value == "null" else value, rng).items()))
        bare = form in ("json", "ndjson") and line[start - 1] != '"'
        lines[at] = line[:start] + (new or ("null" if bare else "")) + line[end:]
        if form == "fix":
            lines[at] = framed(lines[at])
        kind = f"{kind} in {column}: {value!r} to {new!r}"
    path.write_bytes("".join(lines).encode("utf-8"))
    return f"{path.name} line {at + 1}: {kind}"


def edited_parquet(path: Path, table: str, lone: set[str], rng: random.Random) -> str:
    """Edit one place of a Parquet file; says what was done."""
    rows = pq.read_table(path)
    at = rng.randrange(len(rows))
    kind = rng.choice(["cell"] * 6 + ["doubled", "dropped"])
    if kind == "doubled":
        rows = pa.concat_tables([rows, rows.slice(at, 1)])
    elif kind == "dropped":
        rows = pa.concat_tables([rows.slice(0, at), rows.slice(at + 1)])
    else:
        key = "trade_id" if "trade_id" in rows.column_names else "TradeRef"
        trade_id = rows[key][at].as_py()
        column = rng.choice([name for name in rows.column_names if provable(table, name, trade_id, lone)])
        old = rows[column][at].as_py()
        new = _other(old, rng)
        rows = with_cell(rows, column, at, new)
        kind = f"{column}: {old!r} to {new!r}"
    pq.write_table(rows, path)
    return f"{path.name} row {at + 1}: {kind}"


def _other(value: Any, rng: random.Random) -> Any:
    if value is None:
        return Decimal("0.010000")
    if rng.random() < 0.2:
        return None if value != "" else "5"
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return rng.choice(sorted(edits(value, rng).values()))
    if isinstance(value, int):
        return rng.choice([value + 1, -value, value * 10])
    if isinstance(value, Decimal):
        return rng.choice([value + Decimal("0.01"), -value - 1, value * 10 + 1])
    change: Callable[[Any], Any] = rng.choice(
        [lambda day: day.replace(year=day.year + 1), lambda day: day.replace(day=day.day % 28 + 1)]
    )
    return change(value)


def edited_manifest(path: Path, rng: random.Random) -> str:
    """Edit one number of a manifest that files can bear out."""
    manifest = json.loads(path.read_text("utf-8"))
    counts = manifest["counts"]
    places: list[tuple[dict[str, Any], str]] = [
        (counts, name) for name in ("pairs", "trades", "mismatched_pairs", "benign_pairs", "truth_rows")
    ]
    places += [(counts["by_field"], name) for name in counts["by_field"]]
    places += [(part, "applied") for part in counts["by_mechanism"].values()]
    places += [(part, "applied") for part in counts["by_cause"].values()]
    places += [(counts["benign"], "applied"), (manifest, "last_id"), (manifest["replay"], "first_id")]
    place, name = rng.choice(places)
    old = place[name]
    place[name] = rng.choice([old + 1, old * 10 + 1, abs(old - 1)])
    path.write_text(json.dumps(manifest, indent=2), "utf-8")
    return f"{path.name}: {name}: {old} to {place[name]}"
