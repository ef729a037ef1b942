"""Events that nobody should send, in numbers: each is refused in a sentence, or gives good records."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hostile_events import hostile_event
from lambda_events import rule_event
from lambda_handler import Function
from sizes import size

from tradegen.aws.environment import Environment
from tradegen.errors import ScenarioError, TradegenError
from tradegen.ledger import create_ledger

EVENTS = size(400, 100_000)


@pytest.mark.slow
@pytest.mark.sized
def test_a_hostile_event_gives_good_records_or_a_sentence_and_then_uses_no_id(in_memory: Path) -> None:
    ledger = create_ledger(in_memory / "trade_ids.db")
    function = Function(TRADE_IDS=ledger.place, TRADEGEN_MAX_PAIRS="80")
    came: Counter[str] = Counter()
    given: dict[int, str] = {}
    next_id = 1
    for seed in range(EVENTS):
        event = hostile_event(seed)
        try:
            handled = function.handle(event)
        except TradegenError as refusal:
            sentence = str(refusal)
            assert sentence.isprintable(), (seed, sentence)
            assert 10 < len(sentence) < 2_000, (seed, sentence)
            assert "Traceback" not in sentence
            came[type(refusal).__name__] += 1
        else:
            first_id = handled.response["first_id"]
            assert handled.response["records"] == len(handled.records), seed
            # Some are spoilt where it does not matter, and so have come before.
            assert given.setdefault(first_id, handled.printed) == handled.printed, seed
            if first_id >= next_id:
                assert first_id == next_id, seed
                next_id = ledger.show().next_id
                assert 0 < next_id - first_id <= 80, seed
            came["records"] += 1
        assert ledger.show().next_id == next_id, seed
    assert set(came) == {"ScenarioError", "records"}
    assert min(came.values()) > EVENTS // 20, came  # the control: both happen often


MANY = {f"key {number}": number for number in range(2_000)}
HUGE = {
    "keys": rule_event(1, **MANY),
    "settings": rule_event(1, scenario={"settings": {"price.nudge": MANY}}),
    "shares": rule_event(1, scenario={"fields_per_pair": ["x"] * 2_000}),
    "schedules": rule_event(1, source="aws.scheduler", resources=[5] * 2_000),
}


@pytest.mark.parametrize("event", HUGE.values(), ids=HUGE)
def test_of_thousands_of_faults_the_first_are_told_and_the_others_are_counted(event: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=r"; and 1,99[0-9] more$") as refusal:
        Environment.read({"TRADE_IDS": "ids.db"}).order(event)
    assert len(str(refusal.value)) < 1_000


def test_of_thousands_of_conditions_on_columns_that_are_not_there_the_first_is_told() -> None:
    event = rule_event(1, scenario={"hot_spots": [{"name": "x", "rate": 0.5, "where": MANY}]})
    with pytest.raises(ScenarioError, match=r"where\.'key 0' is not a field of where; expected") as refusal:
        Environment.read({"TRADE_IDS": "ids.db"}).order(event)
    assert len(str(refusal.value)) < 1_000
