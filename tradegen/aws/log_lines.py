"""A batch as lines for a log: CloudWatch takes each line as one event of at most 256 KiB.

The answer key is not in the log. The manifest, on the last line, is enough to make it again.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Literal

from tradegen.api.batch import Batch
from tradegen.formats.ndjson import objects
from tradegen.formats.tables import list_tables

__all__ = ["RECORDS_A_LINE", "log_lines"]

RECORDS_A_LINE = 400
"""A record has at most some 500 bytes, so that a line stays below 200 KB, within CloudWatch's limit
(AWS, "CloudWatch Logs quotas": 256 KiB an event, later raised to 1 MiB)."""


def log_lines(batch: Batch, form: Literal["array", "records"], key: str) -> str:
    """All lines of one invocation, each ended by a line feed, to be written at once.

    Parameters
    ----------
    batch : Batch
    form : str
        ``"array"``: JSON arrays, one up to 400 records; ``"records"``: a flat object a line.
    key : str
        What the ids were reserved under; it goes into the manifest.
    """
    [table] = list_tables(batch.run).values()
    texts = (objects(table, table.rows(block), after="\n") for block in batch.blocks)
    records = b"".join(itertools.chain(*texts)).decode().splitlines()
    lines = records if form == "records" else list(_arrays(records))
    manifest = json.dumps({**batch.manifest, "key": key})
    return "\n".join([*lines, manifest, ""])


def _arrays(records: list[str]) -> Iterator[str]:
    for start in range(0, len(records), RECORDS_A_LINE):
        yield f"[{', '.join(records[start : start + RECORDS_A_LINE])}]"
