"""DynamoDB on loopback, with faults: moto's server behind a door that throttles, delays and cuts off.

moto evaluates conditions and transactions, and knows nothing of tradegen. It is entered by one request at a
time, since its transactions are not safe from each other's threads.
"""

from __future__ import annotations

import copy
import importlib.util
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from conftest import absent

if TYPE_CHECKING:
    from werkzeug.test import Client

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
READ_SECONDS = 0.8
"""How long tests that make clients wait let them wait."""

_ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "throttle": (400, {"__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate"}),
    "exceed": (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}),
    "conflict": (
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
        },
    ),
    "error": (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}),
    "denied": (400, {"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "no"}),
}
REFUSING = ("throttle", "exceed", "conflict", "error")
"""Faults after which nothing has been written."""
LOSING = ("cut before", "cut after", "late answer", "late write", "throttle after", "error after")
"""Faults that leave a client without a true answer. But for the first, the write is made: after the client
has given up, if it is a late one, and else before. The last two then say that it was not."""


class Dynamo:
    """The server. `fault` is asked, for every operation by its name, for what is to go wrong."""

    def __init__(self, moto: Client) -> None:
        self._moto = moto
        self._one_at_a_time = threading.Lock()
        self._tables = itertools.count(1)
        self.endpoint = ""
        self.reset()

    def reset(self) -> None:
        """Work without faults, and forget which requests there were."""
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.ports: list[int] = []  # of the clients' ends of the connections that requests came by
        self.fault: Callable[[str], str | None] = lambda operation: None

    @property
    def operations(self) -> list[str]:
        """The names of the operations that there were."""
        return [operation for operation, _ in self.requests]

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 finds it."""
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint}

    def new_table(self) -> str:
        """A name that no table has."""
        return f"ids-{next(self._tables)}"

    def writes_meet(self, *faults: str | None) -> None:
        """Let the next transactions meet these faults, in turn."""
        left = list(faults)
        self.fault = lambda operation: left.pop(0) if operation == "TransactWriteItems" and left else None

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes] | None:
        """The status and content of an answer, or None where the connection is to be cut."""
        operation = headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.requests.append((operation, json.loads(body)))
        fault = self.fault(operation)
        told = _ANSWERS.get((fault or "").removesuffix(" after"))
        refusal = told and (told[0], json.dumps(told[1]).encode())
        if fault in (*_ANSWERS, "cut before"):
            return refusal
        if fault == "late write":
            time.sleep(READ_SECONDS * 1.5)
        with self._one_at_a_time:
            done = self._moto.post("/", data=body, headers=dict(headers), base_url=self.endpoint)
        if fault == "late answer":
            time.sleep(READ_SECONDS * 1.5)
        return refusal if fault in LOSING else (done.status_code, done.data)


def _sharing_items(table: Any, _memo: object) -> Any:
    """A copy of a table that shares its items: puts take their places, and change none.

    moto copies a table for every transaction, to put it back where one fails. With 10,000 items, that would
    take a second each. It also keeps for good every table that its class makes. So the class is not asked:
    the copies would come to 11 GB after 6,000 transactions.
    """
    shared = object.__new__(type(table))
    vars(shared).update(vars(table), items=copy.copy(table.items))
    return shared


@contextmanager
def serving() -> Iterator[Dynamo]:
    """A server on a free port of its own, in threads. It keeps connections open, as those of AWS do."""
    if importlib.util.find_spec("moto") is None:
        absent("moto")
    from moto.dynamodb.models.table import Table
    from moto.server import create_backend_app
    from werkzeug.test import Client

    dynamo = Dynamo(Client(create_backend_app("dynamodb")))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_words: object) -> None:
            pass

        def do_POST(self) -> None:
            dynamo.ports.append(self.client_address[1])
            answer = dynamo.answer(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # of a client that was killed, or has given up
                self.wfile.write(content)

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_words: object) -> None:
            pass  # a client was killed while it sent

    with Server(("127.0.0.1", 0), Handler) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "__deepcopy__", _sharing_items, raising=False)
        dynamo.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield dynamo
        finally:
            server.shutdown()
            thread.join()
