"""What every refusal has in common: a sentence, exit code 2, no traceback, and nothing written or lost."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from tradegen.cli.main import app

__all__ = ["contents", "refused"]


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        path.name: path.read_bytes() if path.is_file() else str(path.lstat().st_mode)
        for path in folder.iterdir()
    }


def refused(folder: Path, words: list[str], message: str) -> None:
    before = contents(folder)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2, (done.exit_code, done.output)
    assert message in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert "Traceback" not in done.output
    assert contents(folder) == before
    if done.stderr.startswith("tradegen: "):
        assert done.stderr.count("\n") == 1
