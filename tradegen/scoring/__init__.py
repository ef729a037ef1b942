"""Scoring: a matcher's findings against the truth."""

from tradegen.scoring.evaluation import score
from tradegen.scoring.outcomes import Amounts, Outcome, Recall
from tradegen.scoring.pooling import pool
from tradegen.scoring.scores import Score

__all__ = ["Amounts", "Outcome", "Recall", "Score", "pool", "score"]
