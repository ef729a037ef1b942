"""The Lambda function under AWS's own runtime client: what it prints, keeps and refuses."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, absent
from lambda_events import HOSTILE, UNREADABLE, rule_event, scheduler_default, scheduler_input
from runtime_api import Invocation, LambdaEnvironment, lambda_environment

import tradegen
from tradegen.ledger import open_ledger

# A record as README.md shows it.
RECORD = (
    r'\{"trade_id": "tid[0-9]{8}", "ticker": "[A-Z.]+", "broker_id": "BKR[0-9]{3}", '
    r'"contra_broker_id": "BKR[0-9]{3}", "quantity": [1-9][0-9]*, "price": [0-9]+\.[0-9]{2}, '
    r'"order_type": "(?:BUY|SELL)", "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}", '
    r'"trade_timestamp": "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"\}'
)
Start = Callable[..., AbstractContextManager[LambdaEnvironment]]
Records = list[dict[str, Any]]


def records_and_manifest(invocation: Invocation) -> tuple[Records, dict[str, Any]]:
    """The records and the manifest of one invocation, all lines of which must be one or the other."""
    assert invocation.error is None, invocation.error
    *lines, last = invocation.lines
    for line in lines:
        assert re.fullmatch(rf"{RECORD}|\[{RECORD}(?:, {RECORD})*\]", line), line[:400]
    records: Records = []
    for line in lines:
        found = json.loads(line, parse_float=Decimal)
        records += found if isinstance(found, list) else [found]
    manifest = json.loads(last)
    assert (manifest["manifest"], manifest["generation"]) == (2, 2)
    return records, manifest


def ids(records: Records) -> list[int]:
    return sorted({int(record["trade_id"].removeprefix("tid")) for record in records})


def next_id(ledger: Path) -> int:
    return open_ledger(ledger).show().next_id


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start an environment of the function on a ledger."""
    if find_spec("awslambdaric") is None:
        absent("awslambdaric")

    def start(ledger: Path, **variables: str) -> AbstractContextManager[LambdaEnvironment]:
        return lambda_environment(
            tmp_path_factory.mktemp("environment"),
            ROOT / "lambda",
            {"TRADE_IDS": str(ledger), **variables},
            import_path=[ROOT],
        )

    return start


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "trade_ids.db"


@pytest.fixture(scope="module")
def warm(start: Start, ledger: Path) -> Iterator[LambdaEnvironment]:
    """One environment with no settings, for many tests."""
    with start(ledger) as environment:
        assert environment.init_error() is None
        environment.printed()
        yield environment


def test_a_cold_start_on_a_new_ledger_says_so_as_a_warning_in_json(start: Start, tmp_path: Path) -> None:
    with start(tmp_path / "trade_ids.db") as environment:
        assert environment.init_error() is None
        stdout, stderr = environment.printed()
    said = json.loads(stdout)
    assert (said["level"], said["logger"]) == ("WARNING", "tradegen")
    assert (
        said["message"] == f"{tmp_path}/trade_ids.db was not there: created a new ledger, its ids start at 1"
    )
    assert stderr == ""


def test_events_in_one_process_give_30_records_each_a_line_each_with_ids_that_follow_on(
    warm: LambdaEnvironment, ledger: Path
) -> None:
    first = next_id(ledger)
    for number in range(5):
        invocation = warm.invoke(rule_event(number, f"2025-07-21T10:{33 + 3 * number}:00Z"))
        records, _ = records_and_manifest(invocation)
        assert len(invocation.lines) == 31
        assert len(records) == 30
        assert ids(records) == list(range(first + 15 * number, first + 15 * number + 15))
        assert invocation.stderr == ""


def test_the_response_holds_counts_and_no_answer_key(warm: LambdaEnvironment, ledger: Path) -> None:
    first = next_id(ledger)
    response = warm.invoke(rule_event(10)).response
    assert set(response) == {"records", "first_id", "seed"}
    assert (response["records"], response["first_id"]) == (30, first)


def test_the_manifest_replays_the_printed_records(warm: LambdaEnvironment) -> None:
    event = rule_event(20, scenario={"pairs": 40, "mismatch_rate": 0.5})
    records, manifest = records_and_manifest(warm.invoke(event))
    replayed = tradegen.generate(**manifest["replay"]).trades
    assert [
        {
            **{name: row[name] for name in ("trade_id", "ticker", "broker_id", "contra_broker_id")},
            "quantity": row["quantity"],
            "price": Decimal(f"{row['price']:.2f}"),
            "order_type": row["order_type"],
            "date": row["date"].strftime("%Y-%m-%d"),
            "trade_timestamp": row["trade_timestamp"].strftime("%Y-%m-%d %H:%M:%S"),
        }
        for row in replayed.to_dict("records")
    ] == records


