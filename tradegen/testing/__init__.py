"""Small trades with a known truth, for tests of matching engines: cases, a pytest plugin, a strategy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tradegen.errors import CaseError

if TYPE_CHECKING:
    from tradegen.testing.case import DATE, SEED, TradeCase, make_case
    from tradegen.testing.strategies import trade_cases

__all__ = ["DATE", "SEED", "CaseError", "TradeCase", "make_case", "trade_cases"]


if not TYPE_CHECKING:  # for type checkers, it would mean that every name is there

    def __getattr__(name: str) -> Any:
        # Not before it is asked for: pytest imports the plugin beside it in every session.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(
            import_module(f"tradegen.testing.{'strategies' if name == 'trade_cases' else 'case'}"), name
        )
