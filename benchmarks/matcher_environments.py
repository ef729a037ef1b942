"""An environment of its own for each matcher: their pins clash with tradegen's and with each other's.

Each is made once, in ``benchmarks/.peers-NAME``, and anew when its pins change.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent

_ARROW, _DUCKDB = "pyarrow==26.0.1", "duckdb==2.0.0"
PINS = {
    "datacompy": (
        "datacompy==1.1.0",
        "jinja2==3.1.6",
        "markupsafe==3.0.4",
        "numpy==2.4.6",
        "ordered-set==4.1.0",
        "pandas==3.0.6",  # datacompy asks for less than 3.1
        "polars==1.44.2",
        _ARROW,
        "python-dateutil==4.0.0",
    ),
    "reladiff": (
        "click==8.5.1",
        "dsnparse==0.4.0",
        _DUCKDB,
        "reladiff==0.6.0",
        "rich==15.0.0",
        "runtype==0.5.3",
        "sqeleton==0.1.7",
        "toml==0.10.2",
    ),
    # On DuckDB 2.0 its one-to-one links take minutes where they take seconds on 1.4.
    "splink": ("duckdb==1.4.2", _ARROW, "splink==5.0.0", "sqlglot==30.30.0"),
    "recordlinkage": (
        _DUCKDB,
        "jellyfish==1.3.0",
        "joblib==1.6.0",
        "numpy==2.4.6",
        "pandas==2.3.3",  # it does not run on 3
        _ARROW,
        "recordlinkage==0.16",
        "scikit-learn==1.9.1",
        "scipy==1.17.1",
    ),
    "csv-diff": ("click==8.5.1", "csv-diff==1.2", "dictdiffer==0.10.0"),
}
"""What is installed, by environment."""


class UnavailableError(Exception):
    """An environment could not be made; the message says why."""


def environment(name: str, pinned: Sequence[str] = ()) -> Path:
    """Make an environment, of a matcher or of what is `pinned`, where there is none; give its Python.

    Raises
    ------
    UnavailableError
        Where it cannot be made.
    """
    folder = HERE / f".peers-{name}"
    python, ready = folder / "bin" / "python", folder / "pins.txt"
    wanted = pinned or PINS[name]
    pins = "\n".join(wanted)
    if ready.exists() and ready.read_text("utf-8") == pins:
        return python
    uv = Path(sys.executable).parent / "uv"
    try:
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
        (folder / ".gitignore").write_text("*\n", "utf-8")
        # Compiled now, so that the first run is not charged for it.
        _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted)
    except OSError as error:
        raise UnavailableError(f"uv cannot be started: {error.strerror}") from None
    ready.write_text(pins, "utf-8")
    return python


def _run(*words: str | Path) -> None:
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise UnavailableError(f"it cannot be installed: {said[0] if said else 'uv did not say why'}")
