"""Lists that a desk might have, made without the generator: what is reported is what was done to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tradegen import Fit, fit

BROKERS = ["Citi", "Goldman", "HSBC", "Morgan", "UBS"]
TICKERS = ["BARC.L", "BP.L", "HSBA.L", "RIO.L", "VOD.L"]


def trades(count: int, seed: int = 1, shares: list[float] | None = None) -> pd.DataFrame:
    """Clean trades of a London desk."""
    random = np.random.default_rng(seed)
    seconds = random.integers(8 * 3600, 16 * 3600, count)
    broker = random.choice(5, count, p=shares)
    return pd.DataFrame(
        {
            "trade_id": [f"T{number:06}" for number in range(1, count + 1)],
            "ticker": random.choice(TICKERS, count),
            "broker_id": np.array(BROKERS)[broker],
            "contra_broker_id": np.array(BROKERS)[(broker + random.integers(1, 5, count)) % 5],
            "quantity": random.integers(100, 20_000, count),
            "price": random.integers(10_000, 90_000, count) / 100,
            "order_type": random.choice(["BUY", "SELL"], count),
            "date": "2025-03-13",
            "trade_timestamp": pd.Timestamp("2025-03-13") + pd.to_timedelta(seconds, unit="s"),
        }
    )


def broken(ours: pd.DataFrame, rates: np.ndarray, seed: int = 2) -> tuple[pd.DataFrame, np.ndarray]:
    """The other list, whose quantity is some percent too large in so many of the trades."""
    random = np.random.default_rng(seed)
    hit = random.random(len(ours)) < rates
    theirs = ours.copy()
    factor = random.uniform(1.02, 1.05, len(ours))
    theirs.loc[hit, "quantity"] = np.round(theirs["quantity"] * factor)[hit].astype(int)
    return theirs, hit


def spots(found: Fit) -> dict[str, tuple[float, float]]:
    return {one.name: (one.low, one.high) for one in found.numbers if one.kind == "hot spot"}


def shares(found: Fit) -> dict[str, int]:
    return {one.name: one.count for one in found.numbers if one.kind == "mechanism"}


@pytest.mark.slow
def test_a_small_broker_that_breaks_often_is_found() -> None:
    ours = trades(20_000, shares=[0.005, 0.3, 0.3, 0.2, 0.195])
    theirs, _ = broken(ours, np.where(ours["broker_id"] == "Citi", 0.3, 0.01))
    found = spots(fit(ours, theirs))
    assert set(found) == {"Citi"}
    assert found["Citi"][0] < 30 < found["Citi"][1]


@pytest.mark.slow
def test_a_broker_with_nearly_all_trades_that_breaks_more_often_is_found() -> None:
    ours = trades(20_000, shares=[0.025, 0.9, 0.025, 0.025, 0.025])
    theirs, _ = broken(ours, np.where(ours["broker_id"] == "Goldman", 0.03, 0.01))
    found = spots(fit(ours, theirs))
    assert set(found) == {"Goldman"}
    assert found["Goldman"][0] < 3 < found["Goldman"][1]


@pytest.mark.slow
def test_a_broker_in_one_half_hour_is_one_group_and_not_two() -> None:
    ours = trades(20_000)
    hour = ours["trade_timestamp"].dt.strftime("%H:%M").between("09:00", "09:29")
    theirs, _ = broken(ours, np.where((ours["broker_id"] == "UBS") & hour, 0.3, 0.01))
    assert set(spots(fit(ours, theirs))) == {"UBS 09.00-09.30"}


@pytest.mark.slow
def test_an_hour_between_the_lists_does_not_tell_which_of_them_is_wrong() -> None:
    ours = trades(4_000)
    theirs = ours.copy()
    theirs.loc[::30, "trade_timestamp"] += pd.Timedelta(hours=1)
    found = fit(ours, theirs)
    assert shares(found) == {"trade_timestamp.timezone": 134}
    assert not [one for one in found.numbers if one.kind == "leg"]
    assert found.scenario.buy_share == 0.5


@pytest.mark.slow
def test_a_clock_that_is_hours_and_three_quarters_ahead_is_that_of_kathmandu() -> None:
    ours = trades(3_000)
    theirs = ours.copy()
    theirs.loc[::30, "trade_timestamp"] += pd.Timedelta(hours=9, minutes=45)  # from New York, in March
    found = fit(ours, theirs)
    assert shares(found) == {"trade_timestamp.timezone": 100}
    zones = found.scenario.settings["trade_timestamp.timezone"]
    assert (zones["zone"], zones["other_zone"]) == ("America/New_York", "Asia/Kathmandu")


@pytest.mark.slow
def test_a_clock_is_off_by_a_few_seconds_and_a_delay_is_longer() -> None:
    ours = trades(3_000)
    theirs = ours.copy()
    theirs.loc[::50, "trade_timestamp"] += pd.Timedelta(seconds=10)
    theirs.loc[1::75, "trade_timestamp"] += pd.Timedelta(seconds=30)
    assert shares(fit(ours, theirs)) == {"trade_timestamp.clock_skew": 60, "trade_timestamp.delay": 40}


def test_brokers_in_a_file_of_breaks_are_brokers() -> None:
    rows = [("t1", "broker_id", "Goldman", "UBS"), ("t2", "ticker", "VOD.L", "BP.L")]
    found = fit(breaks=pd.DataFrame(rows, columns=["trade_id", "field", "ours", "theirs"]), trades=50)
    assert shares(found) == {"ticker.other": 1, "broker_id.other": 1}


def test_ids_with_neighbouring_characters_exchanged_are_mistyped() -> None:
    ours = trades(3_000)
    random = np.random.default_rng(3)
    ours["trade_id"] = [f"{number:09}" for number in random.choice(10**9, len(ours), replace=False)]
    theirs = ours.copy()
    exchanged = [one[:4] + one[5] + one[4] + one[6:] for one in theirs["trade_id"][:100]]
    made = sum(new != old for new, old in zip(exchanged, theirs["trade_id"][:100], strict=True))
    theirs.loc[:99, "trade_id"] = exchanged
    assert shares(fit(ours, theirs)) == {"trade_id.mistyped": made}


@pytest.mark.slow
def test_blanks_around_ids_and_names_do_not_matter() -> None:
    ours = trades(2_000)
    theirs, hit = broken(ours, np.full(len(ours), 0.05))
    for column in ("trade_id", "ticker", "broker_id", "order_type"):
        theirs[column] = theirs[column].where(theirs.index % 3 > 0, " " + theirs[column] + "  ")
    assert shares(fit(ours, theirs)) == {"quantity.nudge": hit.sum()}


@pytest.mark.slow
def test_blanks_around_every_name_on_both_lists_do_not_matter() -> None:
    ours = trades(2_000)
    theirs, hit = broken(ours, np.full(len(ours), 0.05))
    theirs.loc[::50, "ticker"] = np.where(ours.loc[::50, "ticker"] == "BP.L", "RIO.L", "BP.L")
    for one in (ours, theirs):
        for column in ("ticker", "broker_id", "contra_broker_id"):
            one[column] += "  "
    assert shares(fit(ours, theirs)) == {"quantity.nudge": hit.sum(), "ticker.other": 40}


@pytest.mark.parametrize("anonymise", [False, True])
def test_a_broker_all_of_whose_trades_break_is_found(anonymise: bool) -> None:
    ours = trades(4_000, shares=[0.03, 0.3, 0.3, 0.2, 0.17])
    others = ours["contra_broker_id"] == "Citi"
    ours.loc[others, "contra_broker_id"] = "Barclays"
    theirs, _ = broken(ours, np.where(ours["broker_id"] == "Citi", 1.0, 0.01))
    found = fit(ours, theirs, anonymise=anonymise)
    assert len(spots(found)) == 1
    assert ("Citi" in str(found) + found.to_toml()) is not anonymise
    assert found.scenario.hot_spots[0].rate == 1.0


@pytest.mark.slow
def test_an_id_taken_by_another_trade_invents_no_differences() -> None:
    ours = trades(3_000)
    theirs = ours.copy()
    theirs.loc[:49, "trade_id"] = ours["trade_id"][1_000:1_050].to_numpy()
    theirs.loc[2_000:2_009, "price"] += 0.01
    found = fit(ours, theirs)
    assert {one.name: one.count for one in found.numbers if one.kind == "field"} == {
        "price": 10,
        "record": 100,
    }
    assert shares(found) == {"price.nudge": 10, "record.missing": 50}


@pytest.mark.slow
def test_a_list_with_whole_minutes_is_compared_to_the_minute() -> None:
    ours = trades(3_000)
    theirs, hit = broken(ours, np.full(len(ours), 0.03))
    theirs["trade_timestamp"] = theirs["trade_timestamp"].dt.floor("min")
    found = fit(ours, theirs)
    assert found.numbers[0].count == hit.sum()
    assert "Times are compared to the minute" in str(found)


@pytest.mark.slow
def test_prices_with_four_decimals_are_not_counted_in_ticks() -> None:
    ours = trades(3_000)
    ours["price"] += 0.0017
    theirs = ours.copy()
    theirs.loc[:99, "price"] += np.linspace(0.0002, 0.0009, 100)
    found = fit(ours, theirs)
    assert shares(found) == {"price.nudge": 100}
    assert "Prices have up to 4 decimals, and generated ones have 2" in str(found)


def test_brokers_that_agree_are_not_exchanged_because_sides_are_called_otherwise() -> None:
    ours = trades(2_000)
    theirs, hit = broken(ours, np.full(len(ours), 0.05))
    theirs["order_type"] = theirs["order_type"].map({"BUY": "SELL", "SELL": "BUY"})
    found = fit(ours, theirs)
    assert shares(found) == {"quantity.nudge": hit.sum()}
    assert found.scenario.view == "two_system"


@pytest.mark.parametrize("count", [1, 5])
def test_very_few_trades_are_fitted_without_trust(count: int) -> None:
    ours = trades(count)
    theirs = ours.copy()
    theirs.loc[0, "quantity"] += 3
    found = fit(ours, theirs)
    assert shares(found) == {"quantity.nudge": 1}
    assert all(one.note == "too few to trust" for one in found.numbers if one.kind in ("field", "mechanism"))