def test_all_that_is_logged_beside_the_records_is_the_manifest_without_a_row_of_the_truth(
    warm: LambdaEnvironment,
) -> None:
    event = rule_event(30, scenario={"mismatch_rate": 1.0})
    records, manifest = records_and_manifest(warm.invoke(event))
    assert set(manifest) == {
        *("manifest", "generation", "replay", "last_id", "counts", "rates", "digests", "versions", "key")
    }
    assert re.fullmatch(rf"{event['id']} [0-9a-f]{{16}}", manifest["key"])
    rest = json.dumps(manifest)
    assert not any(record["trade_id"] in rest for record in records)


def test_clean_records_lie_in_the_three_minutes_before_the_event_start_included_end_excluded(
    warm: LambdaEnvironment,
) -> None:
    event = rule_event(40, "2025-07-21T10:33:00Z", scenario={"pairs": 5000, "mismatch_rate": 0.0})
    records, _ = records_and_manifest(warm.invoke(event))
    # Of 180 seconds, 5,000 pairs miss a given one with a probability below 1e-12.
    times = {record["trade_timestamp"] for record in records}
    assert (min(times), max(times)) == ("2025-07-21 10:30:00", "2025-07-21 10:32:59")
    assert {record["date"] for record in records} == {"2025-07-21"}


def test_a_time_with_an_offset_is_taken_as_utc(warm: LambdaEnvironment) -> None:
    event = rule_event(50, "2025-07-21T01:02:03.9+02:00", scenario={"pairs": 500, "mismatch_rate": 0.0})
    records, _ = records_and_manifest(warm.invoke(event))
    times = [record["trade_timestamp"] for record in records]
    assert min(times) >= "2025-07-20 22:59:03"
    assert max(times) < "2025-07-20 23:02:03"


def test_records_around_midnight_carry_the_date_of_their_own_time(warm: LambdaEnvironment) -> None:
    event = rule_event(60, "2025-08-01T00:01:30Z", scenario={"pairs": 300, "mismatch_rate": 0.0})
    records, _ = records_and_manifest(warm.invoke(event))
    times = [record["trade_timestamp"] for record in records]
    assert min(times) >= "2025-07-31 23:58:30"
    assert max(times) < "2025-08-01 00:01:30"
    assert {record["date"] for record in records} == {"2025-07-31", "2025-08-01"}
    assert all(record["trade_timestamp"].startswith(record["date"]) for record in records)


@pytest.mark.slow
def test_a_redelivered_event_prints_the_same_bytes_warm_and_in_a_new_process(
    start: Start, tmp_path: Path
) -> None:
    ledger = tmp_path / "trade_ids.db"
    events = [rule_event(number) for number in range(3)]
    with start(ledger) as environment:
        first = [environment.invoke(event) for event in events]
        again = [environment.invoke(event) for event in reversed(events)][::-1]
    used = next_id(ledger)
    with start(ledger) as environment:
        cold = [environment.invoke(event) for event in events]
        fresh, _ = records_and_manifest(environment.invoke(rule_event(3)))
    assert all(ids(records_and_manifest(invocation)[0]) for invocation in first)
    assert [one.lines for one in again] == [one.lines for one in first]
    assert [one.lines for one in cold] == [one.lines for one in first]
    assert [one.response for one in cold] == [one.response for one in first]
    assert (used, ids(fresh)) == (46, list(range(46, 61)))


@pytest.mark.parametrize("event", [scheduler_input, scheduler_default])
def test_a_retry_by_scheduler_prints_the_same_bytes_though_its_execution_differs(
    warm: LambdaEnvironment, ledger: Path, event: Callable[..., dict[str, Any]]
) -> None:
    first = warm.invoke(event("d32c5kddcf5bb8c3"))
    used = next_id(ledger)
    retry = warm.invoke(event("a77b1kddcf5bb8c3"))
    assert len(records_and_manifest(first)[0]) == 30
    assert retry.lines == first.lines
    assert next_id(ledger) == used
    later = warm.invoke(event("d32c5kddcf5bb8c3", "2025-07-21T10:36:00Z"))
    assert ids(records_and_manifest(later)[0]) == list(range(used, used + 15))


def test_the_cap_itself_is_served(warm: LambdaEnvironment) -> None:
    invocation = warm.invoke(rule_event(70, scenario={"pairs": 10_000}))
    records, _ = records_and_manifest(invocation)
    assert len(records) == 20_000
    assert len(ids(records)) == 10_000
    assert max(len(line.encode()) for line in invocation.lines) <= EVENT_BYTES


