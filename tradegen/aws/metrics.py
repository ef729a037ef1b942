"""What one run was, as metrics: a line in CloudWatch's embedded metric format.

CloudWatch makes metrics of such a line, without a request of the function's own
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
Each metric costs money by the month, and a member of the line that is none costs nothing. So ids are members:
queries find them, and no alarm would.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

_NAMESPACE = "tradegen"
_UNITS = {"Records": "Count", "Pairs": "Count", "MismatchedPairs": "Count", "Duration": "Milliseconds"}


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
