"""Quantities in other steps than shares: every mechanism keeps to them, and files and proofs go along."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reading import Lists, Row, rows
from reference import check_truth
from sizes import chosen
from written import give_both_legs, places, written_rows

from tradegen import ScenarioError, generate, prepare, score
from tradegen.verify import verify

WAYS = ("nudge", "lot_scale", "digit_swap", "extra_digit")
ASKED: dict[str, Any] = {
    "pairs": 2_000,
    "mismatch_rate": 0.5,
    "view": "two_system",
    "mechanisms": {f"quantity.{name}": 1 for name in WAYS} | {"record.split": 1},
    "fields_per_pair": [1],
    "seed": 3,
    "date": "2025-07-21",
}
# By step: the smallest and the largest quantity, and the tick of prices beside it.
STEPS: dict[str, dict[str, Any]] = {
    "0.000001": {"quantity_min": 0.000001, "quantity_max": 2.5, "tick": 0.0001},
    "0.25": {"quantity_min": 0.25, "quantity_max": 500, "tick": 0.05},
    "100": {"quantity_min": 100, "quantity_max": 50_000, "tick": 1},
}


def asked(step: str, **changes: Any) -> dict[str, Any]:
    return ASKED | {"quantity_step": float(step)} | STEPS[step] | changes


def written(step: str, form: str = "csv", **changes: Any) -> tuple[Lists, list[Row]]:
    return written_rows(form, **asked(step, **changes))


@pytest.mark.parametrize("step", STEPS)
def test_clean_and_altered_quantities_and_fills_are_whole_steps_with_their_decimals(step: str) -> None:
    lists, truth = written(step)
    told = [row for row in truth if row["field"] == "quantity"]
    quantities = [row["quantity"] for listed in lists.values() for row in listed]
    quantities += [row[name] for row in told for name in ("original", "altered")]
    assert {Decimal(quantity) % Decimal(step) for quantity in quantities} == {0}
    assert {places(one) for one in (*quantities, *(row["delta"] for row in told))} == {places(step)}
    assert min(map(Decimal, quantities)) >= Decimal(step)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_truth_is_the_differences_between_the_lists(step: str, form: str) -> None:
    tolerances = {"quantity": 2 * float(step)}
    lists, truth = written(step, form, tolerances=tolerances, benign_rate=0.1)
    pairs = check_truth(lists, truth, "two_system", tolerances)
    assert len(pairs) == ASKED["pairs"]
    assert {row["mechanism"] for row in truth} == set(ASKED["mechanisms"])


@pytest.mark.parametrize("step", STEPS)
def test_each_mechanism_alters_quantities_as_its_name_says(step: str) -> None:
    _, truth = written(step)
    for row in truth:
        if row["field"] != "quantity":
            continue
        original, altered = Decimal(row["original"]), Decimal(row["altered"])
        digits = [row[name].replace(".", "").lstrip("0") for name in ("original", "altered")]
        match row["mechanism"]:
            case "quantity.nudge":
                # From 1% to 5%, or one step; rounding moves by less than one.
                assert abs(altered - original) < original / 20 + Decimal(step)
            case "quantity.lot_scale":
                assert altered == 100 * original or original == 100 * altered
            case "quantity.digit_swap":
                assert sorted(digits[0]) == sorted(digits[1])
            case "quantity.extra_digit":
                assert len(digits[1]) == len(digits[0]) + 1


def test_raising_the_rate_keeps_mismatches_and_moves_no_clean_quantity() -> None:
    few_lists, few = written("0.25", mismatch_rate=0.1)
    many_lists, many = written("0.25", mismatch_rate=0.4)
    assert {tuple(row.values()) for row in few} < {tuple(row.values()) for row in many}
    assert check_truth(few_lists, few, "two_system") == check_truth(many_lists, many, "two_system")


FILES = [("csv", "csv"), ("fix", "jsonl"), ("parquet", "parquet")]


@pytest.mark.parametrize(
    ("step", "suffix", "of_truth"),
    chosen(
        [(step, *files) for step in STEPS for files in FILES],
        [(step, *files) for step, files in zip(STEPS, FILES, strict=True)],
    ),
)
def test_files_are_proved_in_every_form(step: str, suffix: str, of_truth: str, tmp_path: Path) -> None:
    batch = generate(**asked(step, pairs=600, tolerances={"quantity": 2 * float(step)}, benign_rate=0.1))
    batch.write(tmp_path / f"t.{suffix}", truth=tmp_path / f"k.{of_truth}", manifest=tmp_path / "m.json")
    found = verify(sorted(tmp_path.iterdir()))
    assert found.ok, str(found)
    assert found.benign_rows == 60


def test_an_amount_is_worked_out_from_fractions_exactly(tmp_path: Path) -> None:
    product = ["quantity", "price"]
    column = {"name": "gross_amount", "kind": "decimal", "places": 2, "product": product}
    batch = generate(**asked("0.25", pairs=600, columns=[column]))
    batch.write(tmp_path / "t.csv", truth=tmp_path / "k.csv", manifest=tmp_path / "m.json")
    assert verify(sorted(tmp_path.iterdir())).ok
    altered = {row["trade_id"] for row in rows((tmp_path / "k.csv").read_text())}
    listed = rows((tmp_path / "t.ours.csv").read_text())
    clean = [row for row in listed if row["trade_id"] not in altered]
    for row in clean:
        exact = Decimal(row["quantity"]) * Decimal(row["price"])
        assert 0 <= Decimal(row["gross_amount"]) - exact + Decimal("0.005") <= Decimal("0.01")
    assert len(clean) == 300


def test_a_quantity_between_two_steps_is_found(tmp_path: Path) -> None:
    batch = generate(**asked("100", pairs=20, mismatch_rate=0.0, mechanisms={"quantity.nudge": 1}))
    batch.write(tmp_path / "t.csv", truth=tmp_path / "k.csv", manifest=tmp_path / "m.json")
    give_both_legs(tmp_path, "tid00000007", "quantity", "150")
    found = verify(sorted(tmp_path.iterdir()))
    assert not found.ok
    assert "expected a multiple of 100" in str(found)


@pytest.mark.parametrize("step", STEPS)
def test_frames_and_arrow_have_whole_numbers_or_decimals_as_the_step_needs(step: str) -> None:
    batch = generate(**asked(step, pairs=200))
    texts = [row["quantity"] for listed in written(step, pairs=200)[0].values() for row in listed]
    assert str(batch.trades["quantity"].dtype) == ("float64" if places(step) else "int64")
    assert sorted(batch.trades["quantity"]) == sorted(map(float, texts))
    kind = batch.to_arrow()["ours"].schema.field("quantity").type
    assert kind == (pa.decimal128(18, places(step)) if places(step) else pa.int64())


def test_a_manifest_with_a_quantity_step_replays() -> None:
    batch = generate(**asked("0.000001", pairs=200))
    replay = json.loads(json.dumps(batch.manifest["replay"]))
    assert replay["scenario"]["quantity_step"] == 0.000001
    assert generate(**replay).manifest["digests"] == batch.manifest["digests"]
    plain = generate(pairs=2, seed=1, date="2025-07-21").manifest["replay"]["scenario"]
    assert "quantity_step" not in plain


def test_scores_relabelled_by_fractions_are_those_of_the_generator() -> None:
    batch = generate(**asked("0.25", pairs=500, tolerances={"quantity": 0.5}, benign_rate=0.2))
    findings = batch.truth[["trade_id", "field"]]
    given = score(batch, findings)
    assert given.benign.rows == 100
    assert score(batch, findings, tolerances={"quantity": 0.5}) == given


def test_an_amount_that_could_not_be_held_is_refused() -> None:
    product = ["quantity", "price"]
    column = {"name": "gross_amount", "kind": "decimal", "places": 2, "product": product}
    with pytest.raises(ScenarioError, match="expected fewer places, larger steps, or smaller numbers"):
        prepare(quantity_step=0.000001, tick=0.0001, quantity_max=1_000, columns=[column])
