"""Events as AWS sends them, and events as nobody should: each with what the answer must say."""

from __future__ import annotations

import json
from typing import Any

SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tradegen"


def rule_event(number: int, time: str = "2025-07-21T10:33:00Z", **more: Any) -> dict[str, Any]:
    """What a rule sends; its id is this test run's own, by its number."""
    return {
        "version": "0",
        "id": f"53dc4d37-cffa-4f76-80c9-{number:012}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": time,
        "region": "eu-central-1",
        "resources": ["arn:aws:events:eu-central-1:123456789012:rule/tradegen"],
        "detail": {},
        **more,
    }


def scheduler_input(execution: str, time: str = "2025-07-21T10:33:00Z") -> dict[str, Any]:
    return {
        "schedule_arn": SCHEDULE,
        "scheduled_time": time,
        "execution_id": execution,
        "attempt_number": "1",
    }


def scheduler_default(execution: str, time: str = "2025-07-21T10:33:00Z") -> dict[str, Any]:
    """What Scheduler sends where a schedule has no input: detail is text, the id is the execution's."""
    return rule_event(
        0, time, id=execution, source="aws.scheduler", resources=[SCHEDULE + "-default"], detail="{}"
    )


def changed(**changes: Any) -> str:
    return json.dumps(rule_event(900, **changes))


def scenario(text: str) -> str:
    """An event whose scenario is this JSON text, which Python's own encoder may not be able to write."""
    return json.dumps(rule_event(900)).removesuffix("}") + f', "scenario": {text}}}'


def without(name: str) -> str:
    return json.dumps({key: value for key, value in rule_event(900).items() if key != name})


