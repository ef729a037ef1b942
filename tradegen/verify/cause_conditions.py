"""A cause is that of trades that meet its hot spot's conditions, as far as the nine columns say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tradegen.verify.database import Database
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import MIRROR, literal

_ANY = "true"


def conditions_of(plan: Plan) -> dict[str, str]:
    """By hot spot, SQL for whether a row `other`, the leg that nothing was altered on, says that it is met.

    The row of the truth is about leg `leg`, and `alone` is whether the hot spot is its only cause. Where
    several go together, each may be about another of the two legs.
    """
    spots = plan.scenario.get("hot_spots", ())
    return {str(spot.get("name", "")): " AND ".join(_conditions(spot, plan)) or _ANY for spot in spots}


def _conditions(spot: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    where, unseen = spot.get("where", {}), {name for _, name in plan.unseen}
    if spot.get("leg") is not None:
        yield f"(NOT alone OR leg = {plan.legs.index(spot['leg'])})"
    for name in {"ticker", *MIRROR} - unseen:
        if where.get(name) is not None:
            given = [where[name]] if isinstance(where[name], str) else where[name]
            names = ", ".join(literal(str(one)) for one in given)
            of_leg = f"other.{MIRROR.get(name, name) if plan.facing else name} IN ({names})"
            yield f"({of_leg} OR (NOT alone AND other.{name} IN ({names})))"
    if where.get("hours") is not None and "trade_timestamp" not in unseen:
        given = [where["hours"]] if isinstance(where["hours"], str) else where["hours"]
        yield f"({' OR '.join(map(_within, given))})"
    if not unseen & {"quantity", "price"}:
        worth, places = "other.quantity::HUGEINT * other.price", plan.places["notional"]
        for name, sign, whole in (("min_notional", ">=", math.ceil), ("max_notional", "<=", math.floor)):
            if where.get(name) is not None:
                yield f"{worth} {sign} {whole(Decimal(str(where[name])).scaleb(places))}"


def _within(hours: str) -> str:
    """SQL for whether the time lies in a stretch such as 10:00-10:30, which may go across midnight."""
    second = "other.trade_timestamp // 1000000 % 86400"
    start, end = (
        sum(int(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1), strict=False))
        for time in hours.split("-")
    )
    return f"({second} >= {start} {'AND' if start < end else 'OR'} {second} < {end})"


def prove_causes(database: Database, plan: Plan, findings: Findings) -> None:
    """Prove that each row of the truth is of a trade that its cause's hot spots are about."""
    for name, condition in conditions_of(plan).items():
        if condition == _ANY:
            continue
        spot = literal(name)
        database.tell(
            findings,
            "invalid",
            f"""SELECT * FROM (
                SELECT truth.*, cause = {spot} AS alone, CASE leg WHEN 0 THEN two ELSE one END AS other
                FROM truth JOIN faced USING (pair) WHERE list_contains(string_split(cause, ' + '), {spot})
            ) WHERE NOT ({condition})""",
            "tid(pair) || ' ' || place(leg, field) || ': cause is ' || cause || ', and the conditions of ' "
            f"|| {spot} || ' are not those of the trade'",
        )
