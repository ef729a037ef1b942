"""The columns that a scenario adds to the nine, as the manifest tells of them.

This is a reading of its own: how the generator understands such a column is what is proved here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tradegen.errors import shown
from tradegen.verify.grid_steps import places_of, steps_of
from tradegen.verify.words import FIELDS, PLACES, VerifyError

BLANK = -(2**63)
"""The number that stands for a missing value: no value is that small. A missing name is an empty text."""

NAME_KINDS = ("code", "text")
"""Kinds whose values are names; those of the others are integers once they are read."""

_KINDS = (*NAME_KINDS, "integer", "decimal", "date", "timestamp", "reference")
_NAME = "[a-z][a-z0-9_]{0,39}"
_MOST = 40


@dataclass(frozen=True, slots=True)
class Added:
    """A column that a scenario adds.

    Attributes
    ----------
    name, kind : str
    places : int
        Decimal places of its numbers.
    prefix, digits : str, int
        Of a reference, or of names that are made from numbers.
    own : bool
        Whether each record has one of its own, which says nothing of the pair.
    product : tuple of str
        The two columns that it is the product of; none for others.
    sessions_after, by : str, int
        The date that it comes so many weekdays after.
    after : str
        The time that it comes `least` to `most` seconds after.
    recomputed : bool
        Whether it always follows, where what it is derived from is altered.
    least, most : int
        Bounds of clean numbers, in units of the last place; both 0 where there are none.
    names : tuple of str
        All clean names, where they are listed.
    codes : int
        How many clean names are made of the prefix and a number; 0 for none.
    by_ticker : mapping of str to str
        The clean name of each ticker, where names come from the universe.
    spare : int
        How many more places the exact product has.
    """

    name: str
    kind: str
    places: int = 0
    prefix: str = ""
    digits: int = 0
    own: bool = False
    product: tuple[str, ...] = ()
    sessions_after: str = ""
    by: int = 0
    after: str = ""
    recomputed: bool = True
    least: int = 0
    most: int = 0
    names: tuple[str, ...] = ()
    codes: int = 0
    by_ticker: Mapping[str, str] = field(default_factory=dict)
    spare: int = 0

    @property
    def column(self) -> str:
        """What its values are called in tables, where no word of SQL and no other column is called so."""
        return f"c_{self.name}"

    @property
    def is_name(self) -> bool:
        """Whether its values are names."""
        return self.kind in NAME_KINDS

    @property
    def type(self) -> str:
        """What its values are in tables."""
        return "VARCHAR" if self.is_name else "UBIGINT" if self.own else "BIGINT"

    @property
    def holds(self) -> str:
        """What a column of Parquet holds of it."""
        return {
            "integer": "whole numbers",
            "decimal": f"decimals with {PLACES[self.places]}",
            "date": "dates",
            "timestamp": "timestamps without a zone",
        }.get(self.kind, "text")

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns that it is worked out from; none for a column that is drawn."""
        return self.product or ((self.sessions_after,) if self.sessions_after else ())

    @property
    def shared_out(self) -> bool:
        """Whether the records of a split leg have a part of its value each."""
        return "quantity" in self.product

    @property
    def follows(self) -> str:
        """The mechanism of a value that was worked out from an altered one."""
        return f"{self.name}.follows"

    @property
    def expected(self) -> str:
        """What a cell of it is to be, for people."""
        if self.kind == "decimal":
            return f"a number with {self.places} decimal{'' if self.places == 1 else 's'}"
        if self.kind == "reference":
            digits = "16 hexadecimal digits" if self.own else f"{self.digits} digits"
            return f"{self.prefix} and {digits}" if self.prefix else digits
        return {"integer": "a whole number", "code": "a name", "text": "a name"}.get(
            self.kind, f"a {self.kind} in the list's format"
        )


def added_columns(manifest: Mapping[str, Any] | None) -> tuple[Added, ...]:
    """Read the columns that a run's scenario adds, in their order; none without a manifest.

    Parameters
    ----------
    manifest : mapping, optional
        Its numbers are texts as they stand there.

    Raises
    ------
    VerifyError
        Where they are not as tradegen writes them.
    """
    if manifest is None:
        return ()
    told = manifest["replay"]["scenario"].get("columns") or []
    if not isinstance(told, list) or len(told) > _MOST:
        raise VerifyError(f"columns is {shown(told)} in the manifest; expected a list of {_MOST} at most")
    found: dict[str, Added] = {}
    for item in told:
        name = item.get("name") if isinstance(item, Mapping) else None
        kind = item.get("kind") if isinstance(item, Mapping) else None
        taken = name in (*FIELDS, "record_id") or name in found
        if not isinstance(name, str) or not re.fullmatch(_NAME, name) or taken or kind not in _KINDS:
            raise VerifyError(
                f"columns has {shown(item)} in the manifest; expected a new name and a kind: "
                + ", ".join(_KINDS)
            )
        try:
            found[name] = _read(item, manifest["replay"].get("tickers"))
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            raise VerifyError(
                f"column {name} is {shown(item)} in the manifest, which is not how tradegen writes a {kind}"
            ) from None
    house = places_of(steps_of(manifest["replay"]["scenario"]))
    return tuple(_with_spare(item, found, house) for item in found.values())


def _read(item: Mapping[str, Any], tickers: Any) -> Added:
    """A column of one kind; what its kind does not have is left out."""
    name, kind = str(item["name"]), str(item["kind"])
    about: dict[str, Any] = {"recomputed": not Decimal(item.get("not_recomputed") or 0)}
    prefix = str(item.get("prefix") or "")
    if kind in NAME_KINDS:
        if item.get("from") is not None:
            by_ticker = {ticker: str(row[item["from"]]) for ticker, row in tickers.items()}
            return Added(name, kind, by_ticker=by_ticker, **about)
        if item.get("codes") is not None:
            return Added(name, kind, prefix=prefix, codes=int(item["codes"]), **about)
        names = item["values"] if item.get("value") is None else [item["value"]]
        return Added(name, kind, names=tuple(map(str, names)), **about)
    if kind == "reference":
        return Added(name, kind, prefix=prefix, digits=int(item["digits"]), own=item.get("own") is True)
    if kind == "date":
        return Added(
            name, kind, sessions_after=_one_of(item, "sessions_after", "date"), by=int(item["by"]), **about
        )
    if kind == "timestamp":
        after = _one_of(item, "after", "trade_timestamp")
        return Added(name, kind, after=after, least=int(item["min"]), most=int(item["max"]))
    places = int(item["places"]) if kind == "decimal" else 0
    if places not in range(7):
        raise ValueError
    if item.get("product") is not None:
        one, other = item["product"]
        return Added(name, kind, places, product=(one, other), **about)
    least, most = (int(Decimal(item[bound]) * 10**places) for bound in ("min", "max"))
    return Added(name, kind, places, least=least, most=most)


def _one_of(item: Mapping[str, Any], key: str, only: str) -> str:
    if item[key] != only:
        raise ValueError
    return only


def _with_spare(column: Added, others: Mapping[str, Added], house: Mapping[str, int]) -> Added:
    """A product, with the places that are rounded off it."""
    if not column.product:
        return column
    places = {name: house[name] for name in ("quantity", "price")} | {
        other.name: other.places for other in others.values() if other.kind in ("integer", "decimal")
    }
    unknown = [name for name in column.product if name not in places]
    if unknown:
        raise VerifyError(
            f"column {column.name} is the product of {shown(unknown[0])} in the manifest; expected numbers: "
            + ", ".join(places)
        )
    return replace(column, spare=sum(places[name] for name in column.product) - column.places)
