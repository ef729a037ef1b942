"""Amounts that are quantity times price, and follow where one of these is altered."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tradegen import inject, score
from tradegen.desk.injecting.possible import possible
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.desk.lists.list_form import load_forms
from tradegen.errors import ListError, ScenarioError
from tradegen.verify import verify

COLUMNS: list[dict[str, Any]] = [
    {"name": "Ref", "kind": "reference", "role": "trade_id"},
    {"name": "Qty", "kind": "integer", "role": "quantity"},
    {"name": "Px", "kind": "decimal", "places": 3, "role": "price"},
    {"name": "Gross", "kind": "decimal", "places": 2, "product": ["quantity", "price"]},
    {"name": "Fee", "kind": "decimal", "places": 2},
]
DESCRIBED = {"id": ["Ref"], "columns": COLUMNS}
EVERY = {name: 1 for name in possible(load_forms(DESCRIBED).ours) if name != "Gross.follows"}
OTHERS = 40  # each so many rows, an amount that is no product


def rows_of(count: int, rounding: str = ROUND_HALF_UP) -> list[list[str]]:
    rng = np.random.default_rng(4)
    found = []
    for number in range(count):
        quantity, price = int(rng.integers(1, 900)), Decimal(int(rng.integers(900, 90_000))).scaleb(-3)
        gross = (quantity * price).quantize(Decimal("0.01"), rounding) * (-1 if number % 3 else 1)
        gross += 5 if number % OTHERS == 7 else 0
        found.append([f"T{number:04}", str(quantity), f"{price:.3f}", f"{gross:.2f}", "1.50"])
    return found


def written(path: Path, rows: list[list[str]]) -> Path:
    names = [column["name"] for column in COLUMNS]
    path.write_text("".join(",".join(row) + "\n" for row in [names, *rows]), "utf-8")
    return path


def is_product(row: list[str]) -> bool:
    return abs(abs(int(row[1]) * Decimal(row[2])) - abs(Decimal(row[3]))) < Decimal("0.01")


@pytest.mark.parametrize("rounding", [ROUND_HALF_UP, ROUND_DOWN])
def test_an_amount_is_altered_with_its_quantity_or_price_where_it_was_their_product(
    rounding: str, tmp_path: Path
) -> None:
    rows = rows_of(600, rounding)
    path = written(tmp_path / "mine.csv", rows)
    weights = {"quantity.nudge": 1, "price.decimal_shift": 1, "price.nudge": 1}
    made = inject(path, columns=DESCRIBED, seed=2, mismatch_rate=0.5, mechanisms=weights)
    made.write(tmp_path / "theirs.csv")
    theirs = [line.split(",") for line in (tmp_path / "theirs.csv").read_text("utf-8").splitlines()[1:]]
    told = made.truth.set_index(["trade_id", "field"])
    altered = 0
    for ours, row in zip(rows, theirs, strict=True):
        assert ours[4] == row[4]
        if ours[1:3] == row[1:3] or not is_product(ours):
            assert ours[3] == row[3]
            continue
        altered += 1
        assert is_product(row)
        assert (ours[3][0] == "-") == (row[3][0] == "-")
        if ours[3] != row[3]:
            one = told.loc[(ours[0], "Gross")]
            assert (one.mechanism, one.original, one.altered) == ("Gross.follows", ours[3], row[3])
            assert Decimal(str(one.delta)) == Decimal(row[3]) - Decimal(ours[3])
    assert altered > 250
    assert made.manifest["counts"]["amounts_apart"] == {"Gross": 15}
    followed = (made.truth.mechanism.astype(str) == "Gross.follows").sum()
    assert made.manifest["counts"]["by_mechanism"]["Gross.follows"]["applied"] == followed


@pytest.mark.slow
def test_a_share_of_amounts_is_not_recomputed_and_that_is_proved(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", rows_of(600))
    columns = [{**one, "not_recomputed": 0.25} if one["name"] == "Gross" else one for one in COLUMNS]
    weights = {"quantity.nudge": 1, "price.decimal_shift": 1, "record.split": 0.2}
    few, many = (
        inject(
            path, columns={"id": ["Ref"], "columns": one}, seed=2, mismatch_rate=0.9, mechanisms=weights
        ) for one in (columns, COLUMNS)
    )  # fmt: skip
    follows = [made.manifest["counts"]["by_mechanism"]["Gross.follows"]["applied"] for made in (few, many)]
    # Seven standard deviations of about 500 draws: a false alarm in 10^11.
    assert abs(follows[0] / follows[1] - 0.75) < 7 * np.sqrt(0.25 * 0.75 / follows[1])
    for made in (few, many):
        assert (made.truth.mechanism != "Gross.follows").sum() == 540
    paths = [tmp_path / name for name in ("theirs.csv", "truth.csv", "m.json")]
    few.write(*paths)
    assert verify([path, *paths]).ok
    text = paths[2].read_text("utf-8")
    assert text.count('"not_recomputed": 0.25') == 1
    paths[2].write_text(text.replace('"not_recomputed": 0.25', '"not_recomputed": 0.0'), "utf-8")
    assert verify([path, *paths]).findings["derived"].count == follows[1] - follows[0]


@pytest.mark.slow
def test_fills_have_their_parts_of_the_amount_and_these_add_up(tmp_path: Path) -> None:
    rows = rows_of(400)
    path = written(tmp_path / "mine.csv", rows)
    made = inject(path, columns=DESCRIBED, seed=2, mismatch_rate=0.3, mechanisms={"record.split": 1})
    theirs = made.theirs
    assert len(made.truth) > 100
    for ours in rows:
        fills = theirs[theirs.Ref == ours[0]]
        amounts = fills.Gross.map(Decimal)
        if not is_product(ours):
            assert set(fills.Gross) == {ours[3]}
            continue
        assert amounts.sum() == Decimal(ours[3])
        exact = fills.Qty.map(Decimal) * fills.Px.map(Decimal)
        assert ((exact - amounts.abs()).abs() <= Decimal("0.02")).all()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_every_mechanism_beside_amounts_is_proved_and_scored(form: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.csv", rows_of(400))
    if form != "csv":
        frame = pd.read_csv(path, dtype={"Ref": str})
        path = tmp_path / f"mine.{form}"
        if form == "parquet":
            frame.to_parquet(path)
        else:
            frame.to_json(path, orient="records", lines=True)
    made = inject(
        path, columns=DESCRIBED | {"file": {"form": form}}, seed=5, mismatch_rate=0.6, benign_rate=0.1,
        tolerances={"quantity": 5, "price": {"bps": 20}}, mechanisms=EVERY,
    )  # fmt: skip
    paths = [tmp_path / f"theirs.{form}", tmp_path / "truth.csv", tmp_path / "m.json"]
    made.write(*paths)
    report = verify([path, *paths])
    assert report.ok, str(report)
    ways = made.truth.mechanism.astype(str)
    assert ((ways == "Gross.follows") & made.truth.benign).any()
    assert {"Gross.sign", "quantity.blank", "price.sign", "record.split"} <= set(ways)
    broken = made.truth[~made.truth.benign]
    counted = score(made.truth, broken[["trade_id", "field"]], manifest=made.manifest)
    assert counted.fields.recall == counted.fields.precision == 1


MINE = "Ref,Qty,Px,Gross,Fee\nT1,100,2.500,-250.00,1\nT2,10,3.125,31.25,1\nT3,10,3.125,40.00,1\n"
THEIRS = (
    "Ref,Qty,Px,Gross,Fee\nT1,90,2.500,-225.00,1\nT2,4,3.125,12.50,1\nT2,6,3.125,18.75,1\n"
    "T3,9,3.125,40.00,1\n"
)
TRUTH = """trade_id,leg,field,mechanism,original,altered,delta,benign,notional,cause
T1,THEIRS,Qty,quantity.nudge,100,90,-10,false,250.000,
T1,THEIRS,Gross,Gross.follows,-250.00,-225.00,25.00,false,250.000,
T2,THEIRS,record,record.split,1,2,1,false,31.250,
T3,THEIRS,Qty,quantity.nudge,10,9,-1,false,31.250,
"""


@pytest.mark.parametrize(
    ("kind", "name", "old", "new", "sentence"),
    [
        ("derived", "both", "-225.00", "-226.00", "T1 Gross: -226.00 in theirs.csv is not quantity times"),
        ("derived", "both", "-225.00", "225.00", "T1 Gross: 225.00 in theirs.csv is not quantity times"),
        ("derived", "theirs", "12.50", "12.60", "T2 Gross: 12.60 in theirs.csv is not quantity times"),
        ("vanished", "theirs", "12.50", "12.51", "T2 Gross: 12.51 + 18.75 in theirs.csv is not 31.25"),
        ("unlabelled", "theirs", "40.00", "36.00", "T3 Gross: 40.00 in mine.csv, 36.00 in theirs.csv"),
        ("benign", "truth", "25.00,false", "25.00,true", "T1 Gross: benign is true"),
        ("delta", "truth", ",25.00,", ",24.00,", "T1 Gross: delta is 24.00"),
        ("vanished", "truth", TRUTH.splitlines()[1] + "\n", "", "T1 Gross: it follows by the truth, and"),
    ],
)  # fmt: skip
def test_an_amount_that_does_not_follow_as_it_should_is_found(
    kind: str, name: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    import hashlib
    import json

    clean = {"mine": MINE, "theirs": THEIRS, "truth": TRUTH}
    wrong = {
        one: text.replace(old, new) if name in (one, "both") and one != "mine" else text
        for one, text in clean.items()
    }
    assert wrong != clean
    for texts in (clean, wrong):
        told = [{"sha256": hashlib.sha256(text.encode()).hexdigest()} for text in texts.values()]
        manifest = {
            "manifest": 2,
            "inject": {"columns": load_forms(DESCRIBED).ours.model_dump(mode="json", exclude_none=True)},
            "input": told[0] | {"rows": 3},
            "output": {"theirs": told[1] | {"rows": 4}, "truth": told[2]},
            "counts": {"rows": 3, "truth_rows": 4, "mismatched_rows": 3, "benign_rows": 0},
        }
        paths = [tmp_path / f"{one}.csv" for one in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_text(text, "utf-8")
        (tmp_path / "m.json").write_text(json.dumps(manifest), "utf-8")
        report = verify([*paths, tmp_path / "m.json"])
        assert report.ok == (texts is clean), str(report)
    assert any(sentence in one for one in report.findings[kind].examples), str(report)


def test_a_column_that_is_their_product_in_all_rows_is_guessed_to_follow(tmp_path: Path) -> None:
    right = [row for row in rows_of(60, ROUND_DOWN) if is_product(row)]
    told = columns_of(written(tmp_path / "mine.csv", right))
    [line] = [line for line in told.splitlines() if '"Gross"' in line]
    assert 'product = ["quantity", "price"]' in line
    assert line.endswith("; quantity times price in all rows")
    right[5][3] = "1.00"
    assert "product =" not in columns_of(written(tmp_path / "mine.csv", right))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"product": ["price", "quantity"]}, r"expected \[.quantity., .price.\]"),
        ({"product": "price"}, r"expected \[.quantity., .price.\]"),
        ({"kind": "integer", "places": None}, "has a product, and is of kind integer"),
        ({"role": "price"}, "has a product, and has the role price"),
        ({"product": None, "not_recomputed": 0.1}, "has not_recomputed without a product; expected both"),
        ({"not_recomputed": 1.5}, "not_recomputed is 1.5; expected the share of altered trades that keep"),
    ],
)
def test_a_product_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    gross = {name: value for name, value in (COLUMNS[3] | change).items() if value is not None}
    with pytest.raises(ListError, match=sentence):
        load_forms({"id": ["Ref"], "columns": [*COLUMNS[:3], gross]})


def test_a_product_of_columns_that_no_role_names_is_refused() -> None:
    with pytest.raises(ListError, match="no column has the role price; expected it of the column"):
        load_forms({"id": ["Ref"], "columns": [COLUMNS[0], COLUMNS[1], COLUMNS[3]]})


def test_following_takes_no_weight() -> None:
    frame = pd.DataFrame({"Ref": ["a"], "Qty": [1], "Px": [1.0], "Gross": [1.0], "Fee": [1.0]})
    with pytest.raises(ScenarioError, match="takes no weight: a derived column follows by itself"):
        inject(frame, columns=DESCRIBED | {"file": {"form": "parquet"}}, mechanisms={"Gross.follows": 1})


@pytest.mark.slow
def test_a_value_is_not_altered_where_the_amount_would_not_fit_into_its_column(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "Ref,Qty,Px,Gross\n" + "".join(f"T{n:02},10,{n}.00,{10 * n:4}.00\n" for n in range(9, 60))
    )
    gross = {"name": "Gross", "kind": "decimal", "places": 2, "width": 7, "align": "right"}
    px = {"name": "Px", "kind": "decimal", "places": 2, "role": "price"}
    columns = [*COLUMNS[:2], px, gross | {"product": ["quantity", "price"]}]
    made = inject(
        path, columns={"id": ["Ref"], "columns": columns}, seed=1, mismatch_rate=1, keep_in_range=False,
        mechanisms={"quantity.extra_digit": 1, "price.decimal_shift": 1},
    )  # fmt: skip
    made.write(tmp_path / "theirs.csv")
    lines = (tmp_path / "theirs.csv").read_text("utf-8").splitlines()[1:]
    assert {len(line.rpartition(",")[2]) for line in lines} == {7}
    assert 50 < len(made.truth) == 2 * made.manifest["counts"]["by_mechanism"]["Gross.follows"]["applied"]
