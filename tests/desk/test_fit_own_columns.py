"""Fit: columns beside the nine, and data that is dirty, are measured and go into the scenario."""

from __future__ import annotations

import csv
import datetime as dt
import math
import random
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from added_columns import ASKED, MECHANISMS
from sizes import chosen

from tradegen import Fit, FitError, Scenario, fit, generate, inject

PAIRS, RATE = 15_000, 0.2
NAMES = [f"{name}.{way}" for name in ("ticker", "broker_id", "contra_broker_id")
         for way in ("blank", "case", "padded", "truncated", "typo")]  # fmt: skip
DIRTY = dict.fromkeys([*NAMES, "ticker.other", "quantity.blank", "order_type.typo"], 1)
SCENARIOS: dict[str, dict[str, Any]] = {
    "settlement": {"scenario": "settlement"},
    "dirty_text": {"scenario": "dirty_text"},
    "every kind": {"columns": ASKED["columns"], "mechanisms": dict.fromkeys(MECHANISMS, 1)},
    "dirty nine": {"mechanisms": DIRTY},
    "dirty nine, mirrored": {"mechanisms": DIRTY, "view": "counterparty"},
}
NOT_TOLD_APART = {
    "date.previous_session": "date.next_session",
    "quantity.digit_swap": "quantity.nudge",
    "contra_broker_id.other": "broker_id.other",
}


def shares(found: dict[str, float]) -> dict[str, float]:
    """Those that two lists cannot tell apart added up; what follows is no mechanism."""
    added: dict[str, float] = {}
    for name, share in found.items():
        if not name.endswith(".follows"):
            name = NOT_TOLD_APART.get(name, name)
            added[name] = added.get(name, 0.0) + share
    return added


def measured(found: Fit) -> dict[str, float]:
    return shares({one.name: one.value for one in found.numbers if one.kind == "mechanism"})


