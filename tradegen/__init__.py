"""Two-sided trade records with known mismatches, to measure a trade reconciliation with."""

from tradegen.errors import LedgerError, MarketError, OutputError, ScenarioError, TradegenError
from tradegen.generate import Batch, blocks, generate, generate_block
from tradegen.ledger import Ledger, create_ledger, open_ledger
from tradegen.market import Market, load_market
from tradegen.run import Run, prepare
from tradegen.scenario import Scenario, scenario_names
from tradegen.version import __version__

__all__ = [
    "Batch",
    "Ledger",
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
    "create_ledger",
    "generate",
    "generate_block",
    "load_market",
    "open_ledger",
    "prepare",
    "scenario_names",
]
