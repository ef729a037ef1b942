"""RESULTS.md: what was measured, by section, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import numpy as np
import pandas as pd

from tradegen.version import __version__

PAGE = Path(__file__).resolve().parent / "RESULTS.md"
HEAD = """# Results

Figures of `make bench`, `make bench-verify`, `make bench-score` and `make bench-inject`, each section as it
was last run. The machine is shared: compare within a section.
"""
MACHINE = (
    f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
    f"numpy {np.__version__}, pandas {pd.__version__}, tradegen {__version__}"
)


def line(*cells: object) -> str:
    """A line of a table, which is shown as it is made."""
    text = f"| {' | '.join(map(str, cells))} |"
    print(text, flush=True)
    return text


def record(section: str, text: str) -> None:
    """Put a section into the page, in the place of the one of that name."""
    page = PAGE.read_text("utf-8") if PAGE.exists() else HEAD
    parts = re.split(r"^## ", page, flags=re.MULTILINE)
    kept = [part for part in parts[1:] if not part.startswith(f"{section}\n")]
    sections = sorted([*kept, f"{section}\n\n{MACHINE}\n\n{text.rstrip()}\n"])
    PAGE.write_text(
        "\n".join([HEAD.rstrip() + "\n", *(f"## {part.rstrip()}\n" for part in sections)]), "utf-8"
    )
