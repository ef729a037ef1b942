"""What an attacker can see of single records: everything that one of them and its list say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradegen import Batch, generate
from tradegen.core.text_columns import strings
from tradegen.formats.tables import Table, list_tables, truth_table

Array = NDArray[Any]
Features = dict[tuple[str, str], Array]
"""Arrays of float64, shape (records,), by group and name."""

_DAY = 86_400_000_000  # microseconds
_EDGE = 50  # so many values from either end of a range are told apart

_BASE: dict[str, Any] = {"scenario": "us_equity_t1", "date": "2025-07-08", "fields_per_pair": [1]}
# Half of the pairs: a quarter of the legs are altered, and both their other legs and clean pairs are among
# the rest.
_RATE = 0.5

VIEWS = ("single", "counterparty", "two_system")


@dataclass(frozen=True, eq=False)
class Sample:
    """Records of one run, as an attacker sees them."""

    features: Features
    altered: Array  # bool, shape (records,)
    pair: Array  # int64, shape (records,): legs of one pair have one number

    @property
    def groups(self) -> set[str]:
        """The groups of its features."""
        return {group for group, _ in self.features}


def sample(mechanism: str = "", pairs: int = 100_000, seed: int = 1, **overrides: Any) -> Sample:
    """Generate a run with one mechanism alone, half of its pairs altered, on the settings of us_equity_t1.

    A record counts as altered where the truth has its leg: for a missing leg, the one that is left; for a
    duplicate and for fills, all of the leg's.
    """
    scenario = {**_BASE, "mismatch_rate": _RATE, "mechanisms": {mechanism: 1}, **overrides}
    if mechanism == "trade_timestamp.clock_skew":
        scenario.setdefault("timestamp_precision", "ms")
    batch = generate(pairs=pairs, seed=seed, **scenario)
    truth = _frame(truth_table(batch.run), batch)
    lists, parts = tables(batch), []
    for number, (name, table) in enumerate(lists.items()):
        leg = table["order_type"] if len(lists) == 1 else name.upper()
        parts.append((features(table, number, batch.run.scenario.columns), *_labels(table, leg, truth)))
    joined = {key: np.concatenate([part[0][key] for part in parts]) for key in parts[0][0]}
    ids = pd.factorize(np.concatenate([part[2] for part in parts]))[0]
    return Sample(joined, np.concatenate([part[1] for part in parts]), ids)


def tables(batch: Batch) -> dict[str, pd.DataFrame]:
    """The lists of a run as they are written: columns of text, by the list's name."""
    return {name: _frame(table, batch) for name, table in list_tables(batch.run).items()}


def _frame(table: Table, batch: Batch) -> pd.DataFrame:
    texts = [table.texts(table.rows(block)) for block in batch.blocks]
    return pd.DataFrame({name: np.concatenate([strings(of[name]) for of in texts]) for name in texts[0]})


def _labels(table: pd.DataFrame, leg: Any, truth: pd.DataFrame) -> tuple[Array, Array]:
    """Whether each record is altered, and its pair's true id."""
    ids = table["trade_id"]
    if (truth["altered"] == "0").all():  # missing legs
        return ids.isin(truth["trade_id"]).to_numpy(), ids.to_numpy()
    if "record_id" not in table or (truth["field"] == "record").all():
        key = ids + " " + leg
        return key.isin(truth["trade_id"] + " " + truth["leg"]).to_numpy(), ids.to_numpy()
    true_id = table["record_id"].map(dict(zip(truth["record_id"], truth["trade_id"], strict=True)))
    return true_id.notna().to_numpy(), true_id.fillna(ids).to_numpy()


