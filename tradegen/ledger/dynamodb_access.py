"""Getting at a DynamoDB table: the client, trying again, and DynamoDB's errors as sentences."""

from __future__ import annotations

import functools
import itertools
import os
import random
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from tradegen.errors import LedgerError

Item: TypeAlias = Mapping[str, Mapping[str, str]]
"""Attributes as DynamoDB's own protocol has them: ``{"first": {"N": "21"}}``."""

ITEM_KEY = "item"
"""The partition key, a text: ``counter``, ``key <SHA-256>`` or ``once <random>``."""

CONNECT_SECONDS, READ_SECONDS = 2.0, 3.0
_FIRST_NAP, _LONGEST_NAP = 0.02, 1.0  # seconds; doubled from nap to nap
# The system's source: a seeded one would nap in step with its forks, or disturb the user's own draws.
_jitter = random.SystemRandom()

# What may be over in a moment. An answer of 5xx, or none at all, counts as well.
_PASSING = {
    "ContinuousBackupsUnavailableException",
    "LimitExceededException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_CONDITION = "ConditionalCheckFailed"


class RefusedError(Exception):
    """A condition did not hold, and nothing was written.

    Attributes
    ----------
    found : list of Item or None
        What is there in place of what each condition expected; None where a condition held, or nothing is
        there.
    """

    def __init__(self, found: list[Item | None]) -> None:
        super().__init__()
        self.found = found


class NoTableError(LedgerError):
    """There is no such table."""


@functools.cache
def _client() -> Any:
    """One for all threads of this process. Region, endpoint and credentials are what boto3 itself finds."""
    import boto3
    from botocore.config import Config

    # A request is sent once: what comes of it decides whether it is sent again.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    # Of a session of its own: boto3's default one is not safe to be shared by threads.
    return boto3.session.Session().client("dynamodb", config=config)


# Parent and child would read each other's answers from the connections they share.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_client.cache_clear)


def nap(number: int, deadline: float) -> bool:
    """Sleep before the next try; False, at once, if it would begin after the deadline (monotonic seconds).

    The range that the length is drawn from doubles with the `number` of naps before, up to a second.
    """
    seconds = _jitter.uniform(0, min(_LONGEST_NAP, _FIRST_NAP * 2 ** min(number, 10)))
    if time.monotonic() + seconds >= deadline:
        return False
    time.sleep(seconds)
    return True


class Table:
    """One table, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.place = f"dynamodb://{name}"

    def call(self, operation: str, deadline: float, **request: Any) -> Any:
        """The answer to one operation, tried again until the deadline while that makes sense.

        A request without an answer may have been carried out. So each one that writes must have a condition
        that does not hold a second time.

        Raises
        ------
        RefusedError
            If a condition does not hold.
        NoTableError
            If there is no such table.
        LedgerError
            Otherwise, as one sentence.
        """
        try:
            from botocore.exceptions import BotoCoreError, ClientError

            client = _client()
        except ImportError:
            raise LedgerError(
                f"{self.place} needs boto3, which is not installed; pip install 'tradegen[aws]' brings it"
            ) from None
        except (BotoCoreError, ValueError) as error:  # no region, or an endpoint that is no URL
            raise self._explained(error) from error
        for number in itertools.count():
            try:
                return getattr(client, operation)(**request)
            except (BotoCoreError, ClientError) as error:
                if (found := _refusals(error)) is not None:
                    raise RefusedError(found) from None
                if _code(error) in ("ResourceNotFoundException", "TableNotFoundException"):
                    raise self._missing() from None
                if not _passes(error):
                    raise self._explained(error) from error
                if not nap(number, deadline):
                    raise LedgerError(
                        f"{self.place} is busy or out of reach ({_text(error)}); try again, or see to the"
                        " network and to AWS_DEFAULT_REGION"
                    ) from error
        raise AssertionError

    def _missing(self) -> NoTableError:
        return NoTableError(
            f"{self.place} is missing: there is no such table in {_client().meta.region_name}; correct the"
            f" name, the region or the account, or create it: tradegen ledger create {self.place}"
        )

    def _explained(self, error: Exception) -> LedgerError:
        code = _code(error)
        if code.startswith("AccessDenied"):
            return LedgerError(
                f"{self.place} is closed to these credentials ({_text(error)}); allow them that action, and"
                " to reserve ids dynamodb:GetItem and dynamodb:PutItem"
            )
        if code == "ValidationException":
            return LedgerError(
                f"{self.place} is no table of a ledger ({_text(error)}); expected one with the partition"
                f" key {ITEM_KEY}, a text, and no sort key"
            )
        if type(error).__name__ == "NoRegionError":
            return LedgerError(f"{self.place} is in no region yet; set AWS_DEFAULT_REGION")
        return LedgerError(
            f"{self.place} cannot be used ({_text(error)}); see to the credentials, region and endpoint,"
            " which are those of boto3"
        )


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _text(error: Exception) -> str:
    return " ".join(str(error).split())


def _reasons(error: Exception) -> list[Mapping[str, Any]]:
    response = getattr(error, "response", None) or {}
    reasons: list[Mapping[str, Any]] = response.get("CancellationReasons", [])
    return reasons


def _refusals(error: Exception) -> list[Item | None] | None:
    """What stands in the way of each condition, or None if the error is another one."""
    if _code(error) == "ConditionalCheckFailedException":
        return [None]
    reasons = _reasons(error)
    if not any(reason.get("Code") == _CONDITION for reason in reasons):
        return None
    return [reason.get("Item") for reason in reasons]


def _passes(error: Exception) -> bool:
    """Whether it may be over in a moment."""
    import botocore.exceptions as raised

    if not isinstance(error, raised.ClientError):
        return isinstance(error, (raised.ConnectionError, raised.HTTPClientError))
    if reasons := [reason["Code"] for reason in _reasons(error) if reason.get("Code") not in (None, "None")]:
        return set(reasons) <= _PASSING
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _code(error) in _PASSING or status >= 500
