"""Every mechanism, alone, in twos and all together: what is always true, on the written text.

Seeds are fixed; where chance decides, a test has a false-alarm probability of 1e-6 (`ALARM`).
"""

from __future__ import annotations

import gc
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from plausible import (
    BY_OTHER_TRADES,
    CERTAIN,
    EVERYTHING,
    FORMS,
    LARGE,
    LAYOUTS,
    SMALL,
    SPOTS,
    TOLERANCES,
    VIEWS,
    both,
    check_exact,
    check_plausible,
    clear_of_the_tolerance,
    possible,
    seconds_off,
    spot_of,
    spots,
)
from reference import LEGS, LISTS, check_order, check_truth, check_values
from sizes import chosen, size

from tradegen.mechanisms.catalogue import CATALOGUE

# Of 600 mismatched pairs 15 are of a company with two share classes: none of them is once in 3 million times.
IN_TWOS = 1_200  # `make test-exhaustive` has 100,000 of each two
SEVERAL_BLOCKS = size(VIEWS[:1], VIEWS)


@pytest.fixture(autouse=True)
def _without_collecting_garbage() -> Iterator[None]:
    """Millions of rows, none in a cycle: looking for cycles takes a third of the time."""
    gc.disable()
    yield
    gc.enable()


# Alone -----------------------------------------------------------------------------------------------------


def check_alone(mechanism: str, view: str, form: str, pairs: int) -> None:
    arguments: dict[str, Any] = {"pairs": pairs, "view": view, "mechanisms": {mechanism: 1}, "seed": 11}
    lists, truth = both(form, **arguments)
    before = check_truth(lists, truth, view)
    check_values(lists)
    check_order(truth)
    check_plausible(truth, before, view)
    assert {row["mechanism"] for row in truth} == {mechanism}
    assert {row["leg"] for row in truth} == set(LEGS[view])
    named = any("record_id" in row for listed in lists.values() for row in listed[:1])
    assert named == (mechanism.partition(".")[0] in ("record", "order_type", "trade_id"))
    if mechanism in BY_OTHER_TRADES:
        check_exact(truth, pairs, 0.3)
        return
    able = {key for key, legs in before.items() if possible(mechanism, legs[0])}
    if len(able) > 0.3 * pairs:
        check_exact(truth, pairs, 0.3)
    else:
        # So few legs can be altered that all of them are, short of the rate.
        assert {row["trade_id"] for row in truth} == able


