"""What `fit` learns of a desk, `inject` does to the desk's own trades, with nothing changed by hand."""

from __future__ import annotations

import csv
import math
import random
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shell import run
from test_fit_desks import broken, trades

from tradegen import FitError, Injected, fit, inject

HEADER = (
    "trade_id", "ticker", "broker_id", "contra_broker_id", "quantity", "price", "order_type",
    "trade_timestamp",
)  # fmt: skip
BROKERS = ["Avery, Ltd", "Goldman Sachs", "HSBC", "Société Générale", "UBS"]
TICKERS = ["BARC.L", "BP.L", "HSBA.L", "RIO.L", "VOD.L"]
COUNT = 20_000
BASE, BROKER, TICKER = 0.01, 6, 3  # the rate of most trades, and how many times it a broker and a ticker have
SHARES = {"quantity": 0.5, "order_type": 0.3, "trade_timestamp": 0.2}  # of the breaks


def desk_lists(seed: int = 1) -> tuple[list[list[str]], list[list[str]]]:
    """Two lists of a desk. Theirs breaks at these rates."""
    rng = random.Random(seed)
    ours, theirs = [], []
    for number in range(COUNT):
        broker, contra = rng.sample(BROKERS, 2)
        second = rng.randrange(8 * 3600, 16 * 3600)
        row = [
            f"T{number:06}", rng.choice(TICKERS), broker, contra, str(rng.randrange(1_000, 20_000)),
            f"{rng.randrange(10_000, 90_000) / 100:.2f}", rng.choice(["BUY", "SELL"]), _time(second),
        ]  # fmt: skip
        ours.append(row)
        other = list(row)
        if rng.random() < _rate(row):
            [field] = rng.choices(list(SHARES), list(SHARES.values()))
            other[HEADER.index(field)] = {
                "quantity": lambda: str(round(int(row[4]) * rng.uniform(1.02, 1.05))),  # noqa: B023
                "order_type": lambda: "BUY" if row[6] == "SELL" else "SELL",  # noqa: B023
                "trade_timestamp": lambda: _time(second + rng.randrange(60, 600)),  # noqa: B023
            }[field]()
        theirs.append(other)
    return ours, theirs


def _time(second: int) -> str:
    return f"2025-03-13 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _rate(row: Sequence[str]) -> float:
    return BASE * (BROKER if row[2] == "Goldman Sachs" else 1) * (TICKER if row[1] == "RIO.L" else 1)


def near(found: int, of: int, share: float) -> bool:
    """Within 5 standard errors: of what is right, 1 in 1.7 million is not."""
    return abs(found - share * of) < 5 * math.sqrt(of * share * (1 - share))


@pytest.mark.slow
def test_a_list_is_broken_at_once_at_the_rates_and_by_the_causes_of_the_desk(tmp_path: Path) -> None:
    for name, rows in zip(("ours", "theirs"), desk_lists(), strict=True):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *rows])
    done = run("fit", "ours.csv", "theirs.csv", "--for-inject", "--out", "desk.toml", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "tradegen inject ours.csv --scenario desk.toml" in done.err
    files = ["--out", "broken.csv", "--truth", "truth.csv", "--manifest", "m.json", "--seed", "1"]
    done = run("inject", "ours.csv", "--scenario", "desk.toml", *files, cwd=tmp_path)
    assert done.code == 0, done.err

    trades = {row[0]: row for row in desk_lists()[0]}
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    assert len({row["trade_id"] for row in truth}) == len(truth)
    for rate in {_rate(row) for row in trades.values()}:
        ids = {name for name, row in trades.items() if _rate(row) == rate}
        assert near(sum(row["trade_id"] in ids for row in truth), len(ids), rate), rate
    for field, share in SHARES.items():
        assert near(sum(row["field"] == field for row in truth), len(truth), share), field
    assert {row["mechanism"] for row in truth} == {
        "quantity.nudge", "order_type.other", "trade_timestamp.delay"
    }  # fmt: skip
    for row in truth:
        _, ticker, broker, *_ = trades[row["trade_id"]]
        causes = ["Goldman Sachs"] * (broker == "Goldman Sachs") + ["RIO.L"] * (ticker == "RIO.L")
        assert row["cause"] == " + ".join(causes)
    sizes = [int(row["delta"]) / int(row["original"]) for row in truth if row["field"] == "quantity"]
    # Half a share of a thousand is what rounding adds.
    assert 0.0185 < min(map(abs, sizes)) <= max(map(abs, sizes)) < 0.0515
    assert run("verify", "ours.csv", "broken.csv", "truth.csv", "m.json", cwd=tmp_path).code == 0


DESK = trades(20_000)
CITI, RIO = DESK.broker_id == "Citi", DESK.ticker == "RIO.L"


def injected(ours: pd.DataFrame, theirs: pd.DataFrame, **given: bool) -> Injected:
    """Ours broken by what the TOML says, which is what the mapping says."""
    found = fit(ours, theirs)
    said = tomllib.loads(found.to_toml(for_inject=True))
    made = inject(ours.astype({"trade_timestamp": str}), scenario=said, seed=1, **given)
    again = inject(ours.astype({"trade_timestamp": str}), scenario=found.for_inject(), seed=1, **given)
    assert len(again.truth) == len(made.truth)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "rates",
    [
        np.where(CITI, 1.0, 0.01),
        np.where(CITI, 0.45, 0.01) * np.where(RIO, 2, 1),
        np.where(CITI, 0.001, 0.1),
    ],
    ids=["all", "half, and all where two meet", "fewer than elsewhere"],
)
def test_however_hot_a_hot_spot_is_inject_takes_it(rates: np.ndarray) -> None:
    theirs, _ = broken(DESK, rates)
    made = injected(DESK, theirs).truth.trade_id
    for inside in (CITI, ~CITI):
        expected = rates[inside]
        count = made.isin(DESK.trade_id[inside]).sum()
        spread = math.sqrt((expected * (1 - expected)).sum())
        # 5 standard errors, as `near` has them; and 5 trades for the three digits of a factor.
        assert abs(count - expected.sum()) < 5 * spread + 5


