"""What an attacker can see of the rows of a list that `inject` wrote: cells, their bytes, place and id."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from leak_features import Array, Features, Sample, tables, written_column

from tradegen import generate, inject
from tradegen.core.columns import RECORD
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.list_form import load_forms
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.mechanism import Mechanism, Shown
from tradegen.mechanisms.spellings import SPELLINGS

_DAYS = ("2025-12-01", "2025-12-02", "2025-12-03", "2025-12-04", "2025-12-05")
"""With these, and two sessions later, days and months can change places."""
_ADDED = (
    {"name": "account", "kind": "code", "codes": 40, "prefix": "ACC"},
    {"name": "currency", "kind": "code", "values": ["USD", "EUR", "GBP"], "weights": [45, 35, 20]},
    {"name": "client", "kind": "text", "values": ["Avery, Ltd", "Bellamy", "Cole and Sons", "Drake"]},
    {"name": "lots", "kind": "integer", "min": 1, "max": 60},
    {"name": "fee", "kind": "decimal", "places": 2, "min": 5, "max": 2_500},
    {"name": "gross", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "settles", "kind": "date", "sessions_after": "date", "by": 2},
    {"name": "booked", "kind": "timestamp", "after": "trade_timestamp", "min": 1, "max": 600},
    {"name": "order", "kind": "reference", "digits": 8},
)
_COLUMNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("trade_id", "Trade Ref", {"kind": "reference", "role": "trade_id"}),
    ("ticker", "Symbol", {"kind": "code", "role": "ticker"}),
    ("broker_id", "Broker", {"kind": "code", "role": "broker_id"}),
    ("contra_broker_id", "Contra", {"kind": "code", "role": "contra_broker_id"}),
    ("quantity", "Qty", {"kind": "integer", "grouped": True, "role": "quantity"}),
    ("price", "Px", {"kind": "decimal", "places": 2, "fixed": False, "role": "price"}),
    ("order_type", "B/S", {"kind": "code", "role": "order_type"}),
    ("date", "Trade Date", {"kind": "date", "format": "%-d/%-m/%Y", "role": "date"}),
    (
        "trade_timestamp",
        "Executed",
        {"kind": "timestamp", "format": "%d/%m/%Y %I:%M:%S %p", "role": "trade_timestamp"},
    ),
    ("account", "Acct", {"kind": "code"}),
    ("currency", "Ccy", {"kind": "code"}),
    ("client", "Client", {"kind": "text"}),
    ("lots", "Lots", {"kind": "integer"}),
    ("fee", "Fee", {"kind": "decimal", "places": 2, "fixed": True, "grouped": True}),
    ("gross", "Gross", {"kind": "decimal", "places": 2, "fixed": True, "product": ["quantity", "price"]}),
    ("settles", "Settles", {"kind": "date", "format": "%d-%b-%y"}),
    ("booked", "Booked", {"kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S"}),
    ("order", "Order", {"kind": "reference"}),
)
"""Columns of the list: what they are made of, what the desk calls them, and how it writes them."""

_NAMES = {name: label for _, name, form in _COLUMNS for label in [form.get("role", name)]}
DIALECTS: dict[str, dict[str, str]] = {
    "quoted where needed": {"separator": ",", "thousands": ",", "decimal": "."},
    "texts in quotes": {"separator": ";", "thousands": ".", "decimal": ","},
}
"""How the list is written: as a spreadsheet does, or with quotes around all texts, numbers apart."""

MARKED = frozenset({"quantity", "Client", "Fee"})
"""Columns that the dialects write differently."""

_DATES = ("date", "trade_timestamp", "Settles", "Booked")
_BESIDE = {
    **dict.fromkeys(_DATES, ("between dates",)),
    "ticker": ("price", "price in ticker", "Gross"),
    "quantity": ("Gross",),
    "price": ("price in ticker", "Gross"),
    "order_type": ("Fee", "Gross"),
    "Fee": ("Gross",),
}
"""Where a wrong value shows beside its own column. Tickers of one letter have no typos, and own prices."""

_WAYS = {
    "mistyped": "an id that no trade has lies outside those that there are",
    "timezone": "hours from where other times lie",
}


TICKS = {
    f"T{number}": {"price": 5 + 43 * number, "tick": (0.01, 0.0025, 0.05, 0.25)[number % 4]}
    for number in range(12)
}
"""Tickers with ticks of their own."""

KINDS_OF_LISTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "both": (
        {"both": True},
        ("order_type.other", "broker_id.other", "contra_broker_id.other", "quantity.nudge", "Fee.nudge"),
    ),
    "existing kept": (
        {"keep_existing": True},
        ("ticker.other", "quantity.nudge", "price.nudge", "Client.typo", "Settles.next_session"),
    ),
    "hot spots": (
        # With the rate of all others: that more goes wrong in them is to be seen.
        {
            "hot_spots": [
                {"name": "rows", "where": {"broker_id": ["BKR001", "BKR002", "BKR003"]}, "rate": 0.5},
                {"name": "large", "where": {"quantity": [2_500, 5_000]}, "rate": 0.5},
            ]
        },
        ("ticker.other", "broker_id.other", "quantity.nudge", "price.nudge", "trade_timestamp.delay"),
    ),
    # None is rounded that is a multiple of 0.0005, which tells its ticker.
    "ticks by ticker": (
        {},
        ("price.nudge", "price.tick", "price.decimal_shift", "price.digit_swap", "Gross.nudge"),
    ),
}  # fmt: skip
"""Other lists, by what is asked of `inject` or of their prices; and the mechanisms that are tried on them."""


def _form(dialect: str, ticks: bool = False) -> dict[str, Any]:
    """What a file of columns says of the list."""
    columns = [{"name": name, **form} for _, name, form in _COLUMNS]
    for column in columns:
        if ticks and column["name"] == "Px":
            column["places"] = 4
    return {"id": ["Trade Ref"], "columns": columns, "file": {"form": "csv", **DIALECTS[dialect]}}


def injected_mechanisms() -> list[tuple[Mechanism, Shown]]:
    """The mechanisms of the list, and what each shows; of a trade that stands twice, one row is looked at.

    Misspelled names are those of some columns, since none differs from another by more than its name.
    A cell beside others tells more than the cell by itself: a date is no longer that of the other dates, and
    a ticker has another one's price.
    """
    found = []
    for name, entry in possible(load_forms(_form(next(iter(DIALECTS)))).ours).items():
        label, _, way = name.rpartition(".")
        if way == FOLLOWS or (way in SPELLINGS and label not in ("ticker", "Client")):
            continue
        shown = [group for one in entry.mechanism.shows for group in one.groups]
        if label == RECORD:
            shown = ["quantity", "Gross"] if way == "split" else []
        if way in _WAYS:
            shown.append(label)
        if shown or way == "other" or label in _DATES:
            shown += _BESIDE.get(label, ())
        why = " ".join(one.why for one in entry.mechanism.shows) or _WAYS.get(way, "other columns' values")
        found.append((entry.mechanism, Shown(tuple(dict.fromkeys(shown)), why if shown else "")))
    return found


def injected_sample(mechanism: str, rows: int, seed: int, dialect: str, kind: str = "") -> Sample:
    """Inject a desk's list with one mechanism alone, half of its rows altered, and read what was written.

    Of rows that are not there, our own list says what they were.
    """
    ticks, separator = kind == "ticks by ticker", DIALECTS[dialect]["separator"]
    form, asked = _form(dialect, ticks), dict(KINDS_OF_LISTS[kind][0] if kind else {})
    with tempfile.TemporaryDirectory() as folder:
        ours, before, theirs = (Path(folder, f"{name}.csv") for name in ("ours", "before", "theirs"))
        ours.write_text(_text(rows, dialect, ticks), "utf-8")
        lists = [ours]
        if "keep_existing" in asked:
            inject(ours, columns=form, mechanisms=_BEFORE, mismatch_rate=0.05, seed=seed + 1).write(before)
            lists, form = [ours, before], {"ours": form, "theirs": form}
        made = inject(*lists, columns=form, mechanisms={mechanism: 1}, mismatch_rate=0.5, seed=seed,
                      keep_in_range=True, **asked)  # fmt: skip
        made.write(theirs)
        own, cells = (_cells(path.read_text("utf-8"), separator) for path in (ours, theirs))
    ids, truth = own["trade_id"].str.strip('"'), made.truth
    label, _, way = mechanism.rpartition(".")
    if label == RECORD:
        times = ids.map(dict(zip(truth["trade_id"], truth["altered"].astype(int), strict=True))).fillna(1)
        ends = times.astype(int).cumsum().to_numpy()
        cells = own if way == "missing" else cells.iloc[ends - 1].reset_index(drop=True)
    of_before = truth["mechanism"] == "existing"
    altered = ids.isin(truth["trade_id"][~of_before].astype(str)).to_numpy()
    kept = ~ids.isin(truth["trade_id"][of_before].astype(str)).to_numpy()
    if way not in ("blank", "missing", "duplicate", "split"):  # a blank has nothing that could be wrong
        kept &= (cells[label].str.strip('"') != "").to_numpy()
    features = {key: values[kept] for key, values in list_features(cells, dialect).items()}
    return Sample(features, altered[kept], np.arange(kept.sum()))


_BEFORE = {"quantity.extra_digit": 1, "price.decimal_shift": 1, "Client.typo": 1, "ticker.other": 1}


def clean_cells(rows: int, dialect: str) -> pd.DataFrame:
    """The cells of the list before anything is altered, as they stand in the file."""
    return _cells(_text(rows, dialect), DIALECTS[dialect]["separator"])


@functools.lru_cache(maxsize=4)
def _clean(rows: int, ticks: bool) -> pd.DataFrame:
    """Trades of a week in random order, as one list of texts."""
    parts = []
    for number, day in enumerate(_DAYS):
        count = rows // len(_DAYS)
        batch = generate("us_equity_t1", pairs=count, mismatch_rate=0, seed=number, date=day, columns=_ADDED,
                         view="two_system", first_id=1 + number * count, quantity_max=5_000,
                         **({"tickers": TICKS} if ticks else {}))  # fmt: skip
        parts.append(tables(batch)["ours"])
    return pd.concat(parts).sample(frac=1, random_state=0).reset_index(drop=True)


@functools.lru_cache(maxsize=4)
def _text(rows: int, dialect: str, ticks: bool = False) -> str:
    """The list as the desk exports it."""
    table, marks = _clean(rows, ticks), DIALECTS[dialect]
    generator = np.random.default_rng(rows)
    written: dict[str, list[str]] = {}
    for source, name, form in _COLUMNS:
        column, kind = table[source], form["kind"]
        if kind in ("date", "timestamp"):
            texts = [_moment(one, form["format"]) for one in pd.to_datetime(column)]
        elif kind in ("integer", "decimal"):
            texts = [_number(one, form, marks) for one in column]
        else:
            texts = column.tolist()
        if name == "Lots":
            texts = [f"{one}00" for one in texts]
        if name in ("Fee", "Gross"):  # what a sale brings and what it costs
            texts = [f"-{one}" if side == "SELL" else one
                     for one, side in zip(texts, table["order_type"], strict=True)]  # fmt: skip
        if name in ("Fee", "Acct", "Booked"):
            gone = generator.random(len(texts)) < 0.05
            texts = ["" if no else one for one, no in zip(texts, gone, strict=True)]
        always = dialect == "texts in quotes" and kind in ("code", "text", "reference")
        written[name] = [f'"{one}"' if always or marks["separator"] in one else one for one in texts]
    lines = [marks["separator"].join(cells) for cells in zip(*written.values(), strict=True)]
    return "\n".join([marks["separator"].join(written), *lines, ""])


def _moment(moment: pd.Timestamp, form: str) -> str:
    return moment.strftime(form)


def _number(text: str, form: dict[str, Any], marks: dict[str, str]) -> str:
    whole, point, part = text.partition(".")
    if point and not form.get("fixed", True):
        part = part.rstrip("0")
    grouped = f"{int(whole):,}".replace(",", marks["thousands"]) if form.get("grouped") else whole
    return grouped + (marks["decimal"] + part if part else "")


def _cells(text: str, separator: str) -> pd.DataFrame:
    """The cells as they stand in a file, with their quotes, by the columns' roles or names."""
    cell = re.compile(rf'(?:^|{separator})("[^"]*"|[^{separator}]*)')
    rows = [cell.findall(line) for line in text.splitlines()[1:]]
    return pd.DataFrame(rows, columns=list(_NAMES.values()))


