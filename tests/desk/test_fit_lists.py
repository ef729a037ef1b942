"""`fit` takes lists in any form that `score` takes, and says the same of all of them."""

from __future__ import annotations

import functools
import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from analyst_desk import DESK
from break_lists import break_rows
from shell import run

from tradegen import Batch, Fit, Scenario, fit, generate

PAIRS = 12_000


@functools.cache
def batch() -> Batch:
    return generate(**DESK, pairs=PAIRS)


@functools.cache
def plain() -> Fit:
    return fit(*batch().lists.values())


def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    ours, theirs = batch().lists.values()
    return ours.copy(), theirs.copy()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_files_give_what_frames_give(tmp_path: Path, suffix: str) -> None:
    batch().write(tmp_path / f"t.{suffix}")
    found = fit(tmp_path / f"t.ours.{suffix}", tmp_path / f"t.theirs.{suffix}")
    assert found.numbers == plain().numbers
    assert found.to_toml() == plain().to_toml()


@pytest.mark.slow
def test_arrow_tables_give_what_frames_give() -> None:
    tables = batch().to_arrow()
    assert fit(tables["ours"], tables["theirs"]).numbers == plain().numbers


@pytest.mark.slow
def test_the_order_of_rows_changes_nothing() -> None:
    ours, theirs = both()
    found = fit(ours.sample(frac=1, random_state=1), theirs.sample(frac=1, random_state=2))
    assert found.to_toml() == plain().to_toml()


@pytest.mark.slow
def test_columns_have_any_names_and_other_columns_do_not_matter() -> None:
    ours, theirs = both()
    names = {"trade_id": "Ref", "price": "Px", "quantity": "Qty"}
    ours = ours.rename(columns=names).assign(Desk="EQ1")
    theirs = theirs.rename(columns={**names, "price": "Price paid"})
    found = fit(
        ours,
        theirs,
        id="Ref",
        columns={"price": "Px", "quantity": "Qty"},
        layouts={"theirs": {"columns": {"price": "Price paid"}}},
    )
    assert found.numbers == plain().numbers


@pytest.mark.slow
def test_forms_of_dates_and_times_are_found_where_only_one_fits() -> None:
    ours, theirs = both()
    theirs["date"] = theirs["date"].dt.strftime("%d/%m/%Y")
    theirs["trade_timestamp"] = theirs["trade_timestamp"].dt.strftime("%d/%m/%Y %H:%M:%S")
    assert fit(ours, theirs).numbers == plain().numbers


@pytest.mark.slow
def test_a_layout_gives_forms_that_nobody_would_guess() -> None:
    ours, theirs = both()
    theirs["trade_timestamp"] = theirs["trade_timestamp"].dt.strftime("%H:%M:%S on %d %m %y")
    layouts = {"theirs": {"timestamp_format": "%H:%M:%S on %d %m %y"}}
    assert fit(ours, theirs, layouts=layouts).numbers == plain().numbers


@pytest.mark.slow
def test_sides_may_be_called_as_fix_and_desks_call_them() -> None:
    ours, theirs = both()
    ours["order_type"] = ours["order_type"].astype(str).map({"BUY": "B", "SELL": "S"})
    theirs["order_type"] = theirs["order_type"].astype(str).map({"BUY": "1", "SELL": "2"})
    assert fit(ours, theirs).numbers == plain().numbers


@pytest.mark.slow
def test_a_list_without_some_columns_is_fitted_in_the_others() -> None:
    ours, theirs = both()
    found = fit(ours[["trade_id", "quantity", "price"]], theirs[["trade_id", "price", "quantity"]])
    assert {one.name for one in found.numbers if one.kind == "field"} == {"quantity", "price"}


@pytest.mark.slow
def test_counterparties_lists_are_read_from_our_side() -> None:
    lists = generate(**{**DESK, "view": "counterparty", "pairs": PAIRS}).lists
    found = fit(*lists.values())
    assert found.scenario.view == "counterparty"
    assert {one.name for one in found.numbers if one.kind == "field"} == {
        "quantity",
        "price",
        "date",
        "trade_timestamp",
    }


