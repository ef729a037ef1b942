"""What the Lambda image holds is enough for the handler.

There may be no Docker engine where tests run: the image's folder is laid out from the Dockerfile.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT, absent
from runtime_api import lambda_environment

DOCKERFILE = (ROOT / "lambda" / "Dockerfile").read_text()
EVENT = {"id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "time": "2025-07-21T10:33:00Z"}


def copies() -> list[tuple[str, str]]:
    """What the Dockerfile's first stage copies, and to where in its folder."""
    found = []
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, to = line.split()
        assert to.startswith("/build/"), line
        found += [(source, to.removeprefix("/build/")) for source in sources]
    return found


def lock() -> list[str]:
    """The entries of the image's requirements, each with its hashes."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / "lambda" / "requirements.txt").read_text(), flags=re.MULTILINE)
    return re.split(r"(?<!\\)\n", text.strip())


def requirements() -> dict[str, str]:
    """The names of what the image installs, with their versions; all are pinned."""
    pins = [entry.split()[0].split("==") for entry in lock()]
    assert all(len(pin) == 2 for pin in pins), pins
    return dict(pins)


def lay_out_image(task_root: Path) -> None:
    """Copy what the image gets of tradegen, as `docker build` would: a file into a folder, a folder whole."""
    for source, to in copies():
        if not to.startswith("task/"):
            continue
        to = to.removeprefix("task/")
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
    for name in requirements():
        link_distribution(name, installed)
    for name in ("awslambdaric", "simplejson", "snapshot_restore_py"):
        link_distribution(name, runtime)
    return task_root, [task_root, installed, runtime]


@pytest.mark.slow
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
        printed.append(invocation.lines)
    (*records, manifest), (*image_records, image_manifest) = printed
    assert len(records) == 30
    assert image_records == records
    known, of_image = json.loads(manifest), json.loads(image_manifest)
    assert known["versions"].pop("pandas")  # which the image has not
    assert of_image == known


def test_the_handler_and_an_invocation_load_no_library_that_they_have_no_use_for(tmp_path: Path) -> None:
    code = f"import app, sys; app.handler({EVENT!r}, None); sys.stderr.write(' '.join(sys.modules))"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "lambda")])}
    environ |= {"TRADE_IDS": str(tmp_path / "trade_ids.db")}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(ran.stderr.split())
    assert {"numpy", "pydantic", "tradegen.aws.events"} <= loaded
    heavy = {"boto3", "duckdb", "matplotlib", "numpy.ma", "pandas", "pyarrow", "rich", "scipy", "typer"}
    assert not heavy & loaded


@pytest.mark.parametrize(
    "module", ["duckdb", "matplotlib", "pandas", "pyarrow", "pytest", "rich", "scipy", "tomli_w", "typer"]
)
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
    assert {path.name for path in tmp_path.iterdir()} == {"app.py", "tickers.csv", "tradegen"}
    assert (tmp_path / "tradegen" / "scenario" / "named" / "original.toml").is_file()
    assert 'CMD ["app.handler"]' in DOCKERFILE
    assert re.search(r"^def handler\(", (tmp_path / "app.py").read_text(), re.MULTILINE)


def test_both_stages_are_of_awss_own_base_image_which_can_be_replaced() -> None:
    assert re.findall(r"^ARG .+", DOCKERFILE, re.MULTILINE) == ["ARG BASE=public.ecr.aws/lambda/python:3.13"]
    assert re.findall(r"^FROM .+", DOCKERFILE, re.MULTILINE) == ["FROM ${BASE} AS build", "FROM ${BASE}"]


def test_the_image_gets_the_task_and_the_libraries_of_the_first_stage_and_nothing_else() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert re.findall(r"^(?:COPY|ADD|RUN) .+", last, re.MULTILINE) == [
        "COPY --from=build /build/libraries/ ${LAMBDA_TASK_ROOT}/",
        "COPY --from=build /build/task/ ${LAMBDA_TASK_ROOT}/",
    ]


def test_pip_takes_nothing_into_the_image_whose_hash_is_not_locked() -> None:
    assert "--require-hashes" in DOCKERFILE
    for entry in lock():
        assert re.fullmatch(r"\S+==\S+( \\\n +--hash=sha256:[0-9a-f]{64})+", entry), entry


def test_docker_is_sent_all_that_the_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert {source.rstrip("/") for source, _ in copies()} == kept


def test_the_image_installs_numpy_pydantic_time_zones_boto3_and_only_what_they_need() -> None:
    packaging = pytest.importorskip("packaging.requirements", reason="packaging comes with pytest")
    pins = requirements()
    target = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux"}
    target |= {"platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix", "extra": ""}
    needed, waiting = set(), ["boto3", "numpy", "pydantic", "tzdata"]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in needed:
            continue
        needed.add(name)
        for text in importlib.metadata.requires(name) or []:
            requirement = packaging.Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate(target):
                waiting.append(requirement.name)
    assert set(pins) == needed


def test_the_image_installs_the_versions_that_the_tests_run_on() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    tested = {line.split()[0] for line in lines if "==" in line}
    assert {f"{name}=={version}" for name, version in requirements().items()} <= tested
