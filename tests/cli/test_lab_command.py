"""``tradegen lab``: what is refused before a page is served. The page itself: tests/browser/test_lab.py."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from shell import run


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["unknown"], "scenario unknown is unknown"),
        (["--pairs", "0"], "pairs is 0; expected a whole number"),
        (["--port", "99999"], "port is 99999; expected one from 1 to 65535"),
        (["--tickers", "none.csv"], "none.csv"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    done = run("lab", "--no-browser", *words, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("lab", "--no-browser", "--port", str(port), cwd=tmp_path)
    assert done.code == 2
    assert f"port {port} cannot be used: Address already in use; expected a free one" in done.err
