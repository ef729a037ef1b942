"""The numbers of a fit: what each is, how many trades it was measured on, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

from tradegen.core.statistics import wilson_interval
from tradegen.desk.groups import HotGroup
from tradegen.desk.measuring import Measured, unit_of
from tradegen.desk.observing import Breaks
from tradegen.desk.sizes import quantiles_of

Titled: TypeAlias = tuple[str, str, HotGroup]
"""A group with its title, and a note on the names in it."""

FEW = "too few to trust"
"""The note on a number whose interval is wider than itself, or that rests on very few trades."""

_FEWEST = 10  # trades
_FEWEST_BEYOND = 3  # sizes beyond a quantile, on either side
RULE = (
    f"has an interval wider than itself, or is a share of fewer than {_FEWEST} trades, or a size with fewer "
    f"than {_FEWEST_BEYOND} sizes beyond it"
)
"""When a number has that note."""


@dataclass(frozen=True, slots=True)
class Number:
    """One number that was measured.

    Attributes
    ----------
    kind : str
        ``rate``, ``field``, ``mechanism``, ``fields``, ``size``, ``leg``, ``hot spot``, ``unexplained``.
    name : str
    value, low, high : float
        With an interval at the confidence of the fit.
    count, of : int
        So many trades of so many.
    unit : str
        ``share``, ``times``, or the unit of a size.
    note : str
    """

    kind: str
    name: str
    value: float
    low: float
    high: float
    count: int
    of: int
    unit: str = "share"
    note: str = ""

    @property
    def text(self) -> str:
        """The value as people read it: 2.10%, 3.02 times, 4.5 bps."""
        return f"{self._written(self.value)}{self._unit}"

    @property
    def interval(self) -> str:
        """The interval as people read it: 1.8% to 2.4%, 2.5 to 3.6 times."""
        return f"{self._written(self.low)} to {self._written(self.high)}{self._unit}"

    def note_with(self, notes: Mapping[str, str]) -> str:
        """Its note, and why the scenario does not have it, by `Fit.notes`."""
        return _noted(self.note, notes.get(self.key, ""))

    @property
    def key(self) -> str:
        """What `Fit.notes` calls it."""
        return f"{self.kind} {self.name}"

    @property
    def _unit(self) -> str:
        return "" if self.unit == "share" else f" {self.unit}"

    def _written(self, value: float) -> str:
        if self.unit == "share":
            return f"{value:.2%}" if value < 0.1 else f"{value:.1%}"
        return f"{float(f'{value:.3g}'):,.10g}"


def numbers_of(
    breaks: Breaks, measured: Measured, groups: Sequence[Titled], confidence: float
) -> Iterator[Number]:
    """All numbers, in the order of the table."""
    seen = len(breaks.observed)
    yield _share("rate", "overall", breaks.broken, breaks.pairs, confidence)
    if breaks.benign:
        yield _share("rate", "benign", breaks.benign, breaks.pairs, confidence)
    for field, count in measured.fields.items():
        yield _share("field", field, count, seen, confidence)
    for name, share in measured.mechanisms.items():
        others = [other for pair in measured.alike if name in pair for other in pair if other != name]
        note = f"cannot be told from {others[0]}; each gets half of both" if others else ""
        yield _estimate("mechanism", name, share, measured.errors.get(name, 0.0), seen, confidence, note)
    for count, trades in enumerate(measured.fields_per_pair, 1):
        last = count == len(measured.fields_per_pair) > 1
        yield _share("fields", f"{count} or more" if last else f"{count}", trades, seen, confidence)
    for name, sizes in measured.sizes.items():
        unit, scale = unit_of(name)
        unit = unit or ("ticks" if name.endswith(".tick") else "seconds")
        for quantile in quantiles_of(sizes, confidence):
            value, low, high = (scale * one for one in (quantile.size, quantile.low, quantile.high))
            beyond = len(sizes) * min(quantile.chance, 1 - quantile.chance)
            few = _few(value, low, high, enough=beyond >= _FEWEST_BEYOND)
            yield Number(
                "size", f"{name} {quantile.chance:.0%}", value, low, high, len(sizes), seen, unit, few
            )
    share, error = measured.leg
    if error < _KNOWN:
        yield _estimate("leg", "ours", share, error, seen, confidence)
    for name, stands_for, group in groups:
        yield Number(
            "hot spot", name, group.factor, group.low, group.high, round(group.broken), round(group.trades),
            "times", _noted(_few(group.factor, group.low, group.high), stands_for),
        )  # fmt: skip
    for field, count in measured.unexplained.items():
        yield _share("unexplained", field, count, seen, confidence)


def _few(value: float, low: float, high: float, *, enough: bool = True) -> str:
    """The note by `RULE`; `enough` says whether there are trades, or sizes, to tell the number from."""
    return "" if enough and high - low <= value else FEW


def _noted(*notes: str) -> str:
    return "; ".join(filter(None, notes))


_KNOWN = 0.2  # the standard error from which on nothing is known of a share


def _share(kind: str, name: str, count: int, of: int, confidence: float) -> Number:
    low, high = (float(end) for end in wilson_interval(count, of, confidence))
    value = count / of if of else 0.0
    return Number(kind, name, value, low, high, count, of, note=_few(value, low, high, enough=of >= _FEWEST))


def _estimate(
    kind: str, name: str, share: float, error: float, of: int, confidence: float, note: str = ""
) -> Number:
    """A share that is estimated, with more uncertainty than counting would give."""
    share = min(share, 1.0)  # what is estimated can be beyond what is possible
    count = round(share * of)
    low, high = (float(end) for end in wilson_interval(share * of, of, confidence))
    half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    low, high = max(min(low, share - half), 0.0), min(max(high, share + half), 1.0)
    few = _few(share, low, high, enough=of >= _FEWEST)
    return Number(kind, name, share, low, high, count, of, note=_noted(few, note))
