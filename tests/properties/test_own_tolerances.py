"""Tolerances of columns that a scenario adds: what the written lists say is within them, and what is not."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from added_columns import COLUMNS

from tradegen import generate, score
from tradegen.errors import ScoringError
from tradegen.verify import verify

TOLERANCES: dict[str, Any] = {
    "quantity": 4,
    "settlement_date": 1,
    "gross_amount": 150.5,
    "fee": 0.75,
    "lots": 12,
    "booked_at": 90.5,
    "net": 60,
}
NET = {"name": "net", "kind": "decimal", "places": 0, "product": ["fee", "lots"], "not_recomputed": 0.2}
WIDE = {"min": 0.05, "max": 0.5}
SIZED = {
    "gross_amount.nudge": WIDE,
    "fee.nudge": WIDE,
    "lots.nudge": WIDE,
    "fee.tick": {"min": 1, "max": 100_000},
    "booked_at.delay": {"min": 60, "max": 1_800},
    "booked_at.clock_skew": {"min": 1, "max": 600},
}
DATES = ("date.next_session", "date.previous_session", "settlement_date.next_session")
OTHERS = ("quantity.nudge", "gross_amount.sign", "fee.sign", "fee.blank", "lots.digit_swap", "account.typo")
ASKED: dict[str, Any] = {
    "columns": [*COLUMNS, NET],
    # A Thursday: the sessions after and before what settles on Friday are three days off, and one.
    "date": "2025-07-03",
    "view": "two_system",
    "pairs": 5_000,
    "mismatch_rate": 0.3,
    "benign_rate": 0.3,
    "mechanisms": dict.fromkeys((*SIZED, *DATES, *OTHERS), 1),
    "settings": SIZED,
    "tolerances": TOLERANCES,
    "seed": 3,
}


class Run(NamedTuple):
    """A run on disk, its frames of text, and by trade the fields that differ by more than they may."""

    folder: Path
    ours: pd.DataFrame
    theirs: pd.DataFrame
    truth: pd.DataFrame
    beyond: dict[str, set[str]]
    within: dict[str, set[str]]


def apart(field: str, one: str, other: str) -> Decimal:
    """How far two written values are apart, in the unit of the field's tolerance."""
    if field == "settlement_date":
        return Decimal(abs((dt.date.fromisoformat(one) - dt.date.fromisoformat(other)).days))
    if field == "booked_at":
        late = dt.datetime.fromisoformat(one) - dt.datetime.fromisoformat(other)
        return abs(Decimal(str(late.total_seconds())))
    return abs(Decimal(one) - Decimal(other))


def is_within(field: str, one: str, other: str) -> bool:
    limit = TOLERANCES.get(field)
    signs = {text.startswith("-") for text in (one, other)}
    if limit is None or not (one and other) or len(signs) > 1:
        return False
    return apart(field, one, other) <= Decimal(str(limit))


def run(folder: Path, **changes: Any) -> Run:
    folder.mkdir()
    batch = generate(**ASKED | changes)
    batch.write(folder / "t.csv", truth=folder / "key.csv", manifest=folder / "m.json")
    ours, theirs, truth = (
        pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        for name in ("t.ours.csv", "t.theirs.csv", "key.csv")
    )
    joined = ours.merge(theirs, on="trade_id", suffixes=("", "_theirs")).set_index("trade_id")
    beyond: dict[str, set[str]] = {}
    within: dict[str, set[str]] = {}
    for field in ours.columns.drop(["trade_id", "our_ref"]):
        for trade, one, other in joined[[field, f"{field}_theirs"]].itertuples():
            if one != other:
                found = within if is_within(field, one, other) else beyond
                found.setdefault(trade, set()).add(field)
    return Run(folder, ours, theirs, truth, beyond, within)


@pytest.fixture(scope="module", params=[False, True], ids=["clear", "boundary"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("own") / "run", boundary=request.param)


def labelled(truth: pd.DataFrame, benign: str) -> dict[str, set[str]]:
    chosen = truth[truth["benign"] == benign]
    return {trade: set(fields) for trade, fields in chosen.groupby("trade_id")["field"]}


def test_what_the_lists_say_is_within_a_tolerance_is_benign_and_nothing_else(made: Run) -> None:
    assert labelled(made.truth, "true") == made.within
    assert labelled(made.truth, "false") == made.beyond
    own = made.truth[made.truth["benign"] == "true"]["mechanism"].value_counts()
    # What follows on a quantity or a date is judged by its own tolerance, on pairs to be reported as well.
    expected = {"gross_amount.follows", "settlement_date.follows", "net.follows", *SIZED}
    assert set(own[own > 20].index) - {"quantity.nudge"} == expected


def test_the_rates_are_exact_and_a_benign_difference_stands_alone(made: Run) -> None:
    assert len(made.beyond) == 1_500
    assert len(made.within.keys() - made.beyond.keys()) == 1_500


def test_the_proof_bears_the_labels_out_and_finds_each_kind_of_wrong_one(made: Run, tmp_path: Path) -> None:
    files = sorted(made.folder.iterdir())
    assert not verify(files).findings
    edited = made.truth.copy()
    one_of_each = edited[edited["field"].isin(TOLERANCES)].groupby(["mechanism", "benign"]).head(1).index
    edited.loc[one_of_each, "benign"] = edited.loc[one_of_each, "benign"].map(
        {"true": "false", "false": "true"}
    )
    edited.to_csv(tmp_path / "key.csv", index=False)
    found = verify([tmp_path / "key.csv", *(path for path in files if path.name != "key.csv")]).findings
    assert found["benign"].count == len(one_of_each) > 10


def test_a_score_labels_the_truth_anew_by_tolerances_of_own_columns(tmp_path: Path) -> None:
    strict, files = run(tmp_path / "run", tolerances={}, benign_rate=0), tmp_path / "run"
    nothing = pd.DataFrame({"trade_id": [], "field": []})
    found = score(files / "key.csv", nothing, manifest=files / "m.json", tolerances=TOLERANCES)
    assert found.pairs.expected == len(strict.beyond) < len(strict.beyond | strict.within)
    rows = sum(map(len, strict.within.values()))
    assert found.benign.rows == rows > 50
    for name, told in (("fees", "did you mean fee"), ("account", "is of kind code; expected a column whose")):
        with pytest.raises(ScoringError, match=told):
            score(files / "key.csv", nothing, manifest=files / "m.json", tolerances={name: 1})


def test_a_replay_has_the_same_labels_and_no_clean_value_moves(made: Run) -> None:
    manifest = json.loads((made.folder / "m.json").read_text())
    again = generate(**manifest["replay"])
    assert again.manifest["digests"] == manifest["digests"]
    clean = generate(**manifest["replay"] | {"mismatch_rate": 0, "benign_rate": 0, "boundary": False})
    altered = made.within.keys() | made.beyond.keys()
    kept = made.ours[~made.ours["trade_id"].isin(altered)]
    expected = clean.lists["ours"].set_index("trade_id").loc[kept["trade_id"]]
    assert list(kept["account"]) == list(expected["account"])
    assert list(map(float, kept["fee"])) == list(expected["fee"])
