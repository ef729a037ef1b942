"""generate(): the frames, the manifest, the seed, the date."""

from __future__ import annotations

import datetime as dt
import pickle
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reading import rows
from sizes import size
from written import written

import tradegen
from tradegen import Scenario, ScenarioError, generate, load_market

DAY = dt.date(2025, 7, 21)


def test_the_default_is_fifteen_pairs_in_thirty_rows() -> None:
    batch = generate()
    assert batch.trades.shape == (30, 9)
    assert len(batch) == 30
    assert sorted(batch.trades["order_type"]) == ["BUY"] * 15 + ["SELL"] * 15
    assert batch.trades["trade_id"].value_counts().eq(2).all()
    assert batch.truth["trade_id"].nunique() in (4, 5)


def test_the_frames_have_the_columns_and_dtypes_of_the_design() -> None:
    batch = generate(pairs=100, seed=1, date=DAY)
    assert list(batch.trades) == [
        "trade_id",
        "ticker",
        "broker_id",
        "contra_broker_id",
        "quantity",
        "price",
        "order_type",
        "date",
        "trade_timestamp",
    ]
    assert list(batch.truth) == [
        "trade_id",
        "leg",
        "field",
        "mechanism",
        "original",
        "altered",
        "delta",
        "benign",
        "notional",
        "cause",
    ]
    kinds = batch.trades.dtypes
    assert kinds["quantity"] == np.int64
    assert kinds["price"] == np.float64
    assert all(isinstance(kinds[name], pd.CategoricalDtype) for name in ("ticker", "broker_id", "order_type"))
    assert all(pd.api.types.is_datetime64_dtype(kinds[name]) for name in ("date", "trade_timestamp"))
    assert all(
        pd.api.types.is_string_dtype(batch.truth[name]) for name in ("trade_id", "original", "altered")
    )
    assert batch.truth["benign"].dtype == bool
    assert batch.truth["delta"].dtype == np.float64


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [15, size(70_000, 140_000)])
def test_the_frames_say_what_the_files_say(pairs: int) -> None:
    arguments = {"pairs": pairs, "seed": 5, "date": DAY, "first_id": 99_999_990}
    batch = generate(**arguments)
    trades, truth = (rows(text) for text in written(**arguments))
    frame = batch.trades
    assert frame["trade_id"].tolist() == [row["trade_id"] for row in trades]
    for name in ("ticker", "broker_id", "contra_broker_id", "order_type"):
        assert frame[name].tolist() == [row[name] for row in trades]
    assert frame["quantity"].tolist() == [int(row["quantity"]) for row in trades]
    # float() of the exact decimal text is the nearest double.
    assert frame["price"].tolist() == [float(row["price"]) for row in trades]
    assert frame["date"].dt.strftime("%Y-%m-%d").tolist() == [row["date"] for row in trades]
    assert frame["trade_timestamp"].astype(str).tolist() == [row["trade_timestamp"] for row in trades]
    key = batch.truth
    for name in ("trade_id", "leg", "field", "mechanism", "original", "altered", "cause"):
        assert key[name].tolist() == [row[name] for row in truth]
    assert key["delta"].tolist() == [float(row["delta"]) for row in truth]
    assert key["notional"].tolist() == [float(row["notional"]) for row in truth]


def test_the_manifest_replays_to_the_same_bytes_also_with_tickers_of_ones_own() -> None:
    for tickers in (None, {"AAA": "1.25", "BRK.B": 400}):
        batch = generate(pairs=200, mismatch_rate=0.5, first_id=77, tickers=tickers)
        again = generate(**batch.manifest["replay"])
        pd.testing.assert_frame_equal(batch.trades, again.trades)
        pd.testing.assert_frame_equal(batch.truth, again.truth)
        assert batch.manifest == again.manifest


def test_the_manifest_counts_what_the_truth_holds() -> None:
    batch = generate(pairs=1_000, seed=3, date=DAY)
    counts = batch.manifest["counts"]
    assert counts["pairs"] == 1_000
    assert counts["trades"] == 2_000
    assert counts["mismatched_pairs"] == batch.truth["trade_id"].nunique()
    assert counts["truth_rows"] == len(batch.truth)
    by_field = batch.truth["field"].astype(str).value_counts()
    assert counts["by_field"] == {name: int(by_field[name]) for name in counts["by_field"]}
    assert batch.manifest["last_id"] == 1_000


