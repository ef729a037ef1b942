"""Prices are multiples of their ticker's tick, where the manifest's tickers have ticks of their own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradegen.errors import shown
from tradegen.verify.added_forms import BLANK_NUMBER
from tradegen.verify.database import Database
from tradegen.verify.proof_plan import Plan
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import VerifyError, literal


def ticks_of(manifest: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """The tickers with a tick of their own, by the manifest.

    Raises
    ------
    VerifyError
        Where one is no tick.
    """
    tickers = manifest["replay"].get("tickers") if manifest else None
    rows = tickers.items() if isinstance(tickers, Mapping) else ()
    given = {ticker: row["tick"] for ticker, row in rows if isinstance(row, Mapping) and row.get("tick")}
    try:
        found = {str(ticker): Decimal(tick) for ticker, tick in given.items()}
        wrong = any(not 0 < tick <= 1 for tick in found.values())
    except (ArithmeticError, TypeError, ValueError):
        wrong = True
    if wrong:
        raise VerifyError(f"tickers have the ticks {shown(given)} in the manifest; expected dollars up to 1")
    return found


def prove_ticks(database: Database, plan: Plan, findings: Findings) -> None:
    """Prove that every price, clean or altered, is a multiple of its ticker's tick.

    Where the truth says that a record's ticker was altered, the price is that of another ticker.
    """
    ticks = ticks_of(plan.manifest)
    if not ticks:
        return
    unit = 10 ** plan.places["price"]
    steps = ", ".join(
        f"({literal(ticker)}, {max(int(tick * unit), 1)}, {literal(str(tick))})"
        for ticker, tick in ticks.items()
    )
    database.run(f"CREATE OR REPLACE TABLE ticks AS FROM (VALUES {steps}) AS named(ticker, step, tick)")
    database.tell(
        findings,
        "relation",
        f"""SELECT all_records.*, tick FROM all_records JOIN ticks USING (ticker)
            ANTI JOIN (SELECT pair, leg FROM truth WHERE field = 'ticker') AS told USING (pair, leg)
            WHERE price % step <> 0 AND price <> {BLANK_NUMBER}""",
        "tid(pair) || ' ' || leg_name(leg) || ' in ' || leg_file(leg) || ': its price is no multiple of ' "
        "|| tick || ', the tick of ' || ticker",
    )
