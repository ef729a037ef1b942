"""Damaged files: any flipped bit, any length is refused in a sentence, or harmless; never an id twice."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from ledger_files import run_child
from sizes import size

from tradegen.errors import LedgerError
from tradegen.ledger import create_ledger, ledger_at, open_ledger

# In memory where there is such a thing: tens of thousands of trials need no disk.
FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@pytest.fixture
def fast_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as folder:
        yield Path(folder, "trade_ids.db")


# Flipped bits

# Pages of 4,096 bytes: the table and its two indexes each fit one. Pages of 512 bytes and large ids: each
# has leaves under an interior page.
FLIP_VARIANTS = {"one page a tree": (4096, 1, 12), "interior pages": (512, 2**60, 26)}
FREE_SPACE_TRIALS, FIRST_PAGE_TRIALS = 1_000, 2_500
PARTS = 2  # processes to share a variant's flips
EVERY = size(15, 1)  # of so many flips, one is tried; every bit of a byte has its turn
CHECKED = size(1, 7)  # of so many refused ledgers, one is checked from end to end


@pytest.mark.slow
@pytest.mark.sized
@pytest.mark.parametrize("variant", FLIP_VARIANTS)
def test_no_flipped_bit_repeats_an_id(fast_path: Path, variant: str) -> None:
    """Bits in use on every page that holds ranges, all of them where sizes are large; others by sample."""
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(PARTS) as pool:
        for told in pool.map(
            lambda part: run_child(__file__, "flip_bits", fast_path.with_name(f"{part}.db"), variant, part),
            range(PARTS),
        ):
            outcomes.update(json.loads(told))
    sys.stdout.write(f"\n{variant}: {outcomes.total()} bits flipped, {dict(outcomes)}\n")
    assert outcomes.keys() <= {"refused", "refused, and check finds it", "harmless"}
    # Every outcome, or the flips did not reach what they should.
    assert min(outcomes["refused"], outcomes["refused, and check finds it"], outcomes["harmless"]) > 100


def flip_bits(path: str, variant: str, part: str) -> None:
    page_size, first_id, rows = FLIP_VARIANTS[variant]
    handed_out = ledger_of_rows(Path(path), page_size, first_id, rows)
    trials = flip_trials(Path(path), interior=variant == "interior pages")[int(part) :: PARTS * EVERY]
    outcomes = Counter(flip_and_reserve(Path(path), trials, handed_out))
    assert outcomes.total() == len(trials)
    sys.stdout.write(json.dumps(outcomes))


def test_flipped_bits_do_repeat_ids_of_a_bare_counter_that_sqlite_calls_sound(fast_path: Path) -> None:
    """The control: the same flips, on the original script's table."""
    with closing(sqlite3.connect(fast_path)) as connection:
        connection.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER)")
        connection.execute("INSERT INTO counters VALUES ('trade_id', 123456)")
        connection.commit()
    content = fast_path.read_bytes()
    (page,) = tree_pages(content, root_pages(fast_path)["counters"])
    repeats = 0
    for position in used_bytes(content, page):
        for bit in range(8):
            fast_path.write_bytes(flipped(content, position, bit))
            with (
                closing(sqlite3.connect(fast_path, isolation_level=None)) as connection,
                suppress(sqlite3.Error),
            ):
                sound = connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
                connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'trade_id'")
                (given,) = connection.execute(
                    "SELECT value FROM counters WHERE name = 'trade_id'"
                ).fetchone() or (0,)
                repeats += sound and isinstance(given, int) and 1 <= given <= 123456
    sys.stdout.write(f"\nbare counter: {repeats} flips repeat an id\n")
    assert repeats >= 1


def ledger_of_rows(path: Path, page_size: int, first_id: int, rows: int) -> dict[str, tuple[int, int]]:
    """Make a ledger; every row has a key, and the ranges by key are returned."""
    ledger = create_ledger(path, first_id=first_id)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("VACUUM")
    handed_out = {}
    for number in range(rows):
        first = ledger.reserve(15, key := f"event-{number:04}-{number * 7919 % 10007:05}")
        handed_out[key] = (first, first + 14)
    assert ledger.check() == []
    return handed_out


