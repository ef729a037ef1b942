"""The desk's own names of brokers and tickers, and what they are called in a scenario and in tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tradegen.core.formatting import broker_names
from tradegen.desk.groups import NOTIONALS, HotGroup

_OURS = re.compile(r"BKR(\d{3,4})")
_BROKERS = ("broker_id", "contra_broker_id")
_LONGEST = 40  # letters of a hot spot's name
_TOLD_BY = 33  # the first letters differ, so that "contra" may stand before a name
_MOST_BROKERS = 9_999
_FEWEST_BROKERS = 3  # with fewer, none could be mistaken for a third one
_WORDS = {
    "broker_id": "{}",
    "contra_broker_id": "contra {}",
    "ticker": "{}",
    "hours": "{}",
    "min_notional": "from {} dollars",
    "max_notional": "up to {} dollars",
}


@dataclass(frozen=True, slots=True)
class DeskNames:
    """Names by column.

    Attributes
    ----------
    count : int or None
        How many brokers a scenario needs; None where the lists name none.
    brokers : mapping of str to str
        By the desk's name of a broker, the scenario's.
    tickers : collection of str
        Those of the universe that is generated from.
    hidden : mapping of str to str
        What names are called where they are not to be seen; empty if they are.
    """

    count: int | None
    brokers: Mapping[str, str]
    tickers: Collection[str]
    hidden: Mapping[str, str]

    def titles(self, groups: Sequence[HotGroup]) -> list[str]:
        """What groups are called in tables, and as causes: each has a name of its own."""
        found: list[str] = []
        for group in groups:
            name = title = self._title(group)
            taken, number = {one[:_TOLD_BY] for one in found}, 1
            while name[:_TOLD_BY] in taken:
                number += 1
                name = f"{title[: _TOLD_BY - len(f' {number}')].strip()} {number}"
            found.append(name)
        return found

    def _title(self, group: HotGroup) -> str:
        where = group.where.items()
        parts = [_WORDS.get(axis, f"{axis} {{}}").format(self._shown(axis, value)) for axis, value in where]
        # Names of hot spots take letters, digits, spaces, dots, dashes and underscores.
        plain = re.sub(r"[^A-Za-z0-9 _.-]", ".", _without_accents(" ".join(parts)))
        return plain.lstrip(" _.-")[:_LONGEST].strip()

    def _shown(self, axis: str, value: str) -> str:
        if axis in NOTIONALS:
            return f"{float(value):.0f}"
        if axis == "hours":
            return value.replace(":", ".")
        telling = re.search("[A-Za-z0-9]", _without_accents(value))
        return self.hidden.get(value, value if telling else self.brokers.get(value, "other"))

    def where(self, group: HotGroup) -> dict[str, str | float] | None:
        """The conditions of a hot spot; None where a ticker is not in the universe."""
        found: dict[str, str | float] = {}
        for axis, value in group.where.items():
            if axis == "ticker" and value not in self.tickers:
                return None
            if axis in _BROKERS:
                found[axis] = self.brokers[value]
            else:
                found[axis] = float(value) if axis in NOTIONALS else value
        return found

    def stands_for(self, group: HotGroup) -> str:
        """A note on the desk's own name of a broker, where the scenario has another."""
        own = [f"{self.brokers[value]} stands for {value}" for axis, value in group.where.items()
               if axis in _BROKERS and self.brokers[value] != value and not self.hidden]  # fmt: skip
        return "; ".join(own)


def _without_accents(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def desk_names(
    brokers: Collection[str], tickers: Collection[str], own: Collection[str], *, hide: bool
) -> DeskNames:
    """Names for the brokers and tickers of a desk.

    Parameters
    ----------
    brokers, tickers : collection of str
        The desk's.
    own : collection of str
        The tickers of the universe that is generated from.
    hide : bool
        Whether they are not to be seen: they become C001, ... and T001, ...
    """
    ordered = sorted(brokers)
    numbers = [_OURS.fullmatch(name) for name in ordered]
    if all(numbers) and ordered and not hide:
        count: int | None = max(int(found[1]) for found in numbers if found)
        called = {name: name for name in ordered}
    else:
        count = min(max(len(ordered), 2), _MOST_BROKERS) if ordered else None
        called = dict(zip(ordered, broker_names(count), strict=False)) if count else {}
    hidden = {}
    if hide:
        hidden = {name: f"C{number:03}" for number, name in enumerate(ordered, 1)}
        hidden |= {name: f"T{number:03}" for number, name in enumerate(sorted(tickers), 1)}
    return DeskNames(max(count, _FEWEST_BROKERS) if count else None, called, () if hide else own, hidden)
