"""Random scenarios as a desk might have them, and what of them two lists can show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tradegen import Batch
from tradegen.core.columns import TRADE_COLUMNS
from tradegen.mechanisms.catalogue import CATALOGUE

SEEN_ALIKE = {"price.tick": "price.nudge", "price.stale": "price.nudge"}
"""Mechanisms whose differences are, one by one, those of another: a fit counts them as that."""

_TWINS = (
    {"date.next_session", "date.previous_session"},
    {"broker_id.other", "contra_broker_id.other"},
)


def random_desk(seed: int, pairs: int, *, always: bool = False) -> dict[str, Any]:
    """Keyword arguments of `generate`: a rate, some mechanisms, and perhaps two hot spots.

    With `always`, only mechanisms that are possible for every trade.
    """
    random = np.random.default_rng(seed)
    possible = [name for name, entry in CATALOGUE.items() if entry.needs is None or not always]
    chosen = random.choice(possible, random.integers(3, 12), replace=False).tolist()
    # Another share class is possible for few trades, and a ticker's price before is like any other.
    names = [name for name in chosen if name not in ("ticker.share_class", "price.stale")]
    fields = len({CATALOGUE[name].field for name in names} - {"record"})
    spots = []
    if random.random() < 0.5:
        spots.append({"name": "broker", "where": {"broker_id": "BKR004"}, "factor": 3.0})
        spots.append({"name": "hour", "where": {"hours": "11:00-11:30"}, "factor": 4.0})
    return {
        "pairs": pairs,
        "view": ("two_system", "counterparty")[seed % 2],
        "mismatch_rate": float(random.uniform(0.01, 0.06)),
        "rate_is": "overall",
        "mechanisms": {name: float(random.uniform(0.3, 3)) for name in names},
        "fields_per_pair": [0.85, 0.15] if fields > 2 else [1.0],
        "buy_share": float(random.choice([0.5, 0.2])),
        "timestamp_precision": str(random.choice(["s", "ms"])),
        "hot_spots": spots,
        "seed": seed,
        "date": "2025-07-08",
    }


def shares_by_field(batch: Batch) -> dict[str, float]:
    """Of the broken trades, the share in which each field breaks, as two lists show it, from the truth.

    A counterparty's broker is our contra broker, so that what is wrong on the second leg shows there.
    """
    truth = _breaks(batch)
    field = truth["field"].astype(str)
    if batch.run.scenario.view == "counterparty":
        second = truth["leg"] == "SELL"
        mirror = {"broker_id": "contra_broker_id", "contra_broker_id": "broker_id"}
        field = field.where(~second, field.map(lambda name: mirror.get(name, name)))
    pairs = truth.assign(field=field).drop_duplicates(["trade_id", "field"])
    counts = pairs["field"].value_counts()
    total = truth["trade_id"].nunique()
    return {name: counts[name] / total for name in (*TRADE_COLUMNS, "record") if name in counts}


def shares_by_mechanism(batch: Batch) -> dict[str, float]:
    """Of the broken trades, the share that each mechanism altered; those that look alike as one."""
    truth = _breaks(batch)
    names = truth["mechanism"].astype(str).replace(SEEN_ALIKE)
    pairs = truth.assign(mechanism=names).drop_duplicates(["trade_id", "mechanism"])
    return (pairs["mechanism"].value_counts() / truth["trade_id"].nunique()).to_dict()


def joined(shares: dict[str, float]) -> dict[str, float]:
    """The same, with mechanisms that nothing tells apart but the list that is wrong added up."""
    found: dict[str, float] = {}
    for name, share in shares.items():
        twins = next((pair for pair in _TWINS if name in pair), {name})
        title = " or ".join(sorted(twins))
        found[title] = found.get(title, 0.0) + share
    return found


def _breaks(batch: Batch) -> pd.DataFrame:
    return batch.truth[~batch.truth["benign"]]
