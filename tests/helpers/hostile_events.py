"""Events drawn by a seed: good ones of each kind, often with a scenario, in which a few places are spoilt."""

from __future__ import annotations

import copy
import math
import random
from functools import cache
from typing import Any

from lambda_events import rule_event, scheduler_default, scheduler_input

from tradegen.scenario.model import Scenario

SCENARIOS = (
    *("original", "hard", "everything", "clock_trouble", "fat_finger", "us_equity_t1", "clean"),
    *("settlement", "dirty_text"),
)
_NESTED: Any = 0
for _ in range(200):
    _NESTED = [_NESTED]
# What JSON can hold, as the runtime client reads it. 1e999 is infinity in JSON, too.
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        15,
        15.0,
        0.3,
        -0.0,
        1e-300,
        1e308,
        2**53,
        2**63,
        10**400,
        math.inf,
        -math.inf,
    ),
    *(
        "",
        " ",
        "15",
        "0.3",
        "x" * 300,
        "\0",
        "a\nb",
        "\r",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "\ufeffid",
        "é",
        "💹" * 70,
    ),
    *(
        "../../etc/passwd",
        "http://169.254.169.254/",
        "dynamodb://ids",
        "$(id)",
        "{}",
        "nan",
        "<aws.scheduler>",
    ),
    *(
        "2025-07-21",
        "2025-02-30T10:33:00Z",
        "09:30:00",
        "9999-12-31T23:59:59Z",
        "%Y",
        "%Q%",
        "BKR001",
        "price.nudge",
    ),
    *(
        [],
        {},
        [None],
        [[]],
        [1, 1],
        [0.5, 0.5],
        ["BKR001"],
        {"": 0},
        {"min": 5, "max": 1},
        {"a\nb": 1},
        _NESTED,
    ),
    *({"price.nudge": 1}, [{"name": "x", "rate": 0.5, "where": {}}], {"columns": {"price": "price "}}),
]


@cache
def _fields(name: str) -> dict[str, Any]:
    found = Scenario.load(name)
    fields = {**found.to_dict(), "tick": found.tick, "quantity_step": found.quantity_step}
    return {key: value for key, value in fields.items() if key not in ("start", "end", "date", "view")}


def hostile_event(seed: int) -> Any:
    """One event; a seed gives the same one every time. Some are not spoilt enough to be refused."""
    draws = random.Random(seed)
    event: Any = draws.choice(
        (
            lambda: rule_event(seed),
            lambda: scheduler_input(f"execution-{seed}"),
            lambda: scheduler_default(f"execution-{seed}"),
        )
    )()
    if draws.random() < 0.8:
        fields = copy.deepcopy(_fields(draws.choice(SCENARIOS)))
        kept = draws.sample(sorted(fields), draws.randint(1, len(fields)))
        event["scenario"] = {name: fields[name] for name in kept} | {"pairs": draws.randint(1, 60)}
    for _ in range(draws.choice((1, 1, 1, 2, 2, 5))):
        event = _spoilt(event, draws)
    return event


def _spoilt(event: Any, draws: random.Random) -> Any:
    """One place of an event removed, added, renamed or replaced, at any depth."""
    places = list(_places(event))
    if not places or draws.random() < 0.01:
        return copy.deepcopy(draws.choice(VALUES))
    holder, place = draws.choice(places)
    value = holder[place]
    what = draws.choice(("replace", "replace", "remove", "add", "rename", "turn", "turn"))
    if what == "replace":
        holder[place] = copy.deepcopy(draws.choice(VALUES))
    elif what == "remove":
        del holder[place]
    elif what == "turn":
        holder[place] = draws.choice(
            (lambda: [value], lambda: str(value), lambda: {"value": value}, lambda: _off(value))
        )()
    elif isinstance(holder, list):
        holder.insert(place, copy.deepcopy(draws.choice((value, *VALUES))))
    elif what == "add":
        name = draws.choice(
            ("pairs", "seed", "rate", "name", "where", "min", "max", "__class__", "\ud800", "a\nb", "x" * 99)
        )
        holder[name] = copy.deepcopy(draws.choice(VALUES))
    else:
        holder[draws.choice((f"{place} ", place.upper(), place[:-1], f"{place}\0"))] = holder.pop(place)
    return event


def _off(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value * -3 + 1
    return value * 2 if isinstance(value, (str, list)) else None


def _places(value: Any) -> Any:
    """Every place of an event, as its holder and the key or index in it."""
    if isinstance(value, (dict, list)):
        for place in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, place
            yield from _places(value[place])
