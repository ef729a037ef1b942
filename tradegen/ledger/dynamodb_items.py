"""What a ledger's table holds: one counter, and an item a reservation for 30 days."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from tradegen.core.columns import LARGEST_ID
from tradegen.errors import LedgerError
from tradegen.ledger.dynamodb_access import ITEM_KEY, Item

COUNTER = "counter"
EXPIRES = "expires"
"""The attribute for the table's time to live: seconds since 1970."""

KEPT_SECONDS = 30 * 86_400
"""A dead letter can be sent again for 14 days (SQS's longest retention), and be a retry for a day before."""

_VERSION = 1


def name_of(key: str) -> str:
    """The name of the item of a key. 512 characters may need all the 2,048 bytes that a partition key has."""
    return f"key {hashlib.sha256(key.encode()).hexdigest()}"


def primary_key(name: str) -> dict[str, dict[str, str]]:
    """An item's primary key as requests have it."""
    return {ITEM_KEY: {"S": name}}


@dataclass(frozen=True)
class Reservation:
    """Ids ``first`` to ``first + count - 1``, as the item `name` says."""

    name: str
    first: int
    count: int
    key: str | None

    @classmethod
    def read(cls, place: str, item: Item) -> Self:
        """What an item says, checked.

        Raises
        ------
        LedgerError
            If it is no reservation.
        """
        name, key = _text(item, ITEM_KEY), _text(item, "key") if "key" in item else None
        found = cls(name or "", _number(item, "first"), _number(item, "count"), key)
        ours = name_of(key) == name if key is not None else name is not None and name.startswith("once ")
        if not ours or min(found.first, found.count) < 1 or found.first + found.count - 1 > LARGEST_ID:
            raise damaged(place, f"the item {name!r} is no reservation")
        return found

    def item(self, reserved_at: str) -> dict[str, dict[str, str]]:
        """As it is stored; from 30 days on, DynamoDB may delete it."""
        return {
            **primary_key(self.name),
            **({"key": {"S": self.key}} if self.key is not None else {}),
            "first": {"N": str(self.first)},
            "count": {"N": str(self.count)},
            "reserved_at": {"S": reserved_at},
            EXPIRES: {"N": str(int(time.time()) + KEPT_SECONDS)},
        }


@dataclass(frozen=True)
class Counter:
    """The one item that says where to go on. `token` is that of its creation."""

    first_id: int
    next_id: int
    ranges: int
    token: str
    last_first: int | None = None
    last_key: str | None = None
    reserved_at: str | None = None

    @classmethod
    def read(cls, place: str, item: Item | None) -> Self:
        """What an item says, checked.

        Raises
        ------
        LedgerError
            If it is missing, no counter, or of a future version.
        """
        if item is None:
            raise LedgerError(
                f"{place} has no counter, so that nobody knows which ids are in use; correct the name, or"
                f" create it past every id in use: tradegen ledger create {place} --first-id N"
            )
        if (version := _number(item, "version")) > _VERSION:
            raise LedgerError(
                f"{place} is a ledger of version {version}, and this tradegen knows version {_VERSION};"
                " upgrade tradegen"
            )
        found = cls(
            first_id=_number(item, "first_id"),
            next_id=_number(item, "next_id"),
            ranges=_number(item, "ranges"),
            token=_text(item, "token") or "",
            last_first=_number(item, "last_first") if "last_first" in item else None,
            last_key=_text(item, "last_key"),
            reserved_at=_text(item, "reserved_at"),
        )
        if (
            version != _VERSION
            or not 1 <= found.first_id <= found.next_id <= LARGEST_ID + 1
            or not 0 <= found.ranges <= found.next_id - found.first_id
        ):
            raise damaged(place, "its counter is not one that tradegen writes")
        return found

    def moved(self, reservation: Reservation, reserved_at: str) -> Self:
        """The counter past a reservation that starts where it stands."""
        return dataclasses.replace(
            self,
            next_id=self.next_id + reservation.count,
            ranges=self.ranges + 1,
            last_first=reservation.first,
            last_key=reservation.key,
            reserved_at=reserved_at,
        )

    def item(self) -> dict[str, dict[str, str]]:
        """As it is stored: without an expiry."""
        fields = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        return {
            **primary_key(COUNTER),
            "version": {"N": str(_VERSION)},
            **{name: {"S" if isinstance(value, str) else "N": str(value)} for name, value in fields.items()},
        }


def now() -> str:
    """The time (UTC) as items say it. Only the expiry depends on the clock, no id."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def damaged(place: str, what: str) -> LedgerError:
    """The error that says that somebody else wrote into the table, and what to do."""
    return LedgerError(
        f"{place} is damaged: {what}; keep it, look at it with `tradegen ledger check`, and create a new one"
        " past every id in use: tradegen ledger create dynamodb://TABLE --first-id N"
    )


def _text(item: Item, name: str) -> str | None:
    return _value(item, name, "S")


def _number(item: Item, name: str) -> int:
    """A whole number, or -1 where there is none."""
    text = _value(item, name, "N") or ""
    return int(text) if text.isdecimal() else -1


def _value(item: Item, name: str, kind: str) -> str | None:
    value: Mapping[str, str] = item.get(name, {})
    return value.get(kind)
