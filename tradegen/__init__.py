"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""

from typing import TYPE_CHECKING

from tradegen.errors import (
    FitError,
    LedgerError,
    ListError,
    MarketError,
    OutputError,
    ScenarioError,
    ScoringError,
    TradegenError,
)  # fmt: skip
from tradegen.version import __version__

if TYPE_CHECKING:
    from tradegen.analysis.side_by_side import compare
    from tradegen.api.batch import Batch, generate
    from tradegen.api.record_batches import blocks
    from tradegen.desk.fitting import fit
    from tradegen.desk.injecting.injection import Injected, inject
    from tradegen.desk.result import Fit
    from tradegen.engine.generator import generate_block
    from tradegen.engine.run import Run, prepare
    from tradegen.market.universe import Market, load_market
    from tradegen.output.dataset import write_dataset
    from tradegen.scenario.model import Scenario
    from tradegen.scenario.overrides import ScenarioOverrides
    from tradegen.scoring import Score, pool, score

__all__ = [
    "Batch", "Fit", "FitError", "Injected", "LedgerError", "ListError", "Market", "MarketError",
    "OutputError", "Run", "Scenario", "ScenarioError", "ScenarioOverrides", "Score", "ScoringError",
    "TradegenError", "__version__", "blocks", "compare", "fit", "generate", "generate_block", "inject",
    "load_market", "pool", "prepare", "score", "write_dataset",
]  # fmt: skip

if not TYPE_CHECKING:  # for type checkers, it would mean that every name is there
    from tradegen.public_names import __getattr__ as __getattr__