def test_another_seed_gives_other_records_and_no_seed_a_drawn_one() -> None:
    first, second = generate(), generate()
    assert first.manifest["replay"]["seed"] != second.manifest["replay"]["seed"]
    assert not first.trades.equals(second.trades)


def test_the_date_is_todays_read_at_the_call_and_kept_in_the_manifest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Clock(dt.date):
        @classmethod
        def today(cls) -> dt.date:
            return dt.date(2031, 2, 3)

    monkeypatch.setattr(dt, "date", Clock)
    batch = generate()
    assert batch.manifest["replay"]["scenario"]["date"] == "2031-02-03"
    assert set(batch.trades["trade_timestamp"].dt.strftime("%Y-%m-%d")) == {"2031-02-03"}


def test_times_fall_in_the_session_by_default_and_past_midnight_when_asked() -> None:
    times = generate(pairs=50_000, mismatch_rate=0, seed=1, date=DAY).trades["trade_timestamp"]
    assert times.min() == pd.Timestamp("2025-07-21 09:30:00")
    assert times.max() == pd.Timestamp("2025-07-21 15:59:59")
    night = generate(pairs=5_000, mismatch_rate=0, seed=1, date=DAY, start="23:58:00", end="00:01:00").trades
    assert night["trade_timestamp"].min() == pd.Timestamp("2025-07-21 23:58:00")
    assert night["trade_timestamp"].max() == pd.Timestamp("2025-07-22 00:00:59")
    assert (night["date"] == night["trade_timestamp"].dt.normalize()).all()


def test_prices_lie_within_the_band_of_the_tickers_price_in_exact_decimals() -> None:
    market = load_market().to_dict()
    for band in ("0", "0.01", "0.25"):
        trades, _ = written(pairs=20_000, mismatch_rate=0, seed=2, price_band=float(band))
        for row in rows(trades):
            middle = Decimal(market[row["ticker"]])
            assert abs(Decimal(row["price"]) - middle) <= middle * Decimal(band)


def test_paired_order_puts_buy_before_sell_by_id() -> None:
    trades = generate(pairs=500, seed=1, order="paired", first_id=10).trades
    assert trades["order_type"].tolist() == ["BUY", "SELL"] * 500
    assert trades["trade_id"].tolist() == [f"tid{10 + n // 2:08d}" for n in range(1_000)]


def test_shuffled_order_leaves_hardly_any_legs_side_by_side() -> None:
    ids = generate(pairs=10_000, seed=1).trades["trade_id"].to_numpy()
    # One pair on average; Poisson(1) exceeds 12 once in 6e9.
    assert (ids[1:] == ids[:-1]).sum() <= 12


def test_ids_widen_past_eight_digits_and_stop_at_the_largest() -> None:
    assert set(generate(pairs=2, first_id=99_999_999).trades["trade_id"]) == {"tid99999999", "tid100000000"}
    last = 2**63 - 1
    assert set(generate(pairs=1, first_id=last).trades["trade_id"]) == {f"tid{last}"}
    with pytest.raises(ScenarioError, match="first_id is 9223372036854775807; expected a whole number"):
        generate(pairs=2, first_id=last)


def test_numpy_numbers_from_a_notebook_are_taken_as_numbers() -> None:
    batch = generate(pairs=np.int64(3), mismatch_rate=np.float32(1), seed=np.uint32(7), first_id=np.int8(5))
    assert batch.trades["trade_id"].min() == "tid00000005"
    assert batch.truth["trade_id"].nunique() == 3


def test_tickers_may_be_floats_or_a_series_and_are_rounded_to_the_tick() -> None:
    prices = {"A": 154.1 * 1.1, "B": 0.1 + 0.2}  # 169.51000000000002, 0.30000000000000004
    for tickers in (prices, pd.Series(prices)):
        batch = generate(pairs=100, tickers=tickers, price_band=0, mismatch_rate=0)
        assert set(batch.trades["price"]) == {169.51, 0.30}


