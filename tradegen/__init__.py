"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tradegen.errors import LedgerError, MarketError, OutputError, ScenarioError, TradegenError
from tradegen.generate import Batch, generate, generate_block
from tradegen.market import Market, load_market
from tradegen.run import Run, prepare
from tradegen.version import __version__

if TYPE_CHECKING:
    from tradegen.arrow import blocks
    from tradegen.datasets import write_dataset
    from tradegen.scenario import Scenario

__all__ = [
    "Batch", "LedgerError", "Market", "MarketError", "OutputError", "Run", "Scenario", "ScenarioError",
    "TradegenError", "__version__", "blocks", "generate", "generate_block", "load_market", "prepare",
    "write_dataset",
]  # fmt: skip


# Loaded when first asked for: pydantic alone is a fifth of the import's time, and pyarrow may be missing.
_LATER = {"Scenario": "scenario", "blocks": "arrow", "write_dataset": "datasets"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
