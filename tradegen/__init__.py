"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""

from typing import TYPE_CHECKING, Any

from tradegen.errors import LedgerError, MarketError, OutputError, ScenarioError, TradegenError
from tradegen.generate import Batch, blocks, generate, generate_block
from tradegen.market import Market, load_market
from tradegen.run import Run, prepare
from tradegen.version import __version__

if TYPE_CHECKING:
    from tradegen.scenario import Scenario

__all__ = [
    "Batch",
    "LedgerError",
    "Market",
    "MarketError",
    "OutputError",
    "Run",
    "Scenario",
    "ScenarioError",
    "TradegenError",
    "__version__",
    "blocks",
    "generate",
    "generate_block",
    "load_market",
    "prepare",
]


def __getattr__(name: str) -> Any:
    if name == "Scenario":  # loaded when first asked for: pydantic is a fifth of the time of the import
        from tradegen.scenario import Scenario

        return Scenario
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
