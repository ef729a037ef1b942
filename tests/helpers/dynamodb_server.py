"""DynamoDB on loopback, with faults: moto's server behind a door that throttles, delays and cuts off.

moto evaluates conditions and transactions, and knows nothing of tradegen. It is entered by one request at a
time, since its transactions are not safe from each other's threads.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from conftest import absent

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
READ_SECONDS = 0.4
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
LOSING = ("cut before", "cut after", "late answer", "late write")
"""Faults without an answer. But for the first, the write is made: before the client gives up, or after it."""


class Dynamo:
    """The server. `fault` is asked, for every operation by its name, for what is to go wrong."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner
        self._one_at_a_time = threading.Lock()
        self.endpoint = ""
        self._tables = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Work without faults, and forget which operations there were."""
        self.operations: list[str] = []
        self.fault: Callable[[str], str | None] = lambda operation: None

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

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        self.operations.append(operation)
        fault = self.fault(operation)
        if fault in _ANSWERS:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            code, content = _ANSWERS[fault]
            start_response(f"{code} so", [("Content-Type", "application/x-amz-json-1.0")])
            return [json.dumps(content).encode()]
        if fault == "cut before":
            _cut(environ)
        if fault == "late write":
            time.sleep(READ_SECONDS * 1.5)
        answer = self._let_in(environ, start_response)
        if fault == "late answer":
            time.sleep(READ_SECONDS * 1.5)
        if fault in LOSING:
            _cut(environ)
        return answer

    def _let_in(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._one_at_a_time:
            return list(self._inner(environ, start_response))


def _cut(environ: dict[str, Any]) -> None:
    """Close the connection without an answer."""
    with suppress(OSError):  # the client may have closed it first
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


@contextmanager
def serving() -> Iterator[Dynamo]:
    """A server on a free port of its own, in a thread."""
    if importlib.util.find_spec("moto") is None:
        absent("moto")
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_words: object) -> None:
            pass

    dynamo = Dynamo(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, dynamo, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    dynamo.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield dynamo
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