def test_a_hot_spot_may_be_called_benign() -> None:
    spot = {"name": "benign", "where": {"ticker": "AAPL"}, "rate": 1}
    counts = generate(pairs=20, tickers={"AAPL": 154}, date=DAY, hot_spots=[spot]).manifest["counts"]
    assert counts["by_cause"]["benign"] == {"eligible": 20, "requested": 20, "applied": 20}
    assert counts["benign"] == {"eligible": 0, "requested": 0, "applied": 0}


def test_a_benign_difference_stands_alone_where_mismatches_have_several_fields() -> None:
    weights = {"price.nudge": 1, "quantity.nudge": 1}
    more = {"tolerances": {"price": {"ticks": 10}, "quantity": 4}, "benign_rate": 0.5, "mismatch_rate": 0.5}
    truth = generate(pairs=200, mechanisms=weights, fields_per_pair=[0, 1], seed=1, date=DAY, **more).truth
    assert set(truth[truth["benign"]]["trade_id"].value_counts()) == {1}
    assert 2 in set(truth[~truth["benign"]]["trade_id"].value_counts())


def test_more_pairs_than_memory_holds_are_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["tradegen.api.batch"], "MOST_IN_MEMORY", 100)
    with pytest.raises(ScenarioError, match=r"pairs is 101; generate\(\) holds .* at most 100; stream more"):
        generate(pairs=101)


def test_a_pair_that_no_mechanism_can_alter_is_passed_over_and_the_manifest_says_so() -> None:
    # Of 2025-07-21, no other date is made by exchanging day and month.
    batch = generate(pairs=100, mismatch_rate=0.5, date=DAY, mechanisms={"date.day_month_swap": 1})
    assert len(batch.truth) == 0
    counts = batch.manifest["counts"]
    assert counts["by_cause"] == {"": {"eligible": 100, "requested": 50, "applied": 0}}
    assert counts["by_mechanism"] == {"date.day_month_swap": {"requested": 100, "applied": 0}}
    # Where only some can be altered, they are sought until there are as many as were asked for.
    tickers = {"GOOGL": 168.95, "GOOG": 170.49, "AAPL": 154, "MSFT": 417}
    batch = generate(
        pairs=10_000, mismatch_rate=0.3, date=DAY, tickers=tickers, mechanisms={"ticker.share_class": 1}
    )
    assert len(batch.truth) == 3_000
    assert set(batch.truth["original"]) == {"GOOGL", "GOOG"}


def test_a_scenario_is_frozen_hashable_and_picklable() -> None:
    scenario = Scenario(mechanisms={"price.nudge": 2}, settings={"price.nudge": {"max": 0.5}})
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert hash(scenario) == hash(scenario.replace())
    with pytest.raises(TypeError, match="make another with replace"):
        scenario.mechanisms["price.nudge"] = 3  # type: ignore[index]


def test_import_loads_nothing_that_belongs_to_shells() -> None:
    heavy = (
        "typer rich tomli_w matplotlib pyarrow.parquet dask exchange_calendars papermill scipy sqlite_utils"
    )
    code = f"import sys, tradegen; print([name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_blocks_are_generated_without_importing_pandas() -> None:
    code = """
import importlib, pkgutil, sys
import tradegen.engine

for found in pkgutil.iter_modules(tradegen.engine.__path__):
    importlib.import_module(f"tradegen.engine.{found.name}")
run = tradegen.prepare("everything", pairs=100, seed=1, tickers={"AAA": 100, "BBB": 200}, hot_spots=[])
block = tradegen.generate_block(run.scenario, run.market, run.seed, 0, run.first_id)
tally = sys.modules["tradegen.engine.manifest"].Tally(run)
tally.add(block)
print(sorted(tally.manifest()["versions"]), "pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['numpy', 'pandas', 'python', 'tradegen'] False\n"


def test_init_is_short_and_names_what_it_exports() -> None:
    text = Path(tradegen.__file__).read_text()
    assert len(text.splitlines()) <= 40
    assert all(hasattr(tradegen, name) for name in tradegen.__all__)
