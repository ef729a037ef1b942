"""Wrong identifiers: trade id, ticker, brokers, side."""

from __future__ import annotations

import numpy as np

from tradegen.core.columns import Array
from tradegen.core.streams import whole
from tradegen.mechanisms.difference import Difference
from tradegen.mechanisms.mechanism import Case, Mechanism, Needs, Shown
from tradegen.mechanisms.share_classes import other_share_class

_TICKER = ("ticker", "price in ticker", "neighbours in ticker")
_PRICE = ("price", "notional", "price in ticker", "neighbours in ticker")


def other_ticker(case: Case) -> Array:
    """Any other ticker of the universe, if there is one."""
    count = case.context.ticker_count
    return _another(case, count, case.original) if count > 1 else case.original


def suffixed(case: Case) -> Array:
    """The ticker with a suffix: its code, past those of all tickers."""
    return case.original + case.context.ticker_count


def share_class(case: Case) -> Array:
    """The company's other share class, where the universe has both."""
    other: Array = case.context.share_classes[case.original]
    return np.where(other >= 0, other, case.original)


def other_broker(case: Case) -> Array:
    """Any broker that is not on the leg, if there is one."""
    count = case.context.broker_count
    if count < 3:
        return case.original
    brokers = (case.on_leg("broker_id"), case.on_leg("contra_broker_id"))
    return _another(case, count, *brokers)


def _third_broker(seen: Difference) -> bool:
    own = {seen.leg["broker_id"], seen.leg["contra_broker_id"]}
    return seen.altered in seen.brokers and seen.altered not in own


def _another(case: Case, count: int, *taken: Array) -> Array:
    """Codes below `count` that are not taken, all alike."""
    code: Array = whole(case.raw, 0, count - 1 - len(taken))
    # Each number that is left out, from the lowest on, moves those after it up by one.
    for codes in np.sort(np.stack(taken), axis=0):
        code = code + (code >= codes)
    return code


def swapped(case: Case) -> Array:
    """The contra broker and the broker, in each other's place."""
    return np.stack([case.on_leg("contra_broker_id"), case.original])


def _other_party(seen: Difference) -> bool:
    parties = {seen.leg["broker_id"], seen.leg["contra_broker_id"]}
    return {seen.original, seen.altered} == parties


def flipped(case: Case) -> Array:
    """The other side."""
    return 1 - case.original


def mistyped(case: Case) -> Array:
    """One digit of the id is another; the id is then no other's of the run, nor another's mistyped one.

    A digit is changed whose place is worth more than the run's ids are apart: the new id lies outside the
    run, and two ids that differed elsewhere still do. Ids without such a digit stay.
    """
    first, last = case.context.ids
    lowest = len(str(last - first))  # 10**lowest is more than the ids are apart
    count = np.full(len(case.original), 8)
    for digits in range(8, len(str(last))):
        count += case.original >= 10**digits
    places = count - lowest
    able = places > 0
    power = lowest + whole(case.raw, np.zeros_like(places), np.maximum(places - 1, 0))
    worth = np.int64(10) ** np.where(able, power, 0)
    digit = case.original // worth % 10
    new = (digit + whole(case.raw << np.uint64(32), 1, 9)) % 10
    # A zero in front would vanish from an id of more than eight digits.
    vanishing = (new == 0) & (power == count - 1) & (count > 8)
    new = np.where(vanishing, 1 + (digit == 1), new)
    mistyped = case.original + (new - digit) * worth
    # Past the largest id, 63 bits overflow to below zero.
    return np.where(able & (mistyped >= 0), mistyped, case.original)


def _one_digit_off(seen: Difference) -> bool:
    one, other = seen.original, seen.altered
    wrong = sum(a != b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) and wrong == 1 and other[:3] == "tid" and other[3:].isdigit()


IDENTIFIERS = (
    Mechanism(
        name="trade_id.mistyped",
        sentence="One digit of the trade id is wrong, and no other id is like it: both legs are orphans.",
        examples=(("tid00000021", "tid00070021"),),
        alter=mistyped,
        recognises=_one_digit_off,
        shows=(Shown(("id",), "the id lies outside the run's"),),
    ),
    Mechanism(
        name="ticker.other",
        sentence="The ticker is another one of the universe; the price stays.",
        examples=(("AAPL", "MSFT"),),
        alter=other_ticker,
        recognises=lambda seen: seen.altered in seen.tickers and seen.altered != seen.original,
        shows=(
            Shown(_PRICE, "the price is the old ticker's: seen without the price"),
            Shown(_TICKER, "the price is the old ticker's: seen without the ticker"),
        ),
        iso="DSEC",
        fix="14",
    ),
    Mechanism(
        name="ticker.suffix",
        sentence="The ticker has a suffix, as vendors' codes have for the exchange.",
        examples=(("AAPL", "AAPL.O"),),
        alter=suffixed,
        recognises=lambda seen: seen.altered == seen.original + ".O",
        shows=(Shown(_TICKER, "the suffix, which makes it a ticker of its own"),),
        iso="DSEC",
        fix="14",
    ),
    Mechanism(
        name="ticker.share_class",
        sentence="The ticker is that of the company's other share class, where the universe has both.",
        examples=(("GOOGL", "GOOG"),),
        alter=share_class,
        recognises=lambda seen: other_share_class(seen.original) == seen.altered,
        needs=Needs(
            "a company with two share classes, both in the universe",
            lambda leg, _settings: other_share_class(leg["ticker"]) is not None,
        ),
        shows=(Shown((*_TICKER, *_PRICE), "few companies have two, and prices tell which"),),
        iso="DSEC",
        fix="14",
    ),
    Mechanism(
        name="broker_id.other",
        sentence="The broker is another one, neither of the two who traded.",
        examples=(("BKR005", "BKR012"),),
        alter=other_broker,
        recognises=_third_broker,
        # Both drawn anew might be the same broker, who would trade with himself.
        excludes=frozenset({"contra_broker_id"}),
        fix="8",
    ),
    Mechanism(
        name="broker_id.swapped",
        sentence="Broker and contra broker changed places on one leg; two rows of the truth.",
        examples=(("BKR005", "BKR011"),),
        alter=swapped,
        recognises=_other_party,
        more_fields=("contra_broker_id",),
        fix="8",
    ),
    Mechanism(
        name="contra_broker_id.other",
        sentence="The contra broker is another one, neither of the two who traded.",
        examples=(("BKR011", "BKR002"),),
        alter=other_broker,
        recognises=_third_broker,
    ),
    Mechanism(
        name="order_type.flip",
        sentence="The side is the other one, so that both legs are on one side.",
        examples=(("BUY", "SELL"),),
        alter=flipped,
        recognises=lambda seen: {seen.original, seen.altered} == {"BUY", "SELL"},
        shows=(
            Shown(
                ("neighbours", "neighbours in ticker", "price in ticker"),
                "the other leg now stands on the same side of the list",
            ),
        ),
        # A leg with its side and its brokers turned round is a right record of the other leg.
        excludes=frozenset({"broker_id.swapped"}),
        iso="DELN",
        fix="5",
    ),
)