def flip_trials(path: Path, *, interior: bool) -> list[tuple[int, int]]:
    """The (byte, bit) pairs to flip, one at a time."""
    content, trials, chance = path.read_bytes(), [], random.Random(11)
    roots = root_pages(path)
    assert roots.keys() == {"ranges", "sqlite_autoindex_ranges_1", "ranges_by_last"}
    free = []
    for root in roots.values():
        pages = tree_pages(content, root)
        assert (len(pages) > 2) == interior
        for page in pages:
            used = used_bytes(content, page)
            trials += [(position, bit) for position in used for bit in range(8)]
            free += sorted(set(page) - set(used))
    for positions, count in ((free, FREE_SPACE_TRIALS), (range(page_size_of(content)), FIRST_PAGE_TRIALS)):
        chosen = chance.sample(range(8 * len(positions)), min(count, 8 * len(positions)))
        trials += [(positions[choice // 8], choice % 8) for choice in chosen]
    return trials


def flip_and_reserve(
    path: Path, trials: list[tuple[int, int]], handed_out: dict[str, tuple[int, int]]
) -> Iterator[str]:
    """Flip each bit alone, reserve under a known key and then anew, twice, and say how that went."""
    content, size, keys = path.read_bytes(), page_size_of(path.read_bytes()), list(handed_out)
    ledger, highest = ledger_at(path), max(last for _, last in handed_out.values())
    spots = {key: [found.start() for found in re.finditer(key.encode(), content)] for key in keys}
    for number, (position, bit) in enumerate(trials):
        path.write_bytes(flipped(content, position, bit))
        # The key most likely to suffer: the one written nearest on the same page.
        near = [
            (abs(spot - position), key)
            for key in keys
            for spot in spots[key]
            if spot // size == position // size
        ]
        key = min(near)[1] if near else keys[number % len(keys)]
        outcome, top = "harmless", highest
        try:
            first = ledger.reserve(15, key)
            if first != handed_out[key][0]:
                outcome, top = (
                    (outcome if first > top else f"{key} got another's ids at {position}.{bit}"),
                    first + 14,
                )
        except LedgerError:
            outcome = "refused"
        try:
            for _ in range(2):
                first = ledger.reserve(4)
                outcome = outcome if first > top else f"ids repeated at {position}.{bit}"
                top = first + 3
        except LedgerError:
            outcome = "refused" if outcome == "harmless" else outcome
            if number % CHECKED == 0 and outcome == "refused":
                found = ledger.check()
                outcome = "refused, and check finds it" if found else f"check is blind at {position}.{bit}"
        yield outcome


# SQLite's file format, as https://www.sqlite.org/fileformat2.html has it


def page_size_of(content: bytes) -> int:
    return int.from_bytes(content[16:18], "big")


def root_pages(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, rootpage FROM sqlite_schema WHERE name NOT LIKE '%counters_1'"
        )
        return dict(rows.fetchall())


def tree_pages(content: bytes, number: int) -> list[range]:
    """The bytes of each page of the B-tree whose root is page `number`."""
    size = page_size_of(content)
    start = size * (number - 1)
    pages = [range(start, start + size)]
    if content[start] in (2, 5):  # interior: a child before each cell and one after the last
        cells = int.from_bytes(content[start + 3 : start + 5], "big")
        pointers = [
            int.from_bytes(content[start + 12 + 2 * i : start + 14 + 2 * i], "big") for i in range(cells)
        ]
        for child in [start + 8] + [start + pointer for pointer in pointers]:
            pages += tree_pages(content, int.from_bytes(content[child : child + 4], "big"))
    return pages


def used_bytes(content: bytes, page: range) -> list[int]:
    """The header and cell pointers at the page's start, and the cells at its end."""
    start = page.start
    header = 12 if content[start] in (2, 5) else 8
    cells = int.from_bytes(content[start + 3 : start + 5], "big")
    cell_content = int.from_bytes(content[start + 5 : start + 7], "big")
    return [*range(start, start + header + 2 * cells), *range(start + cell_content, page.stop)]


def flipped(content: bytes, position: int, bit: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :]


# Cut short


def test_a_ledger_cut_short_anywhere_is_refused_and_left_as_it_is(fast_path: Path) -> None:
    ledger_of_rows(fast_path, 512, 1, 60)
    content, chance = fast_path.read_bytes(), random.Random(5)
    lengths = {*range(0, len(content), 512), *(chance.randrange(len(content)) for _ in range(300))}
    for length in sorted(lengths):
        fast_path.write_bytes(content[:length])
        for use in (open_ledger, lambda path: ledger_at(path).reserve(1)):
            with pytest.raises(LedgerError, match=r"is empty or cut short|is damaged|not a tradegen ledger"):
                use(fast_path)
        assert fast_path.read_bytes() == content[:length]


# Child processes run the functions of this file by name.

if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
