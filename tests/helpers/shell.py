"""The command line as a user meets it: exit code, standard output, standard error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Done(NamedTuple):
    code: int
    out: str
    err: str


def run(*words: str | Path, cwd: Path, timeout: float = 60, **environment: str) -> Done:
    """Run ``python -m tradegen`` with these words, in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tradegen", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
