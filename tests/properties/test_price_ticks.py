"""Prices in other ticks than cents: every mechanism keeps to them, and the files and proofs go along."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reading import Lists, Row
from reference import check_truth, legs_by_id
from sizes import chosen
from written import give_both_legs, places, written_rows

from tradegen import MarketError, ScenarioError, generate, load_market, prepare, score
from tradegen.verify import verify

PRICES = ("nudge", "tick", "rounding", "decimal_shift", "digit_swap", "stale")
TICKS = ("0.0001", "0.05", "1")
ASKED: dict[str, Any] = {
    "pairs": 3_000,
    "mismatch_rate": 0.5,
    "view": "two_system",
    "mechanisms": {f"price.{name}": 1 for name in PRICES},
    "fields_per_pair": [1],
    "seed": 3,
    "date": "2025-07-21",
}


def written(tick: str, form: str = "csv", **changes: Any) -> tuple[Lists, list[Row]]:
    return written_rows(form, tick=float(tick), **(ASKED | changes))


@pytest.mark.parametrize("tick", TICKS)
def test_clean_and_altered_prices_are_whole_ticks_with_the_decimals_of_the_tick(tick: str) -> None:
    lists, truth = written(tick)
    prices = [row["price"] for listed in lists.values() for row in listed]
    prices += [row[name] for row in truth for name in ("original", "altered")]
    assert {Decimal(price) % Decimal(tick) for price in prices} == {0}
    assert {places(price) for price in (*prices, *(row["delta"] for row in truth))} == {places(tick)}
    assert min(map(Decimal, prices)) >= Decimal(tick)
    # All multiples occur, and not those of ten ticks alone.
    last = Counter(int(Decimal(price) / Decimal(tick)) % 10 for price in prices)
    assert len(last) == 10


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_truth_is_the_differences_between_the_lists(tick: str, form: str) -> None:
    tolerances = {"price": {"absolute": 2 * float(tick)}}
    lists, truth = written(tick, form, tolerances=tolerances, benign_rate=0.1)
    pairs = check_truth(lists, truth, "two_system", tolerances)
    assert len(pairs) == ASKED["pairs"]
    assert {row["mechanism"] for row in truth} == set(ASKED["mechanisms"])
    assert len([row for row in truth if row["benign"] == "true"]) == 300


@pytest.mark.parametrize("tick", TICKS)
def test_each_mechanism_moves_prices_as_its_name_says_in_ticks(tick: str) -> None:
    _, truth = written(tick)
    for row in truth:
        original, altered = (int(Decimal(row[name]) / Decimal(tick)) for name in ("original", "altered"))
        digits = [sorted(row[name].replace(".", "")) for name in ("original", "altered")]
        match row["mechanism"]:
            case "price.tick":
                assert 1 <= abs(altered - original) <= 5
            case "price.nudge":
                # From 0.1% to 1%; a tick is the least, and rounding moves by less than one.
                assert abs(altered - original) < 0.01 * original + 1
                assert abs(altered - original) > 0.001 * original - 1
            case "price.rounding":
                assert any(altered % by == 0 and 2 * abs(altered - original) <= by for by in (5, 10, 100))
            case "price.decimal_shift":
                assert altered == 10 * original or abs(10 * altered - original) <= 5
            case "price.digit_swap":
                assert digits[0] == digits[1]


def test_a_tick_moves_no_price_but_by_what_rounds_it() -> None:
    coarse, fine = (legs_by_id(written(tick, mismatch_rate=0)[0], "two_system") for tick in TICKS[1::-1])
    assert coarse.keys() == fine.keys()
    for trade_id, (leg, _) in coarse.items():
        other = fine[trade_id][0]
        assert abs(Decimal(leg["price"]) - Decimal(other["price"])) < Decimal("0.1")
        assert {**leg, "price": ""} == {**other, "price": ""}


def test_raising_the_rate_keeps_mismatches_and_moves_no_clean_price() -> None:
    few_lists, few = written("0.05", mismatch_rate=0.1)
    many_lists, many = written("0.05", mismatch_rate=0.4)
    assert {tuple(row.values()) for row in few} < {tuple(row.values()) for row in many}
    assert check_truth(few_lists, few, "two_system") == check_truth(many_lists, many, "two_system")


FILES = [("csv", "csv"), ("fix", "jsonl"), ("parquet", "parquet")]


@pytest.mark.parametrize(
    ("tick", "suffix", "of_truth"),
    chosen(
        [(tick, *files) for tick in TICKS for files in FILES],
        [(tick, *files) for tick, files in zip(TICKS, FILES, strict=True)],
    ),
)
def test_files_are_proved_in_every_form(tick: str, suffix: str, of_truth: str, tmp_path: Path) -> None:
    tolerances = {"price": {"ticks": 2}}
    batch = generate(
        **ASKED | {"pairs": 600, "tick": float(tick), "tolerances": tolerances, "benign_rate": 0.1}
    )
    batch.write(tmp_path / f"t.{suffix}", truth=tmp_path / f"k.{of_truth}", manifest=tmp_path / "m.json")
    found = verify(sorted(tmp_path.iterdir()))
    assert found.ok, str(found)
    assert found.benign_rows == 60


def test_a_price_between_two_ticks_is_found(tmp_path: Path) -> None:
    batch = generate(**ASKED | {"pairs": 20, "tick": 0.05, "mismatch_rate": 0.0})
    batch.write(tmp_path / "t.csv", truth=tmp_path / "k.csv", manifest=tmp_path / "m.json")
    give_both_legs(tmp_path, "tid00000007", "price", "154.12")
    found = verify(sorted(tmp_path.iterdir()))
    assert not found.ok
    assert "expected a multiple of 0.05" in str(found)


@pytest.mark.parametrize("tick", TICKS)
def test_frames_have_the_nearest_float_and_arrow_the_exact_decimal(tick: str) -> None:
    batch = generate(**ASKED | {"pairs": 200, "tick": float(tick)})
    texts = [row["price"] for listed in written(tick, pairs=200)[0].values() for row in listed]
    assert batch.trades["price"].dtype == "float64"
    assert sorted(batch.trades["price"]) == sorted(map(float, texts))
    for table in batch.to_arrow().values():
        price = "price" if "price" in table.column_names else "notional"
        assert pa.types.is_decimal(table.schema.field(price).type)
        assert table.schema.field(price).type.scale == places(tick)


def test_a_manifest_with_a_tick_replays_and_names_no_tickers_of_tradegens_own() -> None:
    batch = generate(**ASKED | {"pairs": 200, "tick": 0.05})
    replay = json.loads(json.dumps(batch.manifest["replay"]))
    assert replay["scenario"]["tick"] == 0.05
    assert "tickers" not in replay
    again = generate(**replay)
    assert again.manifest["digests"] == batch.manifest["digests"]
    # What was written before there were ticks to choose says nothing of them.
    assert "tick" not in generate(pairs=2, seed=1, date="2025-07-21").manifest["replay"]["scenario"]


@pytest.mark.slow
def test_scores_relabelled_in_ticks_are_those_of_the_generator() -> None:
    batch = generate(
        **ASKED | {"pairs": 500, "tick": 0.05, "tolerances": {"price": {"ticks": 2}}, "benign_rate": 0.2}
    )
    findings = batch.truth[["trade_id", "field"]]
    given = score(batch, findings)
    assert given.benign.rows == 100
    assert score(batch, findings, tolerances={"price": {"ticks": 2}}) == given
    assert score(batch, findings, tolerances={"price": {"absolute": 0.1}}) == given


def test_prices_of_tickers_are_rounded_to_the_tick_and_at_least_one() -> None:
    given = {"A": "154.126", "B": "0.0314"}
    assert load_market(given, tick=0.0001).to_dict() == {"A": "154.1260", "B": "0.0314"}
    assert load_market(given, tick=0.05).to_dict() == {"A": "154.15", "B": "0.05"}
    # A market keeps what it was given, whatever it was loaded for.
    assert prepare(tickers=load_market(given), tick=0.0001).market.to_dict()["B"] == "0.0314"
    with pytest.raises(MarketError, match=r"price of B is '0.0314'; expected dollars from 1 to 10000000"):
        load_market(given, tick=1)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        # A billion shares at nine million dollars, in ten-thousandths.
        ({"tickers": {"A": 9e6}, "price_band": 0.0, "quantity_max": 10**9}, "64 bits do not hold in steps"),
        ({"tickers": {"A": 1e7}, "price_band": 0.01}, "a price reaches 10100000.0000 dollars; expected"),
    ],
)
def test_numbers_that_cannot_be_held_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        prepare(tick=0.0001, **asked)
