"""A batch keeps what it is when it is pickled, and writes files that can be proved."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import ROOT
from shell import run

from tradegen import generate
from tradegen.market.universe import load_market

ASKED = {"seed": 7, "first_id": 21, "date": "2025-07-21"}
OPTIONS = ["--seed", "7", "--first-id", "21", "--date", "2025-07-21"]


def test_an_unpickled_batch_and_run_have_the_same_manifest() -> None:
    batch = generate(**ASKED)
    assert "tickers" not in batch.manifest["replay"]
    again = pickle.loads(pickle.dumps(generate(**ASKED)))
    assert again.manifest == batch.manifest
    assert pickle.loads(pickle.dumps(batch.run)).replay() == batch.run.replay()


def test_tradegens_own_tickers_are_known_wherever_they_come_from() -> None:
    given = generate(tickers=load_market().to_dict(), **ASKED)
    assert given.manifest == generate(**ASKED).manifest


def test_one_other_price_is_another_market() -> None:
    prices = load_market().to_dict()
    prices["AAPL"] = str(Decimal(prices["AAPL"]) + Decimal("0.01"))
    assert generate(tickers=prices, **ASKED).manifest["replay"]["tickers"] == prices


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "fix"])
def test_a_batch_writes_the_bytes_that_the_command_line_writes(form: str, tmp_path: Path) -> None:
    batch = generate(view="counterparty", pairs=200, **ASKED)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    batch.write(tmp_path / "a" / f"t.{form}", tmp_path / "a" / "truth.csv", tmp_path / "a" / "m.json")
    words = ["--pairs", "200", "--set", "view=counterparty", *OPTIONS, "--out", f"b/t.{form}"]
    done = run("generate", *words, "--truth", "b/truth.csv", "--manifest", "b/m.json", cwd=tmp_path)
    assert done.code == 0, done.err
    written, by_command = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"
    )
    assert len(written) == 4
    assert written == by_command


def test_what_a_batch_writes_is_proved_and_what_pandas_writes_is_not(tmp_path: Path) -> None:
    batch = generate(pairs=200, **ASKED)
    batch.write(tmp_path / "t.csv", truth=tmp_path / "truth.csv")
    assert run("verify", "t.csv", "truth.csv", cwd=tmp_path).code == 0
    batch.trades.to_csv(tmp_path / "pandas.csv", index=False)
    assert run("verify", "pandas.csv", "truth.csv", cwd=tmp_path).code == 1


@pytest.mark.parametrize(
    ("user", "in_container", "code", "said"),
    [
        ("0", "", 2, "make notebooks IN_CONTAINER=1"),
        ("0", "1", 0, "jupyter lab --allow-root notebooks\n"),
        ("1000", "", 0, "jupyter lab notebooks\n"),
    ],
)
def test_make_notebooks_opens_them_as_root_in_a_container_alone(
    user: str, in_container: str, code: int, said: str, tmp_path: Path
) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name, text in {"id": f"echo {user}", "jupyter": 'echo jupyter "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    words = [
        "make",
        "--no-print-directory",
        "-o",
        ".venv/ready",
        f"BIN={tmp_path}",
        f"IN_CONTAINER={in_container}",
    ]
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(
        [*words, "notebooks"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done
