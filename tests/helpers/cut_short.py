"""The Lambda's handler, which stops midway if whoever invokes it asks for that.

The client context says how and when. It is no part of the event, which is the same when delivered again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Any
from unittest import mock

import app
from emulator import MOMENTS


def handler(event: object, context: Any) -> dict[str, Any]:
    """Have the event handled; at the `moment`, end the process, or wait until the time is up."""
    if context.client_context is None:
        return app.handler(event, context)
    wanted = context.client_context.custom

    def come_to(moment: int) -> None:
        if MOMENTS[moment] != wanted["moment"]:
            return
        if wanted["how"] == "exit":
            os._exit(1)
        time.sleep(3600)

    ledger, out = type(app.FUNCTION.ledger), sys.stdout
    reserve = ledger.reserve

    def reserve_and_stop(*arguments: Any, **options: Any) -> int:
        come_to(0)
        first = reserve(*arguments, **options)
        come_to(1)
        return first

    class Out:
        def write(self, text: str) -> None:
            lines = text.splitlines(keepends=True)
            out.write("".join(lines[:7]))
            come_to(2)
            out.write("".join(lines[7:]))
            come_to(3)

    with mock.patch.object(ledger, "reserve", reserve_and_stop), contextlib.redirect_stdout(Out()):
        return app.handler(event, context)