# An event of CloudWatch Logs may have 262,144 bytes, and 26 of them are overhead (AWS, PutLogEvents). Lambda
# passes a line on with its line feed.
EVENT_BYTES = 262_144 - 26 - 1
FIELDS = ("ticker", "broker_id", "contra_broker_id", "quantity", "price", "order_type", "date")
WIDE_NAMES = {
    "64 letters": [f"{number}{'x' * 63}" for number in range(7)],
    "64 emoji": [f"{number}{chr(0x1F4B0) * 63}" for number in range(7)],
    "line ends of Unicode": [f"x\x85\u2028\u2029{number}" for number in range(7)],
}


@pytest.mark.parametrize("log", ["array", "records"])
@pytest.mark.parametrize("names", WIDE_NAMES.values(), ids=WIDE_NAMES)
def test_no_line_is_past_the_limit_of_an_event_and_no_record_is_lost_whatever_columns_are_called(
    start: Start, tmp_path: Path, names: list[str], log: str
) -> None:
    columns = dict(zip(FIELDS, names, strict=True))
    event = rule_event(1, scenario={"pairs": 2_000, "trades": {"columns": columns}})
    with start(tmp_path / "trade_ids.db", TRADEGEN_LOG=log) as environment:
        invocation = environment.invoke(event)
    *lines, _ = map(json.loads, invocation.lines)
    records = lines if log == "records" else [record for line in lines for record in line]
    assert len(records) == 4_000
    assert ids(records) == list(range(1, 2_001))
    assert all(set(names) <= record.keys() for record in records)
    assert max(len(line.encode()) for line in invocation.lines) <= EVENT_BYTES


def test_arrays_are_cut_where_a_line_is_full_and_not_before(start: Start, tmp_path: Path) -> None:
    with start(tmp_path / "trade_ids.db", TRADEGEN_LOG="array") as environment:
        *full, last, _ = environment.invoke(rule_event(71, scenario={"pairs": 5_000})).lines
    # A record has fewer than 300 bytes, and so would fit into what these lines leave.
    assert min(len(line.encode()) for line in full) > EVENT_BYTES - 300
    assert len(full) == sum(len(line.encode()) for line in (*full, last)) // EVENT_BYTES


def test_an_event_whose_manifest_cannot_be_logged_reserves_nothing(
    warm: LambdaEnvironment, ledger: Path
) -> None:
    before = next_id(ledger)
    spots = [
        {"name": f"spot {number}", "rate": 0.5, "where": {"broker_id": ["BKR001"]}} for number in range(2_000)
    ]
    refused = warm.invoke(rule_event(72, scenario={"hot_spots": spots}))
    assert refused.error is not None
    assert "takes up to" in refused.error["errorMessage"]
    assert next_id(ledger) == before


@pytest.mark.slow
def test_a_record_is_a_flat_object_a_line_and_tradegen_log_array_makes_one_array_of_them(
    start: Start, tmp_path: Path
) -> None:
    with start(tmp_path / "records.db") as environment:
        flat = environment.invoke(rule_event(1))
    with start(tmp_path / "array.db", TRADEGEN_LOG="array") as environment:
        array = environment.invoke(rule_event(1))
    assert len(flat.lines) == 31
    assert all(re.fullmatch(RECORD, line) for line in flat.lines[:-1])
    assert f"[{', '.join(flat.lines[:-1])}]" == array.lines[0]
    assert flat.lines[-1] == array.lines[-1]
    assert len(array.lines) == 2


def test_the_environment_sets_scenario_fields_and_an_event_overrides_them(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "tickers.csv").write_text("ticker,price\nBRK.B,154.00\n")
    variables = {
        "TRADEGEN_PAIRS": "4",
        "TRADEGEN_BROKERS": "2",
        "TRADEGEN_MISMATCH_RATE": "0",
        "TRADEGEN_PRICE_BAND": "0",
        "TRADEGEN_MAX_PAIRS": "5",
        "TRADEGEN_TICKERS": str(tmp_path / "tickers.csv"),
    }
    with start(tmp_path / "trade_ids.db", **variables) as environment:
        plain, manifest = records_and_manifest(environment.invoke(rule_event(1)))
        more, _ = records_and_manifest(environment.invoke(rule_event(2, scenario={"pairs": 5})))
        refused = environment.invoke(rule_event(3, scenario={"pairs": 6}))
        text = environment.invoke(rule_event(4, scenario={"quantity_min": 500})).stdout
    assert len(plain) == 8
    assert {record["broker_id"] for record in plain} == {"BKR001", "BKR002"}
    assert {(record["ticker"], record["price"]) for record in plain} == {("BRK.B", Decimal("154.00"))}
    assert manifest["replay"]["tickers"] == {"BRK.B": "154.00"}
    assert len(more) == 10
    assert refused.error is not None
    assert (
        refused.error["errorMessage"]
        == "event: scenario: pairs is 6; expected at most 5, the cap TRADEGEN_MAX_PAIRS"
    )
    assert text.count('"quantity": 500, "price": 154.00, ') == 8


