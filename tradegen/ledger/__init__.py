"""The ledger: which trade ids have been handed out, in one SQLite file, so that none is given twice.

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

from tradegen.ledger.copying import copy_ledger
from tradegen.ledger.first_use import open_or_create
from tradegen.ledger.layout import Range
from tradegen.ledger.reservations import Ledger, LedgerSummary, create_ledger, open_ledger

__all__ = [
    "Ledger",
    "LedgerSummary",
    "Range",
    "copy_ledger",
    "create_ledger",
    "open_ledger",
    "open_or_create",
]