@pytest.mark.slow
@pytest.mark.parametrize("one_sided", [False, True])
def test_a_broker_on_either_side_of_a_counterpartys_trades_is_one_in_theirs(one_sided: bool) -> None:
    ours = DESK
    if one_sided:
        house = np.where(DESK.index % 2, "House", "House Europe")
        ours = DESK.assign(broker_id=house, contra_broker_id=DESK.broker_id)
    citi = (ours.broker_id == "Citi") | (ours.contra_broker_id == "Citi")
    other, _ = broken(ours, np.where(citi, 0.2, 0.01))
    theirs = other.assign(
        broker_id=other.contra_broker_id,
        contra_broker_id=other.broker_id,
        order_type=np.where(other.order_type == "BUY", "SELL", "BUY"),
    )
    truth = injected(ours, theirs, both=True).truth
    assert near(truth.trade_id.isin(ours.trade_id[citi]).sum(), citi.sum(), 0.2)
    assert near(truth.trade_id.isin(ours.trade_id[~citi]).sum(), (~citi).sum(), 0.01)
    assert set(truth.cause) == ({"", "Citi"} if one_sided else {"", "Citi", "contra Citi"})


@pytest.mark.slow
def test_what_inject_cannot_do_is_left_out_and_a_comment_says_so() -> None:
    theirs, _ = broken(DESK, np.full(len(DESK), 0.03))
    swapped = DESK.index % 50 == 0
    theirs.loc[swapped, "broker_id"] = DESK.contra_broker_id[swapped]
    theirs.loc[swapped, "contra_broker_id"] = DESK.broker_id[swapped]
    found = fit(DESK, theirs)
    assert set(found.scenario.mechanisms) == {"quantity.nudge", "broker_id.swapped"}
    assert found.for_inject()["mechanisms"] == {"quantity.nudge": 1.0}
    assert "# - broker_id.swapped: " in found.to_toml(for_inject=True)
    assert "inject cannot do this to a list; its share goes to the others" in found.to_toml(for_inject=True)


@pytest.mark.slow
def test_what_generated_trades_can_hardly_have_the_desks_own_trades_can() -> None:
    ours = DESK.assign(quantity=100 * (DESK.quantity // 100))  # round lots, as few generated ones are
    theirs = ours.copy()
    theirs.loc[::50, "quantity"] //= 100
    theirs.loc[1::100, "order_type"] = np.where(ours.order_type[1::100] == "BUY", "SELL", "BUY")
    counts = injected(ours, theirs).truth.mechanism.value_counts()
    assert near(counts["quantity.lot_scale"], 600, 2 / 3)
    assert near(counts["order_type.other"], 600, 1 / 3)


def _only_swapped() -> tuple[pd.DataFrame, pd.DataFrame]:
    theirs = DESK.copy()
    theirs.loc[::50, ["broker_id", "contra_broker_id"]] = DESK.loc[
        ::50, ["contra_broker_id", "broker_id"]
    ].to_numpy()
    return DESK, theirs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lists", "anonymise", "said"),
    [
        (lambda: (DESK, broken(DESK, np.full(len(DESK), 0.02))[0]), True, "expected a fit without anonymise"),
        (_only_swapped, False, "inject can do nothing of what was measured .broker_id.swapped. to a list"),
    ],
    ids=["names hidden", "nothing to do"],
)
def test_what_cannot_be_injected_is_refused(
    lists: Callable[[], tuple[pd.DataFrame, pd.DataFrame]], anonymise: bool, said: str
) -> None:
    found = fit(*lists(), anonymise=anonymise)
    with pytest.raises(FitError, match=said):
        found.for_inject()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broker", "cause"), [("Österreichische", "Osterreichische"), ("三菱", "BKR005"), ("(A&B)", "A.B.")]
)
def test_a_broker_whose_name_a_cause_cannot_have_is_found_and_injected(broker: str, cause: str) -> None:
    ours = DESK.assign(broker_id=DESK.broker_id.replace("UBS", broker))
    ours["contra_broker_id"] = ours.contra_broker_id.replace("UBS", broker)
    hot = ours.broker_id == broker
    theirs, _ = broken(ours, np.where(hot, 0.2, 0.01))
    truth = injected(ours, theirs).truth
    assert set(truth.cause) == {"", cause}
    assert near((truth.cause == cause).sum(), hot.sum(), 0.2)


def test_for_inject_without_a_file_to_write_is_refused(tmp_path: Path) -> None:
    done = run("fit", "ours.csv", "theirs.csv", "--for-inject", cwd=tmp_path)
    assert done.code == 2
    assert "expected --out FILE, or --format toml" in done.err
