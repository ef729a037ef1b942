"""A score read back from its JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from score_cases import SCORES, example

from tradegen.errors import ScoringError
from tradegen.scoring.written_scores import score_from


@pytest.mark.parametrize("name", SCORES)
def test_a_score_read_back_says_all_that_was_written(name: str) -> None:
    again = score_from(json.loads(SCORES[name].to_json()), "score.json")
    assert again.to_json() == SCORES[name].to_json()
    assert str(again) == str(SCORES[name])
    assert again.to_html() == SCORES[name].to_html()


@pytest.mark.parametrize(
    ("place", "value"), [("pairs", None), ("pairs", {"expected": 1}), ("by", {}), ("detection", 7)]
)
def test_what_is_no_score_is_refused_in_a_sentence(place: str, value: Any) -> None:
    values = {**example().to_dict(), place: value}
    with pytest.raises(ScoringError, match=r"^score\.json is no score: .*; expected what `tradegen score"):
        score_from(values, "score.json")


def test_a_count_that_is_no_number_is_refused() -> None:
    values = example().to_dict()
    values["pairs"] = {**values["pairs"], "found": "<b>many</b>"}
    with pytest.raises(ScoringError, match="some count in it is none"):
        score_from(values, "score.json")
