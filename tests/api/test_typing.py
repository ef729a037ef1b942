"""What type checkers say of a user's scripts: nothing of a right one, and each wrong line of a wrong one."""

from __future__ import annotations

import datetime as dt
import functools
import json
import operator
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from tradegen import Scenario
from tradegen.scenario import overrides
from tradegen.scenario.hot_spots import HotSpot
from tradegen.scenario.layouts import Layout
from tradegen.scenario.overrides import Number, ScenarioOverrides, Whole
from tradegen.scenario.own_columns import OwnColumn
from tradegen.scenario.tolerances import Tolerances

BIN = Path(sys.executable).parent

RIGHT = """
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from tradegen import (
    Batch, Run, Scenario, ScenarioOverrides, blocks, generate, prepare, score, write_dataset
)
from tradegen.testing import TradeCase, make_case, trade_cases


def mine(**fields: Unpack[ScenarioOverrides]) -> Batch:
    return generate("hard", seed=1, **fields)


batch: Batch = mine(pairs=10, mismatch_rate=0.5, mechanisms={"price.nudge": 1, "price.tick": 0.5})
frame: pd.DataFrame = batch.trades
again: Batch = generate(**batch.manifest["replay"])
chosen: dict[str, Any] = {"pairs": 10}
asked: Batch = generate(**chosen)
weights = {"price.nudge": 1.0}
nested = {"price": {"bps": 2.5}, "quantity": 3}
generate(mechanisms=weights, tolerances=nested, settings={"price.nudge": {"max": 0.02}})
generate(pairs=np.int64(10), mismatch_rate=np.float64(0.1), date=dt.date(2025, 7, 21), start="10:00:00")
generate(fields_per_pair=[0.5, 0.5], date="2025-07-21", end=dt.time(15), tickers={"AAPL": "230.00"})
generate(view="two_system", theirs={"columns": {"price": "Px"}}, hot_spots=[
    {"name": "x", "rate": 0.5, "where": {"ticker": "AAPL"}, "leg": "THEIRS"}
])
scenario: Scenario = Scenario(pairs=10).replace(order="paired")
run: Run = prepare(scenario, brokers=5)
write_dataset(prepare("clean", pairs=10), Path("data"), form="csv")
rows: int = sum(len(part) for part in blocks(pairs=10, seed=7))
table = blocks(pairs=10).read_all()
case: TradeCase = make_case(pairs=5, first_id=7)
cases = trade_cases(5, mechanisms=["price.tick"], view="counterparty", tolerances={"quantity": 5})
"""

# Each line that is wrong, and no other, ends with the word.
WRONG = """
from tradegen import Scenario, blocks, generate, prepare
from tradegen.testing import make_case, trade_cases

generate(pairz=4)  # wrong
generate(pairs="four")  # wrong
generate(mismatch_rate="x")  # wrong
generate(order="sorted")  # wrong
generate(view="double")  # wrong
generate(boundary="yes")  # wrong
generate(mechanisms=["price.nudge"])  # wrong
generate(mechanisms={"price.nudge": "much"})  # wrong
generate(fields_per_pair=0.5)  # wrong
generate(settings={"price.nudge": 0.02})  # wrong
generate(date=20250721)  # wrong
generate(tolerances=5)  # wrong
generate(hot_spots={"name": "x"})  # wrong
generate(seed="7")  # wrong
blocks(pairz=4)  # wrong
blocks(brokers=1.5)  # wrong
blocks().read_al()  # wrong
rows: int = blocks()  # wrong
prepare(order="sorted")  # wrong
Scenario(pairz=4)  # wrong
Scenario().replace(quantity_max="many")  # wrong
make_case(pairz=4)  # wrong
make_case(first_id="1")  # wrong
trade_cases(5, timestamp_precision="ns")  # wrong
trade_cases(5, mechanisms={"price.tick": 1}, view=1)  # wrong
from tradegen import genrate  # wrong
from tradegen.testing import made_case  # wrong
"""


