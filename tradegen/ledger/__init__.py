"""The ledger: which trade ids have been handed out, so that none is given twice.

It is one SQLite file, or a DynamoDB table (``dynamodb://TABLE``), with the same promises.

>>> import tempfile
>>> folder = tempfile.TemporaryDirectory()
>>> ledger = create_ledger(f"{folder.name}/trade_ids.db")
>>> ledger.reserve(15, key="monday")        # ids 1 to 15
1
>>> ledger.reserve(15)
16
>>> ledger.reserve(15, key="monday")        # a retry: the same range again
1
>>> ledger.check()
[]
>>> folder.cleanup()
"""

from tradegen.ledger.contract import Ledger, LedgerSummary
from tradegen.ledger.copying import copy_ledger
from tradegen.ledger.layout import Range
from tradegen.ledger.opening import create_ledger, is_url, ledger_at, open_ledger, open_or_create

__all__ = [
    "Ledger",
    "LedgerSummary",
    "Range",
    "copy_ledger",
    "create_ledger",
    "is_url",
    "ledger_at",
    "open_ledger",
    "open_or_create",
]
