"""The JSON schema of scenarios says what tradegen does, to jsonschema and to taplo, which editors run."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT, absent
from shell import run
from test_bad_scenarios import OF_THE_UNIVERSE, SCENARIOS

from tradegen import Scenario, ScenarioError
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.scenario.model import scenario_names, scenario_text

SCHEMA = Scenario.json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TAPLO = shutil.which("taplo", path=Path(sys.executable).parent)

ADDED_UP = "a schema cannot add numbers up"
COMPARED = "a schema cannot compare two values"
DECIMAL = "validators divide in binary, and would refuse 0.29 as no multiple of 0.01"
COLUMNS = "a schema does not know which columns a scenario adds"
BEYOND_A_SCHEMA = {
    **dict.fromkeys(
        sorted(OF_THE_UNIVERSE), "it depends on the tickers, their prices or the number of brokers"
    ),
    "pairs float": "to a schema, 15.0 is a whole number",
    "quantity order": COMPARED,
    "boundary without a value that is there": "hot spots may have mechanisms of their own",
    "settings crossed": COMPARED,
    "column renamed to another": COMPARED,
    "one time zone twice": COMPARED,
    "median above the rest": COMPARED,
    "median like the rest": COMPARED,
    "quantiles that stand still": COMPARED,
    "more than all of a price": COMPARED,
    "quantiles that fall": COMPARED,
    "quantiles that end early": COMPARED,
    "quantiles and a minimum": COMPARED,
    "quantiles beyond what a setting takes": COMPARED,
    "hot spot at night": COMPARED,
    "shares that miss 1": ADDED_UP,
    "rates above 1": ADDED_UP,
    "tolerance of half a tick": DECIMAL,
    "tolerance between ticks": DECIMAL,
    "tick with five decimals": DECIMAL,
    "quantity step with seven decimals": DECIMAL,
    "quantity between steps": COMPARED,
    "quantity tolerance between steps": COMPARED,
    "tolerance finer than bps go": DECIMAL,
    "tolerance finer than its column": DECIMAL,
    "tolerance of part of a day": COLUMNS,
    "tolerance of a column of names": COLUMNS,
    "tolerance of a column with a slip of the pen": COLUMNS,
    "hot spot where venu = 'XLON'": COLUMNS,
    "hot spot where venue = 1": COLUMNS,
    "hot spot where fee = '2'": COLUMNS,
    "hot spot where fee = {min = 3, max = 2}": COMPARED,
    "hot spot where size = 1.5": COLUMNS,
    "hot spot where settled = '2025-02-30'": COLUMNS,
    "hot spot where order = 'a'": COLUMNS,
    "tolerance finer than microseconds": DECIMAL,
}

SPOT = "[[hot_spots]]\nname = 'x'\nrate = 0.5\n"
ACCEPTED = {
    "nothing": "",
    "a date with a time": "date = 2025-07-21T00:00:00",
    "a date as text": "date = '20250721'",
    "a week day": "date = '2025-W30-1'",
    "times as text": "start = '0930'\nend = '16'",
    "time with a fraction of zero": "start = 09:30:00.000",
    "one broker": SPOT + "where.broker_id = 'BKR007'",
    "several tickers": SPOT + "where.ticker = ['AAPL', 'MSFT']",
    "hours in seconds": SPOT + "where.hours = ['10:00:30-10:01', '23:00-01:00']",
    "hot spot at its own weights": SPOT + "where.ticker = 'AAPL'\nmechanisms = {'price.tick' = 2}",
    "hot spot of rate 0": "mismatch_rate = 0\nmechanisms = {}\n"
    "hot_spots = [{name = 'x', rate = 0, where = {ticker = 'AAPL'}}]",
    "hot spots alone": "mismatch_rate = 0\nmechanisms = {}\n"
    "hot_spots = [{name = 'x', rate = 1, where = {ticker = 'AAPL'}, mechanisms = {'price.tick' = 1}}]",
    "hot spot on their leg": "view = 'two_system'\n" + SPOT + "leg = 'THEIRS'\nwhere.ticker = 'AAPL'",
    "no mismatch and no weight": "mismatch_rate = 0\nmechanisms = {'price.tick' = 0}",
    "benign differences": "benign_rate = 0.1\ntolerances.price.bps = 2.5",
    "boundary in a hot spot alone": "boundary = true\nmechanisms = {'date.next_session' = 1}\n"
    "tolerances.quantity = 2\n" + SPOT + "where.ticker = 'AAPL'\nmechanisms = {'quantity.nudge' = 1}",
    "benign differences of a column that is added": "benign_rate = 0.1\n"
    "tolerances.fee = 0.5\nmechanisms = {'fee.nudge' = 1}\n"
    "columns = [{name = 'fee', kind = 'decimal', places = 2, min = 1, max = 9}]",
    "hot spot of columns that are added": "columns = [{name = 'fee', kind = 'decimal', places = 2, min = 1, "
    "max = 9}, {name = 'at', kind = 'timestamp', after = 'trade_timestamp'}]\n"
    f"{SPOT}where = {{fee = [1.5, 2], at = {{min = '2025-07-21'}}, ticker = 'AAPL'}}",
    "dotted setting": "settings.'trade_timestamp.timezone'.other_zone = 'America/Chicago'",
    "empty layout of another view": "theirs = {columns = {}}",
    "layouts of two": "view = 'counterparty'\nbuy.columns.price = 'Px'\nsell.date_format = '%d.%m.%y'",
    "columns left out": "mechanisms = {'price.tick' = 1, 'quantity.nudge' = 0}\n"
    "trades.include = ['price', 'order_type', 'trade_id']",
    "columns left out of two lists": "view = 'two_system'\nmechanisms = {'broker_id.other' = 1}\n"
    "ours.include = ['trade_id', 'broker_id']\ntheirs.include = ['broker_id', 'trade_id']",
    "side left out of two lists": "view = 'counterparty'\nmechanisms = {'price.tick' = 1}\n"
    "buy.include = ['trade_id', 'price']",
    "record id left out": "view = 'two_system'\nmechanisms = {'record.missing' = 1}\n"
    "ours.include = ['trade_id']",
    "lists without ids": "shared_id = false\nview = 'two_system'\nmechanisms = {'record.missing' = 1}\n"
    "ours.include = ['record_id', 'price']\ntheirs.columns = {record_id = 'TheirRef'}",
    "ids that are shared": "shared_id = true",
    "a sorted list": "view = 'counterparty'\nsell.sort = 'trade_id'",
    "days of the year": "trades.date_format = '%Y%j'",
    "half a day": "trades.timestamp_format = '%d %b %Y %I:%M:%S %p'",
    "milliseconds": "timestamp_precision = 'ms'\ntrades.timestamp_format = '%Y-%m-%d %H:%M:%S.%f'",
}

REFUSED = {
    **{case: content for case, (content, _) in SCENARIOS.items() if case not in BEYOND_A_SCHEMA},
    "settings of an unknown mechanism": "settings.'price.nudg'.max = 0.1",
    "setting that is text": "settings.'price.nudge'.max = 'a'",
    "setting of a hot spot that is text": SPOT + "where.ticker = 'A'\nsettings.'price.nudge'.max = 'a'",
    "whole setting that is none": "settings.'price.tick'.max = 1.5",
    "weight next to nothing": "mechanisms.'price.nudge' = 1e-10",
    "weight of two billion": "mechanisms.'price.nudge' = 2e9",
    "no date at all": "date = 2025-07-21T10:00:00",
    "hot spot of no ticker": SPOT + "where.ticker = []",
    "hours of no length in two forms": SPOT + "where.hours = '11:00-11:00:00'",
    "hours beyond the day": SPOT + "where.hours = '23:00-25:00'",
    "percent sign for a year": "trades.date_format = '%%Y-%m-%d'",
    "format without a character": "trades.date_format = ''",
    "hot spots without any weight": "mismatch_rate = 0\nmechanisms = {}\n" + SPOT + "where.ticker = 'AAPL'",
}


def printed() -> Iterator[tuple[str, str]]:
    """Every scenario that is shipped or printed, by name."""
    for name in scenario_names():
        yield name, scenario_text(name)
        yield f"{name} with all fields", Scenario.load(name).to_toml()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        blocks = re.findall(r"^```toml\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for number, block in enumerate(blocks):
            # The file of a sweep has scenario fields in tables of its own.
            if "[grid]" not in block:
                yield f"{path.stem} block {number}", block


def as_taplo_has_it(value: Any) -> Any:
    """TOML's values as JSON: dates and times as text, and what is no number as null."""
    if isinstance(value, Mapping):
        return {name: as_taplo_has_it(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_taplo_has_it(item) for item in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def passes(content: str) -> bool:
    try:
        values = tomllib.loads(content)
    except tomllib.TOMLDecodeError:
        return False
    return bool(VALIDATOR.is_valid(as_taplo_has_it(values)))


def passed_by_taplo(contents: Mapping[str, str], folder: Path) -> set[str]:
    """The names of those that taplo finds right; it reads the schema from where their first line says."""
    if TAPLO is None:
        absent("taplo")
    (folder / "tradegen.schema.json").write_text(json.dumps(SCHEMA))
    files = {f"{number}.toml": name for number, name in enumerate(contents)}
    for file, name in files.items():
        (folder / file).write_text(f"#:schema ./tradegen.schema.json\n{contents[name]}\n")
    done = subprocess.run(
        [str(TAPLO), "lint", "--no-auto-config", "--colors", "never", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert f"found files total={len(files)}" in done.stderr
    # By the places of its findings: of its last lines, which name files, it loses some when it ends.
    wrong = {files[Path(path).name] for path in re.findall(r"┌─ (.*\.toml):\d+:\d+", done.stderr)}
    assert (done.returncode == 0) == (not wrong)
    return set(contents) - wrong


def accepted_by_tradegen(content: str) -> bool:
    try:
        Scenario(**tomllib.loads(content))
    except (ScenarioError, tomllib.TOMLDecodeError):
        return False
    return True


def test_it_is_a_schema_of_the_draft_that_it_states() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    VALIDATOR.check_schema(SCHEMA)


def test_every_scenario_that_is_shipped_or_printed_passes() -> None:
    contents = dict(printed())
    assert len(contents) >= 20
    assert [name for name, content in contents.items() if not passes(content)] == []


def test_every_scenario_that_is_shipped_or_printed_passes_taplo(tmp_path: Path) -> None:
    contents = dict(printed())
    assert passed_by_taplo(contents, tmp_path) == set(contents)


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_tradegen_accepts_passes(case: str) -> None:
    assert accepted_by_tradegen(ACCEPTED[case])
    assert passes(ACCEPTED[case])


def test_what_tradegen_accepts_passes_taplo(tmp_path: Path) -> None:
    assert passed_by_taplo(ACCEPTED, tmp_path) == set(ACCEPTED)


@pytest.mark.parametrize("case", REFUSED)
def test_what_tradegen_refuses_fails(case: str) -> None:
    assert not accepted_by_tradegen(REFUSED[case])
    assert not passes(REFUSED[case])


def test_what_tradegen_refuses_fails_taplo(tmp_path: Path) -> None:
    assert passed_by_taplo(REFUSED, tmp_path) == set()


@pytest.mark.parametrize("case", BEYOND_A_SCHEMA)
def test_what_a_schema_cannot_say_is_listed_only_while_it_does_not_say_it(case: str) -> None:
    assert passes(SCENARIOS[case][0])


VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 0.25, 0.5, 1, 1.5, 2, 10, 600, 10_000, 50_000, 10**8, 10**12, 10**13, 10**9, 1e20,
    1e-10, "", "a", "09:30", "2025-07-21", "1899-12-31", "2200-01-01", "%Y-%m-%d", "BUY", "s", "single",
    "Europe/Paris", [], [1], [1.0], [0.5, 0.5], ["a"], [0.0] * 10 + [1.0], {}, {"a": 1}, {"price": 1},
    {"price": "p"}, {"ticks": 1},
)  # fmt: skip


def leaves() -> Iterator[tuple[str, ...]]:
    """The path of every field and key that a scenario may set. Items of lists are left out."""
    yield from ((name,) for name in Scenario.model_fields)
    for name, mechanism in HOUSE.items():
        yield "mechanisms", name
        yield "settings", name
        yield from (("settings", name, setting.name) for setting in mechanism.settings)
    yield from (("tolerances", field) for field in ("price", "quantity", "trade_timestamp", "date"))
    yield from (("tolerances", "price", unit) for unit in ("absolute", "bps", "ticks"))
    yield from (("trades", name) for name in ("columns", "date_format", "timestamp_format"))
    yield from (("trades", "columns", name) for name in ("price", "record_id"))


def test_no_single_value_divides_the_schema_from_tradegen() -> None:
    # What compares two values or adds some up: see above.
    beyond = {
        ("quantity_min",), ("quantity_max",), ("quantity_step",), ("benign_rate",), ("fields_per_pair",),
        ("tolerances", "price", "bps"), ("tolerances", "price", "absolute"),
        ("tolerances", "trade_timestamp"),
    }  # fmt: skip
    divided = []
    for path in leaves():
        for value in VALUES:
            scenario: Any = value
            for name in reversed(path):
                scenario = {name: scenario}
            try:
                Scenario.load(scenario)
                accepted = True
            except ScenarioError:
                accepted = False
            crossed = path[-1] in ("min", "max", "minutes") and not accepted
            if VALIDATOR.is_valid(scenario) != accepted and path not in beyond and not crossed:
                divided.append((path, value))
    assert divided == []


@pytest.mark.slow
def test_the_printed_toml_names_the_schema_where_editors_look_for_it(tmp_path: Path) -> None:
    schema = run("scenarios", "schema", cwd=tmp_path)
    assert json.loads(schema.out) == SCHEMA
    for words in (["original"], ["hard", "--comments"]):
        shown = run("scenarios", "show", *words, cwd=tmp_path).out
        first, second = shown.splitlines()[:2]
        assert first == "#:schema ./tradegen.schema.json"
        assert second.endswith(": tradegen scenarios schema > tradegen.schema.json")
        assert Scenario(**tomllib.loads(shown)) == Scenario.load(words[0])


def test_editors_are_told_of_each_mechanism_and_setting() -> None:
    settings = SCHEMA["$defs"]["Settings"]["properties"]
    assert set(settings) == set(HOUSE)
    for name, mechanism in HOUSE.items():
        assert settings[name]["description"] == mechanism.sentence
        for setting in mechanism.settings:
            assert settings[name]["properties"][setting.name]["description"] == setting.about
            assert settings[name]["properties"][setting.name]["default"] == setting.default
