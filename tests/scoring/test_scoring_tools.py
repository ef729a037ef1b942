"""Scores against a plain reference, scikit-learn, and matchers whose faults are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scoring_files import VIEWS, random_findings, tid
from scoring_reference import reference_score
from sizes import chosen
from sklearn.metrics import precision_recall_fscore_support

import tradegen
from tradegen import Batch, generate, score
from tradegen.core.columns import TRADE_COLUMNS
from tradegen.scoring import Outcome, Score


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("seed", chosen(range(4), range(2)))
def test_random_findings_score_as_the_plain_reference_has_it(view: str, seed: int) -> None:
    batch = generate("everything", pairs=400, seed=seed, view=view, first_id=21)
    findings = random_findings(batch, seed)
    lists = {name: table.to_dict("records") for name, table in batch.lists.items()}
    expected = reference_score(
        batch.truth.to_dict("records"), findings, first_id=21, pairs=400, view=view, lists=lists
    )
    found = score(batch, pd.DataFrame(findings))
    assert expected.pairs.found
    assert expected.pairs.false_alarms
    for field in dataclasses.fields(Score):
        assert getattr(found, field.name) == getattr(expected, field.name), field.name


@pytest.mark.parametrize("seed", chosen(range(5), range(2)))
def test_pairs_and_fields_score_as_scikit_learn_has_it(seed: int) -> None:
    batch = generate(pairs=500, seed=seed, mismatch_rate=0.4)
    draw = np.random.default_rng(seed)
    ids = [tid(number) for number in range(1, 501)]
    names = ["quantity", "price", "date", "trade_timestamp"]
    wanted = np.zeros((500, 4), bool)
    for trade_id, field in zip(batch.truth["trade_id"], batch.truth["field"], strict=True):
        wanted[int(trade_id[3:]) - 1, names.index(field)] = True
    flagged = np.where(draw.random((500, 4)) < 0.3, ~wanted, wanted)
    rows, columns = np.nonzero(flagged)
    found = score(
        batch, pd.DataFrame({"trade_id": [ids[row] for row in rows], "field": [names[c] for c in columns]})
    )
    for outcome, truth, answer in [
        (found.pairs, wanted.any(axis=1), flagged.any(axis=1)),
        (found.fields, wanted.ravel(), flagged.ravel()),
        *((found.by["field"][name], wanted[:, i], flagged[:, i]) for i, name in enumerate(names)),
    ]:
        precision, recall, f1, _ = precision_recall_fscore_support(truth, answer, average="binary")
        assert isinstance(outcome, Outcome)
        assert (outcome.precision, outcome.recall, outcome.f1) == pytest.approx((precision, recall, f1))


def _matched(batch: Batch, columns: list[str]) -> pd.DataFrame:
    """A matcher of our own system's records with theirs, column by column, in a few lines of pandas."""
    both = batch.lists["ours"].merge(batch.lists["theirs"], on="trade_id", suffixes=("", "_theirs"))
    return pd.concat(
        [
            pd.DataFrame(
                {"trade_id": both["trade_id"][both[column] != both[f"{column}_theirs"]], "field": column}
            )
            for column in columns
        ]
    )


def test_a_matcher_that_ignores_timestamps_finds_all_but_them() -> None:
    batch = generate(
        "everything",
        pairs=5_000,
        seed=1,
        view="two_system",
        benign_rate=0,
        tolerances={},
        hot_spots=[],
        fields_per_pair=[1.0],
        mechanisms={
            name: 1
            for name in tradegen.Scenario.load("everything").active
            if not name.startswith(("record.", "trade_id."))
        },
    )
    columns = [column for column in TRADE_COLUMNS if column not in ("trade_id", "trade_timestamp")]
    batch.lists["ours"], batch.lists["theirs"] = (
        table.assign(
            **{c: table[c].astype(str) for c in ("ticker", "broker_id", "contra_broker_id", "order_type")}
        )
        for table in batch.lists.values()
    )
    found = score(batch, _matched(batch, columns))
    by = found.by["mechanism"]
    assert len(by) == 24
    for name, recall in by.items():
        assert recall.expected
        assert recall.recall == (0 if name.startswith("trade_timestamp.") else 1), name
    assert found.pairs.precision == 1
    assert found.fields is not None
    assert found.fields.precision == 1


def test_a_matcher_that_compares_floats_at_the_boundary_is_caught() -> None:
    batch = generate(
        pairs=5_000,
        seed=1,
        view="two_system",
        mismatch_rate=0.3,
        benign_rate=0.3,
        boundary=True,
        mechanisms={"price.nudge": 1},
        tolerances={"price": {"absolute": 0.1}},
    )
    both = batch.lists["ours"].merge(batch.lists["theirs"], on="trade_id", suffixes=("", "_theirs"))
    floats = both["trade_id"][(both["price"] - both["price_theirs"]).abs() > 0.1]
    cents = both[["price", "price_theirs"]].mul(100).round().astype(int)
    exact = both["trade_id"][(cents["price"] - cents["price_theirs"]).abs() > 10]
    right = score(batch, pd.DataFrame({"trade_id": exact}))
    assert (right.pairs.recall, right.pairs.precision) == (1, 1)
    caught = score(batch, pd.DataFrame({"trade_id": floats}))
    assert caught.pairs.recall == 1
    assert caught.pairs.precision < 0.9
    assert caught.benign.reported == caught.pairs.false_alarms > 100


@pytest.mark.slow
def test_what_does_not_fit_into_memory_goes_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = generate("everything", pairs=200_000, seed=1)
    findings = batch.truth[["trade_id", "field", "leg"]]
    expected = score(batch, findings)
    monkeypatch.setattr("tradegen.scoring.evaluation._MEMORY", "60MB")
    assert score(batch, findings) == expected