@pytest.mark.parametrize(("number", "mechanism"), list(enumerate(CATALOGUE)), ids=list(CATALOGUE))
def test_each_mechanism_alone_is_effective_complete_exact_and_as_described(
    number: int, mechanism: str
) -> None:
    # Over nine mechanisms, every view in every form.
    check_alone(mechanism, VIEWS[number % 3], FORMS[number // 3 % 3], SMALL)


@pytest.mark.parametrize("further", chosen([1, 2], [1]))
@pytest.mark.parametrize(("number", "mechanism"), list(enumerate(CATALOGUE)), ids=list(CATALOGUE))
def test_each_mechanism_alone_keeps_the_properties_in_the_other_views(
    number: int, mechanism: str, further: int
) -> None:
    check_alone(mechanism, VIEWS[(number + further) % 3], FORMS[(number + further) % 3], 2_000)


# In twos ---------------------------------------------------------------------------------------------------


@pytest.mark.sized
@pytest.mark.parametrize("one", CATALOGUE)
def test_any_two_mechanisms_meet_on_one_leg_unless_they_exclude_each_other(one: str) -> None:
    names = list(CATALOGUE)
    for number, other in enumerate(names[names.index(one) + 1 :], names.index(one)):
        excluded = CATALOGUE[one].conflicts(CATALOGUE[other])
        # By default, of those that have nothing to do with each other, every eighth two.
        if not excluded and (names.index(one) + number) % size(8, 1):
            continue
        view = VIEWS[number % 3]
        weights = {one: 1, other: 1}
        lists, truth = both(
            pairs=IN_TWOS,
            view=view,
            mechanisms=weights,
            fields_per_pair=[0, 1],
            mismatch_rate=0.5,
            seed=number,
        )
        before = check_truth(lists, truth, view)
        check_values(lists)
        check_order(truth)
        check_plausible(truth, before, view)
        sets = defaultdict(set)
        for row in truth:
            sets[row["trade_id"]].add(row["mechanism"])
        found = Counter(map(frozenset, sets.values()))
        assert set(found) <= {frozenset({one}), frozenset({other}), frozenset({one, other})}
        together = found[frozenset({one, other})]
        if excluded:
            assert together == 0, f"{one} and {other} exclude each other"
        else:
            assert together > 0, f"{one} and {other} never meet"
        if one in CERTAIN and other in CERTAIN and not excluded:
            assert together == len(sets), f"{one} and {other} are possible on every leg"


@pytest.mark.sized
@pytest.mark.parametrize(
    ("view", "form"),
    chosen(itertools.product(VIEWS, FORMS), list(zip(VIEWS, FORMS, strict=True))),
)
def test_all_mechanisms_together_with_tolerances_hot_spots_and_layouts(view: str, form: str) -> None:
    # In one form a view: reading a layout's timestamps takes long, and so do many pairs.
    once = VIEWS.index(view) == FORMS.index(form)
    layouts = LAYOUTS if once else {}
    layouts = {name: layout for name, layout in layouts.items() if name in LISTS[view]}
    lists, truth = both(
        form,
        pairs=LARGE if once and view in SEVERAL_BLOCKS else SMALL,
        seed=VIEWS.index(view) * 3 + FORMS.index(form),
        view=view,
        timestamp_precision="ms",
        tolerances=TOLERANCES,
        benign_rate=0.05,
        hot_spots=spots(view),
        # Few companies have two share classes: with a weight of 1, now and then none would be drawn.
        **(EVERYTHING | {"mechanisms": EVERYTHING["mechanisms"] | {"ticker.share_class": 20}}),
        **layouts,
    )
    before = check_truth(lists, truth, view, TOLERANCES)
    check_values(lists, "ms")
    check_order(truth)
    benign = [row for row in truth if row["benign"] == "true"]
    # A benign difference may be smaller than its mechanism's mismatches; the rest is as ever.
    check_plausible([row for row in truth if row["benign"] == "false"], before, view)
    assert {row["mechanism"] for row in truth} == set(CATALOGUE)
    assert all(map(clear_of_the_tolerance, truth))
    # Every cause, leg by leg, and the rates.
    belongs = {trade_id: spot_of(pair, view) for trade_id, pair in before.items()}
    for row in truth:
        cause, legs = belongs[row["trade_id"]]
        assert row["cause"] == cause, f"{row['trade_id']} belongs to {cause!r}"
        assert row["leg"] in legs, f"{row['trade_id']}: {cause} is about {legs}"
    sizes = Counter(cause for cause, _ in belongs.values())
    hit = Counter(
        belongs[trade_id][0] for trade_id in {row["trade_id"] for row in truth if row["benign"] == "false"}
    )
    rates = {"": 0.3} | {spot["name"]: spot["rate"] for spot in SPOTS}
    assert set(sizes) == set(rates)
    for cause, rate in rates.items():
        # Exact in either block.
        found, of = hit[cause], sizes[cause]
        assert abs(found - rate * of) < 2, f"{cause!r}: {found} of {of} at {rate}"
    late = [row for row in truth if row["cause"] == "late desk"]
    assert {row["mechanism"] for row in late} == {"trade_timestamp.clock_skew"}
    assert all(seconds_off(row, "2", "3") for row in late)
    fed = Counter(row["mechanism"] for row in truth if row["cause"] == "bad feed")
    assert set(fed) == {"price.decimal_shift", "ticker.suffix"}
    assert {row["field"] for row in benign} == {"quantity", "price", "trade_timestamp"}
