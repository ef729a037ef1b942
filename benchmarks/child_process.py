"""What one process takes: time, CPU and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Taken(NamedTuple):
    """Seconds, CPU seconds and peak megabytes of a process, and what it printed."""

    seconds: float
    cpu: float
    peak: float
    printed: str


def measured(words: Sequence[str], folder: Path | None = None) -> Taken:
    """Run Python with some words, which must succeed, in a folder."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, printed
    cpu = usage.ru_utime + usage.ru_stime
    return Taken(time.perf_counter() - start, cpu, usage.ru_maxrss / 1024, printed)
