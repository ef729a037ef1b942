"""The pytest plugin as an engine's author meets it: most tests run a child pytest on a project of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from conftest import ROOT
from shell import Done, fresh, run_module, run_pytest
from sizes import size

# An engine of a few lines, as its author would write it; `SKIPPED` is what the author forgot.
ENGINE = """
FIELDS = ["ticker", "quantity", "price", "date", "trade_timestamp"]
SKIPPED = set()

def compare(trades):
    for trade_id, legs in trades.groupby("trade_id"):
        first, second = legs.to_dict("records")
        for field in FIELDS:
            if field not in SKIPPED and first[field] != second[field]:
                yield trade_id, field
"""


class Said:
    """What a child pytest said."""

    def __init__(self, done: Done) -> None:
        self.code, self.out = done.code, done.out + done.err

    @property
    def counts(self) -> str:
        """Its last line without the time: ``2 passed``."""
        return re.sub(r" in [0-9.]+s.*", "", self.out.strip().splitlines()[-1]).strip("= ")


def run(folder: Path, *words: str, how: Callable[..., Done] = run_module, **files: str) -> Said:
    """Run pytest on files beside the engine, with nothing of this session's settings."""
    settings = "[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n"
    for name, text in {"engine.py": ENGINE, "pytest.ini": settings, **files}.items():
        (folder / name).write_text(text)
    return Said(run_pytest(*words, cwd=folder, timeout=120, how=how, COLUMNS="200"))


def run_tests(folder: Path, tests: str, *words: str, how: Callable[..., Done] = run_module) -> Said:
    """Run pytest on the code of some tests."""
    return run(folder, *words, how=how, **{"test_engine.py": "import pytest\nimport engine\n" + tests})


def test_a_correct_engine_passes_in_each_view_and_over_each_seed(tmp_path: Path) -> None:
    done = run_tests(
        tmp_path,
        """
@pytest.mark.tradegen(pairs=300, seeds=3)
def test_finds_all(trade_case):
    trade_case.assert_score(engine.compare(trade_case.trades), recall=1, precision=1, field_recall=1)

@pytest.mark.tradegen("us_equity_t1", pairs=100, view="counterparty", seed=[5, 7])
def test_views(trade_case):
    assert trade_case.scenario.pairs == 100
    assert set(trade_case.buy["order_type"]) == {"BUY"}
    assert list(trade_case.lists) == ["buy", "sell"]

@pytest.mark.tradegen(view="two_system")
def test_two_systems(trade_case, tmp_path):
    assert len(trade_case.ours) == len(trade_case.theirs) == 15
    assert trade_case.path("ours").parent == tmp_path

def test_without_a_marker(trade_case):
    assert len(trade_case.trades) == 30
    assert trade_case.seed == 0
""",
        "-vv",
    )
    assert done.counts == "7 passed", done.out
    for name in (
        "test_finds_all[seed=0]",
        "test_finds_all[seed=2]",
        "test_views[seed=5]",
        "test_views[seed=7]",
    ):
        assert name in done.out
    assert "test_without_a_marker PASSED" in done.out


@pytest.mark.slow
def test_an_engine_that_ignores_timestamps_is_told_so_with_rows_and_without_a_long_traceback(
    tmp_path: Path,
) -> None:
    done = run_tests(
        tmp_path,
        """
@pytest.mark.tradegen(scenario="original", pairs=200, seed=7)
def test_finds_all(trade_case):
    engine.SKIPPED.add("trade_timestamp")
    trade_case.assert_score(engine.compare(trade_case.trades), recall=0.99, precision=1.0)
""",
    )
    assert done.code == 1
    assert re.search(
        r"^E +AssertionError: recall is 0\.\d{4}, expected at least 0\.99: \d+ of 60 mismatched pairs found$",
        done.out,
        re.MULTILINE,
    )
    assert re.search(
        r"^E +met: precision 1\.0000 \(\d+ of \d+ reported pairs right\)$", done.out, re.MULTILINE
    )
    # By hand: which mechanisms touch a timestamp is in the catalogue, and `original` has one of them.
    [(missed, among)] = re.findall(r"^E +trade_timestamp\.delay  (\d+) of (\d+)$", done.out, re.MULTILINE)
    assert 0 < int(missed) <= int(among)
    assert not re.search(r"^E +(quantity|price|date)\.\w+  \d+ of", done.out, re.MULTILINE)
    rows = re.findall(r"^E +\d+\. +(tid\d{8}) (BUY|SELL) trade_timestamp\.delay: ", done.out, re.MULTILINE)
    assert len(rows) == min(10, int(missed))
    for trade_id, _ in rows:
        assert len(re.findall(rf"^E +(?:BUY|SELL) +{trade_id} ", done.out, re.MULTILINE)) == 2
    assert re.search(r"^E +\^{19} trade_timestamp$", done.out, re.MULTILINE)
    assert "make_case('original', pairs=200, seed=7)" in done.out
    # The test's own line is shown, and none of the plugin's.
    assert "test_engine.py:7: AssertionError" in done.out
    assert "tradegen/cases" not in done.out
    [summary] = [line for line in done.out.splitlines() if line.startswith("FAILED")]
    assert "recall is 0." in summary


