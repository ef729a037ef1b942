"""What the Lambda image holds is enough for the handler.

There may be no Docker engine where tests run: the image's folder is laid out from the Dockerfile.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, absent
from runtime_api import lambda_environment

DOCKERFILE = (ROOT / "lambda" / "Dockerfile").read_text()
EVENT = {"id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "time": "2025-07-21T10:33:00Z"}


def copies() -> list[tuple[str, str]]:
    """What the Dockerfile copies, and to where in the task's folder."""
    found = []
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        *sources, to = line.split()
        assert to.startswith("${LAMBDA_TASK_ROOT}/"), line
        found += [(source, to.removeprefix("${LAMBDA_TASK_ROOT}/")) for source in sources]
    return found


def requirements() -> dict[str, str]:
    """The names of what the image installs, with their versions; all are pinned."""
    lines = (ROOT / "lambda" / "requirements.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins), pins
    return dict(pins)


def lay_out_image(task_root: Path) -> None:
    """Copy as `docker build` would: a file into a folder, a folder's content."""
    for source, to in copies():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, task_root / to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (task_root / to).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, task_root / to)


def link_distribution(name: str, folder: Path) -> None:
    """Make a distribution importable from `folder`: its modules and packages, and nothing beside them."""
    distribution = importlib.metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or []}
    for top in tops - {"..", "__pycache__"}:
        (folder / top).symlink_to(Path(str(distribution.locate_file(top))))


@pytest.fixture
def isolated(tmp_path: Path) -> tuple[Path, list[Path]]:
    """The task's folder as in the image, and an import path without anything that the image has not."""
    if find_spec("awslambdaric") is None:
        absent("awslambdaric")
    task_root, installed, runtime = (tmp_path / name for name in ("task", "installed", "runtime"))
    for folder in (task_root, installed, runtime):
        folder.mkdir()
    lay_out_image(task_root)
    # The versions here may be older than the image's: these need six and pytz, and do without others.
    for name in {*requirements(), "six", "pytz"}:
        with suppress(importlib.metadata.PackageNotFoundError):
            link_distribution(name, installed)
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py"):
        link_distribution(name, runtime)
    return task_root, [task_root, installed, runtime]


def test_the_image_holds_all_that_the_handler_imports_and_prints_what_the_checkout_prints(
    tmp_path: Path, isolated: tuple[Path, list[Path]]
) -> None:
    task_root, import_path = isolated
    printed = []
    for name, root, options, path in [
        ("checkout", ROOT / "lambda", (), [ROOT]),
        ("image", task_root, ("-S",), import_path),  # -S: no site-packages
    ]:
        folder = tmp_path / name
        folder.mkdir()
        variables = {"TRADE_IDS": str(folder / "trade_ids.db")}
        with lambda_environment(folder, root, variables, options=options, import_path=path) as environment:
            assert environment.init_error() is None
            invocation = environment.invoke(EVENT)
        assert invocation.error is None
        printed.append("\n".join(invocation.lines))
    assert printed[0].count('"trade_id": "') == 30
    assert printed[1] == printed[0]


@pytest.mark.parametrize("module", ["typer", "rich", "tomli_w", "pyarrow", "matplotlib", "scipy", "pytest"])
def test_what_the_image_has_not_cannot_be_imported_in_the_isolated_run(
    isolated: tuple[Path, list[Path]], module: str
) -> None:
    task_root, import_path = isolated
    environ = {"PYTHONPATH": os.pathsep.join(map(str, import_path))}
    command = [sys.executable, "-S", "-c", f"import {module}"]
    ran = subprocess.run(command, cwd=task_root, env=environ, capture_output=True, text=True, timeout=60)
    assert f"No module named '{module}'" in ran.stderr


def test_the_image_holds_tradegen_its_tickers_and_the_handler_that_it_starts(tmp_path: Path) -> None:
    lay_out_image(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "app.py",
        "requirements.txt",
        "tickers.csv",
        "tradegen",
    }
    assert (tmp_path / "tradegen" / "scenario" / "named" / "original.toml").is_file()
    assert 'CMD ["app.handler"]' in DOCKERFILE
    assert re.search(r"^def handler\(", (tmp_path / "app.py").read_text(), re.MULTILINE)


def test_the_base_image_is_awss_own_and_can_be_replaced() -> None:
    first = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")][:2]
    assert first == ["ARG BASE=public.ecr.aws/lambda/python:3.13", "FROM ${BASE}"]


def test_docker_is_sent_all_that_the_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {source.rstrip("/") for source, _ in copies()} == kept


def test_the_image_installs_numpy_pandas_pydantic_time_zones_boto3_and_only_what_they_need() -> None:
    packaging = pytest.importorskip("packaging.requirements", reason="packaging comes with pytest")
    pins = requirements()
    target = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux"}
    target |= {"platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix", "extra": ""}
    needed, waiting = set(), ["boto3", "numpy", "pandas", "pydantic", "tzdata"]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in needed:
            continue
        needed.add(name)
        if name in pins and importlib.metadata.version(name) != pins[name]:
            pytest.skip(f"{name} is not here in the image's version, {pins[name]}")
        for text in importlib.metadata.requires(name) or []:
            requirement = packaging.Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(target):
                waiting.append(requirement.name)
    assert set(pins) == needed


def test_the_image_installs_the_versions_that_the_tests_run_on() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    tested = {line.split()[0] for line in lines if "==" in line}
    assert {f"{name}=={version}" for name, version in requirements().items()} <= tested
