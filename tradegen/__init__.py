"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""

import sys
from typing import TYPE_CHECKING

from tradegen.lazy import Package
from tradegen.version import __version__

if TYPE_CHECKING:
    from tradegen.batches import blocks
    from tradegen.datasets import write_dataset
    from tradegen.errors import (
        LedgerError,
        MarketError,
        OutputError,
        ScenarioError,
        ScoringError,
        TradegenError,
    )
    from tradegen.generate import Batch, generate, generate_block
    from tradegen.market import Market, load_market
    from tradegen.run import Run, prepare
    from tradegen.scenario import Scenario
    from tradegen.scoring import Score, pool, score

__all__ = [
    "Batch", "LedgerError", "Market", "MarketError", "OutputError", "Run", "Scenario", "ScenarioError",
    "Score", "ScoringError", "TradegenError", "__version__", "blocks", "generate", "generate_block",
    "load_market", "pool", "prepare", "score", "write_dataset",
]  # fmt: skip

# pytest imports this package in every session, for the sake of the plugin in it.
sys.modules[__name__].__class__ = Package
