"""What the Lambda image holds is enough for the handler, and the template deploys what the handler needs.

There may be no Docker engine where tests run, and there is no AWS: the image's folder is laid out from the
Dockerfile, and the template is parsed, and checked by cfn-lint.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, absent
from runtime_api import lambda_environment

from tradegen.aws.events import Environment

DOCKERFILE = (ROOT / "lambda" / "Dockerfile").read_text()
TEMPLATE = ROOT / "lambda" / "template.yaml"
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
        printed.append(invocation.stdout)
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


def test_the_image_installs_numpy_pandas_pydantic_time_zones_and_only_what_they_need() -> None:
    packaging = pytest.importorskip("packaging.requirements", reason="packaging comes with pytest")
    pins = requirements()
    target = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux"}
    target |= {"platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix", "extra": ""}
    needed, waiting = set(), ["numpy", "pandas", "pydantic", "tzdata"]
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


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template, with a tag such as ``!Ref Function`` as ``{"Ref": "Function"}``."""
    if find_spec("yaml") is None:
        absent("PyYAML, which comes with cfn-lint,")
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def tagged(loader: Any, tag: str, node: Any) -> dict[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            value = loader.construct_scalar(node)
            return {tag: value.split(".") if tag == "GetAtt" else value}
        return {tag: loader.construct_sequence(node, deep=True)}

    Loader.add_multi_constructor("!", tagged)
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)
    return found


def of_type(template: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource


def test_cfn_lint_finds_nothing_in_the_template() -> None:
    if find_spec("cfnlint") is None:
        absent("cfn-lint")
    command = "import sys; from cfnlint.runner import main; sys.exit(main())"
    ran = subprocess.run(
        [sys.executable, "-c", command, str(TEMPLATE)], capture_output=True, text=True, timeout=120
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_rule_invokes_the_function_every_three_minutes_and_may(template: dict[str, Any]) -> None:
    [(function, _)] = of_type(template, "AWS::Lambda::Function")
    [(rule, resource)] = of_type(template, "AWS::Events::Rule")
    [(_, permission)] = of_type(template, "AWS::Lambda::Permission")
    properties = resource["Properties"]
    assert properties["ScheduleExpression"] == "rate(3 minutes)"
    assert properties["State"] == "ENABLED"
    assert [target["Arn"] for target in properties["Targets"]] == [{"GetAtt": [function, "Arn"]}]
    assert permission["Properties"] == {
        "FunctionName": {"Ref": function},
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": {"GetAtt": [rule, "Arn"]},
    }


def test_the_rule_is_the_default_and_never_runs_beside_the_scheduler(template: dict[str, Any]) -> None:
    conditions = template["Conditions"]
    assert template["Parameters"]["Trigger"]["Default"] == "rule"
    for kind, condition, value in [
        ("AWS::Events::Rule", "ByRule", "rule"),
        ("AWS::Lambda::Permission", "ByRule", "rule"),
        ("AWS::Scheduler::Schedule", "ByScheduler", "scheduler"),
    ]:
        [(_, resource)] = of_type(template, kind)
        assert resource["Condition"] == condition
        assert conditions[condition] == {"Equals": [{"Ref": "Trigger"}, value]}


def test_the_ledger_is_on_the_file_system_that_outlives_the_function(template: dict[str, Any]) -> None:
    [(_, function)] = of_type(template, "AWS::Lambda::Function")
    [(access_point, point)] = of_type(template, "AWS::EFS::AccessPoint")
    [(file_system, files)] = of_type(template, "AWS::EFS::FileSystem")
    [(mount_target, target)] = of_type(template, "AWS::EFS::MountTarget")
    properties = function["Properties"]
    assert properties["Environment"]["Variables"]["TRADE_IDS"] == "/mnt/ledger/trade_ids.db"
    assert properties["FileSystemConfigs"] == [
        {"Arn": {"GetAtt": [access_point, "Arn"]}, "LocalMountPath": "/mnt/ledger"}
    ]
    assert point["Properties"]["FileSystemId"] == {"Ref": file_system}
    assert target["Properties"]["FileSystemId"] == {"Ref": file_system}
    assert mount_target in function["DependsOn"]
    assert (files["DeletionPolicy"], files["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_function_runs_once_at_a_time_from_the_image_and_its_log_ends(template: dict[str, Any]) -> None:
    [(_, function)] = of_type(template, "AWS::Lambda::Function")
    [(log, group)] = of_type(template, "AWS::Logs::LogGroup")
    properties = function["Properties"]
    assert (properties["PackageType"], properties["Code"]) == ("Image", {"ImageUri": {"Ref": "ImageUri"}})
    assert properties["ReservedConcurrentExecutions"] == 1
    assert 512 <= properties["MemorySize"] <= 1024
    assert properties["LoggingConfig"]["LogGroup"] == {"Ref": log}
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_functions_variables_are_ones_that_tradegen_takes(template: dict[str, Any]) -> None:
    [(_, function)] = of_type(template, "AWS::Lambda::Function")
    environment = Environment.read(function["Properties"]["Environment"]["Variables"])
    assert environment.ledger == "/mnt/ledger/trade_ids.db"


def test_the_schedules_input_is_an_event_whose_retries_have_the_same_key(template: dict[str, Any]) -> None:
    [(_, schedule)] = of_type(template, "AWS::Scheduler::Schedule")
    assert schedule["Properties"]["ScheduleExpression"] == "rate(3 minutes)"
    keys = set()
    for execution, attempt in [("d32c5kddcf5bb8c3", "1"), ("a77b1kddcf5bb8c3", "2")]:
        text = schedule["Properties"]["Target"]["Input"]
        for name, value in {
            "schedule-arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tradegen",
            "scheduled-time": "2025-07-21T10:33:00Z",
            "execution-id": execution,
            "attempt-number": attempt,
        }.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        keys.add(Environment.read({"TRADE_IDS": "trade_ids.db"}).order(json.loads(text)).key)
    [key] = keys
    assert key.startswith(
        "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tradegen 2025-07-21T10:33:00Z "
    )
