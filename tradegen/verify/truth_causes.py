"""Which causes a truth may name: the hot spots of the manifest's scenario, as it tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradegen.verify.words import literal


def wrong_cause(scenario: Mapping[str, Any]) -> str:
    """SQL for whether a truth's `cause` is neither empty, nor a hot spot, nor several that go together.

    Parameters
    ----------
    scenario : mapping
        As the manifest has it.
    """
    spots = scenario.get("hot_spots", ())
    causes = ("", *(str(spot.get("name", "")) for spot in spots))
    found = f"cause NOT IN ({', '.join(map(literal, causes))})"
    multiplied = [literal(str(spot.get("name", ""))) for spot in spots if spot.get("rate") is None]
    if multiplied:
        # Where several with a factor or a share are about a pair, their names in the scenario's order.
        there = ", ".join(f"list_contains(string_split(cause, ' + '), {name})" for name in multiplied)
        named = f"list_where([{', '.join(multiplied)}], [{there}])"
        # Of no names, DuckDB 1.3 makes NULL.
        found += f" AND cause IS DISTINCT FROM array_to_string({named}, ' + ')"
    return found
