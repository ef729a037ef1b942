"""The package's public names, each loaded when it is first asked for."""

from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["Package"]

_MODULES = {
    "batches": ("blocks",),
    "datasets": ("write_dataset",),
    "errors": ("LedgerError", "MarketError", "OutputError", "ScenarioError", "ScoringError", "TradegenError"),
    "generate": ("Batch", "generate", "generate_block"),
    "market": ("Market", "load_market"),
    "run": ("Run", "prepare"),
    "scenario": ("Scenario",),
    "scoring": ("Score", "pool", "score"),
}
_LATER = {name: module for module, names in _MODULES.items() for name in names}


class Package(ModuleType):
    """The package itself. Its `generate` is the function, also after the submodule of that name is loaded."""

    def __getattr__(self, name: str) -> Any:
        if name in _LATER:
            value = getattr(import_module(f"{self.__name__}.{_LATER[name]}"), name)
            setattr(self, name, value)
            return value
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        # Importing a submodule sets it on its package, under a name that may be a function's.
        if name in _LATER and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*_LATER, "__version__"})
