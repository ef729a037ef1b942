"""How the columns are written that a scenario adds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from tradegen.core import formatting
from tradegen.core.blocks import NO_RECORD, Trades
from tradegen.core.columns import Array
from tradegen.core.streams import draw, scramble
from tradegen.core.text_columns import joined
from tradegen.engine.code_names import names_of
from tradegen.engine.run import Run
from tradegen.formats.kinds import Code, Date, Decimal, Integer, Kind, Reference, Timestamp

if TYPE_CHECKING:
    from tradegen.scenario.layouts import Layout
    from tradegen.scenario.own_columns import OwnColumn

_PRECISION = 18  # digits of a decimal, as of a price


def own_fields(run: Run, layout: Layout) -> Iterator[tuple[str, Kind, Callable[[Trades], Array]]]:
    """Each of the scenario's own columns: its name, its kind, and how its values come from records."""
    for column in run.scenario.columns:
        if column.kind == "reference" and column.own:
            reference = hidden_reference(run, f"column/{column.name}", column.prefix)
            yield column.name, reference, attrgetter("record")
        else:
            yield column.name, _kind(run, column, layout), functools.partial(_own, column.name)


def _own(name: str, trades: Trades) -> Array:
    return trades.own[name]


def _kind(run: Run, column: OwnColumn, layout: Layout) -> Kind:
    nullable = f"{column.name}.blank" in run.mechanisms
    match column.kind:
        case "code" | "text":
            return Code(names_of(run.scenario, run.market, column.name).names, nullable)
        case "integer":
            return Integer(nullable)
        case "decimal":
            return Decimal(_PRECISION, column.places, nullable)
        case "date":
            return Date(layout.date_format, nullable)
        case "timestamp":
            return Timestamp(run.scenario.timestamp_precision, layout.timestamp_format, nullable)
    return Reference(functools.partial(_numbered, column.prefix, column.places), nullable)


def _numbered(prefix: str, digits: int, numbers: Array) -> Array:
    """A prefix, and a number with zeros in front: ``ORD00000021``."""
    texts = formatting.integers(numbers + 10**digits)
    # The one in front, which was added, is the first byte that is no padding, whatever the width.
    plain = np.frombuffer(texts.tobytes().translate(None, b"\0"), np.uint8).reshape(len(numbers), digits + 1)[
        :, 1:
    ]
    found = np.ascontiguousarray(plain).view(f"S{digits}").ravel()
    return joined(np.broadcast_to(np.array(prefix.encode()), len(numbers)), found) if prefix else found


def hidden_reference(run: Run, stream: str, prefix: str = "") -> Reference:
    """A reference that each record has for itself: hexadecimal digits that tell nothing; "" for no record."""
    salt = int(draw(run.seed, stream, 0, 1)[0])

    def texts(numbers: Array) -> Array:
        found = formatting.hexadecimal(scramble(numbers, salt))
        found[numbers == NO_RECORD] = b""
        return joined(np.broadcast_to(np.array(prefix.encode()), len(numbers)), found) if prefix else found

    return Reference(texts)
