"""Pages that are made when the site is built: the command line, scenarios, notebooks with their outputs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tradegen import Scenario
from tradegen.scenario.model import scenario_names, scenario_text

ROOT = Path(__file__).resolve().parent.parent

NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))

WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGETS = "application/vnd.jupyter.widget-state+json"


def make(docs: Path) -> None:
    """Write the folders ``generated`` and ``tutorial`` anew; git ignores them."""
    for name in ("generated", "tutorial"):
        shutil.rmtree(docs / name, ignore_errors=True)
        (docs / name).mkdir()
    pages = {
        "changelog": (ROOT / "CHANGELOG.md").read_text("utf-8").replace("](docs/", "](../"),
        "speed": (ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8").replace("# Results", "# Speed", 1),
        "command_line": command_line(),
        "scenario_fields": scenario_fields(),
        "named_scenarios": named_scenarios(),
    }
    for name, text in pages.items():
        (docs / "generated" / f"{name}.md").write_text(text, "utf-8")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: execute(path, docs / "tutorial"), NOTEBOOKS))


def command_line() -> str:
    """The help of every command, as Typer writes it down."""
    typer = [sys.executable, "-m", "typer", "--app", "app", "tradegen.cli.main"]
    command = [*typer, "utils", "docs", "--name", "tradegen"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: S603 - ours
    lines: list[str] = []
    section = ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.strip("# `").replace(" ", "-")
        # Lists of commands have the first words of each sentence; the section that is linked has all of it.
        lines.append(re.sub(r"^\* `([a-z]+)`: .*$", rf"* [`\1`](#{section}-\1)", line))
    return "\n".join(lines).replace("# `tradegen`", "# The command line", 1) + "\n"


def scenario_fields() -> str:
    """A table of the fields of a scenario, from its JSON schema."""
    rows = [
        f"| `{name}` | {_default(field)} | {field['description'].replace('|', chr(92) + '|')} |"
        for name, field in Scenario.json_schema()["properties"].items()
    ]
    head = (
        "# Fields of a scenario\n\nThey are the keys of a TOML file and the keyword arguments of `generate`. "
    )
    return f"{head}\n\n| field | default | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "" if default in (None, {}, []) or isinstance(default, dict) else f"`{json.dumps(default)}`"


def named_scenarios() -> str:
    """Each named scenario, with the source of every figure."""
    parts = [f"## {name}\n\n```toml\n{scenario_text(name)}```\n" for name in scenario_names()]
    return "# Named scenarios\n\n" + "\n".join(parts)


def execute(path: Path, folder: Path) -> None:
    """Execute a notebook in a folder of its own, with a new kernel."""
    made = folder / path.name
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", scratch, path, made]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if ran.returncode:
        raise RuntimeError(f"{path.name} does not run:\n{ran.stderr}")
    notebook = json.loads(made.read_text("utf-8"))
    models = notebook["metadata"].pop("widgets", {}).get(WIDGETS, {}).get("state", {})
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", [])):
        widget = output.get("data", {}).get(WIDGET)
        if widget is not None:
            output["data"] = {"text/html": "".join(_still(widget["model_id"], models))}
    for cell in notebook["cells"]:
        # They lie one folder deeper here, and beside the pages.
        cell["source"] = [
            line.replace("](../", "](../../").replace("](../../docs/", "](../") for line in cell["source"]
        ]
    made.write_text(json.dumps(notebook), "utf-8")


def _still(model_id: str, models: dict[str, Any]) -> Iterator[str]:
    """What widgets show without a kernel: their pictures and texts. Controls would do nothing."""
    model = models[model_id]
    if model["model_name"] == "ImageModel":
        source = f"data:image/{model['state'].get('format', 'png')};base64,{model['buffers'][0]['data']}"
        yield f'<img alt="A figure of the notebook, as it first shows" src="{source}">'
    elif model["model_name"] == "HTMLModel":
        yield f"<div>{model['state']['value']}</div>"
    for child in model["state"].get("children", []):
        yield from _still(child.removeprefix("IPY_MODEL_"), models)
