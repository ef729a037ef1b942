"""What the command line loads before it works, and what its help shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import run

from tradegen.cli import options
from tradegen.formats import FORMATS
from tradegen.output.dataset_plan import BLOCKS_PER_PART

HEAVY = {"boto3", "dask", "distributed", "duckdb", "matplotlib", "numpy", "pandas", "pyarrow"}


def loaded_by(*words: str, folder: Path, **environment: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        "import atexit, json, os, sys\n"
        "atexit.register(lambda: open('loaded.json', 'w').write(json.dumps(list(sys.modules))))\n"
        f"sys.argv = ['tradegen', *{words!r}]\n"
        "from tradegen.cli.main import main\n"
        "main()\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return set(json.loads((folder / "loaded.json").read_text()))


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["ledger", "--help"], ["genrate"]])
def test_what_runs_nothing_loads_nothing_to_run_it_with(words: list[str], tmp_path: Path) -> None:
    loaded = loaded_by(*words, folder=tmp_path)
    # A command that is named is the only one that is loaded.
    assert ("tradegen.cli.generate" in loaded) == (words[0] != "ledger")
    assert "tradegen.cli.ledger" in loaded
    assert not HEAVY & loaded
    if words in (["--help"], ["--version"]):
        # From 0.29 on, Typer itself loads it to read the words of any command.
        assert "pydantic" not in loaded
    ours = {name for name in loaded if name.startswith("tradegen.") and name.count(".") == 1}
    names = ("cli", "errors", "public_names", "version")
    assert ours == {f"tradegen.{name}" for name in names}


@pytest.mark.slow
def test_a_schedule_on_this_machine_loads_nothing_of_aws_and_no_pandas(tmp_path: Path) -> None:
    words = ("schedule", "--from", "2025-07-21", "--to", "2025-07-21T00:03", "--out", "feed")
    loaded = loaded_by(*words, folder=tmp_path)
    assert len(list(tmp_path.glob("feed/records/2025-07-21/00-03-00-*.ndjson"))) == 1
    assert HEAVY & loaded == {"numpy"}


def test_completion_loads_nothing_to_run_a_command_with(tmp_path: Path) -> None:
    asked = {"_TRADEGEN_COMPLETE": "complete_bash", "COMP_WORDS": "tradegen gen", "COMP_CWORD": "1"}
    assert not HEAVY & loaded_by(folder=tmp_path, **asked)


def test_completion_knows_the_commands_and_can_be_installed(tmp_path: Path) -> None:
    asked = {"_TRADEGEN_COMPLETE": "complete_bash", "COMP_WORDS": "tradegen sc", "COMP_CWORD": "1"}
    assert sorted(run(cwd=tmp_path, **asked).out.split()) == ["scenarios", "schedule", "score"]
    assert "--install-completion" in run("--help", cwd=tmp_path).out


def test_the_help_of_a_command_loads_no_part_of_tradegen_that_runs_it(tmp_path: Path) -> None:
    loaded = loaded_by("generate", "--help", folder=tmp_path)
    assert not HEAVY & loaded
    assert not {name for name in loaded if name.startswith(("tradegen.engine", "tradegen.formats"))}


@pytest.mark.parametrize(
    ("words", "needed"),
    [(["--format", "json"], set()), (["--out", "t.csv"], set()), (["--out", "data/"], {"pyarrow"})],
)
def test_generate_loads_pyarrow_for_parquet_alone_and_pandas_for_nothing(
    words: list[str], needed: set[str], tmp_path: Path
) -> None:
    loaded = loaded_by("generate", "--first-id", "1", *words, folder=tmp_path)
    assert {*HEAVY, "numpy.ma"} & loaded == {"numpy", *needed}


@pytest.mark.slow
def test_columns_of_a_file_are_guessed_without_pandas_and_pyarrow(tmp_path: Path) -> None:
    run("generate", "--first-id", "1", "--out", "t.csv", cwd=tmp_path)
    assert HEAVY & loaded_by("columns", "t.csv", folder=tmp_path) == {"duckdb", "numpy"}


def test_a_short_command_spends_no_time_on_garbage(tmp_path: Path) -> None:
    # Python itself searches 80 times while it loads what writes 30 records, and once more at the end.
    code = (
        "import atexit, gc, sys\n"
        "from tradegen.cli.main import main\n"
        "searches = []\n"
        "gc.callbacks.append(lambda phase, _: searches.append(phase))\n"
        "atexit.register(lambda: print(searches.count('start'), gc.get_freeze_count() > 10_000))\n"
        "sys.argv = ['tradegen', 'generate', '--first-id', '1', '--out', 't.csv']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    searches, all_left_alone = done.stdout.split()
    assert int(searches) <= 5
    assert all_left_alone == "True"


@pytest.mark.slow
def test_a_command_that_asks_a_database_ends_without_complaints_of_it(tmp_path: Path) -> None:
    files = ["--out", "t.csv", "--truth", "k.csv"]
    run("generate", "--first-id", "1", *files, "--manifest", "m.json", cwd=tmp_path)
    command = [sys.executable, "-m", "tradegen", "verify", "t.csv", "k.csv", "m.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert [line for line in done.stderr.splitlines() if not line.startswith("tradegen: ")] == []


@pytest.mark.parametrize("words", [[], ["generate"], ["replay"], ["verify"], ["score"], ["ledger", "create"]])
def test_no_flag_shows_the_type_of_a_value_that_it_does_not_take(words: list[str], tmp_path: Path) -> None:
    text = run(*words, "--help", cwd=tmp_path).out
    assert "--help" in text
    assert "bool" not in text


def test_help_names_every_format_and_the_blocks_of_a_part(tmp_path: Path) -> None:
    text = run("generate", "--help", cwd=tmp_path).out
    assert options.FORMATS.split("|") == [name for name in FORMATS if "." not in name]
    assert options.FORMATS in text
    assert f"{BLOCKS_PER_PART} by default" in text
