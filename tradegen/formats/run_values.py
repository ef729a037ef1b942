"""A run's values as text: its names, its ids, its precision. Frames, files and truth all print here."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from tradegen.core import formatting as text
from tradegen.core.blocks import NO_RECORD, Truth
from tradegen.core.columns import LEGS, ORDER_TYPES, Array
from tradegen.core.streams import draw, scramble
from tradegen.engine.run import Run

__all__ = ["altered_values", "deltas", "forms", "leg_names", "record_ids"]


def record_ids(run: Run, numbers: Array) -> Array:
    """Record ids: 16 hexadecimal digits that tell nothing; "" for no record."""
    salt = int(draw(run.seed, "record_id", 0, 1)[0])
    texts = text.hexadecimal(scramble(numbers, salt))
    texts[numbers == NO_RECORD] = b""
    return texts


def forms(run: Run) -> Mapping[str, text.Form]:
    """By field, how its integers are printed where no list has a form of its own for them."""
    brokers = text.named(text.broker_names(run.scenario.brokers))
    precision = run.scenario.timestamp_precision
    return {
        "trade_id": text.trade_ids,
        "ticker": text.named(run.tickers),
        "broker_id": brokers,
        "contra_broker_id": brokers,
        "quantity": text.integers,
        "price": text.dollars,
        "order_type": text.named(ORDER_TYPES),
        "date": text.days,
        "trade_timestamp": functools.partial(text.moments, precision=precision),
        "record": text.integers,
    }


def altered_values(run: Run, truth: Truth) -> tuple[Array, Array]:
    """The columns `original` and `altered` of the truth."""
    how, rows = forms(run), text.rows_by_field(truth.field)
    return text.by_field(truth.original, rows, how), text.by_field(truth.altered, rows, how)


def deltas(run: Run, truth: Truth) -> Array:
    """The column `delta` of the truth; "" where the field is a name."""
    seconds = functools.partial(text.seconds, precision=run.scenario.timestamp_precision)
    how: dict[str, text.Form] = {
        "quantity": text.integers,
        "price": text.dollars,
        "date": text.integers,
        "trade_timestamp": seconds,
        "record": text.integers,
    }
    return text.by_field(truth.altered - truth.original, text.rows_by_field(truth.field), how)


def leg_names(run: Run) -> tuple[str, ...]:
    """What the first and the second leg are called."""
    return LEGS[run.scenario.view]