@pytest.mark.slow
def test_markers_on_modules_and_classes_give_way_name_by_name(tmp_path: Path) -> None:
    done = run_tests(
        tmp_path,
        """
pytestmark = pytest.mark.tradegen(pairs=40, seeds=2)

def test_module(trade_case):
    assert trade_case.scenario.pairs == 40

@pytest.mark.tradegen(mismatch_rate=1.0)
class TestClass:
    @pytest.mark.tradegen(seed=[7, 8, 9])
    class TestInner:
        @pytest.mark.tradegen(seeds=1)
        def test_counted(self, trade_case):
            assert trade_case.seed == 0

    @pytest.mark.tradegen(seed=9)
    def test_class(self, trade_case):
        assert (trade_case.scenario.pairs, trade_case.scenario.mismatch_rate) == (40, 1.0)
        assert trade_case.seed == 9

@pytest.mark.parametrize("pairs", [
    pytest.param(11, marks=pytest.mark.tradegen(pairs=11, seed=4)),
    pytest.param(12, marks=pytest.mark.tradegen(pairs=12, seed=range(4, 6), seeds=None)),
])
@pytest.mark.tradegen(seed=1)
def test_parameters(trade_case, pairs):
    assert trade_case.scenario.pairs == pairs

@pytest.fixture
def buys(trade_case):
    return trade_case.trades.query("order_type == 'BUY'")

def test_through_another_fixture(buys):
    assert len(buys) == 40
""",
        "-vv",
    )
    assert "test_module[seed=0] PASSED" in done.out
    assert "test_class PASSED" in done.out
    assert "test_counted[seed=0] PASSED" in done.out
    assert "test_parameters[11] PASSED" in done.out
    assert "test_through_another_fixture[seed=1] PASSED" in done.out
    # Several seeds on one parameter come after the tests are made.
    assert "tradegen marker: several seeds in the mark of a parameter; expected them on the test" in done.out
    assert done.counts == "7 passed, 1 error", done.out


BAD = {
    "pirs=3": "pirs is not a scenario field; did you mean pairs?",
    "scenario='hrad'": "scenario hrad is unknown; did you mean hard?",
    "pairs=0": "pairs is 0; expected",
    "'hard', 2000": "given 'hard', 2000 without names; expected at most the scenario so",
    "seeds=0": "seeds is 0; expected how many, from 1 to 10000, or a list",
    "seeds=2.5": "seeds is 2.5; expected a whole number from 0, or several such as [1, 2, 3]",
    "seed=[1, 1]": "seed is [1, 1]; expected one or more seeds, each once",
    "seed=[]": "seed is []; expected one or more seeds, each once",
    "seed=['a']": "seed is 'a'; expected a whole number from 0, or several such as [1, 2, 3]",
    "seed=-1": "seed is -1; expected a whole number from 0",
    "seed='7'": "seed is '7'; expected a whole number from 0",
    "folder='/tmp'": "folder is given; files are written to the test's tmp_path",
}


def test_a_bad_marker_fails_its_test_with_one_sentence_and_no_other(tmp_path: Path) -> None:
    tests = [
        f"@pytest.mark.tradegen({given})\ndef test_{place}(trade_case):\n    pass\n"
        for place, given in enumerate(BAD)
    ]
    done = run_tests(tmp_path, "\n".join([*tests, "def test_good(trade_case):\n    pass\n"]))
    assert done.counts == f"1 passed, {len(BAD)} errors", done.out
    assert "Traceback" not in done.out
    assert "pytest_plugin.py" not in done.out
    said = [line for line in done.out.splitlines() if line.startswith("tradegen marker: ")]
    for line, sentence in zip(said, BAD.values(), strict=True):
        assert sentence in line


