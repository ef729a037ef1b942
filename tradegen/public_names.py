"""Where the public names are that wait to be imported until they are asked for.

What takes time to import waits: pytest imports this package in every session.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["LATER"]

LATER = {
    "Batch": "api.batch",
    "Fit": "desk.result",
    "Injected": "desk.injecting.injection",
    "Market": "market.universe",
    "Run": "engine.run",
    "Scenario": "scenario.model",
    "ScenarioOverrides": "scenario.overrides",
    "Score": "scoring",
    "blocks": "api.record_batches",
    "compare": "analysis.side_by_side",
    "fit": "desk.fitting",
    "generate": "api.batch",
    "generate_block": "engine.generator",
    "inject": "desk.injecting.injection",
    "load_market": "market.universe",
    "pool": "scoring",
    "prepare": "engine.run",
    "score": "scoring",
    "write_dataset": "output.dataset",
}
"""By public name, the module below ``tradegen`` that has it."""


def __getattr__(name: str) -> Any:
    """A public name of ``tradegen``, imported now."""
    if name not in LATER:
        raise AttributeError(f"module 'tradegen' has no attribute {name!r}")
    return getattr(import_module(f"tradegen.{LATER[name]}"), name)
