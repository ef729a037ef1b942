"""The scheduled Lambda: an event in, 30 trade records in the log.

There is no logic here: the event becomes an order, the ledger gives ids, `generate` makes the records.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tradegen import generate
from tradegen.aws.events import Environment
from tradegen.aws.log_lines import log_lines
from tradegen.ledger import open_or_create

ENVIRONMENT = Environment.read(os.environ)
LEDGER = open_or_create(ENVIRONMENT.ledger, lambda notice: sys.stderr.write(f"{notice}\n"))


def handler(event: object, _context: object) -> dict[str, Any]:
    """Generate the batch an event asks for, and print it.

    A redelivered event gives the same ids, the same records and the same bytes.
    """
    order = ENVIRONMENT.order(event)
    first_id = LEDGER.reserve(order.scenario.pairs, key=order.key)
    batch = generate(order.scenario, seed=order.seed, first_id=first_id, tickers=ENVIRONMENT.market)
    # One write: the runtime flushes at every one.
    sys.stdout.write(log_lines(batch, ENVIRONMENT.log, order.key))
    return {"records": len(batch), "first_id": first_id, "seed": order.seed}