@pytest.mark.parametrize(("event", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_event_is_answered_in_one_sentence_reserves_nothing_and_the_next_is_served(
    warm: LambdaEnvironment, ledger: Path, event: str, message: str, request: pytest.FixtureRequest
) -> None:
    before = next_id(ledger)
    refused = warm.invoke(event)
    assert refused.error is not None
    assert refused.error["errorType"] == "ScenarioError"
    text = refused.error["errorMessage"]
    assert message in text
    assert text.isprintable()
    assert len(text) < 400
    # What the runtime client itself logs of an error: one object.
    [logged] = map(json.loads, refused.lines)
    assert (logged["level"], logged["errorType"], logged["errorMessage"]) == ("ERROR", "ScenarioError", text)
    assert '"trade_id": "' not in refused.stdout
    assert next_id(ledger) == before
    good = rule_event(1000 + list(HOSTILE).index(request.node.callspec.id))
    assert ids(records_and_manifest(warm.invoke(good))[0]) == list(range(before, before + 15))


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_json_is_answered_as_an_error_reserves_nothing_and_the_next_is_served(
    warm: LambdaEnvironment, ledger: Path, body: str, request: pytest.FixtureRequest
) -> None:
    before = next_id(ledger)
    refused = warm.invoke(body)
    assert refused.error is not None
    # Older runtime clients read NaN and -Infinity, and leave them to the handler.
    assert refused.error["errorType"] in ("Runtime.UnmarshalError", "ScenarioError")
    assert '"trade_id": "' not in refused.stdout
    assert next_id(ledger) == before
    good = rule_event(2000 + int(request.node.callspec.id))
    assert ids(records_and_manifest(warm.invoke(good))[0]) == list(range(before, before + 15))


def test_a_ledger_that_is_damaged_while_warm_prints_nothing_and_is_served_again_once_restored(
    start: Start, tmp_path: Path
) -> None:
    ledger = tmp_path / "trade_ids.db"
    with start(ledger) as environment:
        assert ids(records_and_manifest(environment.invoke(rule_event(1)))[0])[0] == 1
        sound = ledger.read_bytes()
        ledger.write_bytes(sound[:100] + b"\xa5" * (len(sound) - 100))
        refused = environment.invoke(rule_event(2))
        ledger.write_bytes(sound)
        served, _ = records_and_manifest(environment.invoke(rule_event(2)))
    assert refused.error is not None
    assert refused.error["errorType"] == "LedgerError"
    assert refused.error["errorMessage"].startswith(f"{ledger} is damaged: ")
    assert '"trade_id": "' not in refused.stdout
    assert ids(served) == list(range(16, 31))


@pytest.mark.parametrize("other", [{"pairs": 16}, {"quantity_max": 5}, {"mismatch_rate": 0.9}], ids=str)
def test_the_same_event_with_other_content_gets_ids_of_its_own(
    warm: LambdaEnvironment, other: dict[str, Any]
) -> None:
    first, _ = records_and_manifest(warm.invoke(rule_event(80)))
    second, _ = records_and_manifest(warm.invoke(rule_event(80, scenario=other)))
    assert not set(ids(first)) & set(ids(second))
    again, _ = records_and_manifest(warm.invoke(rule_event(80)))
    assert again == first


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TRADE_IDS": ""}, "TRADE_IDS is not set; expected dynamodb://TABLE, or a path"),
        ({"TRADEGEN_PAIRS": "many"}, "TRADEGEN_PAIRS: pairs is 'many'; expected a whole number"),
        ({"TRADEGEN_PEARS": "20"}, "TRADEGEN_PEARS is not a scenario field; did you mean pairs?"),
        ({"TRADE_IDS": os.devnull}, f"{os.devnull} is a FIFO, socket or device, not a file"),
    ],
)
def test_a_cold_start_that_cannot_work_reports_an_init_error_and_ends(
    start: Start, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    ledger = tmp_path / "trade_ids.db"
    with start(ledger, **variables) as environment:
        error = environment.init_error()
        code = environment.exit_code()
    assert error is not None
    assert message in error["errorMessage"]
    assert "\n" not in error["errorMessage"]
    assert code == 1
    assert not ledger.exists()
