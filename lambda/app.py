"""The scheduled Lambda: an event in, 30 trade records in the log.

There is no logic here: `tradegen.aws.function` is what runs, as it does in `tradegen schedule`. Records go to
standard output as they are. What an operator is told goes through `logging`, which Lambda's runtime writes as
JSON.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import Any

# What imports make stays. To look through it for garbage, again and again, takes a twentieth of a cold start.
gc.disable()

from tradegen.aws.environment import Environment  # noqa: E402  # after the line above
from tradegen.aws.function import Function  # noqa: E402

LOGGER = logging.getLogger("tradegen")
FUNCTION = Function.start(Environment.read(os.environ), LOGGER.warning)

# Later collections leave out what is there now.
gc.freeze()
gc.enable()


def handler(event: object, context: Any) -> dict[str, Any]:
    """Generate the batch an event asks for, and print it."""
    answer = FUNCTION.answer(event, getattr(context, "aws_request_id", None))
    # One write: the runtime flushes at every one.
    sys.stdout.write(answer.lines.decode())
    return answer.response
