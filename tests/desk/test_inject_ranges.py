"""Where altered numbers and times lie: among the clean ones of their column, and in steps that these show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradegen import inject

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "kind": "reference", "role": "trade_id"},
    {"name": "ticker", "kind": "code", "role": "ticker"},
    {"name": "qty", "kind": "integer", "role": "quantity"},
    {"name": "px", "kind": "decimal", "places": 5, "role": "price"},
    {"name": "at", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S", "role": "trade_timestamp"},
    {"name": "gross", "kind": "decimal", "places": 5, "product": ["quantity", "price"]},
]
DESCRIBED: dict[str, Any] = {"id": ["id"], "file": {"form": "parquet"}, "columns": COLUMNS}
COUNT = 400


def trades(
    quantity: Any, price: Any = 20.5, at: Any = "2025-07-21 10:00:00", ticker: str = "A"
) -> pd.DataFrame:
    names = [f"T{number}" for number in range(COUNT)]
    frame = pd.DataFrame(
        {"id": names, "ticker": ticker, "qty": quantity, "px": price, "at": pd.Timestamp(at)}
    )
    return frame.assign(gross=frame.qty * frame.px)


def broken(frame: pd.DataFrame, *names: str, **more: Any) -> Any:
    weights = dict.fromkeys(names, 1)
    return inject(frame, columns=DESCRIBED, seed=3, mechanisms=weights, **{"mismatch_rate": 0.5, **more})


@pytest.mark.parametrize("clean", [(100, 102), (7, 9), (1, 2), (200, 230)])
def test_a_number_never_leaves_the_range_of_clean_ones_however_narrow_it_is(clean: tuple[int, int]) -> None:
    low, high = clean
    frame = trades(np.random.default_rng(1).integers(low, high + 1, COUNT))
    made = broken(frame, "quantity.nudge", mismatch_rate=0.1)
    truth = made.truth
    altered = truth[truth.field == "qty"].altered.astype(int)
    assert len(altered) == COUNT / 10
    assert altered.between(low, high).all()
    # Up to 5% of a hundred are more than there is room for; of ten and less, it is one share in any case.
    limited = made.manifest["counts"]["by_mechanism"]["quantity.nudge"]["sizes_limited"]
    assert limited == (COUNT / 10 if high >= 100 else 0)
    free = broken(frame, "quantity.nudge", keep_in_range=False).truth
    assert not free[free.field == "qty"].altered.astype(int).between(low, high).all()


def test_where_all_numbers_are_the_same_none_is_altered_and_others_take_their_place() -> None:
    made = broken(trades(100, np.linspace(10, 20, COUNT).round(2)), "quantity.nudge", "price.nudge")
    assert made.manifest["counts"]["by_mechanism"]["quantity.nudge"]["applied"] == 0
    assert made.manifest["counts"]["mismatched_rows"] == COUNT / 2


@pytest.mark.parametrize("lot", [100, 250, 12])
@pytest.mark.parametrize("tolerance", [0, 5])
def test_quantities_stay_in_the_lots_of_the_list(lot: int, tolerance: int) -> None:
    frame = trades(lot * np.random.default_rng(1).integers(1, 60, COUNT))
    made = broken(
        frame, "quantity.nudge", "quantity.digit_swap", "record.split", mismatch_rate=0.9,
        tolerances={"quantity": tolerance} if tolerance else {},
    )  # fmt: skip
    assert (made.theirs.qty % lot == 0).all()
    assert (made.theirs.qty > 0).all()
    ways = made.truth.mechanism.astype(str).value_counts()
    assert min(ways["quantity.nudge"], ways["record.split"], ways["quantity.digit_swap"]) > 15
    split = made.truth[made.truth.mechanism == "record.split"].trade_id
    fills = made.theirs[made.theirs.id.isin(split)].groupby("id").qty.sum()
    assert fills.to_dict() == frame[frame.id.isin(split)].set_index("id").qty.to_dict()


def test_prices_in_thirty_seconds_stay_in_them() -> None:
    rng = np.random.default_rng(1)
    frame = trades(rng.integers(1, 900, COUNT), rng.integers(3_000, 3_400, COUNT) / 32)
    made = broken(frame, "price.nudge", "price.tick", "price.digit_swap")
    assert len(made.truth[made.truth.field == "px"]) == COUNT / 2
    assert (made.theirs.px * 32 % 1 == 0).all()


def test_the_only_price_of_a_ticker_and_the_only_time_of_a_day_keep_to_the_range_of_all() -> None:
    rng = np.random.default_rng(1)
    frame = trades(rng.integers(1, 900, COUNT), rng.integers(1_000, 1_400, COUNT) / 100)
    seconds = rng.integers(0, 3_600, COUNT)
    days = pd.to_timedelta(np.arange(COUNT), unit="D")
    frame["at"] = frame["at"] + days + pd.to_timedelta(seconds, unit="s")
    frame["ticker"] = [f"S{number}" for number in range(COUNT)]
    frame["gross"] = 1.0
    made = broken(frame, "price.nudge", "trade_timestamp.delay", mismatch_rate=0.9)
    assert made.manifest["counts"]["mismatched_rows"] == COUNT * 0.9
    assert made.theirs.px.between(frame.px.min(), frame.px.max()).all()
    assert (made.theirs["at"].dt.normalize() == frame["at"].dt.normalize()).all()
    hours = made.theirs["at"] - made.theirs["at"].dt.normalize() - pd.Timedelta(hours=10)
    assert hours.between(pd.Timedelta(seconds=seconds.min()), pd.Timedelta(seconds=seconds.max())).all()


@pytest.mark.slow
def test_altered_codes_are_as_frequent_as_clean_ones() -> None:
    rng = np.random.default_rng(1)
    frame = trades(1).assign(ticker=rng.choice(["A", "B", "C"], COUNT, p=[0.45, 0.35, 0.2]))
    altered = pd.concat(
        inject(frame, columns=DESCRIBED, seed=seed, mechanisms={"ticker.other": 1}, mismatch_rate=0.9).truth
        for seed in range(5)
    ).altered
    clean = frame.ticker.value_counts(normalize=True)
    # Six standard deviations of 1,800 draws: a false alarm in 10^8 for each of three names.
    assert (altered.value_counts(normalize=True) - clean).abs().max() < 6 * np.sqrt(0.25 / 1_800)


def test_prices_stay_in_the_steps_of_their_own_ticker() -> None:
    # In the steps of all, which are cents, quarters would be known by their cents.
    quarters = np.arange(COUNT) % 2 == 0
    price = np.where(quarters, np.arange(COUNT) * 0.25 + 100, np.arange(COUNT) * 0.01 + 40)
    frame = trades(500, price.round(2)).assign(ticker=np.where(quarters, "Q", "C"))
    names = ("price.nudge", "price.tick", "price.digit_swap")
    theirs = broken(frame, *names, mismatch_rate=0.9).theirs
    changed = theirs.px != frame.px
    assert changed[quarters].sum() > COUNT / 4
    assert ((theirs.px * 4)[quarters] % 1 == 0).all()
    assert ((theirs.px * 4)[changed & ~quarters] % 1 != 0).any()


def test_a_misspelled_name_is_never_another_name_of_the_column() -> None:
    names = np.array(["AB", "BA", "ABC"])[np.arange(COUNT) % 3]
    truth = broken(trades(500).assign(ticker=names), "ticker.typo", "ticker.truncated", mismatch_rate=1).truth
    found = set(zip(truth.original.astype(str), truth.altered.astype(str), strict=True))
    assert found == {("AB", "A"), ("BA", "B"), ("ABC", "BAC"), ("ABC", "ACB")}
