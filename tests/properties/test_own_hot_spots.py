"""Hot spots of columns that a scenario adds: which trades they strike, told from the clean lists alone."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from added_columns import COLUMNS
from datasets_files import set_block

from tradegen import generate, prepare, score
from tradegen.analysis.rates import expected_rate, mismatch_rates
from tradegen.engine.generator import generate_block
from tradegen.verify import verify

PAIRS, BLOCK = 8_000, 2_000
ACCOUNTS = [f"ACC{number:03d}" for number in range(7, 27)]
TICKERS = "ticker,price,isin\nAAPL,154.00,US0378331005\nMSFT,300.00,US5949181045\nIBM,120.00,US4592001014\n"

# By name: the condition, what is asked, and the same condition of a frame of clean trades.
SPOTS: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[pd.DataFrame], Any]]] = {
    "accounts": (
        {"account": ACCOUNTS, "note": "ok"},
        {"rate": 0.5},
        lambda t: t["account"].isin(ACCOUNTS) & (t["note"] == "ok"),
    ),
    "late": (
        {"booked_at": {"min": dt.datetime(2025, 7, 18, 3)}, "ticker": "MSFT"},
        {"factor": 3},
        lambda t: (t["booked_at"] >= "2025-07-18 03:00:00") & (t["ticker"] == "MSFT"),
    ),
    "lots": ({"lots": [1, 2, 3, *range(100, 300)]}, {"share": 0.2}, lambda t: t["lots"].isin(LOTS)),
    "fees": ({"fee": {"min": 10.5, "max": 20}}, {"factor": 2}, lambda t: t["fee"].between(10.5, 20)),
    "amounts": (
        {"currency": ["EUR"], "gross_amount": {"max": 40_000}},
        {"factor": 2.5},
        lambda t: (t["currency"] == "EUR") & (t["gross_amount"] <= 40_000),
    ),
    "settled": (
        {"settlement_date": np.datetime64("2025-07-21"), "isin": "US4592001014"},
        {"factor": 1.5},
        lambda t: (t["settlement_date"] == "2025-07-21") & (t["ticker"] == "IBM"),
    ),
}
LOTS = {1, 2, 3, *range(100, 300)}
ASKED: dict[str, Any] = {
    "columns": [*COLUMNS, {"name": "isin", "kind": "code", "from": "isin"}],
    "hot_spots": [{"name": name, "where": where, **asked} for name, (where, asked, _) in SPOTS.items()],
    # From Thursday evening to Friday morning: trades settle on Friday or on Monday.
    "date": "2025-07-17",
    "start": "20:00",
    "end": "06:00",
    "view": "two_system",
    "pairs": PAIRS,
    "mismatch_rate": 0.04,
    "benign_rate": 0.02,
    "tolerances": {"lots": 10},
    "mechanisms": dict.fromkeys(
        # They alter what the conditions look at.
        ("account.other", "fee.nudge", "lots.nudge", "booked_at.delay", "quantity.nudge", "currency.other"),
        1,
    ),
    "seed": 11,
}


class Made(NamedTuple):
    folder: Path
    batch: Any
    clean: pd.DataFrame
    expected: pd.Series[str]
    """By trade, the cause that a mismatch of it has, by the clean lists."""


def expected_causes(clean: pd.DataFrame) -> pd.Series[str]:
    about = {name: np.asarray(condition(clean)) for name, (_, _, condition) in SPOTS.items()}
    alone = [name for name, (_, asked, _) in SPOTS.items() if "factor" not in asked]
    causes = []
    for row in range(len(clean)):
        first = next((name for name in alone if about[name][row]), None)
        if first and "rate" in SPOTS[first][1]:
            causes.append(first)
            continue
        together = [name for name in SPOTS if about[name][row] and (name == first or name not in alone)]
        causes.append(" + ".join(together))
    return pd.Series(causes, clean.index)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("spots")
    (folder / "tickers.csv").write_text(TICKERS)
    ASKED["tickers"] = folder / "tickers.csv"
    with pytest.MonkeyPatch.context() as patch:
        set_block(patch, BLOCK)
        files = folder / "files"
        files.mkdir()
        batch = generate(**ASKED)
        batch.write(files / "t.csv", truth=files / "key.csv", manifest=files / "m.json")
        none = ASKED | {"mismatch_rate": 0, "benign_rate": 0, "hot_spots": [], "tolerances": {}}
        generate(**none).write(folder / "clean.csv", truth=folder / "none.csv")
        clean = pd.read_csv(folder / "clean.ours.csv").set_index("trade_id").sort_index()
        yield Made(files, batch, clean, expected_causes(clean))


def mismatched(truth: pd.DataFrame) -> pd.Series[Any]:
    """By mismatched trade, its cause."""
    return truth[~truth["benign"]].groupby("trade_id")["cause"].agg("first").astype(str)


def test_every_mismatch_has_the_cause_that_the_clean_trade_says(made: Made) -> None:
    causes = mismatched(made.batch.truth)
    assert set(causes) > set(SPOTS)
    assert any(cause.count(" + ") == 2 for cause in causes)
    assert causes.to_dict() == made.expected[causes.index].to_dict()
    # A benign difference is outside all hot spots.
    benign = made.batch.truth[made.batch.truth["benign"]]["trade_id"]
    assert len(benign) > 20
    assert set(made.expected[benign]) == {""}


def test_rates_factors_and_the_share_are_exact(made: Made) -> None:
    counts, sizes = mismatched(made.batch.truth).value_counts(), made.expected.value_counts()
    blocks = PAIRS // BLOCK
    for cause, size in sizes.items():
        names = str(cause).split(" + ") if cause else []
        asked = [SPOTS[name][1] for name in names]
        if any("share" in one for one in asked):
            continue
        factor = float(np.prod([one.get("factor", 1.0) for one in asked]))
        rate = next((one["rate"] for one in asked if "rate" in one), 0.04 * factor)
        assert abs(counts.get(cause, 0) - rate * size) < blocks, cause
    shared = sum(count for cause, count in counts.items() if "lots" in str(cause).split(" + "))
    # Each cause is rounded in each block.
    assert abs(shared - 0.2 * counts.sum()) < blocks * len(sizes)


def test_the_proof_the_score_and_the_expectations_know_them(made: Made) -> None:
    assert not verify(sorted(made.folder.iterdir())).findings
    causes = mismatched(made.batch.truth)
    found = score(made.batch, pd.DataFrame({"trade_id": causes.index[causes == "accounts"]}))
    recalls = {cause: (recall.expected, recall.found) for cause, recall in found.by["cause"].items()}
    rows = made.batch.truth[~made.batch.truth["benign"]]["cause"].astype(str).replace("", "(none)")
    for cause, count in rows.value_counts().items():
        assert recalls[cause] == (count, count if cause == "accounts" else 0)
    assert mismatch_rates(made.batch, by="cause").loc["accounts", "asked"] == 0.5
    tickers = mismatch_rates(made.batch, by="ticker")
    assert abs((tickers["asked"] * tickers["total"]).sum() / PAIRS - expected_rate(made.batch)) < 1e-9
    assert tickers.loc["MSFT", "asked"] > tickers.loc["AAPL", "asked"]


def test_no_clean_value_moves_and_raising_the_rates_keeps_every_mismatch(made: Made) -> None:
    keys = ["trade_id", "leg", "field", "original", "altered", "cause"]
    # Not a factor alone: it takes from the other causes that a share is divided among.
    for raised in ({"accounts": {"rate": 0.6}}, {"lots": {"share": 0.25}}, {}):
        spots = [spot | raised.get(spot["name"], {}) for spot in ASKED["hot_spots"]]
        more = generate(**ASKED | {"hot_spots": spots, "mismatch_rate": 0.04 if raised else 0.042})
        before, after = ({*map(tuple, b.truth[keys].astype(str).to_numpy())} for b in (made.batch, more))
        assert before < after
        ours = more.lists["ours"].set_index("trade_id").sort_index()
        altered = more.truth["trade_id"]
        kept = made.clean.index.difference(altered)
        assert list(ours.loc[kept, "account"]) == list(made.clean.loc[kept, "account"])
        assert list(ours.loc[kept, "fee"]) == list(made.clean.loc[kept, "fee"])


def test_a_block_alone_is_that_of_the_run_and_a_replay_is_the_run(made: Made) -> None:
    run = prepare(**ASKED)
    alone = generate_block(run.scenario, run.market, run.seed, 2, run.first_id)
    for name in ("trades", "truth"):
        one, other = (getattr(block, name).arrays() for block in (alone, made.batch.blocks[2]))
        assert all(np.array_equal(one[column], other[column]) for column in one)
    again = generate(**made.batch.manifest["replay"])
    assert again.run.scenario == made.batch.run.scenario == pickle.loads(pickle.dumps(run.scenario))
    assert again.manifest["digests"] == made.batch.manifest["digests"]
    causes = made.batch.manifest["counts"]["by_cause"]
    assert causes["accounts"]["eligible"] == (made.expected == "accounts").sum()
