"""The tuning bench: controls in front of `analysis.tuning`, in a notebook or as a page of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["TuningPanel"]


def __getattr__(name: str) -> Any:
    # Widgets are not needed to serve the page.
    if name in __all__:
        return getattr(import_module("tradegen.lab.panel"), name)
    raise AttributeError(f"module 'tradegen.lab' has no attribute {name!r}")
