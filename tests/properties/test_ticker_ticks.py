"""Tickers with ticks of their own: prices of each keep to its tick, and the files and proofs go along."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import test_price_ticks
from reading import Lists, Row
from reference import check_truth
from shell import run
from written import give_both_legs, places, written_rows

from tradegen import MarketError, ScenarioError, generate, load_market, prepare
from tradegen.verify import verify

TICKS = {
    "AAA": Decimal("0.01"),
    "BBB": Decimal("0.0005"),
    "CCC": Decimal("0.25"),
    "DDD": Decimal("0.05"),  # that of the scenario
}
TICKERS = {
    "AAA": {"price": 154, "tick": 0.01},
    "BBB": {"price": "3.2", "tick": "0.0005"},
    "CCC": {"price": 410.3, "tick": 0.25},
    "DDD": {"price": 88},
}
ASKED: dict[str, Any] = test_price_ticks.ASKED | {"first_id": 1, "tickers": TICKERS, "tick": 0.05}


def written(form: str = "csv", **changes: Any) -> tuple[Lists, list[Row]]:
    return written_rows(form, **(ASKED | changes))


def tickers_of(lists: Lists) -> dict[str, str]:
    return {row["trade_id"]: row["ticker"] for row in next(iter(lists.values()))}


def test_clean_and_altered_prices_are_multiples_of_their_tickers_tick() -> None:
    lists, truth = written()
    ticker_of = tickers_of(lists)
    found = [(row["ticker"], row["price"]) for listed in lists.values() for row in listed]
    found += [(ticker_of[row["trade_id"]], row[name]) for row in truth for name in ("original", "altered")]
    assert {Decimal(price) % TICKS[ticker] for ticker, price in found} == {0}
    # All have the decimals of the finest.
    assert {places(price) for _, price in found} | {places(row["delta"]) for row in truth} == {4}
    for ticker, tick in TICKS.items():
        ticks = [int(Decimal(price) / tick) for name, price in found if name == ticker]
        assert min(ticks) >= 1
        # All multiples occur, and not those of ten ticks alone.
        assert len({number % 10 for number in ticks}) == 10
    assert {row["mechanism"] for row in truth} == set(ASKED["mechanisms"])


def test_each_mechanism_moves_prices_by_ticks_of_their_own() -> None:
    lists, truth = written()
    ticker_of, seen = tickers_of(lists), Counter[str]()
    for row in truth:
        ticker = ticker_of[row["trade_id"]]
        original, altered = (int(Decimal(row[name]) / TICKS[ticker]) for name in ("original", "altered"))
        match row["mechanism"]:
            case "price.tick":
                assert 1 <= abs(altered - original) <= 5
                seen[ticker] += 1
            case "price.nudge":
                assert 0.001 * original - 1 < abs(altered - original) < 0.01 * original + 1
            case "price.rounding":
                assert any(altered % by == 0 and 2 * abs(altered - original) <= by for by in (5, 10, 100))
            case "price.decimal_shift":
                assert altered == 10 * original or abs(10 * altered - original) <= 5
    assert seen.keys() == TICKS.keys()


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("absolute", [0.05, 0.4, 0.15])
def test_the_truth_is_the_differences_clear_of_a_tolerance_that_ticks_need_not_divide(
    form: str, absolute: float
) -> None:
    tolerances = {"price": {"absolute": absolute}}
    lists, truth = written(form, tolerances=tolerances, benign_rate=0.1)
    pairs = check_truth(lists, truth, "two_system", tolerances)
    assert len(pairs) == ASKED["pairs"]
    limit = Decimal(str(absolute))
    for row in truth:
        size = abs(Decimal(row["delta"]))
        assert 2 * size <= limit if row["benign"] == "true" else size >= 2 * limit, row
    assert len([row for row in truth if row["benign"] == "true"]) == 300


def test_raising_the_rate_keeps_mismatches_and_moves_no_clean_price() -> None:
    few_lists, few = written(mismatch_rate=0.1)
    many_lists, many = written(mismatch_rate=0.4)
    assert {tuple(row.values()) for row in few} < {tuple(row.values()) for row in many}
    assert check_truth(few_lists, few, "two_system") == check_truth(many_lists, many, "two_system")


def test_the_tick_of_one_ticker_moves_nothing_of_the_others() -> None:
    other = TICKERS | {"CCC": {"price": 410.3, "tick": 0.01}}
    # No range is so narrow that its sizes are limited, and no pair passed over, whatever the tick.
    asked: dict[str, Any] = {"mechanisms": {"price.nudge": 1, "price.decimal_shift": 1}}
    (lists, truth), (others, other_truth) = (written(tickers=given, **asked) for given in (TICKERS, other))
    ticker_of = tickers_of(lists)
    for name, rows in lists.items():
        for row, other_row in zip(rows, others[name], strict=True):
            assert row == other_row or row["ticker"] == "CCC"
    apart = [[row for row in rows if ticker_of[row["trade_id"]] != "CCC"] for rows in (truth, other_truth)]
    assert apart[0] == apart[1]


@pytest.mark.parametrize("suffix", ["csv", "fix", "parquet"])
def test_files_are_proved_in_every_form(suffix: str, tmp_path: Path) -> None:
    tolerances = {"price": {"absolute": 0.1}}
    more = {"ticker.other": 1, "price.blank": 1, "record.duplicate": 1, "quantity.nudge": 1}
    batch = generate(
        **ASKED
        | {"pairs": 800, "tolerances": tolerances, "benign_rate": 0.1}
        | {"mechanisms": ASKED["mechanisms"] | (more if suffix != "fix" else {})}
    )
    batch.write(tmp_path / f"t.{suffix}", truth=tmp_path / "k.csv", manifest=tmp_path / "m.json")
    found = verify(sorted(tmp_path.iterdir()))
    assert found.ok, str(found)


def test_a_price_between_two_ticks_of_its_ticker_is_found(tmp_path: Path) -> None:
    batch = generate(**ASKED | {"pairs": 40, "mismatch_rate": 0.0})
    batch.write(tmp_path / "t.csv", truth=tmp_path / "k.csv", manifest=tmp_path / "m.json")
    trades = batch.lists["ours"]
    trade_id = trades.trade_id[trades.ticker == "CCC"].iloc[0]
    give_both_legs(tmp_path, trade_id, "price", "410.0500")
    found = verify(sorted(tmp_path.iterdir()))
    assert not found.ok
    assert f"{trade_id} OURS in t.ours.csv: its price is no multiple of 0.25, the tick of CCC" in str(found)


def test_a_manifest_replays_whatever_the_scenarios_tick_was() -> None:
    batch = generate(**ASKED | {"pairs": 300})
    replay = json.loads(json.dumps(batch.manifest["replay"]))
    assert replay["scenario"]["tick"] == 0.0005
    assert {name: row["tick"] for name, row in replay["tickers"].items()} == {
        name: str(tick) for name, tick in TICKS.items()
    }
    assert generate(**replay).manifest == batch.manifest
    again = generate(batch.run.scenario, tickers=batch.run.market, seed=3, first_id=1)
    assert again.manifest["digests"] == batch.manifest["digests"]
    # A market that was loaded for one scenario serves another: what has no tick has that of the scenario.
    market = load_market(TICKERS, tick=0.05)
    ticks = {
        tick: prepare(tickers=market, tick=tick).market.to_dict()["DDD"]["tick"]
        for tick in (0.01, 0.0005, 0.05)
    }
    assert ticks == {0.01: "0.01", 0.0005: "0.0005", 0.05: "0.05"}


def test_files_tables_and_frames_have_ticks(tmp_path: Path) -> None:
    path = tmp_path / "tickers.csv"
    path.write_text(
        "ticker,price,isin,tick\nAAA,154,US1,0.01\nBBB,3.2,US2,0.0005\nCCC,410.3,US3,.25\nDDD,88,US4,\n"
    )
    frame = pd.DataFrame(TICKERS).T
    by_file, by_frame, by_hand = (
        generate(**ASKED | {"pairs": 200, "tickers": given})
        for given in (path, frame.to_dict("index"), TICKERS)
    )
    assert by_file.manifest["digests"]["trades"] == by_hand.manifest["digests"]["trades"]
    assert by_frame.manifest["digests"] == by_hand.manifest["digests"]
    isins = generate(
        **ASKED | {"tickers": path, "columns": [{"name": "isin", "kind": "code", "from": "isin"}]}
    )
    assert set(isins.trades["isin"]) == {"US1", "US2", "US3", "US4"}


def test_one_tick_for_all_is_that_of_a_scenario() -> None:
    plain = {ticker: row["price"] for ticker, row in TICKERS.items()}
    alike = {ticker: {"price": price, "tick": 0.05} for ticker, price in plain.items()}
    one, other = (generate(**ASKED | {"tickers": given, "pairs": 500}) for given in (plain, alike))
    for name in ("trades", "truth"):
        assert one.manifest["digests"][name] == other.manifest["digests"][name]
    assert generate(**ASKED | {"tickers": alike, "tick": 0.01}).run.scenario.tick == 0.05


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tick": 0.02}, "the tick of BBB is 0.05, and the finest is 0.02; expected ticks that are whole"),
        ({"tick": 2}, "tick of AAA is '2'; expected dollars from 0.0001 to 1 with up to 4 decimals"),
        ({"tick": 0.00005}, "tick of AAA is '5e-05'; expected dollars from 0.0001"),
        ({"tick": 0}, "tick of AAA is '0'; expected dollars from 0.0001"),
        ({"tick": "cent"}, "tick of AAA is 'cent'; expected dollars from 0.0001"),
        ({"tick": -0.01}, "tick of AAA is '-0.01'; expected dollars from 0.0001"),
        ({"price": 0.1, "tick": 1}, "price of AAA is '0.1'; expected dollars from 1.00 to"),
    ],
)
def test_ticks_that_cannot_be_are_refused(row: dict[str, Any], message: str) -> None:
    tickers = {"AAA": {"price": 154} | row, "BBB": {"price": 20, "tick": 0.05}}
    with pytest.raises(MarketError, match=message):
        prepare(tickers=tickers, tick=0.05)


def test_a_tolerance_in_ticks_is_refused_where_they_differ() -> None:
    with pytest.raises(ScenarioError, match="is 2 ticks, and tickers have ticks of their own"):
        prepare(tickers=TICKERS, tolerances={"price": {"ticks": 2}})
    alike = {"AAA": {"price": 154, "tick": 0.05}}
    assert prepare(tickers=alike, tolerances={"price": {"ticks": 2}}).scenario.tick == 0.05


def test_a_tolerance_in_another_unit_takes_the_place_of_a_scenarios_ticks() -> None:
    scenario = prepare("hard", tickers=TICKERS, tolerances={"price": {"bps": 2}}).scenario
    assert scenario.tolerances.price is not None
    assert scenario.tolerances.price.model_dump(exclude_none=True) == {"bps": 2}
    # Those of other fields stay.
    assert scenario.tolerances.quantity == prepare("hard").scenario.tolerances.quantity > 0


def test_a_dataset_of_tickers_with_more_columns_is_replayed_from_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "ticker,price,isin,tick\nAAA,154,US1,0.01\nBBB,3.2,US2,0.0005\nDDD,88,US4,\n"
    )
    asked = ["--pairs", "300", "--seed", "1", "--first-id", "1", "--date", "2025-07-21", "--set", "tick=0.05"]
    made = run("generate", "--tickers", "t.csv", *asked, "--out", "made/", cwd=tmp_path)
    assert made.code == 0, made.err
    again = run("replay", "made/", "--out", "again/", cwd=tmp_path)
    assert again.code == 0, again.err
    one, other = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("made", "again")
    )
    assert one == other
    assert run("verify", "made/", cwd=tmp_path).code == 0
