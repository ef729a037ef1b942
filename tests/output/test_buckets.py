"""Datasets in buckets: against moto's server, a store that speaks S3 and knows nothing of tradegen."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import pytest
from conftest import absent
from datasets_files import BLOCK, a_run, files_in, wait_until, write
from shell import Done
from shell import run as shell

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
PAIRS = 2 * BLOCK + 1_000
WORDS = ("generate", "--seed", "7", "--date", "2025-07-21", "--format", "csv", "--blocks-per-part", "1")


@dataclass
class Server:
    """A store of its own, and the log of the requests that it answered."""

    endpoint: str
    log: Path

    def request(self, method: str, path: str, data: bytes | None = None) -> bytes:
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=none/20250721/us-east-1/s3/aws4_request",
            "Content-Type": "application/octet-stream",
        }
        asked = urllib.request.Request(f"{self.endpoint}/{path}", data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.read()

    def objects(self, bucket: str, prefix: str) -> dict[str, bytes]:
        """All objects under a prefix, by what their keys say after it.

        But for one of that very name, empty, by which Arrow keeps a folder that it removed something from.
        """
        found: dict[str, bytes] = {}
        listing = ElementTree.fromstring(self.request("GET", f"{bucket}?list-type=2&prefix={prefix}"))
        for key in (node.text or "" for node in listing.iter() if node.tag.endswith("}Key")):
            found[key.removeprefix(prefix).removeprefix("/")] = self.request("GET", f"{bucket}/{key}")
        assert found.pop("", b"") == b""
        return found

    def written(self, bucket: str, prefix: str) -> list[str]:
        """The names under a prefix in the order in which they were put there, or removed (``-name``)."""
        log = re.sub(r"\x1b\[\d+m", "", self.log.read_text())
        pattern = rf'"(PUT|POST|DELETE) /{bucket}/{prefix}/([^ ?]*)(\?\S*)? HTTP/1\.1" 20'
        found = []
        for method, name, query in re.findall(pattern, log):
            if method == "DELETE":
                found.append(f"-{name}")
            elif query.startswith("?uploadId=") or (method == "PUT" and not query and name[-1:] not in "/"):
                found.append(name)
        return found


@contextmanager
def serving(log: Path) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
    """A server on a free port, with one bucket that is called ``bucket``."""
    if importlib.util.find_spec("moto") is None:
        absent("moto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}", log)
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file)
    try:
        wait_until(lambda: b"Running on" in log.read_bytes())
        server.request("PUT", "bucket")
        yield server, process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("moto") / "log") as (server, _):
        yield server


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the same run in a folder."""
    folder = tmp_path_factory.mktemp("folder")
    write(a_run(pairs=PAIRS), folder, workers=2)
    return files_in(folder)


def to_bucket(folder: Path, server: Server, out: str, *words: str, pairs: int = PAIRS) -> Done:
    where = ("--first-id", "1", "--pairs", str(pairs), "--out", out, "--endpoint", server.endpoint)
    return shell(*WORDS, *where, *words, cwd=folder, **CREDENTIALS)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_objects_are_the_files_of_a_folder_and_nothing_else(
    tmp_path: Path, server: Server, expected: dict[str, bytes], workers: str
) -> None:
    done = to_bucket(tmp_path, server, f"s3://bucket/deep/er/{workers}", "--workers", workers)
    assert (done.code, done.out) == (0, ""), done.err
    assert done.err.count("\n") == 2, done.err
    assert server.objects("bucket", f"deep/er/{workers}") == expected
    assert list(tmp_path.iterdir()) == []


def test_a_whole_bucket_can_hold_one_dataset_and_the_environment_say_where_it_is(
    tmp_path: Path, server: Server
) -> None:
    server.request("PUT", "other")
    words = ("--pairs", "10", "--first-id", "1", "--out", "s3://other/", "--format", "parquet")
    done = shell(*WORDS, *words, cwd=tmp_path, AWS_ENDPOINT_URL=server.endpoint, **CREDENTIALS)
    assert done.code == 0, done.err
    write(a_run(pairs=10), tmp_path / "same", form="parquet")
    assert server.objects("other", "") == files_in(tmp_path / "same")


