"""Trade cases for tests of matching engines: a pytest fixture and a marker.

It loads in every pytest session where tradegen is installed: here, nothing is imported but pytest, which is
there. What makes the cases is loaded by the first test that asks for one.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tradegen.testing import TradeCase

_MARKER = (
    "tradegen(scenario='original', seed=0, seeds=None, **fields): what the fixture trade_case holds: a "
    "scenario and any of its fields, such as pairs=2000 or view='counterparty'; seed=[1, 2, 3] or seeds=3 "
    "makes one test for each seed"
)
_MOST_SEEDS = 10_000
_EXPECTED_SEED = "expected a whole number from 0, or several such as [1, 2, 3]"


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker is, so that --strict-markers knows it."""
    config.addinivalue_line("markers", _MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each seed of the marker."""
    if "trade_case" not in metafunc.fixturenames:
        return
    try:
        seeds = _seeds(_arguments(metafunc.definition))
    except _BadMarkerError:
        return  # the fixture says so, and the module's other tests run
    if seeds is not None:
        metafunc.parametrize("trade_case", seeds, indirect=True, ids=[f"seed={seed}" for seed in seeds])


@pytest.fixture
def trade_case(request: pytest.FixtureRequest) -> TradeCase:
    """Trades to match and the truth about them, as the marker ``tradegen`` says; the same in every run.

    By default it is the scenario ``original`` with seed 0. Its lists are ``trades``; ``buy`` and ``sell`` or
    ``ours`` and ``theirs``, by the view; ``lists`` has them by name, ``path()`` writes them to files.
    ``assert_score(findings, recall=0.99, precision=1.0)`` says what an engine has missed.
    """
    from tradegen.errors import TradegenError
    from tradegen.testing import make_case  # only where a test asks for a case

    def folder() -> Path:
        path: Path = request.getfixturevalue("tmp_path")
        return path

    sentence = ""
    try:
        arguments = _arguments(request.node)
        seeds = _seeds(arguments)
        if seeds is not None:
            if not hasattr(request, "param"):
                # Marks on single parameters come too late to make tests of.
                raise _BadMarkerError("several seeds in the mark of a parameter; expected them on the test")
            arguments["seed"] = request.param
        arguments.pop("seeds", None)
        return make_case(folder=folder, **arguments)
    except (_BadMarkerError, TradegenError) as error:
        sentence = str(error)
    # Out of the handler, so that the sentence stands alone.
    return pytest.fail(f"tradegen marker: {sentence}", pytrace=False)


class _BadMarkerError(Exception):
    """A marker that says nothing that can be made; the message is one sentence."""


def _arguments(node: pytest.Item | Any) -> dict[str, Any]:
    """What the markers on a test, its class and its module ask for; the nearer one wins, name by name."""
    found: dict[str, Any] = {}
    # The marks of a parameter stand behind those of its test, and are the nearer ones.
    of_parameters = list(getattr(getattr(node, "callspec", None), "marks", ()))
    for marker in [*reversed(list(node.iter_markers("tradegen"))), *of_parameters]:
        if marker.name != "tradegen":
            continue
        if len(marker.args) > 1 or (marker.args and "scenario" in marker.kwargs):
            raise _BadMarkerError(
                f"given {', '.join(map(repr, marker.args))} without names; expected at most the scenario so, "
                "and all else by name, such as pairs=2000"
            )
        if "folder" in marker.kwargs:
            raise _BadMarkerError("folder is given; files are written to the test's tmp_path")
        given = {**dict(zip(("scenario",), marker.args, strict=False)), **marker.kwargs}
        if "seed" in given:
            # Several seeds farther out are not to be added to the one that stands here.
            found.pop("seeds", None)
        elif "seeds" in given and not hasattr(found.get("seed", 0), "__index__"):
            del found["seed"]
        found |= given
    return found


def _seeds(arguments: dict[str, Any]) -> list[int] | None:
    """The seeds of one test each; None where there is one seed, which needs no name."""
    seed, count = arguments.get("seed", 0), arguments.get("seeds")
    if count is None:
        # What is no seed at all, the case itself refuses.
        one = hasattr(seed, "__index__") or isinstance(seed, (str, float)) or seed is None
        return None if one else _several("seed", seed)
    if not hasattr(count, "__index__"):
        if "seed" in arguments:
            raise _BadMarkerError("seed and seeds are both given as lists; expected one of them")
        return _several("seeds", count)
    number = operator.index(count)
    if isinstance(count, bool) or not 1 <= number <= _MOST_SEEDS:
        raise _BadMarkerError(f"seeds is {count!r}; expected how many, from 1 to {_MOST_SEEDS}, or a list")
    first = _whole("seed", seed)
    return list(range(first, first + number))


def _several(name: str, given: Any) -> list[int]:
    if hasattr(given, "__index__"):
        return [_whole(name, given)]
    try:
        seeds = [_whole(name, seed) for seed in given]
    except TypeError:
        raise _BadMarkerError(f"{name} is {given!r}; {_EXPECTED_SEED}") from None
    if not seeds or len(set(seeds)) < len(seeds):
        raise _BadMarkerError(f"{name} is {given!r}; expected one or more seeds, each once")
    return seeds


def _whole(name: str, seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or operator.index(seed) < 0:
        raise _BadMarkerError(f"{name} is {seed!r}; {_EXPECTED_SEED}")
    return operator.index(seed)
