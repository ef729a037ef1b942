"""The bench as a page of its own, served by Voilà on this machine alone."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tradegen.errors import LabError

_HOST = "127.0.0.1"
_PAGE = Path(__file__).parent / "page"
_STARTS_WITHIN = 60.0  # seconds


def serve(
    arguments: Mapping[str, Any], *, port: int | None, browser: bool, ready: Callable[[str], None]
) -> None:
    """Serve the bench until it is interrupted.

    Parameters
    ----------
    arguments : mapping
        For `TuningPanel`, as JSON carries them.
    port : int, optional
        A free one if not given.
    browser : bool
        Whether to open the page in the user's browser.
    ready : callable
        Told the address, once the page can be opened.

    Raises
    ------
    LabError
        Where the port is taken, or the server does not start.
    """
    if importlib.util.find_spec("voila") is None:
        raise LabError("the lab needs Voilà; install it with: pip install 'tradegen[notebooks]'")
    port = _free(port)
    token = secrets.token_urlsafe(16)
    address = f"http://{_HOST}:{port}/?token={token}"
    with tempfile.TemporaryDirectory(prefix="tradegen-lab-") as folder:
        notebook = Path(folder) / "tradegen.ipynb"
        notebook.write_text(json.dumps(_notebook(arguments)), "utf-8")
        log = Path(folder) / "log"
        with log.open("wb") as written:
            server = subprocess.Popen(  # noqa: S603 - our own interpreter
                _command(notebook, port, token), stdout=written, stderr=written, env=_environment()
            )
        try:
            _wait(server, f"http://{_HOST}:{port}/voila/static/", log)
            ready(address)
            if browser:
                import webbrowser

                webbrowser.open(address)
            server.wait()
        finally:
            _end(server)
    raise LabError(f"the page's server has ended, with status {server.returncode}")


def _command(notebook: Path, port: int, token: str) -> list[str]:
    return [
        *(sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"),
        *(f"--Voila.ip={_HOST}", f"--Voila.token={token}", "--template=tradegen"),
        # The kernel works where the command was given, so that files are saved there.
        f"--ExecutePreprocessor.cwd={Path.cwd()}",
    ]


def _environment() -> dict[str, str]:
    paths = [str(_PAGE), os.environ.get("JUPYTER_PATH", "")]
    return os.environ | {"JUPYTER_PATH": os.pathsep.join(filter(None, paths)), "PYTHONWARNINGS": "ignore"}


def _notebook(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One cell with the bench in it."""
    # Files that are named are looked up from here.
    source = (
        f"import json, os\nos.chdir({json.dumps(str(Path.cwd()))})\nfrom tradegen.lab import TuningPanel\n"
        f"TuningPanel(**json.loads({json.dumps(json.dumps(dict(arguments)))}))"
    )
    cell: dict[str, Any] = {
        "cell_type": "code", "id": "bench", "metadata": {}, "outputs": [], "execution_count": None,
        "source": source,
    }  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _free(port: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port or 0))
        except OverflowError:
            raise LabError(f"port is {port}; expected one from 1 to 65535") from None
        except OSError as error:
            raise LabError(f"port {port} cannot be used: {error.strerror}; expected a free one") from None
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310 - our own server
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    last = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["it says nothing"]
    raise LabError(f"the page's server did not start: {last[0]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
