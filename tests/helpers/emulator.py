"""The Lambda under AWS's own emulator, which comes with AWS SAM: `make lambda-local`.

The Runtime Interface Emulator starts Lambda's Python runtime client as AWS does, and takes invocations on a
port of the loopback interface.
"""

from __future__ import annotations

import base64
import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lambda_events import rule_event, scheduler_input
from runtime_api import METRICS

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / ".venv-sam"
PATIENCE = 30.0  # seconds for a cold start and an invocation
MOMENTS = ("before it has ids", "once it has ids", "amid its records", "once it has logged")
"""When the handler of `cut_short.py` can be made to end, or to wait for ever."""


def sam_is_there() -> bool:
    return (SAM / "ready").exists()


def emulator() -> Path:
    """The emulator for this processor, in the package of AWS SAM."""
    machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    [found] = SAM.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}")
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Emulator:
    """One emulator; its environment of the function starts with the first event."""

    def __init__(self, port: int, printed: Path) -> None:
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._printed, self._read = printed, 0

    def invoke(self, event: object, **context: str) -> Any:
        """The response, or what Lambda answers with in place of one: text, where the time was up.

        `context` is what the handler finds in its client context, beside the event.
        """
        request = urllib.request.Request(self._url, data=json.dumps(event).encode())
        if context:
            content = json.dumps({"custom": context}).encode()
            request.add_header("X-Amz-Client-Context", base64.b64encode(content).decode())
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                    return _read(answer.read())
            except urllib.error.HTTPError as error:
                return _read(error.read())  # of a cold start that failed
            except urllib.error.URLError as error:
                # It does not listen yet.
                if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def lines(self) -> list[str]:
        """What the function has printed since the last look, without metrics, which are of one invocation.

        What the emulator prints of itself is left out, too.
        """
        with self._printed.open("rb") as printed:
            printed.seek(self._read)
            found = printed.read()
        self._read += len(found)
        return [
            line
            for line in found.decode().splitlines()
            if line.startswith("{") and not line.startswith(METRICS)
        ]


def _read(answer: bytes) -> Any:
    return json.loads(answer) if answer.startswith((b"{", b'"', b"[")) else answer.decode()


@contextmanager
def started(folder: Path, variables: Mapping[str, str], handler: str = "app.handler") -> Iterator[Emulator]:
    """Start an emulator, and end it whatever happens. `folder` takes what is printed."""
    port, runtime_port = _free_port(), _free_port()
    addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    addresses += ["--runtime-api-address", f"127.0.0.1:{runtime_port}"]
    printed = folder / "printed"
    with printed.open("wb") as out:
        child = subprocess.Popen(
            [emulator(), *addresses, sys.executable, "-m", "awslambdaric", handler],
            cwd=ROOT / "lambda",
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")]),
                "LAMBDA_TASK_ROOT": str(ROOT / "lambda"),
                "AWS_LAMBDA_FUNCTION_NAME": "tradegen",
                "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                "AWS_REGION": "eu-central-1",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_LOG_LEVEL": "INFO",
                # The ledgers here may lie under /tmp, which a real function loses.
                "TRADEGEN_ALLOW_REPEATED_IDS": "1",
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Emulator(port, printed)
    finally:
        child.terminate()
        child.wait(PATIENCE)


def main(paths: list[str]) -> None:
    """Invoke the function with the events of the files, or of each kind, and print what it prints."""
    events = [json.loads(Path(path).read_text()) for path in paths] or [
        rule_event(1),
        rule_event(1),  # delivered again: the same ids and records
        scheduler_input("d32c5kddcf5bb8c3", "2025-07-21T10:36:00Z"),
        rule_event(2, "2025-07-21T10:39:00Z", scenario={"pairs": 0}),  # refused
    ]
    folder = ROOT / "out" / "lambda-local"
    folder.mkdir(parents=True, exist_ok=True)
    variables = {"TRADE_IDS": str(folder / "trade_ids.db")}
    variables |= {name: value for name, value in os.environ.items() if name.startswith("TRADEGEN_")}
    with started(folder, variables) as running:
        for event in events:
            sys.stderr.write(f"--- {json.dumps(event)}\n")
            response = running.invoke(event)
            sys.stdout.write("".join(f"{line}\n" for line in running.lines()))
            sys.stdout.flush()
            if isinstance(response, dict):
                response.pop("stackTrace", None)  # which is in the log
            sys.stderr.write(f"--- {json.dumps(response)}\n")
    sys.stderr.write(f"All that was logged: {folder / 'printed'}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