def found_by_mypy(folder: Path, scripts: Sequence[str]) -> dict[str, set[int]]:
    # Not with our own settings: a user has none of them.
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", "cache"]
    done = _run([*command, *scripts], folder)
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.findall(r"^(\w+\.py):(\d+): error", done.stdout, re.MULTILINE)
    return {script: {int(line) for name, line in found if name == script} for script in scripts}


def found_by_pyright(folder: Path, scripts: Sequence[str]) -> dict[str, set[int]]:
    command = [str(BIN / "pyright"), "--outputjson", "--pythonpath", sys.executable]
    done = _run([*command, *scripts], folder)
    assert done.returncode == 1, done.stdout + done.stderr
    found = [
        (Path(item["file"]).name, item["range"]["start"]["line"] + 1)
        for item in json.loads(done.stdout)["generalDiagnostics"]
        if item["severity"] == "error"
    ]
    return {script: {line for name, line in found if name == script} for script in scripts}


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


CHECKERS: Mapping[str, Callable[[Path, Sequence[str]], dict[str, set[int]]]] = {
    "mypy": found_by_mypy,
    "pyright": found_by_pyright,
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["pyright", pytest.param("mypy", marks=pytest.mark.large)])
def test_a_type_checker_finds_each_line_that_is_wrong_and_no_other(checker: str, tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    lines = enumerate(WRONG.splitlines(), 1)
    expected = {number for number, line in lines if line.endswith("# wrong")}
    assert len(expected) >= 20
    found = CHECKERS[checker](tmp_path, ["right.py", "wrong.py"])
    assert found == {"right.py": set(), "wrong.py": expected}


NAMES = {
    "np": np,
    "dt": dt,
    "HotSpot": HotSpot,
    "Layout": Layout,
    "OwnColumn": OwnColumn,
    "Tolerances": Tolerances,
}
WHOLE, NUMBER = (eval(alias, NAMES | {"Any": Any}) for alias in (Whole, Number))
BY_VALUE = {
    bool: bool,
    int: WHOLE,
    float: NUMBER,
    int | float: NUMBER,
    dt.time: dt.time | str,
    dt.date | None: dt.date | str | None,
    Mapping[str, float]: Mapping[str, NUMBER],
    Mapping[str, Any]: Mapping[str, Mapping[str, Any]],
    tuple[float, ...]: Sequence[NUMBER],
    tuple[HotSpot, ...]: Sequence[HotSpot | Mapping[str, Any]],
    tuple[OwnColumn, ...]: Sequence[OwnColumn | Mapping[str, Any]],
    Layout: Layout | Mapping[str, Any],
    Tolerances: Tolerances | Mapping[str, Any],
}


def plain(annotation: Any) -> Any:
    """A type without what pydantic is told beside it."""
    origin, items = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return plain(items[0])
    if origin is None or origin is Literal:
        return annotation
    if origin in (Union, UnionType):
        return functools.reduce(operator.or_, map(plain, items))
    return origin[tuple(map(plain, items))]


def test_the_arguments_that_type_checkers_see_are_the_fields_of_a_scenario_with_their_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in NAMES.items():
        monkeypatch.setattr(overrides, name, value, raising=False)
    written = get_type_hints(ScenarioOverrides)
    fields = {name: plain(field.annotation) for name, field in Scenario.model_fields.items()}
    assert written == {
        name: value if get_origin(value) is Literal else BY_VALUE[value] for name, value in fields.items()
    }


def test_what_type_checkers_see_loads_nothing_that_takes_time(tmp_path: Path) -> None:
    code = "import sys, tradegen; tradegen.ScenarioOverrides; print(*sys.modules)"
    loaded = set(_run([sys.executable, "-c", code], tmp_path).stdout.split())
    assert "tradegen.scenario.overrides" in loaded
    assert not loaded & {"pydantic", "numpy", "pandas", "pyarrow"}
