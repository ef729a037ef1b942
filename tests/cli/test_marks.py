"""What `generate` says on a terminal of the records that it has just printed there."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tradegen import generate
from tradegen.cli.summary import marks

SEED = ["--seed", "2", "--first-id", "21", "--date", "2025-07-21"]


def on_terminals(*words: str, cwd: Path, out_too: bool = True) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``tradegen``, where each is a terminal of its own."""
    command = [sys.executable, "-m", "tradegen", *words]
    ends = [pty.openpty(), pty.openpty()]
    (out_master, out_slave), (err_master, err_slave) = ends
    with (cwd / "out").open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out_slave if out_too else file,
            stderr=err_slave,
        )
    os.close(out_slave)
    os.close(err_slave)
    # What both print is far less than a terminal holds back: none of them waits for the other to be read.
    texts = [_read(master) for master in (out_master, err_master)]
    out = texts[0] if out_too else (cwd / "out").read_text()
    return process.wait(60), out, texts[1]


def _read(master: int) -> str:
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # Linux says so at the end of a terminal
        pass
    os.close(master)
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_on_a_terminal_each_altered_field_is_marked_and_records_stand_alone(tmp_path: Path) -> None:
    code, out, err = on_terminals("generate", *SEED, cwd=tmp_path)
    assert code == 0
    assert len(json.loads(out)) == 30
    truth = generate(seed=2, first_id=21, date="2025-07-21").truth
    summary, head, *lines = err.splitlines()
    assert summary.startswith("tradegen: 15 pairs, ")
    assert head == "tradegen: altered in these records:"
    expected = [
        (row.trade_id, row.leg, row.field, row.mechanism, f"{row.original} -> {row.altered}")
        for row in truth.itertuples()
    ]
    assert len(lines) == len(expected) > 0
    for line, parts in zip(lines, expected, strict=True):
        assert all(part in line for part in parts), line


def test_no_more_than_twenty_are_marked_and_the_rest_is_counted(tmp_path: Path) -> None:
    words = ("generate", "--pairs", "60", "--format", "csv", *SEED)
    _, out, err = on_terminals(*words, cwd=tmp_path)
    rows = len(generate(pairs=60, seed=2, first_id=21, date="2025-07-21").truth)
    assert rows > 20
    assert len(out.splitlines()) == 121
    assert sum(line.startswith("  tid") for line in err.splitlines()) == 20
    assert err.splitlines()[-1] == f"  ... and {rows - 20} more; --truth FILE writes all of them"


def test_where_nothing_is_altered_nothing_is_marked(tmp_path: Path) -> None:
    _, _, err = on_terminals("generate", "--mismatch-rate", "0", *SEED, cwd=tmp_path)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("words", [["--out", "trades.json"], []], ids=["to a file", "to a pipe"])
def test_records_that_are_not_on_the_terminal_are_not_marked(words: list[str], tmp_path: Path) -> None:
    _, _, err = on_terminals("generate", *SEED, *words, cwd=tmp_path, out_too=bool(words))
    assert len(err.splitlines()) == 1


def test_marks_do_not_load_pandas(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: open('loaded', 'w').write(' '.join(sys.modules)))\n"
        f"sys.argv = ['tradegen', 'generate', *{SEED!r}]\n"
        "from tradegen.cli.main import main\n"
        "main()\n"
    )
    (tmp_path / "program.py").write_text(code)
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, stdout=slave, stderr=slave)
    os.close(slave)
    assert "altered in these records" in _read(master)
    assert process.wait(60) == 0
    assert not {"pandas", "pyarrow", "duckdb", "rich.progress"} & set(
        (tmp_path / "loaded").read_text().split()
    )


def test_of_a_missing_or_doubled_record_the_size_is_records() -> None:
    ways = {"record.missing": 1, "record.duplicate": 1}
    batch = generate(pairs=30, seed=1, date="2025-07-21", mechanisms=ways, mismatch_rate=0.2)
    ends = {
        tuple(line.split("record.")[1].split()[-2:]) for line in list(marks(batch.run, batch.manifest))[1:]
    }
    assert ends == {("-1", "record"), ("+1", "record")}
