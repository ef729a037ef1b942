"""A ledger in a DynamoDB table: the same promises, for processes on many machines.

A reservation is one transaction of two writes: the counter moves on condition that it stands where it was
read, and an item is added on condition that none has its name. The item's name follows from the key; without
a key, it is random. So a request that was carried out but not answered fails when it is sent again, and the
answer then holds the item that it wrote: its ids. No id is used twice, and none is lost.

``ClientRequestToken`` would promise the same for ten minutes. The item promises it for 30 days, to another
process as well, so there is no second way beside it.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tradegen.errors import LedgerError
from tradegen.ledger.access import deadline_in
from tradegen.ledger.contract import Ledger, LedgerSummary, first_known, require_left, require_timeout
from tradegen.ledger.dynamodb_access import ITEM_KEY, Item, NoTableError, RefusedError, Table, nap
from tradegen.ledger.dynamodb_items import COUNTER, Counter, Reservation, name_of, now, primary_key
from tradegen.ledger.layout import Range


@dataclass(frozen=True)
class DynamoLedger(Ledger):
    """A ledger by the name of its table, in the region and account that boto3 finds.

    Parameters
    ----------
    table : str
        The table's name.
    timeout : float, default 15
        Seconds after which an operation does not try again. A request under way by then is waited for, 5
        seconds at most.
    """

    table: str
    timeout: float = 15.0

    def __post_init__(self) -> None:
        require_timeout(self.timeout)

    @property
    def place(self) -> str:
        """The URL."""
        return f"dynamodb://{self.table}"

    def open(self) -> None:
        """Read the counter; LedgerError where there is none."""
        self._counter(deadline_in(self.timeout))

    def create(self, first_id: int) -> None:
        """Add the counter to a table that has none; where there is no such table, make it first."""
        from tradegen.ledger.dynamodb_tables import create_table

        table, deadline = Table(self.table), deadline_in(self.timeout)
        counter = Counter(first_id, first_id, 0, token=secrets.token_hex(16))
        put = {"TableName": self.table, "Item": counter.item(), **_IF_NEW}
        try:
            try:
                table.call("put_item", deadline, **put)
            except NoTableError:
                create_table(table)
                table.call("put_item", deadline_in(self.timeout), **put)
        except RefusedError:
            # Unless the one that is there is ours, by a request that was carried out but not answered.
            if self._counter(deadline).token != counter.token:
                raise LedgerError(f"{self.place} exists; open it, or choose another table") from None

    def _reserve(self, count: int, key: str | None) -> int:
        table, deadline = Table(self.table), deadline_in(self.timeout)
        name = name_of(key) if key is not None else f"once {secrets.token_hex(16)}"
        counter = self._counter(deadline)
        for number in itertools.count():
            try:
                require_left(self, counter.next_id, count)
            except LedgerError:
                # A known key gets its range even where nothing is left.
                if found := self._item(name, deadline):
                    return self._first_known(found, count)
                raise
            wanted, moment = Reservation(name, counter.next_id, count, key), now()
            try:
                table.call(
                    "transact_write_items",
                    deadline,
                    TransactItems=[
                        self._put(counter.moved(wanted, moment).item(), _unmoved(counter)),
                        self._put(wanted.item(moment), _IF_NEW),
                    ],
                )
                return wanted.first
            except RefusedError as refused:
                moved, known = refused.found
                if known:
                    return self._first_known(known, count)
                counter = Counter.read(self.place, moved) if moved else self._counter(deadline)
            # Another process was first, and ours follow on.
            if not nap(number, deadline):
                raise LedgerError(
                    f"{self.place} is in use by many others, and {self.timeout:g} seconds were too short to"
                    " get a turn; try again"
                )
        raise AssertionError

    def show(self) -> LedgerSummary:
        """Where the ledger stands, by its counter."""
        counter = self._counter(deadline_in(self.timeout))
        last = None
        if counter.last_first is not None:
            moment = counter.reserved_at or ""
            last = Range(counter.last_first, counter.next_id - 1, counter.last_key, moment, "")
        return LedgerSummary(
            place=self.place,
            first_id=counter.first_id,
            next_id=counter.next_id,
            ranges=counter.ranges,
            ids=counter.next_id - counter.first_id,
            last=last,
        )

    def _findings(self) -> Iterator[str]:
        from tradegen.ledger.dynamodb_tables import findings

        return findings(Table(self.table), self.timeout)

    def _counter(self, deadline: float) -> Counter:
        return Counter.read(self.place, self._item(COUNTER, deadline))

    def _item(self, name: str, deadline: float) -> Item | None:
        request = {"TableName": self.table, "Key": primary_key(name), "ConsistentRead": True}
        found: Item | None = Table(self.table).call("get_item", deadline, **request).get("Item")
        return found

    def _first_known(self, item: Item, count: int) -> int:
        known = Reservation.read(self.place, item)
        return first_known(self, known.first, known.count, known.key, count)

    def _put(self, item: Item, condition: dict[str, Any]) -> dict[str, Any]:
        shown = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return {"Put": {"TableName": self.table, "Item": item, **condition, **shown}}


_IF_NEW: dict[str, Any] = {
    "ConditionExpression": "attribute_not_exists(#item)",
    "ExpressionAttributeNames": {"#item": ITEM_KEY},
}


def _unmoved(counter: Counter) -> dict[str, Any]:
    """The condition that nobody has reserved since the counter was read."""
    return {
        "ConditionExpression": "#next = :next",
        "ExpressionAttributeNames": {"#next": "next_id"},
        "ExpressionAttributeValues": {":next": {"N": str(counter.next_id)}},
    }