@pytest.mark.slow
def test_differences_within_a_tolerance_are_benign() -> None:
    lists = generate(**{**DESK, "pairs": PAIRS, "benign_rate": 0.1, "tolerances": {"quantity": 2}}).lists
    found = fit(*lists.values(), tolerances={"quantity": 2})
    rates = {one.name: one.value for one in found.numbers if one.kind == "rate"}
    assert rates["overall"] == pytest.approx(0.021, abs=1e-4)
    # Outside the hot spots, which are a seventh of the trades, one in ten.
    assert 0.08 < rates["benign"] < 0.09
    assert found.scenario.benign_rate == pytest.approx(0.1, abs=0.003)


@pytest.mark.slow
def test_tolerances_are_suggested_where_small_differences_stand_apart() -> None:
    lists = generate(
        **{**DESK, "pairs": PAIRS, "benign_rate": 0.1, "tolerances": {"trade_timestamp": 20.0}}
    ).lists
    found = fit(*lists.values())
    assert 9 <= found.hints["trade_timestamp"] <= 20


@pytest.mark.slow
def test_missing_double_and_split_records_are_counted() -> None:
    mechanisms = {"record.missing": 2.0, "record.duplicate": 1.0, "record.split": 1.0}
    desk = {**DESK, "pairs": PAIRS, "mechanisms": mechanisms, "settings": {}, "hot_spots": []}
    made = generate(**desk)
    found = {one.name: one.count for one in fit(*made.lists.values()).numbers if one.kind == "mechanism"}
    counts = made.manifest["counts"]["by_mechanism"]
    assert found == {name: counts[name]["applied"] for name in mechanisms}


@pytest.mark.slow
def test_a_mistyped_id_is_put_to_its_trade() -> None:
    desk = {**DESK, "pairs": PAIRS, "mechanisms": {"trade_id.mistyped": 1.0}, "settings": {}, "hot_spots": []}
    made = generate(**desk)
    found = fit(*made.lists.values())
    assert [(one.name, one.count) for one in found.numbers if one.kind == "mechanism"] == [
        ("trade_id.mistyped", made.manifest["counts"]["mismatched_pairs"])
    ]


@pytest.mark.slow
def test_what_no_mechanism_explains_is_counted_and_shown() -> None:
    ours, theirs = both()
    odd = theirs["trade_id"].isin(theirs["trade_id"].iloc[:100])
    theirs.loc[odd, "price"] *= 37.31
    found = fit(ours, theirs)
    unexplained = {one.name: one.count for one in found.numbers if one.kind == "unexplained"}
    assert 95 <= unexplained["price"] <= 100
    assert "no mechanism produces these" in found.to_toml()


@pytest.mark.slow
def test_a_file_of_breaks_gives_what_the_lists_give() -> None:
    found = fit(breaks=break_rows(batch().truth), trades=PAIRS)
    by_name = {(one.kind, one.name): one for one in found.numbers}
    for one in plain().numbers:
        if one.kind in ("rate", "field", "fields"):
            assert by_name[one.kind, one.name] == one
        elif one.kind == "mechanism":
            assert by_name[one.kind, one.name].value == pytest.approx(one.value, abs=0.01)
    # Nothing is known of the other trades, so that there are no hot spots.
    assert not found.scenario.hot_spots


@pytest.mark.slow
def test_few_breaks_come_with_wide_intervals_and_are_not_trusted() -> None:
    few = break_rows(batch().truth).groupby("field", group_keys=False).head(4)
    found = fit(breaks=few, trades=800)
    shares = [one for one in found.numbers if one.kind == "field"]
    assert all(one.high - one.low > 0.3 and "too few to trust" in one.note for one in shares)
    assert "too few to trust" in found.to_toml()


@pytest.mark.slow
@pytest.mark.parametrize("of_each", [4, 30, PAIRS])
def test_numbers_that_are_too_few_to_trust_are_those_of_the_rule_that_the_toml_states(of_each: int) -> None:
    rows = break_rows(batch().truth).groupby("field", group_keys=False).head(of_each)
    rows = pd.concat([rows, rows.iloc[:1].assign(field="ticker", ours="AAPL", theirs="MSFT")])
    found = fit(breaks=rows, trades=PAIRS) if of_each < PAIRS else plain()
    for one in found.numbers:
        few_trades = one.of < 10
        if one.kind == "size":
            percent = int(one.name.rpartition(" ")[2].rstrip("%"))
            few_trades = one.count * min(percent, 100 - percent) < 300
        expected = one.high - one.low > one.value or few_trades
        assert ("too few to trust" in one.note) is expected, one
    head = " ".join(line.lstrip("# ") for line in found.to_toml().splitlines()[:5])
    assert (
        "'too few to trust' has an interval wider than itself, or is a share of fewer than 10 trades, or a "
        "size with fewer than 3 sizes beyond it." in head
    )