@pytest.mark.slow
def test_bad_findings_give_the_sentence_and_the_tests_own_line_alone(tmp_path: Path) -> None:
    done = run_tests(
        tmp_path,
        """
def test_returns_nothing(trade_case):
    trade_case.assert_score(None)

def test_other_ids(trade_case):
    trade_case.assert_score([{"TradeRef": "tid00000001"}])

def test_view(trade_case):
    trade_case.buy
""",
    )
    assert done.counts == "3 failed"
    assert "ScoringError: findings is None; expected trade ids" in done.out
    assert "has no list buy; expected trades" in done.out
    assert "tradegen/scoring" not in done.out
    assert "tradegen/cases/findings" not in done.out


@pytest.mark.slow
def test_it_runs_on_several_workers(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    done = run_tests(
        tmp_path,
        """
@pytest.mark.tradegen(pairs=50, seeds=4)
def test_finds_all(trade_case):
    trade_case.assert_score(engine.compare(trade_case.trades))
""",
        "-n2",
    )
    assert done.counts == "4 passed", done.out


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    done = run_tests(tmp_path, "def test_plain():\n    pass\n", "-p", "no:tradegen")
    assert done.counts == "1 passed", done.out


def test_the_marker_is_listed(tmp_path: Path) -> None:
    done = run_tests(tmp_path, "", "--markers")
    assert "@pytest.mark.tradegen(scenario='original', seed=0, seeds=None, **fields): " in done.out


def test_the_plugin_is_registered_under_its_name() -> None:
    [entry] = entry_points(group="pytest11", name="tradegen")
    assert entry.value == "tradegen.testing.pytest_plugin"


def test_a_session_that_asks_for_no_case_imports_nothing_heavy(tmp_path: Path) -> None:
    tests = """
import sys

def test_light():
    assert "tradegen.testing.pytest_plugin" in sys.modules
    heavy = {"numpy", "pandas", "pydantic", "pyarrow", "duckdb", "hypothesis", "typer", "matplotlib"}
    assert not heavy & set(sys.modules)
"""
    # Hypothesis has a plugin of its own, which need not be light.
    done = run_tests(tmp_path, tests, "-p", "no:hypothesispytest", how=fresh)
    assert done.counts == "1 passed", done.out


def test_the_plugin_is_loaded_in_milliseconds() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import pytest; import tradegen.testing.pytest_plugin"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = re.findall(r"\| +(\d+) \| +(tradegen\S*)$", done.stderr, re.MULTILINE)
    whole = sum(
        int(micros) for micros, name in lines if name in ("tradegen", "tradegen.testing.pytest_plugin")
    )
    # Some 3 ms on an idle machine; numpy alone takes 30.
    assert whole < 25_000, lines


DOCS = (ROOT / "docs" / "testing_engines.md").read_text("utf-8")


def blocks(language: str) -> dict[str, str]:
    """The files shown in the docs, by name."""
    found = re.findall(rf"^```{language}\n# (\S+)\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.mark.slow
@pytest.mark.sized
def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    files = blocks("python")
    assert list(files) == ["engine.py", "test_engine.py"]
    few = "from hypothesis import settings\nsettings.register_profile('few', max_examples=10)\n"
    conftest = {"conftest.py": few + "settings.load_profile('few')\n"}
    done = run(tmp_path, **files, **size(conftest, {}))
    assert done.counts == "5 passed", done.out


@pytest.mark.slow
def test_the_failure_shown_in_the_docs_is_the_one_that_comes(tmp_path: Path) -> None:
    engine = blocks("python")["engine.py"]
    forgetful = engine.replace(', "trade_timestamp"]', "]")
    assert forgetful != engine
    tests = """
import pytest
from engine import compare

@pytest.mark.tradegen(pairs=40, seed=7, view="counterparty")
def test_finds_all(trade_case):
    trade_case.assert_score(compare(trade_case.buy, trade_case.sell), recall=0.99, precision=1.0)
"""
    done = run(tmp_path, **{"engine.py": forgetful, "test_engine.py": tests})
    [shown] = re.findall(r"^```text\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    printed = [line[1:].strip() for line in done.out.splitlines() if line.startswith("E ")]
    assert "\n".join(printed).removeprefix("AssertionError: ") == "\n".join(
        line.strip() for line in shown.splitlines()
    )