def apart(one: dict[str, float], other: dict[str, float], trades: float) -> dict[str, tuple[float, float]]:
    """Shares that are more than five standard errors apart, or five trades of those that are rare."""
    pairs = {name: (one.get(name, 0.0), other.get(name, 0.0)) for name in {*one, *other}}
    return {
        name: (a, b)
        for name, (a, b) in pairs.items()
        if abs(a - b) > 5 * math.sqrt(max((a + b) / 2, 1 / trades) / trades)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", chosen(SCENARIOS, ["every kind", "dirty nine, mirrored"]))
def test_what_is_wrong_with_columns_is_found_and_generated_again(name: str) -> None:
    # By chance, a share is five standard errors off in 1 of 1.7 million: one in ten thousand for all of them.
    asked = {"view": "two_system", "date": "2025-07-18", **SCENARIOS[name]}
    batch = generate(pairs=PAIRS, mismatch_rate=RATE, seed=11, **asked)
    found = fit(*batch.lists.values())
    broken = batch.truth.trade_id.nunique()
    counts = batch.truth.groupby("mechanism", observed=True).trade_id.nunique() / broken
    assert not apart(measured(found), shares(counts.to_dict()), broken)
    assert found.scenario.mismatch_rate == pytest.approx(RATE, rel=0.001)

    again = generate(found.scenario, pairs=PAIRS, seed=12, date="2025-07-18")
    second = fit(*again.lists.values())
    assert not apart(measured(second), measured(found), broken / 2)  # two samples
    assert [one.kind for one in second.scenario.columns] == [one.kind for one in found.scenario.columns]
    assert Scenario(**tomllib.loads(found.to_toml())).weights == found.scenario.weights


@pytest.mark.slow
def test_columns_have_the_clean_values_that_they_were_generated_with() -> None:
    batch = generate(**ASKED | {"pairs": PAIRS, "mismatch_rate": 0.05})
    found = {one.name: one for one in fit(*batch.lists.values()).scenario.columns}
    asked = {one.name: one for one in batch.run.scenario.columns}
    assert list(found) == list(asked)
    for name in ("settlement_date", "account", "gross_amount", "booked_at", "order_ref", "our_ref"):
        assert found[name] == asked[name]
    assert set(found["note"].clean_names()) == set(asked["note"].clean_names())
    # 15,000 numbers are drawn evenly: the outermost 0.1% have none with a chance of one in three million.
    for name in ("fee", "lots"):
        low, high = found[name].range
        least, most = asked[name].range
        assert least <= low <= least + 0.001 * (most - least)
        assert most - 0.001 * (most - least) <= high <= most


HEADER = ["Ref", "Side", "Shares", "Px", "Trade Date"]
HEADER += ["Acct No.", "Settle Date", "Gross Amt", "Our Ref", "Desk", "Note"]
MAPPED = {"quantity": "Shares", "price": "Px", "order_type": "Side", "date": "Trade Date"}
BROKEN = {
    "acct_no.blank": 60, "acct_no.case": 40, "acct_no.truncated": 30, "settle_date.next_session": 50,
    "gross_amt.sign": 30, "quantity.nudge": 80, "desk.typo": 20,
}  # fmt: skip
KEPT = 20  # of the altered quantities, so many have the old amount


def _weekday(day: dt.date, by: int) -> dt.date:
    while by:
        day += dt.timedelta(1)
        by -= day.weekday() < 5
    return day


def _lists() -> tuple[list[list[str]], list[list[str]]]:
    rng = random.Random(5)
    ways = [way for way, count in BROKEN.items() for _ in range(count)]
    ours, theirs = [], []
    for number in range(6_000):
        day = dt.date(2025, 3, 3) + dt.timedelta(rng.randrange(3))
        shares, cents = rng.randrange(100, 5_000), rng.randrange(1_000, 9_000)
        account, desk = f"Acme-{rng.randrange(40):02}", rng.choice(["Cash Equity", "Delta One", "Delta One"])
        settle = _weekday(day, 2)
        way = ways[number] if number < len(ways) else ""
        other = shares + shares // 20 if way == "quantity.nudge" else shares
        gross = shares if way == "quantity.nudge" and number % 4 == 0 else other
        sign = "-" if way == "gross_amt.sign" else ""
        accounts = {"acct_no.blank": "", "acct_no.case": account.upper(), "acct_no.truncated": account[:-1]}
        later = _weekday(settle, 1) if way == "settle_date.next_session" else settle
        desks = "Dleta One" if way == "desk.typo" else desk
        if way == "desk.typo":
            desk = "Delta One"
        side = rng.choice(["B", "S"])
        rows = [
            [shares, account, settle, f"{shares * cents / 100:.2f}", f"A{rng.randrange(10**9)}", desk],
            [other, accounts.get(way, account), later, f"{sign}{gross * cents / 100:.2f}",
             f"Z{rng.randrange(10**9)}", desks],
        ]  # fmt: skip
        for rows_of, (quantity, acct, settles, amount, ref, name) in zip((ours, theirs), rows, strict=True):
            rows_of.append([
                f"T{number:05}", side, str(quantity), f"{cents / 100:.2f}", f"{day:%d/%m/%Y}", acct,
                f"{settles:%d/%m/%Y}", amount, ref, name, f"note {rng.randrange(10**6)} of mine",
            ])  # fmt: skip
    return ours, theirs


def _fitted(folder: Path, **options: Any) -> Fit:
    # Columns are the same whatever their capitals, blanks and points.
    headers = HEADER, [name.upper().replace(" ", "_") if name[0] in "AGD" else name for name in HEADER]
    for name, header, rows in zip(("ours", "theirs"), headers, _lists(), strict=True):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows([header, *rows])
    layouts = {name: {"date_format": "%d/%m/%Y"} for name in ("ours", "theirs")}
    lists = folder / "ours.csv", folder / "theirs.csv"
    return fit(*lists, id="Ref", columns=MAPPED, layouts=layouts, **options)


def test_lists_of_a_desk_are_counted_to_the_trade(tmp_path: Path) -> None:
    found = _fitted(tmp_path)
    counts = {one.name: one.count for one in found.numbers if one.kind == "mechanism"}
    assert counts == BROKEN
    columns = {one["name"]: one for one in found.scenario.to_dict()["columns"]}
    assert list(columns) == ["acct_no", "settle_date", "gross_amt", "our_ref", "desk"]
    assert len(columns["acct_no"]["values"]) == 40
    assert (columns["settle_date"]["sessions_after"], columns["settle_date"]["by"]) == ("date", 2)
    assert columns["gross_amt"]["product"] == ["quantity", "price"]
    assert columns["gross_amt"]["not_recomputed"] == KEPT / BROKEN["quantity.nudge"]
    assert columns["our_ref"]["own"]
    one, other = columns["desk"]["weights"]
    assert one / other == pytest.approx(0.5, rel=0.15)  # 5 standard errors
    assert "The lists differ in note in most trades, so it was not compared." in " ".join(str(found).split())


@pytest.mark.slow
def test_no_name_of_the_lists_is_in_what_is_anonymised(tmp_path: Path) -> None:
    found = _fitted(tmp_path, anonymise=True)
    told = " ".join((str(found), found.to_toml(), found.to_json(), found._repr_html_())).lower()
    for name in ("acct", "acme", "settle", "gross", "desk", "delta", "equity", "our_ref", "mine"):
        assert name not in told, name
    names = [one.name for one in found.scenario.columns]
    assert names == ["code_1", "date_2", "decimal_3", "reference_4", "code_5"]
    assert "code_1.case" in found.scenario.weights


@pytest.mark.slow
def test_inject_takes_them_by_the_lists_own_names(tmp_path: Path) -> None:
    found = _fitted(tmp_path)
    wanted = {"Acct No.": "acct_no", "Settle Date": "settle_date", "Gross Amt": "gross_amt", "Desk": "desk"}
    asked = found.for_inject()["mechanisms"]
    assert {name.rpartition(".")[0] for name in asked} == {*wanted, "quantity"}
    assert tomllib.loads(found.to_toml(for_inject=True))["mechanisms"] == asked
    truth = inject(tmp_path / "ours.csv", scenario=found.for_inject(), seed=1).truth
    assert set(truth.mechanism) - {"Gross Amt.follows"} == set(asked)


def test_a_column_whose_later_rows_are_of_another_form_is_compared_as_text() -> None:
    rows = 101_000  # more than are looked at
    ours = pd.DataFrame({"trade_id": np.arange(rows), "quantity": 100 + np.arange(rows) % 400})
    ours["lots"] = np.where(ours.index < 100_500, "12", "about 12")
    theirs = ours.copy()
    theirs.loc[:99, "lots"] = ""
    found = fit(ours, theirs)
    assert {one.name: one.kind for one in found.scenario.columns} == {"lots": "text"}
    assert [one.count for one in found.numbers if one.name == "lots.blank"] == [100]


@pytest.mark.slow
def test_columns_that_cannot_be_generated_are_named_with_the_reason() -> None:
    lists = list(
        generate(pairs=3_000, view="two_system", mismatch_rate=0.1, seed=1, date="2025-07-21").lists.values()
    )
    rng = np.random.default_rng(1)
    maturity = np.datetime64("2030-01-01") + rng.integers(0, 3_000, 3_000)
    fine = rng.integers(1, 10**9, 3_000)
    by_id = dict(zip(sorted(lists[0].trade_id), zip(maturity, fine, strict=True), strict=True))
    for one in lists:
        one["maturity"] = [str(by_id[name][0]) for name in one.trade_id]
        one["yield"] = [f"0.{by_id[name][1]:09}" for name in one.trade_id]
    found = fit(*lists)
    told = " ".join(str(found).split())
    assert not found.scenario.columns
    assert "does not have it, column maturity: it is no constant number of weekdays after" in told
    assert "does not have it, column yield: it has 9 decimals, and a scenario at most 6." in told


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lists as people make them with pandas: products with noise, missing numbers, names that SQL has."""
    rng, count = np.random.default_rng(1), 2_000
    ours = pd.DataFrame({"trade_id": [f"T{number:05}" for number in range(count)]})
    ours["quantity"], ours["price"] = rng.integers(1, 500, count), rng.integers(100, 9_000, count) / 100
    ours["date"], ours["Settle"] = "2025-07-21", pd.Timestamp("2025-07-22")
    ours["gross"] = ours.quantity * ours.price
    ours["Count"] = pd.array(rng.integers(1, 4, count), "Int64")
    ours["total"] = rng.integers(1, 9, count)
    for name in ("Order", "rows", "fault", "list", "o"):
        ours[name] = rng.choice(["A1", "Société Générale, S.A."], count)
    theirs = ours.copy()
    theirs.loc[0:19, "quantity"] += 3
    theirs.loc[0:14, "gross"] = theirs.quantity * theirs.price
    for start, name in enumerate(("Count", "Order", "rows", "fault", "list", "o"), 2):
        theirs.loc[10 * start : 10 * start + 4, name] = None
    theirs.loc[100:109, "Settle"] = pd.Timestamp("2025-07-23")
    theirs.loc[110:119, "gross"] *= -1
    return ours, pd.concat([theirs, theirs[200:207]])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["frame", "csv", "parquet", "ndjson"])
def test_lists_that_pandas_wrote_are_counted_to_the_trade(
    frames: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path, form: str
) -> None:
    lists: list[Any] = [
        one.assign(mixed=[1, "a"] * (len(one) // 2) + ["b"] * (len(one) % 2)) for one in frames
    ]
    if form != "frame":
        lists = [tmp_path / f"{name}.{form}" for name in ("ours", "theirs")]
        for path, one in zip(lists, frames, strict=True):
            if form == "csv":
                one.to_csv(path, index=False)
            elif form == "parquet":
                one.to_parquet(path)
            else:
                one.to_json(path, orient="records", lines=True, date_format="iso")
    found = fit(*lists)
    counts = {one.name: one.count for one in found.numbers if one.kind == "mechanism"}
    blanks = dict.fromkeys(["count", "order_column", "rows", "fault", "list", "o"], 5)
    assert counts == {
        "quantity.nudge": 20, "settle.next_session": 10, "gross.sign": 10, "record.duplicate": 7,
        **{f"{name}.blank": count for name, count in blanks.items()},
    }  # fmt: skip
    columns = {one["name"]: one for one in found.scenario.to_dict()["columns"]}
    assert columns["gross"]["product"] == ["quantity", "price"]
    assert columns["gross"]["places"] == 2
    assert columns["gross"]["not_recomputed"] == 0.25
    assert columns["settle"]["kind"] == "date"
    assert ("No value was read in column mixed" in " ".join(str(found).split())) is (form == "frame")


def test_differences_within_the_tolerance_of_a_column_are_benign() -> None:
    ours = pd.DataFrame({"trade_id": np.arange(5_000), "quantity": 100 + np.arange(5_000) % 400})
    ours["Fee"] = [f"{10 + number % 700 / 100:.2f}" for number in range(5_000)]
    theirs = ours.copy()
    for rows, cents in ((slice(0, 29), 1), (slice(30, 49), 2), (slice(50, 59), 3), (slice(60, 99), 40)):
        theirs.loc[rows, "Fee"] = [f"{float(fee) + cents / 100:.2f}" for fee in ours.loc[rows, "Fee"]]
    found = fit(ours, theirs, tolerances={"fee": 0.02})
    rates = {one.name: one.count for one in found.numbers if one.kind == "rate"}
    assert rates == {"overall": 50, "benign": 50}
    assert found.scenario.tolerances.own == {"fee": 0.02}
    with pytest.raises(FitError, match=r"tolerances\.fees is not a field of tolerances; did you mean fee"):
        fit(ours, theirs, tolerances={"fees": 0.02})


@pytest.mark.slow
def test_a_hot_spot_of_another_column_is_found_and_injected_by_the_lists_own_name() -> None:
    desks = [{"name": "desk", "kind": "code", "values": ["Delta One", "Cash", "Swaps"]}]
    spots = [{"name": "a", "where": {"desk": "Swaps", "broker_id": "BKR004"}, "factor": 6}]
    asked = {"columns": desks, "hot_spots": spots, "mechanisms": {"quantity.nudge": 1, "desk.typo": 1}}
    batch = generate(pairs=20_000, mismatch_rate=0.03, seed=3, view="two_system", date="2025-07-18", **asked)
    found = fit(*(one.rename(columns={"desk": "Trading Desk"}) for one in batch.lists.values()))
    [spot] = [one for one in found.numbers if one.kind == "hot spot"]
    assert (spot.name, spot.low < 6 < spot.high) == (
        "BKR004 trading_desk Swaps",
        True,
    )  # 95%; the seed is fixed
    assert found.scenario.to_dict()["hot_spots"][0]["where"]["trading_desk"] == "Swaps"
    [injected] = found.for_inject()["hot_spots"]
    assert injected["where"] == {"broker_id": "BKR004", "Trading Desk": "Swaps"}
    assert "Swaps" not in str(fit(*batch.lists.values(), anonymise=True))
