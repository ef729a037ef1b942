"""Trade cases: small data with a known truth, for tests of matching engines."""

from tradegen.cases.case import DATE, SEED, TradeCase, make_case
from tradegen.errors import CaseError

__all__ = ["DATE", "SEED", "CaseError", "TradeCase", "make_case"]
