"""A Hypothesis strategy for small trade cases, which shrinks to the smallest that an engine gets wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from tradegen.core.columns import LISTS
from tradegen.errors import ScenarioError, nearest, whole_number
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.scenario.model import Scenario
from tradegen.testing.case import TradeCase, make_case

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError(
        "tradegen.testing.strategies needs Hypothesis, which is not installed: pip install 'tradegen[pytest]'"
    ) from None

if TYPE_CHECKING:
    from tradegen.testing.case_fields import DrawnCaseFields

_MOST_PAIRS = 10_000
_MOST_MECHANISMS = 4
# Shares of mismatched pairs, and of those with a benign difference, the simplest first.
_RATES = ((1.0, 0.0), (0.5, 0.0), (0.1, 0.0), (0.0, 0.0))
_RATES_UNDER_TOLERANCES = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.5, 0.0), (0.1, 0.4), (0.0, 0.0))


def trade_cases(
    max_pairs: int = 20,
    *,
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    mechanisms: Sequence[str] | None = None,
    views: Sequence[str] | None = None,
    max_fields: int = 2,
    **fields: Unpack[DrawnCaseFields],
) -> st.SearchStrategy[TradeCase]:
    """Draw small cases: a few pairs, one to four mechanisms, how often and how many at once, a view, a seed.

    They shrink towards one pair with one mismatch, by the first of the mechanisms, in the first of the views,
    with seed 0.

    Parameters
    ----------
    max_pairs : int
        The most pairs of a case, 1 to 10,000.
    scenario : Scenario, mapping, str, path or None
        Where all comes from that is not drawn: times, settings, tolerances, layouts.
    mechanisms : sequence of str, optional
        Those to draw from, the simplest first; by default those of `scenario`, and without one all of the
        catalogue in its order, those of the scenario's own `columns` last.
    views : sequence of str, optional
        Those to draw from, the simplest first; by default that of `scenario`; without
        one, that is ``single``.
    max_fields : int
        The most fields that are altered in one pair, 1 to 4.
    **fields
        Fields of the scenario that are the same in each case, such as ``tolerances={"quantity": 5}``. What is
        given here is not drawn. Under tolerances, benign differences are drawn, and whether differences are
        at the boundary.

    Returns
    -------
    SearchStrategy of TradeCase
        A case prints as the call of `make_case` that makes it again.

    Raises
    ------
    ScenarioError
        If an argument is unknown or out of range.
    """
    whole_number("max_pairs", max_pairs, 1, _MOST_PAIRS, ScenarioError)
    whole_number("max_fields", max_fields, 1, 4, ScenarioError)
    scenario_fields: dict[str, Any] = {**fields}
    others: dict[str, Any] = {
        name: scenario_fields.pop(name) for name in ("first_id", "tickers") if name in fields
    }
    if "seed" in fields:
        raise ScenarioError("seed is given; expected none, for seeds are drawn: make_case makes one case")
    for name, given in {"mechanisms": mechanisms, "views": views}.items():
        if given is not None and not given:
            raise ScenarioError(f"{name} is empty; expected one or more, or none to leave it out")
    if views is not None and "view" in fields:
        raise ScenarioError("views and view are both given; expected one of them")
    base = Scenario.load(scenario).replace(**scenario_fields)
    # A scenario that turns nothing on says nothing of what to draw.
    known = [name for name in base.catalogue if not name.endswith(f".{FOLLOWS}")]
    offered = tuple(mechanisms or (scenario and base.weights) or known)
    shown = tuple(views or (base.view,))
    _check("mechanisms", offered, known)
    _check("views", shown, LISTS)
    return _cases(base, scenario, max_pairs, offered, shown, max_fields, {**scenario_fields, **others})


@st.composite
def _cases(
    draw: st.DrawFn,
    base: Scenario,
    scenario: Any,
    max_pairs: int,
    mechanisms: tuple[str, ...],
    views: tuple[str, ...],
    max_fields: int,
    given: Mapping[str, Any],
) -> TradeCase:
    """One case; what is drawn first is what shrinks first."""
    asked: dict[str, Any] = {}

    def choose(name: str, strategy: st.SearchStrategy[Any]) -> Any:
        asked[name] = given[name] if name in given else draw(strategy)
        return asked[name]

    choose("pairs", st.integers(1, max_pairs))
    most = min(len(mechanisms), _MOST_MECHANISMS)
    weights = st.lists(st.sampled_from(mechanisms), min_size=1, max_size=most, unique=True).map(
        lambda names: {name: 1.0 for name in mechanisms if name in names}
    )
    chosen = choose("mechanisms", weights)
    choose("fields_per_pair", st.integers(1, max_fields).map(lambda most: (*[0.0] * (most - 1), 1.0)))
    tolerant = any(base.tolerance(base.catalogue[name].field) for name in chosen)
    rates = draw(st.sampled_from(_RATES_UNDER_TOLERANCES if tolerant else _RATES))
    asked["mismatch_rate"] = given.get("mismatch_rate", min(rates[0], 1 - given.get("benign_rate", 0.0)))
    if tolerant:
        asked["benign_rate"] = given.get("benign_rate", min(rates[1], 1 - asked["mismatch_rate"]))
        choose("boundary", st.booleans())
    elif base.benign_rate or base.boundary:
        # The scenario's tolerances are on fields that this case does not alter.
        asked |= {"benign_rate": 0.0, "boundary": False}
    if len(views) > 1:
        choose("view", st.sampled_from(views))
    seed = draw(st.integers(0, 2**32 - 1))
    return make_case(scenario, seed=seed, **{**given, **asked})


def _check(name: str, values: tuple[str, ...], known: Iterable[str]) -> None:
    for value in values:
        if value not in known:
            raise ScenarioError(f"{name} has {value!r}, which is unknown; {nearest(str(value), known)}")