PAIRS = "expected a whole number from 1 to "
SHARE = "expected a share from 0 to 1"
TIME = "2025-07-21T10:33:00Z"
HOSTILE = {
    "null": ("null", "the event is None; expected an object"),
    "array": ("[]", "the event is []; expected an object"),
    "array of a good event": (f"[{json.dumps(rule_event(900))}]", "expected an object"),
    "text": ('"/etc/passwd"', "the event is '/etc/passwd'; expected an object"),
    "number": ("30", "the event is 30; expected an object"),
    "nothing in it": ("{}", "id is missing"),
    "nested junk": ("[" * 400 + "]" * 400, "expected an object"),
    "no id": (without("id"), "id is missing"),
    "no time": (without("time"), "time is missing"),
    "empty id": (changed(id=""), "id is ''; expected text of 1 to 200 characters"),
    "very long id": (changed(id="x" * 100_000), "id is 'xxxxx"),
    "id as a number": (changed(id=900), "id is 900; expected text"),
    "id with a line feed": (changed(id='1\n{"trade_id": 1}'), "expected printable text"),
    "id with an escape": (changed(id="\x1b[2J"), "expected printable text"),
    "id with a lone surrogate": (changed(id="\ud800"), "id is '\\ud800'"),
    "unknown key": (changed(pairs=20), "pairs is not a key of an event"),
    "unknown key with a line feed": (changed(**{"a\nb": 1}), "'a\\nb' is not a key of an event"),
    "unknown key with a lone surrogate": (changed(**{"\ud800": 1}), "'\\ud800'"),
    "detail with something in it": (changed(detail={"scenario": {"pairs": 20}}), "expected an empty object"),
    "time in words": (
        changed(time="yesterday"),
        "time is 'yesterday'; expected one of 1901 to 2198 such as",
    ),
    "time as a number": (changed(time=1753093980), "time is 1753093980"),
    "time that is no day": (changed(time="2025-02-30T10:33:00Z"), "time is '2025-02-30T10:33:00Z'"),
    "year 1 beyond UTC": (changed(time="0001-01-01T00:00:00+14:00"), "time is '0001-01-01"),
    "year 9999 beyond UTC": (changed(time="9999-12-31T23:59:59-14:00"), "time is '9999-12-31"),
    "schedule without time": (f'{{"schedule_arn": "{SCHEDULE}"}}', "scheduled_time is missing"),
    "schedule as a number": (f'{{"schedule_arn": 5, "scheduled_time": "{TIME}"}}', "schedule_arn is 5"),
    "schedule not filled in": (
        '{"schedule_arn": "a", "scheduled_time": "<aws.scheduler.scheduled-time>"}',
        "time is '<aws.scheduler.scheduled-time>'",
    ),
    "Scheduler without a schedule": (changed(source="aws.scheduler", resources=[]), "resources is []"),
    "scenario is null": (scenario("null"), "scenario is None; expected an object"),
    "scenario is a name": (scenario('"original"'), "scenario is 'original'; expected an object"),
    "scenario is a path": (scenario('"../../etc/passwd"'), "expected an object of scenario fields"),
    "scenario is a URL": (scenario('"http://169.254.169.254/"'), "expected an object of scenario fields"),
    "tickers from a path": (
        scenario('{"tickers": "/etc/passwd"}'),
        "scenario.tickers is not a scenario field",
    ),
    "ledger from a path": (scenario('{"ledger": "/tmp/x.db"}'), "scenario.ledger is not a scenario field"),
    "seed": (scenario('{"seed": 1}'), "scenario.seed is not a scenario field"),
    "near name": (scenario('{"mismatchrate": 0.1}'), "did you mean mismatch_rate?"),
    "name with a line feed": (scenario('{"pairs\\n": 1}'), "scenario.'pairs\\n' is not a scenario field"),
    "name with a lone surrogate": (scenario('{"\\ud800": 1}'), "scenario.'\\ud800' is not"),
    "value with a lone surrogate": (
        scenario('{"columns": [{"name": "c", "kind": "code", "value": "\\ud800"}]}'),
        "column c: '\\ud800' is no name",
    ),
    "Python's own name": (scenario('{"self": 1}'), "scenario.self is not a scenario field"),
    "date": (scenario('{"date": "2020-01-01"}'), "scenario.date cannot be set"),
    "start": (scenario('{"start": "09:30:00"}'), "scenario.start cannot be set"),
    "end": (scenario('{"end": null}'), "scenario.end cannot be set"),
    "pairs true": (scenario('{"pairs": true}'), f"pairs is True; {PAIRS}"),
    "pairs 15.0": (scenario('{"pairs": 15.0}'), f"pairs is 15.0; {PAIRS}"),
    "pairs as text": (scenario('{"pairs": "15"}'), f"pairs is '15'; {PAIRS}"),
    "pairs null": (scenario('{"pairs": null}'), f"pairs is None; {PAIRS}"),
    "pairs 1e999": (scenario('{"pairs": 1e999}'), f"pairs is inf; {PAIRS}"),
    "no pairs": (scenario('{"pairs": 0}'), f"pairs is 0; {PAIRS}"),
    "pairs below zero": (scenario('{"pairs": -15}'), f"pairs is -15; {PAIRS}"),
    "one pair more than the cap": (scenario('{"pairs": 10001}'), "pairs is 10001; expected at most 10000"),
    "pairs beyond 64 bits": (scenario('{"pairs": 100000000000000000000}'), PAIRS),
    "pairs of 4000 digits": (scenario(f'{{"pairs": {"9" * 4000}}}'), PAIRS),
    "pairs nested deep": (scenario('{"pairs": ' + "[" * 300 + "]" * 300 + "}"), PAIRS),
    "rate 1e999": (scenario('{"mismatch_rate": 1e999}'), f"mismatch_rate is inf; {SHARE}"),
    "rate -1e999": (scenario('{"mismatch_rate": -1e999}'), f"mismatch_rate is -inf; {SHARE}"),
    "rate true": (scenario('{"mismatch_rate": true}'), f"mismatch_rate is True; {SHARE}"),
    "rate of 400 digits": (scenario(f'{{"mismatch_rate": {"9" * 400}}}'), SHARE),
    "order with an escape": (scenario('{"order": "\\u001b[2J"}'), "order is '\\x1b[2J'"),
    "shares beyond doubles": (scenario('{"fields_per_pair": [1e999, 0]}'), "fields_per_pair[0] is inf"),
    "limits crossed": (scenario('{"quantity_min": 9, "quantity_max": 1}'), "quantity_min is 9"),
    "mechanisms a list": (scenario('{"mechanisms": ["price.nudge"]}'), "mechanisms is ["),
    "mechanism unknown": (scenario('{"mechanisms": {"price\\n": 1}}'), "mechanisms has 'price\\n'"),
    "weight true": (scenario('{"mechanisms": {"price.nudge": true}}'), "True"),
    "weight 1e999": (scenario('{"mechanisms": {"price.nudge": 1e999}}'), "inf"),
    "no weight": (scenario('{"mechanisms": {}}'), "mechanisms has no weight above 0"),
    "settings a number": (scenario('{"settings": 5}'), "settings is 5"),
    "settings of a mechanism a number": (scenario('{"settings": {"price.nudge": 5}}'), "is 5"),
    "setting unknown": (scenario('{"settings": {"price.nudge": {"a\\nb": 1}}}'), "'a\\nb' is not a setting"),
    "setting as text": (scenario('{"settings": {"price.nudge": {"max": "1"}}}'), ".max is '1'"),
}

# No JSON, or none that every reader takes.
UNREADABLE = [
    "",
    "{",
    '{"id": tid1}',
    scenario('{"pairs": NaN}'),
    scenario('{"mismatch_rate": -Infinity}'),
    scenario('{"pairs": ' + "9" * 5000 + "}"),
    "[" * 100_000,
]