@pytest.mark.slow
def test_the_manifest_is_put_last(tmp_path: Path, server: Server, expected: dict[str, bytes]) -> None:
    assert to_bucket(tmp_path, server, "s3://bucket/order", "--workers", "2").code == 0
    written = server.written("bucket", "order")
    assert {name for name in written if "progress" not in name} == expected.keys()
    last = written.index("manifest.json")
    assert set(written[:last]) >= expected.keys() - {"manifest.json"}
    assert written[0] == ".progress/plan.json"
    assert all(name.startswith("-.progress/") for name in written[last + 1 :])
    # A part is recorded once all of it is there.
    for part in range(3):
        record = written.index(f".progress/part-0000{part}.json")
        assert {f"{table}/part-0000{part}.csv" for table in ("trades", "truth")} <= set(written[:record])


@pytest.mark.slow
def test_a_run_killed_is_resumed_and_what_was_harmed_is_made_anew(
    tmp_path: Path, server: Server, expected: dict[str, bytes]
) -> None:
    where = ("--first-id", "1", "--pairs", str(PAIRS), "--out", "s3://bucket/killed")
    words = (*WORDS, *where, "--workers", "1", "--endpoint", server.endpoint)
    child = subprocess.Popen(
        [sys.executable, "-m", "tradegen", *words], cwd=tmp_path, env={**os.environ, **CREDENTIALS}
    )
    try:
        wait_until(lambda: ".progress/part-00001.json" in server.written("bucket", "killed"))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    there = server.objects("bucket", "killed")
    assert "manifest.json" not in there
    assert there["trades/part-00000.csv"] == expected["trades/part-00000.csv"]
    harmed = bytearray(there["truth/part-00001.csv"])
    harmed[1000] ^= 1
    server.request("PUT", "bucket/killed/truth/part-00001.csv", bytes(harmed))
    refused = to_bucket(tmp_path, server, "s3://bucket/killed")
    assert refused.code == 2
    assert "holds an unfinished dataset" in refused.err
    before = len(server.written("bucket", "killed"))
    done = to_bucket(tmp_path, server, "s3://bucket/killed", "--resume")
    assert done.code == 0, done.err
    assert server.objects("bucket", "killed") == expected
    assert "trades/part-00000.csv" not in server.written("bucket", "killed")[before:]
    assert "truth/part-00001.csv" in server.written("bucket", "killed")[before:]


@pytest.mark.slow
def test_a_dataset_is_overwritten_only_on_demand(tmp_path: Path, server: Server) -> None:
    place = "s3://bucket/again"
    assert to_bucket(tmp_path, server, place, pairs=BLOCK + 1).code == 0
    before = server.objects("bucket", "again")
    done = to_bucket(tmp_path, server, place, pairs=10)
    assert (done.code, server.objects("bucket", "again")) == (2, before)
    assert "holds a dataset; expected another folder, or --overwrite" in done.err
    assert to_bucket(tmp_path, server, place, "--overwrite", pairs=10).code == 0
    write(a_run(pairs=10), tmp_path / "same")
    assert server.objects("bucket", "again") == files_in(tmp_path / "same")


def test_other_objects_under_the_prefix_are_left_alone(tmp_path: Path, server: Server) -> None:
    server.request("PUT", "bucket/mine/notes.txt", b"mine")
    for how in ([], ["--resume"], ["--overwrite"]):
        done = to_bucket(tmp_path, server, "s3://bucket/mine", *how)
        assert done.code == 2
        assert done.err == (
            "tradegen: s3://bucket/mine holds notes.txt; expected a new or empty folder, or a dataset\n"
        )
    assert server.objects("bucket", "mine") == {"notes.txt": b"mine"}


