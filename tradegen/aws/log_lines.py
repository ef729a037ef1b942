"""A batch as lines of a log. CloudWatch takes each line as one event.

The answer key is not in the log. The manifest, on a line after the records, is enough to make it again.

On Lambda, a line in the embedded metric format comes last. CloudWatch makes metrics of it, so the function
itself sends no request
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
Each metric costs money by the month, and a member of the line that is none costs nothing. So ids are members:
queries find them, and no alarm would.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from tradegen.core.blocks import Block
from tradegen.core.columns import LARGEST_ID
from tradegen.engine.manifest import Tally
from tradegen.engine.run import Run
from tradegen.errors import ScenarioError
from tradegen.formats.ndjson import objects
from tradegen.formats.sorting import in_order
from tradegen.formats.tables import Table

LogForm: TypeAlias = Literal["records", "array", "manifest"]
"""A flat object a line for each record; JSON arrays, each of as many records as a line holds; or no records,
which then are stored elsewhere."""

LINE_BYTES = 262_144 - 26
"""The most bytes of UTF-8 in a line, its line feed included. An event of CloudWatch Logs may have 262,144
bytes, and 26 of them are overhead (AWS, `PutLogEvents`). AWS has since raised the limit to 1 MiB."""

_NUMBER = re.compile(r"(?<=: )[0-9.]+")
_LONGEST_NUMBER = 24  # characters: a float at its longest, such as 2.2250738585072014e-308

_NAMESPACE = "tradegen"
_UNITS = {"Records": "Count", "Pairs": "Count", "MismatchedPairs": "Count", "Duration": "Milliseconds"}


def object_lines(table: Table, blocks: Sequence[Block]) -> bytes:
    """All rows of a list, or of the truth: a JSON object each, ended by a line feed."""
    rows = in_order(table, map(table.rows, blocks))
    texts = (objects(table, part, after="\n") for part in rows)
    return b"".join(itertools.chain(*texts))


def log_lines(records: bytes, form: LogForm, manifest: Mapping[str, Any], key: str) -> bytes:
    """Records and manifest of one run, each line ended by a line feed.

    Parameters
    ----------
    records : bytes
        As `object_lines` gives them, of a run that `require_loggable` let pass. Names of columns have at most
        64 characters, and so has a text, so a record of 50 columns takes less than 40 KB and fits a line.
    form : str
    manifest : mapping
    key : str
        What the ids were reserved under; it goes into the manifest.
    """
    if form == "manifest":
        records = b""
    elif form == "array":
        # Not by splitlines(): a column's name may hold other line ends.
        arrays = _arrays(records.removesuffix(b"\n").split(b"\n"))
        records = b"".join(line + b"\n" for line in arrays)
    return records + _manifest_line(manifest, key) + b"\n"


def metrics_line(
    function: str, request: str | None, manifest: Mapping[str, Any], seconds: float, key: str
) -> bytes:
    """One line, ended by a line feed.

    Parameters
    ----------
    function : str
        The function's name, which is the metrics' only dimension.
    request : str or None
        What Lambda calls the invocation.
    manifest : mapping
    seconds : float
        What the run took, from its event to the last object stored.
    key : str
        What the ids were reserved under.
    """
    counts = manifest["counts"]
    metrics = [{"Name": name, "Unit": unit} for name, unit in _UNITS.items()]
    line = {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {"Namespace": _NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": metrics}
            ],
        },
        "FunctionName": function,
        "Records": counts["trades"],
        "Pairs": counts["pairs"],
        "MismatchedPairs": counts["mismatched_pairs"],
        "Duration": round(1e3 * seconds, 3),
        "firstId": manifest["replay"]["first_id"],
        "lastId": manifest["last_id"],
        "key": key,
        "requestId": request,
    }
    return json.dumps(line).encode() + b"\n"


def longest_manifest(run: Run) -> int:
    """The most bytes that the manifest's line may take, whatever is counted, with an empty key."""
    manifest = Tally(run.starting_at(LARGEST_ID - run.scenario.pairs + 1)).manifest()
    # Nothing is counted yet: every number among the counts may still grow.
    numbers = len(_NUMBER.findall(json.dumps(manifest["counts"])))
    return len(_manifest_line(manifest, "")) + 1 + numbers * (_LONGEST_NUMBER - 1)


def require_loggable(run: Run, longest: int, key: str) -> None:
    """Refuse a run whose manifest is too long for a line, before ids are reserved for it.

    Parameters
    ----------
    run : Run
    longest : int
        What `longest_manifest` says of it.
    key : str
        What the ids are to be reserved under.

    Raises
    ------
    ScenarioError
        Naming what makes it long.
    """
    size = longest + len(json.dumps(key)) - len(json.dumps(""))
    if size > LINE_BYTES:
        own = len(run.scenario.columns)
        raise ScenarioError(
            f"the manifest of {len(run.market.tickers):,} tickers and {len(run.scenario.hot_spots):,} hot "
            f"spots{f', and of the names in {own:,} columns,' if own else ''} takes up to {size:,} bytes on "
            f"one line of the log; expected at most {LINE_BYTES:,}; name fewer of them"
        )


def _manifest_line(manifest: Mapping[str, Any], key: str) -> bytes:
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
