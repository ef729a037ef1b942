"""A batch as lines of a log. CloudWatch takes each line as one event.

The answer key is not in the log. The manifest, on the last line, is enough to make it again.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal

from tradegen.api.batch import Batch
from tradegen.core.columns import LARGEST_ID
from tradegen.engine.manifest import Tally
from tradegen.engine.run import Run
from tradegen.errors import ScenarioError
from tradegen.formats.ndjson import objects
from tradegen.formats.sorting import in_order
from tradegen.formats.tables import list_tables

__all__ = ["LINE_BYTES", "log_lines", "require_loggable"]

LINE_BYTES = 262_144 - 26
"""The most bytes of UTF-8 in a line, its line feed included. An event of CloudWatch Logs may have 262,144
bytes, and 26 of them are overhead (AWS, `PutLogEvents`). AWS has since raised the limit to 1 MiB."""

_NUMBER = re.compile(r"(?<=: )[0-9.]+")
_LONGEST_NUMBER = 24  # characters: a float at its longest, such as 2.2250738585072014e-308


def log_lines(batch: Batch, form: Literal["array", "records"], key: str) -> str:
    """All lines of one invocation, each ended by a line feed, to be written at once.

    Parameters
    ----------
    batch : Batch
        One that `require_loggable` let pass.
    form : str
        ``"array"``: JSON arrays, each of as many records as a line holds; ``"records"``: a flat object per
        line. A record has at most some 4 KB in the nine columns, and some 21 KB in 40 of the scenario's own,
        whose names and values have at most 64 characters each: any fits a line.
    key : str
        What the ids were reserved under; it goes into the manifest.
    """
    [table] = list_tables(batch.run).values()
    rows = in_order(table, map(table.rows, batch.blocks))
    texts = (objects(table, part, after="\n") for part in rows)
    # Not by str.splitlines(): a column's name may hold other line ends of Unicode.
    records = b"".join(itertools.chain(*texts)).removesuffix(b"\n").split(b"\n")
    lines = [*(records if form == "records" else _arrays(records)), _manifest_line(batch.manifest, key), b""]
    return b"\n".join(lines).decode()


def require_loggable(run: Run, key: str) -> None:
    """Refuse a run whose manifest is too long for a line, before ids are reserved for it.

    Raises
    ------
    ScenarioError
        Naming what makes it long.
    """
    manifest = Tally(run.starting_at(LARGEST_ID - run.scenario.pairs + 1)).manifest()
    # Nothing is counted yet: every number among the counts may still grow.
    numbers = len(_NUMBER.findall(json.dumps(manifest["counts"])))
    size = len(_manifest_line(manifest, key)) + 1 + numbers * (_LONGEST_NUMBER - 1)
    if size > LINE_BYTES:
        own = len(run.scenario.columns)
        raise ScenarioError(
            f"the manifest of {len(run.market.tickers):,} tickers and {len(run.scenario.hot_spots):,} hot "
            f"spots{f', and of the names in {own:,} columns,' if own else ''} takes up to {size:,} bytes on "
            f"one line of the log; expected at most {LINE_BYTES:,}; name fewer of them"
        )


def _manifest_line(manifest: dict[str, object], key: str) -> bytes:
    return json.dumps({**manifest, "key": key}).encode()


def _arrays(records: Iterable[bytes]) -> Iterator[bytes]:
    """The records as JSON arrays, each of as many bytes as a line may hold."""
    taken: list[bytes] = []
    size = 3  # of the brackets and the line feed
    for record in records:
        if taken and size + len(record) > LINE_BYTES:
            yield b"[" + b", ".join(taken) + b"]"
            taken, size = [], 3
        taken.append(record)
        size += len(record) + 2
    yield b"[" + b", ".join(taken) + b"]"