def test_the_toml_is_a_scenario_that_says_where_its_numbers_come_from() -> None:
    text = plain().to_toml()
    assert Scenario.load(tomllib.loads(text)) == plain().scenario
    rate = next(line for line in text.splitlines() if line.startswith("mismatch_rate"))
    assert rate == "mismatch_rate = 0.021  # 2.10%, 1.86% to 2.37%; 252 of 12,000"


def test_json_has_the_scenario_and_every_number() -> None:
    found = json.loads(plain().to_json())
    assert found["scenario"] == plain().scenario.to_dict()
    assert len(found["numbers"]) == len(plain().numbers) == len(plain().table)


@pytest.mark.slow
def test_nothing_of_a_desk_is_in_what_is_made_anonymous() -> None:
    ours, theirs = both()
    ours, theirs = (
        one.assign(
            broker_id="Goldfinch " + one["broker_id"].astype(str),
            contra_broker_id="Goldfinch " + one["contra_broker_id"].astype(str),
            ticker="ZZ" + one["ticker"].astype(str),
        )
        for one in (ours, theirs)
    )
    open_, hidden = fit(ours, theirs), fit(ours, theirs, anonymise=True)
    assert "Goldfinch BKR004" in str(open_)
    for text in (str(hidden), hidden.to_toml(), hidden.to_json(), hidden._repr_html_()):
        assert "Goldfinch" not in text
        assert "ZZ" not in text
    # The broker that stands out is still there, under a name that says nothing.
    assert "C004" in str(hidden)
    assert hidden.scenario.hot_spots[1].where.broker_id == ("BKR004",)


@pytest.mark.slow
def test_brokers_of_any_name_become_hot_spots_under_the_scenarios_names() -> None:
    ours, theirs = both()
    names = {f"BKR{number:03}": f"Bank {chr(90 - number)}" for number in range(1, 16)}
    for one in (ours, theirs):
        for column in ("broker_id", "contra_broker_id"):
            one[column] = one[column].astype(str).map(names)
    found = fit(ours, theirs)
    spot = next(spot for spot in found.scenario.hot_spots if spot.where.broker_id)
    # Bank V is the twelfth by name.
    assert (spot.name, spot.where.broker_id) == ("Bank V", ("BKR012",))
    assert "BKR012 stands for Bank V" in found.to_toml()


def test_the_command_writes_a_scenario_that_generate_takes(tmp_path: Path) -> None:
    batch().write(tmp_path / "t.csv")
    done = run("fit", "t.ours.csv", "t.theirs.csv", "--out", "desk.toml", "--check", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "groups that break more or less often" in done.out
    assert "why they differ" in done.out
    made = run("generate", "--scenario", "desk.toml", "--out", "again.csv", "--seed", "1", cwd=tmp_path)
    assert made.code == 0, made.err
    assert "2.10% made" in made.err


@pytest.mark.slow
def test_the_command_takes_breaks(tmp_path: Path) -> None:
    break_rows(batch().truth).rename(columns={"trade_id": "Ref"}).to_csv(tmp_path / "breaks.csv", index=False)
    words = ("--breaks", "breaks.csv", "--trades", "12_000", "--id", "Ref", "--format", "json")
    done = run("fit", *words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert json.loads(done.out)["scenario"]["mismatch_rate"] == 0.021


def test_columns_that_a_layout_does_not_include_are_not_compared() -> None:
    asked = {"columns": [{"name": "account", "kind": "code", "codes": 200}], "mismatch_rate": 0.3}
    weights = {"quantity.nudge": 1.0, "account.blank": 1.0, "record.duplicate": 1.0}
    lists = generate(
        pairs=2_000, seed=3, view="two_system", date="2025-07-18", mechanisms=weights, **asked
    ).lists
    layouts = {name: {"include": ["trade_id", "quantity"]} for name in lists}
    plain_lists = [one[["trade_id", "quantity"]] for one in lists.values()]
    assert fit(*lists.values(), layouts=layouts).numbers == fit(*plain_lists).numbers
