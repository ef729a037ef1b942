"""Curves by tolerance, by size and by score; and the truth labelled anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scoring_files import said, scored, tid
from scoring_reference import exceeds, reference_score
from sklearn.metrics import average_precision_score, precision_recall_curve

from tradegen import generate, score
from tradegen.errors import ScoringError
from tradegen.scenario.tolerances import Tolerances
from tradegen.scoring import Outcome, Score
from tradegen.scoring.score_counts import Benign, Curve


def points(curves: tuple[Curve, ...], field: str, unit: str) -> Mapping[float, Outcome]:
    return next(curve.points for curve in curves if (curve.field, curve.unit) == (field, unit))


# --- tolerances --------------------------------------------------------------------------------------------


def test_the_sweep_labels_every_difference_up_to_a_tolerance_as_benign() -> None:
    # Prices differ by 0.50 (1), 1.00 (3) and 0.01 (7); that of 6 stands behind a mistyped id.
    findings = said((1, "price"), (7, "price"), (9, "price"), (6, "price"), (77, "price"))
    sweep = points(scored(findings).tolerance_sweep, "price", "dollars")
    assert sweep[0.0] == Outcome(expected=3, found=2, false_alarms=1, unknown=1)
    # At exactly 0.01 the difference of 0.01 is benign, and reporting it a false alarm.
    assert sweep[0.01] == Outcome(expected=2, found=1, false_alarms=2, unknown=1)
    assert sweep[0.2] == sweep[0.01]
    assert sweep[0.5] == Outcome(expected=1, found=0, false_alarms=3, unknown=1)
    assert sweep[1.0] == Outcome(expected=0, found=0, false_alarms=3, unknown=1)
    steps = [Decimal(digit).scaleb(power) for power in range(-2, 4) for digit in (1, 2, 5)]
    assert list(sweep) == [0, *map(float, steps), 10_000]


def test_basis_points_are_shares_of_the_original_price() -> None:
    # 0.50 of 100 are 50 bps, 1.00 of 100 are 100, 0.01 of 50 are 2.
    sweep = points(scored(said((1, "price"))).tolerance_sweep, "price", "bps")
    assert [sweep[place].expected for place in (0.0, 1.0, 2.0, 20.0, 50.0, 100.0)] == [3, 3, 2, 2, 1, 0]


def test_places_are_the_same_for_every_run() -> None:
    one = scored(said((1, "price")))
    batch = generate("everything", pairs=500, seed=2)
    other = score(batch, batch.truth[["trade_id", "field"]])
    for curves in ("tolerance_sweep", "detection"):
        of = {(curve.field, curve.unit): list(curve.points) for curve in getattr(other, curves)}
        assert len(of) == 5
        for curve in getattr(one, curves):
            assert of[curve.field, curve.unit] == list(curve.points)


def test_findings_without_fields_have_no_sweep_and_yet_a_detection_curve() -> None:
    found = scored(said(1, 2))
    assert found.tolerance_sweep == ()
    assert points(found.detection, "price", "dollars")[0.5] == Outcome(1, 1)


def test_detection_sorts_differences_by_size_benign_or_not() -> None:
    sizes = points(scored(said((1, "price"), (7, "price"))).detection, "price", "dollars")
    assert {place: outcome for place, outcome in sizes.items() if outcome.expected} == {
        0.01: Outcome(1, 1),
        0.5: Outcome(1, 1),
        1.0: Outcome(1, 0),
    }
    shares = points(scored(said((2, "quantity"))).detection, "quantity", "shares")
    assert {place: outcome for place, outcome in shares.items() if outcome.expected} == {
        2.0: Outcome(1, 1),  # 3 shares
        2000.0: Outcome(1, 0),  # 2,700
    }


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        # Of pairs 1 (0.50 of 100.00), 3 (1.00 of 100.00) and 7 (0.01 of 50.00), those beyond; 3 stays to be
        # reported for its quantity, so that it is the fields that tell.
        ({"absolute": 0.49}, 2),
        ({"absolute": 0.5}, 1),
        ({"absolute": 0.99}, 1),
        ({"absolute": 1}, 0),
        ({"ticks": 0}, 3),
        ({"ticks": 1}, 2),
        ({"bps": 1.9999}, 3),
        ({"bps": 2}, 2),
        ({"bps": 49.9999}, 2),
        ({"bps": 50}, 1),
        ({"bps": 100}, 0),
    ],
)
def test_tolerances_label_the_truth_anew_exactly_at_the_boundary(
    tolerance: dict[str, float], expected: int
) -> None:
    found = scored(said((2, "price")), tolerances={"price": tolerance})
    outcome = found.by["field"]["price"]
    assert outcome.expected == expected
    # The one of 6, 1.00 of 40.00, is 250 bps.
    others = 0 if tolerance.get("absolute", 0) < 1 else 1
    assert found.benign == Benign(3 - expected + others, 0)


def test_a_tolerance_of_nothing_makes_every_difference_count() -> None:
    # Given tolerances label all anew: what was benign is not, where none is named for it.
    found = scored(said(7), tolerances={"quantity": 3})
    # 7 is to be reported, and 2, whose quantity differs by 3, is not.
    assert found.pairs == Outcome(7, 1, 0, 0, 3)
    assert found.benign.rows == 1


def test_labels_anew_are_those_that_the_generator_gives() -> None:
    batch = generate("everything", pairs=2_000, seed=5)
    findings = batch.truth[["trade_id", "field"]]
    again = score(batch, findings, tolerances=batch.run.scenario.tolerances)
    assert again == score(batch, findings)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("view", ["single", "two_system"])
def test_a_truth_labelled_anew_scores_as_the_plain_reference_has_it(seed: int, view: str) -> None:
    batch = generate("everything", pairs=500, seed=seed, view=view)
    rows = batch.truth.to_dict("records")
    given: dict[str, Any] = {"price": {"bps": 3.5}, "quantity": 4, "date": 1, "trade_timestamp": 2.5}
    limits = {
        "price": ("bps", Decimal("3.5")),
        "quantity": ("shares", Decimal(4)),
        "date": ("days", Decimal(1)),
        "trade_timestamp": ("seconds", Decimal("2.5")),
    }

    def benign(row: Mapping[str, Any]) -> bool:
        return row["field"] in limits and not exceeds(row, *limits[row["field"]])

    findings = batch.truth[["trade_id", "field"]].sample(frac=0.7, random_state=seed).astype(str)
    lists = {name: table.to_dict("records") for name, table in batch.lists.items()}
    expected = reference_score(
        rows, findings.to_dict("records"), first_id=1, pairs=500, view=view, lists=lists, benign=benign
    )
    found = score(batch, findings, tolerances=given)
    assert found.benign.rows > 50
    for field in dataclasses.fields(Score):
        assert getattr(found, field.name) == getattr(expected, field.name), field.name


def test_tolerances_are_given_as_a_scenario_has_them() -> None:
    findings = said((1, "price"))
    assert scored(findings, tolerances=Tolerances(quantity=5)) == scored(findings, tolerances={"quantity": 5})
    with pytest.raises(ScoringError, match=r"quantity is 1\.5; expected whole shares from 0 to 1000000000"):
        scored(findings, tolerances={"quantity": 1.5})
    with pytest.raises(
        ScoringError, match=r"tolerances\.prize is not a field with a tolerance; did you mean pri"
    ):
        scored(findings, tolerances={"prize": {"bps": 1}})
    with pytest.raises(ScoringError, match="tolerances is 5; expected a mapping"):
        scored(findings, tolerances=5)


# --- scores ------------------------------------------------------------------------------------------------


def test_thresholds_count_pairs_by_their_largest_score() -> None:
    findings = said(1, (1, "price"), 2, 9, 77, 3, score=[0.1, 0.9, 0.5, 0.5, 0.2, None])
    found = scored(findings)
    assert found.thresholds == Curve(
        "",
        "score",
        {
            0.2: Outcome(7, 2, 1, 1, 3),  # 1 and 2; 9; 77. The score of 3 is not said
            0.5: Outcome(7, 2, 1, 0, 3),
            0.9: Outcome(7, 1, 0, 0, 3),
        },
    )
    assert found.pairs == Outcome(7, 3, 1, 1, 3)


def test_findings_without_scores_have_no_thresholds() -> None:
    assert scored(said(1)).thresholds is None


@pytest.mark.parametrize("seed", range(3))
def test_thresholds_are_points_of_the_precision_recall_curve(seed: int) -> None:
    batch = generate(pairs=400, seed=seed, mismatch_rate=0.4)
    draw = np.random.default_rng(seed)
    mismatched = {int(trade_id[3:]) for trade_id in batch.truth["trade_id"]}
    labels = np.array([number in mismatched for number in range(1, 401)])
    scores = draw.normal(size=400) + labels
    scores = np.round(scores * 8) / 8  # some 40 different ones: each is a place
    ids = [tid(number) for number in range(1, 401)]
    found = score(batch, pd.DataFrame({"trade_id": ids, "score": scores}))
    assert found.thresholds is not None
    precision, recall, places = precision_recall_curve(labels, scores)
    by_place = {place: (p, r) for place, p, r in zip(places, precision, recall, strict=False)}
    assert list(found.thresholds.points) == sorted(by_place)
    for place, outcome in found.thresholds.points.items():
        assert (outcome.precision, outcome.recall) == pytest.approx(by_place[place])
    downwards = [found.thresholds.points[place] for place in sorted(by_place, reverse=True)]
    average, before = 0.0, 0.0
    for outcome in downwards:
        average += (outcome.recall - before) * outcome.precision
        before = outcome.recall
    assert average == pytest.approx(average_precision_score(labels, scores))


def test_of_many_scores_some_fifty_places_are_kept_the_smallest_among_them() -> None:
    batch = generate(pairs=1_000, seed=1)
    ids = [tid(number) for number in range(1, 1_001)]
    found = score(batch, pd.DataFrame({"trade_id": ids, "score": np.arange(1_000) / 7}))
    assert found.thresholds is not None
    assert len(found.thresholds.points) == 50
    assert found.thresholds.points[0.0] == found.pairs


def test_scores_change_nothing_but_thresholds() -> None:
    findings = said((1, "price"), (9, ""))
    plain, with_scores = scored(findings), scored(findings.assign(score=[2, 1]))
    assert dataclasses.replace(with_scores, thresholds=None) == plain
