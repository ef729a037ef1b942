"""The handler of the Lambda in this process, as it is after its cold start."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
from typing import Any, NamedTuple

import pytest
from conftest import ROOT


class Handled(NamedTuple):
    """What came of one event."""

    response: dict[str, Any]
    printed: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records in what was printed; the manifest is on the last line."""
        *lines, manifest = map(json.loads, self.printed.splitlines())
        assert "replay" in manifest
        return [record for line in lines for record in (line if isinstance(line, list) else [line])]


class Function:
    """The function with these variables. Others of tradegen's own are not passed on."""

    def __init__(self, **variables: str) -> None:
        found = importlib.util.spec_from_file_location("lambda_app", ROOT / "lambda" / "app.py")
        assert found is not None
        assert found.loader is not None
        self._app = importlib.util.module_from_spec(found)
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()):
            for name in [name for name in os.environ if name.startswith("TRADEGEN_")]:
                patch.delenv(name)
            for name, value in variables.items():
                patch.setenv(name, value)
            found.loader.exec_module(self._app)

    def handle(self, event: object) -> Handled:
        """Have one event handled. An error passes on; then nothing may have been printed."""
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                response = self._app.handler(event, None)
        except Exception:
            assert printed.getvalue() == ""
            raise
        return Handled(response, printed.getvalue())
