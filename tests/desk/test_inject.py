"""The user's own trades, broken: what the truth says is what was done, and nothing else was."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from desk_lists import COLUMNS, NAMES, desk_rows, expected_rows, read_rows, write_rows
from foreign_lists import BROKER_EXPORTS, random_list
from sizes import size

from tradegen import inject
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.list_form import load_forms
from tradegen.mechanisms.difference import Difference

ENTRIES = possible(load_forms(COLUMNS).ours)
ROWS = desk_rows(1_200)
ONE_LETTER = {"order_type.truncated", "order_type.typo"}  # sides are B and S: one letter has neither


@pytest.fixture(scope="module")
def trades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("desk") / "trades.csv", ROWS)


def broken(path: Path, **given: Any) -> Any:
    return inject(path, columns=COLUMNS, **{"seed": 7, **given})


def truth_rows(truth: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(
        truth[["trade_id", "field", "mechanism", "original", "altered"]].astype(str).itertuples(index=False)
    )


@pytest.mark.slow
def test_all_that_differs_from_a_list_is_in_the_truth_and_the_other_way_round(
    trades: Path, tmp_path: Path
) -> None:
    before = trades.read_bytes()
    weights = {name: 1.0 for name in ENTRIES if name != "record.split"}
    made = broken(trades, mechanisms=weights, mismatch_rate=0.5, fields_per_pair=[0.5, 0.3, 0.2])
    made.write(tmp_path / "theirs.csv")
    assert read_rows(tmp_path / "theirs.csv") == expected_rows(ROWS, made.truth)
    assert trades.read_bytes() == before
    assert set(made.truth.mechanism.astype(str)) == set(weights) - ONE_LETTER


@pytest.mark.parametrize(
    "name", [name for name in ENTRIES if not name.startswith("record.") and name not in ONE_LETTER]
)
def test_each_mechanism_alters_its_column_as_its_entry_says(name: str, trades: Path) -> None:
    made = broken(trades, mechanisms={name: 1}, mismatch_rate=0.02)
    entry = ENTRIES[name]
    assert entry.position is not None
    by_id = {row[0]: row for row in ROWS}
    assert len(made.truth) in (24, 25)
    settings = {
        setting.name: setting.default for setting in entry.mechanism.settings
    } if name != "Net.Amt.sign" else {}  # fmt: skip
    for told in made.truth.itertuples():
        assert told.field == NAMES[entry.position]
        assert told.mechanism == name
        assert told.original == by_id[told.trade_id][entry.position] != told.altered
        altered = "" if pd.isna(told.altered) else told.altered
        signs = told.original.startswith("-") and altered.startswith("-")
        original, altered = (text[1:] if signs else text for text in (told.original, altered))
        seen = Difference(original, altered, {}, settings, tickers=("AAPL", "MSFT", "IBM"))
        # Where all values are round lots, the smallest step is a lot.
        a_lot = name == "Lots.nudge" and abs(told.delta) == 100
        assert a_lot or entry.mechanism.recognises(seen), told


def test_deltas_and_notionals_are_those_of_the_cells(trades: Path) -> None:
    made = broken(trades, mismatch_rate=0.3)
    by_id = {row[0]: row for row in ROWS}
    for told in made.truth.itertuples():
        row = by_id[told.trade_id]
        assert told.notional == pytest.approx(int(row[2]) * float(row[3]))
        if told.field in ("Qty", "Px"):
            assert told.delta == pytest.approx(float(told.altered) - float(told.original))
        elif told.field == "Trade Date":
            assert told.delta == (pd.Timestamp(told.altered) - pd.Timestamp(told.original)).days
        else:
            assert told.delta == (pd.Timestamp(told.altered) - pd.Timestamp(told.original)).total_seconds()
    assert set(made.truth.field) == {"Qty", "Px", "Trade Date", "Exec Time"}


def test_the_order_of_rows_changes_nothing(trades: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    shuffled = [ROWS[at] for at in rng.permutation(len(ROWS))]
    other = write_rows(tmp_path / "shuffled.csv", shuffled)
    weights = dict.fromkeys(ENTRIES, 1.0)
    one, two = (broken(path, mechanisms=weights, mismatch_rate=0.4) for path in (trades, other))
    pd.testing.assert_frame_equal(one.truth, two.truth)
    one.write(tmp_path / "one.csv")
    two.write(tmp_path / "two.csv")
    rows = [Counter(map(tuple, read_rows(tmp_path / name))) for name in ("one.csv", "two.csv")]
    assert rows[0] == rows[1]


def test_raising_the_rate_keeps_every_mismatch_there_was(trades: Path) -> None:
    weights = dict.fromkeys(ENTRIES, 1.0)
    found = [
        truth_rows(broken(trades, mechanisms=weights, mismatch_rate=rate).truth) for rate in (0.05, 0.2, 0.7)
    ]
    assert found[0] < found[1] < found[2]


def test_a_weight_moves_no_row_between_two_other_mechanisms(trades: Path) -> None:
    weights = {"price.nudge": 1.0, "quantity.nudge": 1.0, "Acct.typo": 1.0}
    few, many = (
        broken(
            trades, mechanisms=weights | {"Acct.typo": weight}, fields_per_pair=[1.0], mismatch_rate=0.5
        ).truth
        for weight in (1.0, 3.0)
    )
    moved = few.merge(many, on="trade_id", suffixes=("", "_then"))
    moved = moved[moved.mechanism.astype(str) != moved.mechanism_then.astype(str)]
    assert len(moved)
    assert set(moved.mechanism_then.astype(str)) == {"Acct.typo"}


@pytest.mark.parametrize("rate", [0.0, 0.013, 0.1, 1.0])
def test_the_number_of_mismatched_rows_is_right_to_one(rate: float, trades: Path) -> None:
    made = broken(trades, mismatch_rate=rate)
    count = made.truth.trade_id.nunique()
    assert count in (math.floor(rate * 1_200), math.ceil(rate * 1_200))
    assert made.manifest["counts"]["mismatched_rows"] == count


@pytest.mark.slow
def test_by_coins_the_number_of_mismatched_rows_varies_about_the_rate(trades: Path) -> None:
    counts = [
        broken(trades, seed=seed, rate_mode="bernoulli", mismatch_rate=0.1).truth.trade_id.nunique()
        for seed in range(6)
    ]
    # Eight standard deviations: less than one false alarm in 10^12.
    assert all(abs(count - 120) < 8 * math.sqrt(108) for count in counts)
    assert len(set(counts)) > 1


def test_records_are_missing_there_twice_or_in_fills_that_add_up(trades: Path, tmp_path: Path) -> None:
    weights = {"record.missing": 1, "record.duplicate": 1, "record.split": 1, "price.nudge": 1}
    made = broken(trades, mechanisms=weights, mismatch_rate=0.3)
    made.write(tmp_path / "theirs.csv")
    by_id: dict[str, list[list[str]]] = {row[0]: [] for row in ROWS}
    for row in read_rows(tmp_path / "theirs.csv"):
        by_id[row[0]].append(row)
    told = made.truth[made.truth.field.astype(str) == "record"]
    times = dict(zip(told.trade_id, told.altered.astype(int), strict=True))
    assert {trade: len(rows) for trade, rows in by_id.items()} == {row[0]: 1 for row in ROWS} | times
    splits = told[told.mechanism.astype(str) == "record.split"].trade_id
    quantities = {row[0]: int(row[2]) for row in ROWS}
    for trade, rows in by_id.items():
        shares = [int(row[2]) for row in rows]
        assert min(shares, default=1) >= 1
        assert trade not in set(splits) or sum(shares) == quantities[trade]
    assert len(splits) > 50
    missing = told[told.altered == "0"].trade_id
    assert not made.truth[made.truth.trade_id.isin(missing)].field.astype(str).ne("record").any()


def test_a_mistyped_id_is_no_other_rows(trades: Path) -> None:
    made = broken(trades, mechanisms={"trade_id.mistyped": 1}, mismatch_rate=0.9)
    ids = [row[0] for row in ROWS]
    new = list(made.truth.altered)
    assert not set(new) & set(ids)
    assert len(set(new)) == len(new) == made.truth.trade_id.nunique()


def test_altered_values_lie_where_clean_ones_do(trades: Path) -> None:
    names = ["quantity.nudge", "price.nudge", "trade_timestamp.delay", "Lots.nudge", "Acct.other"]
    made = broken(trades, mechanisms=dict.fromkeys(names, 1), mismatch_rate=0.9, keep_in_range=True)
    frame = pd.DataFrame(ROWS, columns=list(NAMES)).set_index("TradeRef")
    ticker = made.truth.trade_id.map(frame.Ticker)
    for field, group in made.truth.groupby(made.truth.field.astype(str)):
        if field == "Px":
            for name, part in group.groupby(ticker):
                clean = frame.Px[frame.Ticker == name].astype(float)
                assert part.altered.astype(float).between(clean.min(), clean.max()).all()
        elif field in ("Qty", "Lots"):
            clean = frame[field].astype(int)
            assert group.altered.astype(int).between(clean.min(), clean.max()).all()
        elif field == "Acct":
            assert set(group.altered) <= set(frame.Acct)
        else:
            assert group.altered.str[:10].eq(group.original.str[:10]).all()
    lots = made.truth[made.truth.field.astype(str) == "Lots"].altered.astype(int)
    assert len(lots) > 50
    assert (lots % 100 == 0).all()


def test_benign_differences_are_within_half_the_tolerance_and_mismatches_beyond_twice(trades: Path) -> None:
    made = broken(
        trades,
        mechanisms={"price.nudge": 1, "quantity.nudge": 1},
        tolerances={"price": {"ticks": 10}, "quantity": 4},
        mismatch_rate=0.2,
        benign_rate=0.1,
        fields_per_pair=[0, 1],
    )
    truth = made.truth
    fields = truth.groupby("trade_id").benign.agg(["any", "size"])
    assert (set(fields["size"][fields["any"]]), fields["size"].max()) == ({1}, 2)
    assert truth.benign.sum() in (120, 121)
    limit = truth.field.astype(str).map({"Px": 0.10, "Qty": 4})
    size_ = truth.delta.abs() + 1e-9 * np.where(truth.benign, -1, 1)
    assert (size_[truth.benign] <= limit[truth.benign] / 2).all()
    assert (size_[~truth.benign] >= limit[~truth.benign] * 2).all()


def test_where_nearly_every_row_is_broken_none_is_both_a_mismatch_and_benign(trades: Path) -> None:
    made = broken(
        trades,
        mechanisms={"quantity.nudge": 1},
        tolerances={"quantity": 4},
        mismatch_rate=0.8,
        benign_rate=0.2,
        fields_per_pair=[1.0],
    )
    assert made.truth.trade_id.is_unique
    assert 0 < made.truth.benign.sum() <= 241


@pytest.mark.sized
def test_in_a_list_of_any_dialect_only_the_cells_differ_that_the_truth_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    ways = ("typo", "blank", "truncated", "case", "other")
    altered = 0
    for number in range(size(12, 200)):
        given = random_list(rng)
        path = given.write(tmp_path / f"{number}.csv")
        content = path.read_bytes()
        described = given.described() | {"duplicate_ids": "leave"}
        weights = {f"{name}.{way}": 1 for name in given.names[1:40] for way in ways} or {"column_1.blank": 1}
        made = inject(
            path,
            columns=described,
            seed=number,
            mismatch_rate=0.5,
            mechanisms=weights,
            fields_per_pair=[0.5, 0.5],
        )
        made.write(tmp_path / f"{number}.out")
        before = given.read(given.text())
        raw = [list(row) for row in given.raw]
        lines = {row[0]: line for line, row in enumerate(before)}
        for told in made.truth.itertuples():
            line, at = lines[told.trade_id], given.names.index(told.field)
            old = before[line][at]
            assert old.strip(" ") == told.original
            lead, _, trail = old.partition(told.original)
            new = lead + ("" if pd.isna(told.altered) else told.altered) + trail
            raw[line][at] = given.requoted(line, at, new)
        altered += len(made.truth)
        assert given.decoded((tmp_path / f"{number}.out").read_bytes()) == given.text(raw), given.file
        assert path.read_bytes() == content
    assert altered > 100


@pytest.mark.parametrize("name", list(BROKER_EXPORTS))
def test_exports_of_brokers_are_broken_by_what_is_guessed_of_them(name: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(BROKER_EXPORTS[name])
    from tradegen.desk.lists.columns_toml import columns_of

    text = columns_of(path)
    first = load_columns(text)
    made = inject(path, columns=first, seed=1, mismatch_rate=1, mechanisms={f"{last_label(first)}.blank": 1})
    made.write(tmp_path / "theirs.csv")
    rows = made.manifest["counts"]["rows"]
    assert len(made.truth) == made.manifest["counts"]["mismatched_rows"] <= rows
    changed = (tmp_path / "theirs.csv").read_bytes() != BROKER_EXPORTS[name]
    assert changed == bool(len(made.truth))


def load_columns(text: str) -> dict[str, Any]:
    import tomllib

    found = tomllib.loads(text)
    return found if found["id"] else found | {"id": [found["columns"][0]["name"]]}


def last_label(described: dict[str, Any]) -> str:
    last = described["columns"][-1]
    return str(last.get("role", last["name"]))
