"""`fit`: from two lists, or from a file of breaks, to a scenario that breaks trades in the same way."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradegen.desk.breaks_to_inject import breaks_to_inject
from tradegen.desk.clean_columns import Described
from tradegen.desk.desk_names import desk_names
from tradegen.desk.desk_scenario import desk_scenario, possible_tolerances
from tradegen.desk.list_columns import layouts_of
from tradegen.desk.measuring import measure
from tradegen.desk.numbers import numbers_of
from tradegen.desk.reading import Observations, read_breaks, read_lists
from tradegen.desk.result import Fit
from tradegen.desk.tolerance_hints import tolerance_hints
from tradegen.errors import FitError, named, shown
from tradegen.market.universe import Market, Tickers, load_market

if TYPE_CHECKING:
    from tradegen.scenario.tolerances import Tolerances

_TOO_CLOSE = "your breaks are less than twice the tolerance, and generated ones are at least that"
_ALL_WITHIN = "all {} differences are within the tolerance; none are generated"


def fit(
    ours: Any = None,
    theirs: Any = None,
    *,
    id: str = "trade_id",  # noqa: A002 - what a user calls it
    columns: Mapping[str, str] | None = None,
    layouts: Mapping[str, Any] | None = None,
    breaks: Any = None,
    trades: int | None = None,
    fields: Mapping[str, str] | None = None,
    tolerances: Tolerances | Mapping[str, Any] | None = None,
    tickers: Tickers = None,
    confidence: float = 0.95,
    anonymise: bool = False,
) -> Fit:
    """Fit a scenario to the breaks that two lists of trades have, or to a file of breaks.

    Parameters
    ----------
    ours, theirs : path, folder, DataFrame or Arrow table
        The same trades as two systems, or two counterparties, have them: CSV, JSON lines, JSON or Parquet.
    id : str
        What the column is called that names the trade.
    columns : mapping of str to str, optional
        Names of columns that are not ours: ``{"price": "Px"}``.
    layouts : mapping, optional
        Tables ``ours`` and ``theirs``, each as a scenario has it: names of columns for this list, and the
        forms of its dates and times. Forms that are not given are found, where only one fits.
    breaks : path, DataFrame or Arrow table, optional
        In place of two lists: a row for each break, with the columns trade_id, field, ours and theirs.
    trades : int, optional
        Along with `breaks`: of how many trades these are the breaks.
    fields : mapping of str to str, optional
        Along with `breaks`: names of fields that are not ours, ``{"price": "Px"}``.
    tolerances : Tolerances or mapping, optional
        Differences up to these are benign, as in a scenario; none if not given.
    tickers : mapping, Series or path, optional
        The universe that is to be generated from, as `generate` takes it.
    confidence : float
        Of the intervals; from 0.5 to below 1.
    anonymise : bool
        Whether the result is to name no broker, ticker or file, and no value of a trade.

    Returns
    -------
    Fit
        With the scenario, and a table of all numbers that were measured.

    Raises
    ------
    FitError
        Where nothing can be fitted: ids that do not meet, cells that are no numbers or dates, no break.

    Examples
    --------
    >>> from tradegen import generate
    >>> lists = generate(pairs=2_000, view="two_system", mismatch_rate=0.1, seed=7).lists
    >>> found = fit(lists["ours"], lists["theirs"])
    >>> found.scenario.mismatch_rate
    0.1
    """
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0.5 <= confidence < 1:
        raise FitError(f"confidence is {shown(confidence)}; expected a share from 0.5 to below 1")
    if breaks is not None and (ours is not None or theirs is not None):
        raise FitError("breaks and lists are both given; expected one or the other")
    if breaks is not None and layouts is not None:
        raise FitError(
            "layouts are for two lists; expected breaks without them, with plain numbers, dates such as "
            "2025-07-21 and times such as 2025-07-21 10:33:00"
        )
    if breaks is None and fields is not None:
        raise FitError("fields are for breaks; for the columns of lists, expected columns")
    if (breaks is None and ours is None) or (ours is None) != (theirs is None):
        raise FitError("expected two lists, ours and theirs, or breaks and how many trades they are of")
    if (breaks is None) != (trades is None):
        raise FitError("breaks and trades go together; expected both, or two lists")
    limits = _tolerances(tolerances, own=breaks is None)
    market = load_market(tickers)
    if breaks is not None:
        names = {name: (columns or {}).get(name, name) for name in ("field", "ours", "theirs")}
        called = {"trade_id": id, **names}
        seen = read_breaks(breaks, trades, called, fields or {}, market.tickers, limits)
    else:
        seen = read_lists(ours, theirs, layouts_of(id, columns, layouts), limits, confidence, hide=anonymise)
    refit = functools.partial(_again, tolerances=limits, tickers=tickers, confidence=confidence)
    return _fitted(seen, limits, market, confidence, hide=anonymise, refit=refit)


def _again(lists: Mapping[str, Any], **options: Any) -> Fit:
    """Fit what was generated."""
    ours, theirs = lists.values()
    return fit(ours, theirs, **options)


def _fitted(
    seen: Observations,
    tolerances: Tolerances,
    market: Market,
    confidence: float,
    *,
    hide: bool,
    refit: functools.partial[Fit],
) -> Fit:
    """Measure what was seen, and make a scenario of it."""
    breaks = seen.breaks
    # A group may have names that no clean trade has.
    known = [(axis, value) for group in seen.groups.found for axis, value in group.where.items()]
    brokers = {value for axis, value in known if axis in ("broker_id", "contra_broker_id")}
    tickers = {value for axis, value in known if axis == "ticker"}
    names = desk_names(
        brokers | set(breaks.recogniser.brokers),
        tickers | set(breaks.recogniser.tickers),
        market.tickers,
        hide=hide,
    )
    basis: dict[str, Any] = {**seen.market.fields(), "tickers": market.to_dict()}
    if names.count:
        basis["brokers"] = names.count
    if own_columns := [dict(one.setting) for one in breaks.own if one.setting]:
        basis["columns"] = own_columns
    measured = measure(breaks, **basis)
    if not measured.mechanisms:
        counts = ", ".join(f"{name} {count:,}" for name, count in measured.fields.items())
        one = next((one for trade in breaks.observed for one in trade.differences), None)
        example = (
            f", such as {shown(one.ours)} and {shown(one.theirs)} in {one.field}" if one and not hide else ""
        )
        raise FitError(
            f"none of the mechanisms explains any of the {breaks.broken:,} breaks of {breaks.pairs:,} trades "
            f"({counts}){example}; tradegen catalogue lists those there are"
        )
    hot = seen.groups.found
    titled = [(title, names.stands_for(one), one) for title, one in zip(names.titles(hot), hot, strict=True)]
    numbers = tuple(numbers_of(breaks, measured, titled, confidence))
    notes: dict[str, str] = {}
    if kept := possible_tolerances(tolerances, measured, basis):
        basis["tolerances"] = kept
    dropped = breaks.within - set(kept)
    if breaks.benign and dropped:
        notes["rate benign"] = "; ".join(
            _TOO_CLOSE if name in measured.fields else _ALL_WITHIN.format(name) for name in sorted(dropped)
        )
    scenario, left_out = desk_scenario(seen, measured, titled, names, basis, hide=hide)
    notes |= left_out
    for field in measured.unexplained:
        notes[f"unexplained {field}"] = "no mechanism produces these; their share goes to the others"
    own = [(title, "", group) for title, _, group in titled]
    own_numbers = tuple(numbers_of(breaks, measured, own, confidence))
    to_inject = functools.partial(breaks_to_inject, seen, measured, own, own_numbers, names, basis)
    hints = {} if tolerances else tolerance_hints(breaks.observed)
    prices, looked_at = market.to_dict(), seen.groups.looked_at
    remarks = (*breaks.remarks, *_of_columns(breaks.own))
    return Fit(scenario, numbers, notes, hints, looked_at, confidence, prices, refit, to_inject, remarks)


def _of_columns(columns: Sequence[Described]) -> Iterator[str]:
    """A sentence on each column beside the nine that a scenario has in another way, or cannot have."""
    for one in columns:
        if one.note:
            what = "has it in another way" if one.setting else "does not have it"
            yield f"The scenario {what}, column {named(one.column.name)}: {one.note}."


def _tolerances(given: Tolerances | Mapping[str, Any] | None, *, own: bool) -> Tolerances:
    """The tolerances; with `own`, those of columns beside the nine are checked when lists are read."""
    from pydantic import ValidationError  # only where it is needed

    from tradegen.scenario.tolerances import Tolerances
    from tradegen.scenario.validation import explain

    try:
        found = Tolerances.model_validate({} if given is None else given)
        if not own:
            found.check({})
    except ValidationError as error:
        raise FitError(explain(error, Tolerances, "field of tolerances", "tolerances.")) from None
    except ValueError as error:
        raise FitError(str(error)) from None
    return found
