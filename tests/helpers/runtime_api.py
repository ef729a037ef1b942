"""An environment of the Lambda function on this machine: AWS's own runtime client, and the API that it asks.

The client runs with the handler as a child process; the API is the one that AWS documents, on the loopback
interface (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
The child writes to files, not to pipes: by the time it has answered, all that it printed is there to be read.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = "/2018-06-01/runtime"
PATIENCE = 30.0  # seconds for a cold start or an invocation
METRICS = '{"_aws": '
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:tradegen"


@dataclass(frozen=True)
class Invocation:
    """What came of one event: the response or the error, and what was printed meanwhile."""

    response: Any
    error: dict[str, Any] | None
    stdout: str
    stderr: str
    seconds: float  # from handing out the event to its answer

    @property
    def lines(self) -> list[str]:
        """The lines on stdout, without the line of metrics. Every line must end in a line feed."""
        assert self.stdout == "" or self.stdout.endswith("\n")
        return [line for line in self.stdout.split("\n")[:-1] if not line.startswith(METRICS)]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines in the embedded metric format."""
        return [json.loads(line) for line in self.stdout.split("\n") if line.startswith(METRICS)]


class _Api(ThreadingHTTPServer):
    """The runtime API for one child; requests and answers pass through queues."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, str, bytes, float]] = queue.Queue()
        self.handed_out = 0.0
        self.asked = threading.Event()
        self.init_errors: queue.Queue[dict[str, Any]] = queue.Queue()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # such as of a child that was killed
            super().handle_error(request, client_address)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # TCP_NODELAY: else, every answer waits 40 ms for an acknowledgement
    wbufsize = -1  # and head and body go out together
    timeout = 2 * PATIENCE
    server: _Api

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            self.send_error(404)
            return
        self.server.asked.set()
        event = self.server.events.get()
        if event is None:  # the environment is at its end
            self.close_connection = True
            return
        request_id, body = event
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + PATIENCE) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        }
        self.server.handed_out = time.perf_counter()
        self._answer(200, body, headers)

    def do_POST(self) -> None:
        arrived = time.perf_counter()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        what = self.path.removeprefix(f"{VERSION}/").split("/")
        if what == ["init", "error"]:
            self.server.init_errors.put(json.loads(body))
        elif len(what) == 3 and what[0] == "invocation" and what[2] in ("response", "error"):
            self.server.answers.put((what[1], what[2], body, arrived - self.server.handed_out))
        else:
            self.send_error(404)
            return
        self._answer(202, b'{"status":"OK"}\n', {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


class LambdaEnvironment:
    """One child process, cold at first, warm from its first event on."""

    def __init__(self, api: _Api, child: subprocess.Popen[bytes], stdout: Path, stderr: Path) -> None:
        self._api, self._child, self._files = api, child, (stdout, stderr)
        self._offsets = [0, 0]
        self._count = 0

    def init_error(self) -> dict[str, Any] | None:
        """Wait for the cold start to end: what it reported as its error, or None."""
        deadline = time.monotonic() + PATIENCE
        while not self._api.asked.wait(0.01):
            if not self._api.init_errors.empty():
                return self._api.init_errors.get()
            self._require_alive(deadline)
        return None

    def exit_code(self) -> int:
        """Wait for the child to end by itself."""
        return self._child.wait(PATIENCE)

    def invoke(self, event: object) -> Invocation:
        """Have one event handled; text is sent as it is, everything else as JSON."""
        assert self.init_error() is None
        self.printed()  # by the cold start, if this is the first event
        body = event if isinstance(event, str) else json.dumps(event)
        self._count += 1
        request_id = f"8476a536-e9f4-11e8-9739-{self._count:012}"
        self._api.events.put((request_id, body.encode()))
        answered, kind, answer, seconds = self._next_answer()
        assert answered == request_id
        found = json.loads(answer)
        stdout, stderr = self.printed()
        response, error = (found, None) if kind == "response" else (None, found)
        return Invocation(response, error, stdout, stderr, seconds)

    def printed(self) -> tuple[str, str]:
        """What came on stdout and stderr since the last look."""
        texts = []
        for position, path in enumerate(self._files):
            content = path.read_bytes()
            texts.append(content[self._offsets[position] :].decode())
            self._offsets[position] = len(content)
        return texts[0], texts[1]

    def _next_answer(self) -> tuple[str, str, bytes, float]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._api.answers.get(timeout=0.2)
            except queue.Empty:
                self._require_alive(deadline)

    def _require_alive(self, deadline: float) -> None:
        code = self._child.poll()
        if code is not None and self._api.init_errors.empty() and self._api.answers.empty():
            raise AssertionError(f"the runtime ended with {code}: {self.printed()}")
        if time.monotonic() > deadline:
            raise AssertionError(f"the runtime did not answer in {PATIENCE} s: {self.printed()}")


@contextmanager
def lambda_environment(
    folder: Path,
    task_root: Path,
    variables: Mapping[str, str],
    *,
    options: Sequence[str] = (),
    import_path: Sequence[Path] = (),
) -> Iterator[LambdaEnvironment]:
    """Start an environment, and end it whatever happens.

    `folder` takes what the child prints. `task_root` is where `app.py` lies, and the working directory.
    `variables` are those of the function; none of this process's own are passed on. `options` are Python's,
    `import_path` is its PYTHONPATH.
    """
    api = _Api()
    server = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05})
    server.start()
    stdout, stderr = folder / "stdout", folder / "stderr"
    try:
        with stdout.open("wb") as out, stderr.open("wb") as err:
            child = subprocess.Popen(
                [sys.executable, *options, "-m", "awslambdaric", "app.handler"],
                cwd=task_root,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "LANG": "en_US.UTF-8",
                    "TZ": ":UTC",
                    "PYTHONPATH": os.pathsep.join(map(str, import_path)),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "LAMBDA_TASK_ROOT": str(task_root),
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                    "AWS_LAMBDA_FUNCTION_NAME": "tradegen",
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                    "AWS_LAMBDA_LOG_FORMAT": "JSON",
                    "AWS_LAMBDA_LOG_LEVEL": "INFO",
                    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                    "AWS_REGION": "eu-central-1",
                    # The folders that pytest makes are there.
                    "TRADEGEN_ALLOW_REPEATED_IDS": "1",
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            yield LambdaEnvironment(api, child, stdout, stderr)
        finally:
            child.kill()
            child.wait()
    finally:
        api.events.put(None)
        api.shutdown()
        server.join()
        api.server_close()