def list_features(cells: pd.DataFrame, dialect: str) -> Features:
    """What can be computed from each row, and from the list around it."""
    marks = DIALECTS[dialect]
    row = np.arange(len(cells))
    made: dict[str, dict[str, Array]] = {
        "position": {"row": row, "share": row / len(row), "odd": row % 2, "list": np.zeros(len(row))}
    }
    values: dict[str, Array] = {}
    for _, name, form in _COLUMNS:
        label, kind = _NAMES[name], form["kind"]
        text = cells[label]
        bare = text.str.strip('" ')
        if kind in ("integer", "decimal"):
            bare = bare.str.replace(marks["thousands"], "").str.replace(marks["decimal"], ".")
            values[label] = pd.to_numeric(bare.replace("", "0")).to_numpy(np.float64)
        elif kind in ("date", "timestamp"):
            form_of = form["format"].replace("%-", "%")
            found = pd.to_datetime(bare.replace("", None), format=form_of).to_numpy("datetime64[s]")
            values[label] = np.where(np.isnat(found), 0, found.astype(np.int64)).astype(np.float64)
        else:
            values[label] = pd.factorize(bare, sort=True)[0]
        made[label] = written_column(text)
        made[label] |= {
            "how frequent": bare.map(bare.value_counts()).to_numpy(),
            "in quotes": text.str.startswith('"').to_numpy(),
            "digits": text.str.count(r"\d").to_numpy(),
            "small letters": text.str.count("[a-z]").to_numpy(),
            "value": values[label],
            "size": np.abs(values[label]),
        }
        if kind in ("integer", "decimal"):
            whole = np.abs(values[label] * 10 ** form.get("places", 0)).round().astype(np.int64)
            made[label] |= {
                "last two": whole % 100,
                "zeros": sum((whole % 10**n == 0) * 1 for n in (1, 2, 3)),
            }
        elif kind == "timestamp":
            made[label] |= {"clock": values[label] % 86_400, "second": values[label] % 60}
    of_ticker = pd.Series(values["price"]).groupby(values["ticker"])
    part = (values["price"] * 10_000).round() % 2_500
    sized = pd.Series(part).groupby([values["ticker"], part])
    low, high = of_ticker.transform("min").to_numpy(), of_ticker.transform("max").to_numpy()
    made["price in ticker"] = {
        "relative": values["price"] / np.maximum(of_ticker.transform("median").to_numpy(), 0.01),
        # Nothing leaves the range, so the lowest and the highest price of a ticker are mostly unaltered.
        "how usual its last digits are": sized.transform("size") / of_ticker.transform("size"),
        "between": np.clip((values["price"] - low) / np.maximum(high - low, 0.01), 0.02, 0.98),
    }
    made["Gross"]["from the product"] = (
        np.abs(values["Gross"]) - values["quantity"] * values["price"]
    ).round(2)
    days = np.stack([values[label] // 86_400 for label in _DATES])
    made["between dates"] = {
        **{f"{label} from the first": day - days[0] for label, day in zip(_DATES, days, strict=True)},
        "booked after": values["Booked"] - values["trade_timestamp"],
    }
    return {(group, name): np.asarray(v, float) for group, found in made.items() for name, v in found.items()}