def test_ids_of_a_bucket_that_refuses_are_not_reserved(tmp_path: Path, server: Server) -> None:
    words = ("--pairs", "10", "--out", "s3://nowhere/x", "--endpoint", server.endpoint)
    assert shell(*WORDS, *words, cwd=tmp_path, **CREDENTIALS).code == 2
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    "no such bucket": ("s3://nowhere/x", None, "The specified bucket does not exist"),
    "no server": ("s3://bucket/x", "http://127.0.0.1:1", "Could not connect to server"),
    "no endpoint": ("s3://bucket/x", "::nonsense", "not a valid URI"),
    "no bucket": ("s3:///x", None, "names no bucket; expected s3://bucket/prefix"),
    "no path": ("s3://bucket//x", None, "Empty path component"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_store_that_cannot_be_used_is_one_sentence_and_soon(
    tmp_path: Path, server: Server, case: str
) -> None:
    out, endpoint, message = REFUSED[case]
    begin = time.monotonic()
    done = to_bucket(tmp_path, Server(endpoint or server.endpoint, server.log), out)
    assert time.monotonic() - begin < 15
    assert done.code == 2
    assert re.fullmatch(rf"tradegen: {out}.*{message}.*\n", done.err), done.err


@pytest.mark.slow
def test_a_server_that_goes_away_mid_run_is_one_sentence_and_soon(tmp_path: Path) -> None:
    with serving(tmp_path / "log") as (server, process):
        where = ("--first-id", "1", "--pairs", "1e6", "--out", "s3://bucket/gone")
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tradegen",
                *WORDS,
                *where,
                "--workers",
                "2",
                "--endpoint",
                server.endpoint,
            ],
            cwd=tmp_path,
            env={**os.environ, **CREDENTIALS},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: ".progress/part-00001.json" in server.written("bucket", "gone"))
            process.kill()
            begin = time.monotonic()
            _, said = child.communicate(timeout=60)
        finally:
            child.kill()
    assert time.monotonic() - begin < 30
    assert child.returncode == 2
    assert re.fullmatch(r"tradegen: s3://bucket/gone cannot be used: .*\n", said), said


@pytest.mark.slow
def test_a_dataset_in_a_bucket_is_replayed_to_a_folder_and_to_a_bucket(
    tmp_path: Path, server: Server, expected: dict[str, bytes]
) -> None:
    assert to_bucket(tmp_path, server, "s3://bucket/replayed").code == 0
    for name, out in (("", "again/"), ("/manifest.json", "s3://bucket/replayed-again")):
        words = (f"s3://bucket/replayed{name}", "--out", out, "--endpoint", server.endpoint)
        done = shell("replay", *words, cwd=tmp_path, **CREDENTIALS)
        assert done.code == 0, done.err
        assert "the same trades and truth as the manifest says, in files of the same bytes" in done.err
    assert files_in(tmp_path / "again") == expected
    assert server.objects("bucket", "replayed-again") == expected
    missing = shell("replay", "s3://bucket/none", "--endpoint", server.endpoint, cwd=tmp_path, **CREDENTIALS)
    assert missing.code == 2
    assert (
        missing.err
        == "tradegen: s3://bucket/none holds no manifest.json; expected a dataset that is finished\n"
    )


class KeepsFrames(BaseHTTPRequestHandler):
    """A store that keeps a body as it comes, with the frames that newer AWS tools send it in."""

    objects: ClassVar[dict[str, bytes]] = {}
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: object) -> None:
        pass

    def _answer(self, code: int, content: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_PUT(self) -> None:
        path = self.path.partition("?")[0]
        self.objects[path] = self.objects.get(path, b"") * ("partNumber" in self.path) + self._body()
        self._answer(200)

    def do_POST(self) -> None:
        self._body()
        root = "InitiateMultipartUpload" if self.path.endswith("?uploads") else "CompleteMultipartUpload"
        if root.startswith("Init"):
            self.objects.pop(self.path.partition("?")[0], None)
        self._answer(200, f"<{root}Result><UploadId>1</UploadId><ETag>x</ETag></{root}Result>".encode())

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if "list-type" in self.path:
            self._answer(200, b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")
        else:
            self._answer(200 if path in self.objects else 404, self.objects.get(path, b""))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.objects.pop(self.path, None)
        self._answer(204)


@pytest.mark.slow
def test_a_store_that_keeps_the_frames_of_what_is_sent_is_refused_with_the_cure(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), KeepsFrames) as store:
        threading.Thread(target=store.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{store.server_port}"
        words = (*WORDS, "--pairs", "10", "--out", "s3://bucket/x", "--endpoint", endpoint)
        done = shell(*words, cwd=tmp_path, **CREDENTIALS)
        assert done.code == 2
        assert "s3://bucket/x gives back other bytes than were sent to it" in done.err
        assert "AWS_REQUEST_CHECKSUM_CALCULATION=when_required" in done.err
        assert not (tmp_path / "trade_ids.db").exists()
        cure = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}
        cured = shell(*words, "--first-id", "1", cwd=tmp_path, **CREDENTIALS, **cure)
        assert cured.code == 0, cured.err
        store.shutdown()
