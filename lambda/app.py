"""The scheduled Lambda: an event in, 30 trade records in the log.

There is no logic here: `tradegen.aws.function` is what runs, as it does in `tradegen schedule`. Records go to
standard output as they are. What an operator is told goes through `logging`, which Lambda's runtime writes as
JSON.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from tradegen.aws.environment import Environment
from tradegen.aws.function import Function

LOGGER = logging.getLogger("tradegen")
FUNCTION = Function.start(Environment.read(os.environ), LOGGER.warning)


def handler(event: object, context: Any) -> dict[str, Any]:
    """Generate the batch an event asks for, and print it."""
    answer = FUNCTION.answer(event, getattr(context, "aws_request_id", None))
    # One write: the runtime flushes at every one.
    sys.stdout.write(answer.lines.decode())
    return answer.response