def features(table: pd.DataFrame, number: int = 0, columns: Sequence[Any] = ()) -> Features:
    """What can be computed from each record of a list as it is written, and from the list around it.

    Parameters
    ----------
    table : DataFrame of str
        The list's columns.
    number : int
        Of the list, where there are several.
    columns : sequence of OwnColumn
        Those that the scenario adds.
    """
    row = np.arange(len(table))
    ids = _numbers(table["trade_id"].str[3:])
    quantity = _numbers(table["quantity"])
    ticks = _numbers(table["price"].str.replace(".", ""))
    time, day = _moments(table["trade_timestamp"], "us"), _moments(table["date"], "D")
    ticker, broker, contra, side = (
        pd.factorize(table[name], sort=True)[0]
        for name in ("ticker", "broker_id", "contra_broker_id", "order_type")
    )
    # Of one side: there the pair's other leg is not among them, unless its side is wrong.
    kind = side * (ticker.max() + 1) + ticker
    of_ticker = pd.Series(ticks).groupby(kind)
    median, least, most = (of_ticker.transform(name).to_numpy() for name in ("median", "min", "max"))
    before, after, _ = _neighbours(time, side)
    ticker_before, ticker_after, previous = _neighbours(time, kind)
    second, clock = time // 1_000_000, time % _DAY
    made: dict[str, dict[str, Array]] = {
        "position": {"row": row, "share": row / len(row), "odd": row % 2, "list": np.full(len(row), number)},
        "id": {"behind row": ids - ids.min() - row / 2, **_whole(ids), **_digits(table["trade_id"].str[3:])},
        "quantity": _whole(quantity),
        "price": _whole(ticks),
        "notional": {"value": quantity * ticks},
        "price in ticker": {
            "from median": ticks - median,
            "relative": ticks / np.maximum(median, 1),
            "between": (ticks - least) / np.maximum(most - least, 1),
            **_edges(ticks, least, most),
        },
        "ticker": {"code": ticker},
        "brokers": {
            "broker": broker,
            "contra": contra,
            "round the circle": (contra - broker) % (max(broker.max(), contra.max()) + 1),
        },
        "order_type": {"side": side},
        "date": {"day": day - day.min(), "after timestamp": day - time // _DAY},
        "time": {
            **_whole(clock // 1000),
            **{f"second: {name}": values for name, values in _whole(clock // 1_000_000).items()},
            "minute": second // 60 % 60,
            "second": second % 60,
            "millisecond": time // 1000 % 1000,
            "microsecond": time % 1000,
        },
        "neighbours": {
            "before": before,
            "after": after,
            "nearest": np.minimum(before, after),
        },
        "neighbours in ticker": {
            "before": ticker_before,
            "after": ticker_after,
            "price from previous": ticks - ticks[previous],
        },
    }
    if "record_id" in table:
        made["record_id"] = _digits(table["record_id"])
    clean = {"date": day, "timestamp": time, "decimal": quantity * ticks}
    for column in columns:
        name, kind = column.name, column.kind
        derived = kind == "timestamp" or column.derived_from
        made[name] = _added(table[name], kind, clean[kind] if derived else None)
        # Of other codes, it would tell whether the pair's other leg has the same one, which is matching.
        if getattr(column, "from_", None):
            both = pd.Series(ticker).groupby([ticker, table[name]]).transform("size")
            made[name]["how usual with the ticker"] = both.to_numpy() / np.bincount(ticker)[ticker]
    for group, column in _WRITTEN.items():
        made[group]["length"] = table[column].str.len().to_numpy()
    return {(group, name): np.asarray(v, float) for group, found in made.items() for name, v in found.items()}


_WRITTEN = {
    "id": "trade_id", "quantity": "quantity", "price": "price", "ticker": "ticker", "brokers": "broker_id",
    "order_type": "order_type", "date": "date", "time": "trade_timestamp",
}  # fmt: skip


def _added(text: pd.Series[str], kind: str, clean: Array | None) -> dict[str, Array]:
    """What is to be seen in a column that the scenario adds, some of whose values may be missing.

    `clean` is what a value of its kind is worked out from: the trade's date, its time or its amount.
    """
    made = written_column(text)
    if kind in ("code", "text"):
        made["how frequent"] = text.map(text.value_counts()).to_numpy()
    # Of others, it would tell whether the pair's other leg has the same value, which is matching.
    elif kind in ("integer", "decimal"):
        numbers = pd.to_numeric(text.str.replace(".", "")).fillna(0).to_numpy(np.int64)
        made |= _whole(numbers)
    elif kind in ("date", "timestamp"):
        numbers = _moments(text, "D" if kind == "date" else "us")
        made |= {"of a minute": numbers // 1_000_000 % 60} if kind == "timestamp" else {}
    if clean is not None:
        made["from the trade's"] = numbers - clean
    return made


def written_column(text: pd.Series[str]) -> dict[str, Array]:
    """What is to be seen in the texts of any column."""
    return {
        "code": pd.factorize(text, sort=True)[0],
        "missing": (text == "").to_numpy(),
        "length": text.str.len().to_numpy(),
        **_digits(text.str.rjust(int(text.str.len().max()))),
    }


def _numbers(text: pd.Series[str]) -> Array:
    """Whole numbers; a missing one is 0."""
    return text.replace("", "0").astype(np.int64).to_numpy()


def _moments(text: pd.Series[str], unit: str) -> Array:
    """Days or times since 1970; a missing one is the first of those there are."""
    there = text.replace("", text[text != ""].min())
    return pd.to_datetime(there, format="ISO8601").to_numpy(f"datetime64[{unit}]").astype(np.int64)


def _whole(values: Array) -> dict[str, Array]:
    """What is to be seen in whole numbers: size, ends of the range, digits."""
    zeros = sum((values % 10**power == 0).astype(int) for power in range(1, 7))
    last = {"odd": values % 2, "last digit": values % 10, "last two": values % 100, "zeros": zeros}
    return {"value": values, **_edges(values, values.min(), values.max()), **last}


def _edges(values: Array, least: Array, most: Array) -> dict[str, Array]:
    return {
        "from least": np.minimum(values - least, _EDGE),
        "from most": np.minimum(most - values, _EDGE),
    }


def _digits(text: pd.Series[str]) -> dict[str, Array]:
    """The characters of texts, by their codes; from the right."""
    shortest = int(text.str.len().min())
    letters = np.array(text.str[-shortest:].tolist()).view(np.uint32).reshape(len(text), shortest)
    return {f"character {place}": letters[:, place] for place in range(shortest)}


def _neighbours(time: Array, kind: Array) -> tuple[Array, Array, Array]:
    """Time since the record before and until the one after of the same kind, and which one is before."""
    order = np.lexsort((time, kind))
    same = np.append(False, kind[order][1:] == kind[order][:-1])
    gaps = np.where(same, np.diff(time[order], prepend=0), -1)
    before, after, previous = np.empty_like(gaps), np.empty_like(gaps), np.empty_like(order)
    before[order], after[order] = gaps, np.append(gaps[1:], -1)
    previous[order] = np.where(same, np.roll(order, 1), order)
    return before, after, previous
