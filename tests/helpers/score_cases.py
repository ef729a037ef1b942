"""A score as a matcher might get it, with numbers that a reader can check."""

from __future__ import annotations

from tradegen.scoring import Amounts, Outcome, Recall, Score, pool
from tradegen.scoring.score_counts import Benign, Curve, Input, Links, Several, Undecidable

PRICES = {0.0: (40, 30), 0.01: (40, 30), 0.1: (30, 28), 1.0: (10, 10), 10.0: (0, 0)}
SIZES = {0.0: (0, 0), 0.01: (10, 2), 0.1: (20, 18), 1.0: (10, 10), 10.0: (0, 0)}


def example(matcher: str = "exact join", found: int = 90) -> Score:
    """90 of 100 mismatched pairs found, 10 false alarms among 900 quiet pairs, 2 ids that are not there."""
    return Score(
        pairs=Outcome(100, found, 10, 2, 900),
        fields=Outcome(110, 88, 12, 2),
        notional=Amounts(1_000_000, 950_050, 50_000),
        by={
            "mechanism": {
                "price.nudge": Recall(40, 30),
                "quantity.nudge": Recall(50, 50),
                "trade_timestamp.delay": Recall(20, 0),
            },
            "field": {"price": Outcome(40, 30, 10, 1), "quantity": Outcome(50, 50, 2, 1)},
            "cause": {"(none)": Recall(80, 80), "Chicago <clock>": Recall(30, 0)},
            "leg": {"BUY": Recall(55, 40), "SELL": Recall(55, 40)},
            "notional": {
                "< 1,000": Outcome(1, 1, 0, 0, 9),
                "1,000 to 10,000": Outcome(99, 89, 10, 0, 891),
                "10,000 to 100,000": Outcome(0, 0, 0, 0, 0),
            },
        },
        records={"missing": Recall(4, 3), "orphan": Recall(2, 2)},
        confusion={
            "price": {"price": 28, "quantity": 2, "(not reported)": 9},
            "quantity": {"quantity": 49},
            "(clean)": {"price": 9, "(no field)": 1},
        },
        several=Several(5, 3, 2),
        benign=Benign(40, 4),
        undecidable=Undecidable(6, 5, 7, 3),
        links=Links(Outcome(96, 94, 1, 2), 3),
        tolerance_sweep=(
            Curve("price", "dollars", {at: Outcome(*counts, 10, 1) for at, counts in PRICES.items()}),
        ),
        detection=(Curve("price", "dollars", {at: Outcome(*counts) for at, counts in SIZES.items()}),),
        thresholds=Curve("", "score", {0.5: Outcome(100, 90, 10, 2, 900), 0.9: Outcome(100, 50, 1, 0, 900)}),
        input=Input(130, 4, 3, 2, ("tid99999999", "<script>\x1b[31m")),
        matcher=matcher,
    )


NOTHING = Score(Outcome())
POOLED = pool([example(found=80), example(found=90), example(found=100)])
SCORES = {"example": example(), "nothing": NOTHING, "pooled": POOLED}
