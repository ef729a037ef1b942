"""Events and the environment, as a run: what names an event, what it asks for, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import math
from bisect import bisect_left
from pathlib import Path
from typing import Any

import pytest

from tradegen import generate
from tradegen.aws.environment import Environment
from tradegen.aws.events import read_event
from tradegen.aws.log_lines import log_lines, object_lines
from tradegen.errors import ScenarioError, TradegenError
from tradegen.formats.tables import list_tables

RULE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2025-07-21T10:33:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:events:eu-central-1:123456789012:rule/tradegen"],
    "detail": {},
}
SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tradegen"
SCHEDULER_INPUT = {"schedule_arn": SCHEDULE, "scheduled_time": "2025-07-21T10:33:00Z"}
SCHEDULER_DEFAULT = {
    **RULE,
    "id": "d32c5kddcf5bb8c3",
    "source": "aws.scheduler",
    "resources": [SCHEDULE],
    "detail": "{}",
}


def environment(**variables: str) -> Environment:
    return Environment.read({"TRADE_IDS": "trade_ids.db", **variables})


def test_the_key_of_a_rule_event_is_its_id() -> None:
    assert read_event(RULE).key == "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"


@pytest.mark.parametrize("event", [SCHEDULER_INPUT, SCHEDULER_DEFAULT])
def test_the_key_of_a_scheduler_event_is_its_schedule_and_the_scheduled_time(event: dict[str, Any]) -> None:
    expected = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/tradegen 2025-07-21T10:33:00Z"
    assert read_event(event).key == expected


@pytest.mark.parametrize("more", [{}, {"execution_id": "d32c5kddcf5bb8c3", "attempt_number": "2"}])
def test_execution_and_attempt_leave_a_scheduler_event_the_order_it_is(more: dict[str, str]) -> None:
    plain, retried = environment().order(SCHEDULER_INPUT), environment().order({**SCHEDULER_INPUT, **more})
    assert (plain.key, plain.run.seed, plain.run.scenario) == (
        retried.key,
        retried.run.seed,
        retried.run.scenario,
    )


@pytest.mark.parametrize(
    ("event", "seed"),
    [
        # The first 16 hex digits of what sha256sum says of the key, divided by 2048: 53 bits.
        (RULE, 0x30CFD3B9C343F02A >> 11),
        (SCHEDULER_INPUT, 0xF4AF6FCC526F03BC >> 11),
        (SCHEDULER_DEFAULT, 0xF4AF6FCC526F03BC >> 11),
    ],
)
def test_the_seed_is_the_start_of_the_sha_256_of_the_key(event: dict[str, Any], seed: int) -> None:
    found = environment().order(event).run.seed
    assert found == seed
    assert found < 2**53


@pytest.mark.parametrize(
    ("time", "date", "start", "end"),
    [
        ("2025-07-21T10:33:00Z", "2025-07-21", "10:30:00", "10:33:00"),
        ("2025-07-21T10:33:59.999Z", "2025-07-21", "10:30:59", "10:33:59"),
        ("2025-07-21T10:33:00+05:30", "2025-07-21", "05:00:00", "05:03:00"),
        ("2025-03-01T00:00:00Z", "2025-02-28", "23:57:00", "00:00:00"),
        ("2024-03-01T00:02:59Z", "2024-02-29", "23:59:59", "00:02:59"),
        ("2025-01-01T00:03:00Z", "2025-01-01", "00:00:00", "00:03:00"),
        ("1970-01-01T00:00:00Z", "1969-12-31", "23:57:00", "00:00:00"),  # the Lambda console's test event
    ],
)
def test_the_window_is_the_three_minutes_before_the_event_in_utc(
    time: str, date: str, start: str, end: str
) -> None:
    scenario = environment().order({**RULE, "time": time}).run.scenario
    assert (scenario.date, scenario.start, scenario.end) == (
        dt.date.fromisoformat(date),
        dt.time.fromisoformat(start),
        dt.time.fromisoformat(end),
    )


def test_a_plain_environment_orders_the_original_job() -> None:
    found = environment()
    order = found.order(RULE)
    assert (found.ledger, found.log, found.max_pairs) == ("trade_ids.db", "records", 10_000)
    assert (order.run.scenario.pairs, order.run.scenario.mismatch_rate) == (15, 0.30)


def test_a_field_is_taken_from_the_event_else_the_environment_else_the_named_scenario() -> None:
    found = environment(
        TRADEGEN_SCENARIO="original", TRADEGEN_PAIRS="20", TRADEGEN_MISMATCH_RATE="0.5", TRADEGEN_BROKERS="3"
    )
    scenario = found.order({**RULE, "scenario": {"pairs": 25, "order": "paired"}}).run.scenario
    assert (scenario.pairs, scenario.order, scenario.mismatch_rate, scenario.brokers, scenario.buy_share) == (
        25,
        "paired",
        0.5,
        3,
        0.5,
    )


def test_settings_of_an_event_join_those_of_the_environment() -> None:
    found = environment(TRADEGEN_SETTINGS='{"price.nudge" = {max = 0.5}, "quantity.nudge" = {max = 0.25}}')
    event = {**RULE, "scenario": {"settings": {"price.nudge": {"min": 0.125}}}}
    scenario = found.order(event).run.scenario
    assert scenario.settings_of("price.nudge") == {"min": 0.125, "max": 0.5}
    assert scenario.settings_of("quantity.nudge") == {"min": 0.01, "max": 0.25}


def test_a_line_break_in_a_variable_starts_no_second_assignment() -> None:
    with pytest.raises(ScenarioError, match=r"^TRADEGEN_PAIRS: pairs is '5\\nbrokers=3'; expected a whole"):
        environment(TRADEGEN_PAIRS="5\nbrokers=3")


def long_tickers(path: Path, count: int) -> Path:
    path.write_text("ticker,price\n" + "".join(f"T{number:023},1234567.00\n" for number in range(count)))
    return path


def test_tickers_too_long_for_the_manifests_line_are_refused_at_cold_start(tmp_path: Path) -> None:
    # A ticker of 24 characters and its price take 42 bytes: "T...": "1234567.00" and a comma.
    path = long_tickers(tmp_path / "many.csv", 6_300)
    with pytest.raises(
        TradegenError, match=r"^the environment: the manifest of 6,300 tickers .*at most 262,118"
    ):
        environment(TRADEGEN_TICKERS=str(path))


def test_as_many_tickers_as_the_line_just_holds_are_taken_whatever_is_counted(tmp_path: Path) -> None:
    # The largest number that is not refused, by bisection; what is then logged must fit.
    fits, refused = 5_000, 6_300
    while refused - fits > 1:
        middle = (fits + refused) // 2
        try:
            environment(TRADEGEN_TICKERS=str(long_tickers(tmp_path / "many.csv", middle))).order(RULE)
        except TradegenError:
            refused = middle
        else:
            fits = middle
    found = environment(TRADEGEN_TICKERS=str(long_tickers(tmp_path / "many.csv", fits)))
    order = found.order({**RULE, "scenario": {"pairs": 10_000, "mismatch_rate": 1.0}})
    batch = generate(order.run.scenario, seed=order.run.seed, first_id=10**17, tickers=found.market)
    *_, manifest, end = log_lines(b"", "manifest", batch.manifest, order.key).split(b"\n")
    assert end == b""
    # 262,144 bytes less 26 of overhead and the line feed; the reserve for what is counted is below 3,000.
    assert 259_000 < len(manifest) <= 262_117


@pytest.mark.slow
def test_a_key_that_makes_the_manifest_too_long_for_its_line_is_refused_with_its_event(
    tmp_path: Path,
) -> None:
    # By bisection, the most tickers, of 44 bytes each, with a short id. The long one takes up to 2,400 bytes.
    path, ids = tmp_path / "many.csv", {"short": "7", "long": "\U0001f4c8" * 200}
    counts = range(5_000, 6_300)
    refused = bisect_left(
        counts, True, key=lambda count: not is_taken(long_tickers(path, count), ids["short"])
    )
    fits = counts[refused - 1]
    assert not is_taken(long_tickers(path, fits), ids["long"])
    assert is_taken(long_tickers(path, fits - 60), ids["long"])


def is_taken(tickers: Path, name: str) -> bool:
    """Whether an event of that id is, where the universe is these tickers."""
    try:
        environment(TRADEGEN_TICKERS=str(tickers)).order({**RULE, "id": name})
    except ScenarioError:
        return False
    return True


def test_hot_spots_too_many_for_the_manifests_line_are_refused_with_their_event() -> None:
    spots = [
        {"name": f"spot {number}", "rate": 0.5, "where": {"broker_id": ["BKR001"]}} for number in range(2_000)
    ]
    with pytest.raises(
        ScenarioError, match=r"^event: scenario: the manifest of 152 tickers and 2,000 hot spots"
    ):
        environment().order({**RULE, "scenario": {"hot_spots": spots}})


def test_variables_that_are_not_tradegens_are_left_alone() -> None:
    assert environment(PATH="/bin", TRADEGENERATOR="5", tradegen_pairs="x").scenario.pairs == 15


def test_a_scenario_file_and_a_tickers_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("pairs = 7\nmismatch_rate = 0.0\n")
    (tmp_path / "mine.csv").write_text("ticker,price\nBRK.B,412.50\n")
    found = environment(
        TRADEGEN_SCENARIO=str(tmp_path / "mine.toml"), TRADEGEN_TICKERS=str(tmp_path / "mine.csv")
    )
    assert (found.scenario.pairs, found.market.tickers) == (7, ("BRK.B",))


def test_prices_are_rounded_to_the_scenarios_tick_before_there_is_an_order(tmp_path: Path) -> None:
    (path := tmp_path / "mine.csv").write_text("ticker,price\nPENNY,0.40\nBRK.B,412.53\n")
    found = environment(TRADEGEN_TICKERS=str(path), TRADEGEN_TICK="0.05")
    assert found.market.prices.tolist() == [40, 41255]
    assert found.order({**RULE, "scenario": {"tick": 0.1}}).run.market.prices.tolist() == [4, 4125]
    with pytest.raises(TradegenError, match=r"^event: scenario: tickers: price of PENNY is '0\.40'; "):
        found.order({**RULE, "scenario": {"tick": 1}})
    with pytest.raises(TradegenError, match=r"^TRADEGEN_TICKERS: .+: price of PENNY is '0\.40'; "):
        environment(TRADEGEN_TICKERS=str(path), TRADEGEN_TICK="1")


def test_tickers_with_ticks_of_their_own_keep_them_in_every_event(tmp_path: Path) -> None:
    (path := tmp_path / "mine.csv").write_text("ticker,price,tick\nPENNY,0.40,0.0005\nBRK.B,412.53,\n")
    found = environment(TRADEGEN_TICKERS=str(path), TRADEGEN_TICK="0.05")
    for scenario, tick in (({}, "0.05"), ({"tick": 0.25}, "0.25")):
        run = found.order({**RULE, "scenario": scenario}).run
        assert run.scenario.tick == 0.0005
        assert [row["tick"] for row in run.market.to_dict().values()] == ["0.0005", tick]
    with pytest.raises(
        TradegenError, match=r"^the environment: tolerances.price is 2 ticks, and tickers have"
    ):
        environment(TRADEGEN_TICKERS=str(path), TRADEGEN_TOLERANCES="{price = {ticks = 2}}")


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("/mnt/ledger/ids.db", {}),
        ("/tmpfs/ids.db", {}),
        ("dynamodb://ids", {}),
        ("/tmp/ids.db", {"TRADEGEN_ALLOW_REPEATED_IDS": "1"}),
    ],
)
def test_a_function_takes_a_ledger_that_lasts_and_one_that_may_repeat(
    place: str, more: dict[str, str]
) -> None:
    assert environment(TRADE_IDS=place, AWS_LAMBDA_FUNCTION_NAME="tradegen", **more).ledger == place


def test_a_ledger_under_tmp_is_refused_on_lambda_alone() -> None:
    assert environment(TRADE_IDS="/tmp/ids.db").ledger == "/tmp/ids.db"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TRADE_IDS": ""}, "TRADE_IDS is not set; expected dynamodb://TABLE, or a path such as "),
        (
            {"TRADE_IDS": "/tmp/ids.db", "AWS_LAMBDA_FUNCTION_NAME": "tradegen"},
            "TRADE_IDS is '/tmp/ids.db', and every environment of a Lambda function has its own /tmp",
        ),
        (
            {"TRADE_IDS": "/mnt/../tmp/ids.db", "AWS_LAMBDA_FUNCTION_NAME": "tradegen"},
            "expected dynamodb://TABLE or a path on a file system that is mounted, or",
        ),
        (
            {"TRADEGEN_ALLOW_REPEATED_IDS": "yes"},
            "TRADEGEN_ALLOW_REPEATED_IDS is 'yes'; expected 1, or 0 as if it were not set",
        ),
        ({"TRADEGEN_LOG": "lines"}, "TRADEGEN_LOG is 'lines'; expected records, array or manifest"),
        ({"TRADEGEN_LOG": ""}, "TRADEGEN_LOG is ''; expected records, array or manifest"),
        ({"TRADEGEN_MAX_PAIRS": "0"}, "TRADEGEN_MAX_PAIRS is 0; expected a whole number from 1 to 1000000"),
        ({"TRADEGEN_MAX_PAIRS": "1e3"}, "TRADEGEN_MAX_PAIRS is '1e3'; expected a whole number"),
        ({"TRADEGEN_MAX_PAIRS": "-5"}, "TRADEGEN_MAX_PAIRS is '-5'; expected a whole number"),
        ({"TRADEGEN_MAX_PAIRS": "9" * 5000}, "TRADEGEN_MAX_PAIRS is '999"),
        ({"TRADEGEN_SCENARIO": "orignal"}, "TRADEGEN_SCENARIO: scenario orignal is unknown"),
        ({"TRADEGEN_SCENARIO": "/no/such.toml"}, "TRADEGEN_SCENARIO: scenario file /no/such.toml"),
        ({"TRADEGEN_TICKERS": "/no/such.csv"}, "TRADEGEN_TICKERS: tickers file /no/such.csv"),
        ({"TRADEGEN_PEARS": "5"}, "TRADEGEN_PEARS is not a scenario field; did you mean pairs?"),
        ({"TRADEGEN_": "5"}, "TRADEGEN_ is not a scenario field"),
        ({"TRADEGEN_DATE": "2025-07-21"}, "TRADEGEN_DATE cannot be set; the times of records follow from"),
        ({"TRADEGEN_END": "16:00:00"}, "TRADEGEN_END cannot be set"),
        ({"TRADEGEN_PAIRS": ""}, "TRADEGEN_PAIRS: pairs is ''; expected a whole number"),
        ({"TRADEGEN_PAIRS": "15.0"}, "TRADEGEN_PAIRS: pairs is 15.0; expected a whole number"),
        ({"TRADEGEN_PAIRS": "true"}, "TRADEGEN_PAIRS: pairs is True; expected a whole number"),
        ({"TRADEGEN_MISMATCH_RATE": "nan"}, "TRADEGEN_MISMATCH_RATE: mismatch_rate is nan; expected a share"),
        ({"TRADEGEN_MISMATCH_RATE": "30%"}, "TRADEGEN_MISMATCH_RATE: mismatch_rate is '30%'; expected a"),
        (
            {"TRADEGEN_QUANTITY_MIN": "9", "TRADEGEN_QUANTITY_MAX": "1"},
            "TRADEGEN_QUANTITY_MIN, TRADEGEN_QUANTITY_MAX: quantity_min is 9 and quantity_max is 1",
        ),
        ({"TRADEGEN_PAIRS": "10001"}, "pairs is 10001; expected at most 10000, the cap TRADEGEN_MAX_PAIRS"),
    ],
)
def test_a_bad_variable_is_named_in_one_sentence(variables: dict[str, str], message: str) -> None:
    with pytest.raises(TradegenError) as caught:
        environment(**variables)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_ledger_must_be_named() -> None:
    with pytest.raises(ScenarioError, match=r"^TRADE_IDS is not set"):
        Environment.read({})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["pairs", "mismatch_rate", "buy_share", "price_band", "brokers"])
def test_numbers_that_are_not_finite_are_refused(field: str, value: float) -> None:
    with pytest.raises(ScenarioError, match=rf"^event: scenario: {field} is -?(nan|inf); expected "):
        environment().order({**RULE, "scenario": {field: value}})


@pytest.mark.parametrize("time", ["1900-12-31T23:59:59Z", "2199-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_far_outside_of_market_history_is_refused(time: str) -> None:
    with pytest.raises(ScenarioError, match=r"^event: time is "):
        environment().order({**RULE, "time": time})


def test_every_scenario_field_but_the_clock_may_come_with_an_event() -> None:
    fields = environment().scenario.to_dict()
    for name in ("start", "end"):
        del fields[name]
    assert environment().order({**RULE, "scenario": fields}).run.scenario.pairs == 15


@pytest.mark.parametrize("name", ["TRADEGEN_SCENARIO", "TRADEGEN_TICKERS"])
@pytest.mark.parametrize("path", ["x" * 300, "/proc/self/mem", "/dev/zero", "/proc/self/x/y"])
def test_files_of_the_environment_that_cannot_be_used_are_refused_by_the_name_of_the_variable(
    name: str, path: str
) -> None:
    with pytest.raises(TradegenError, match=f"^{name}: "):
        environment(**{name: path})


def test_an_environment_variable_reaches_no_log_with_what_a_terminal_acts_on() -> None:
    with pytest.raises(ScenarioError, match=r"^TRADEGEN_SCENARIO: scenario \\x1b\[31m is unknown") as refused:
        Environment.read({"TRADE_IDS": "ids.db", "TRADEGEN_SCENARIO": "\x1b[31m"})
    assert str(refused.value).isprintable()


OWN = """
pairs = 40
mismatch_rate = 1
columns = [
  { name = "account", kind = "code", codes = 20, prefix = "ACC" },
  { name = "gross_amount", kind = "decimal", places = 2, product = ["quantity", "price"] },
]
mechanisms = { "account.blank" = 1, "gross_amount.blank" = 1 }
"""


@pytest.mark.parametrize("form", ["array", "records"])
def test_a_scenario_file_adds_columns_whose_missing_values_are_null_in_the_log(
    form: Any, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    found = environment(TRADEGEN_SCENARIO=str(tmp_path / "own.toml"), TRADEGEN_PAIRS="30")
    order = found.order(RULE)
    batch = generate(order.run.scenario, seed=order.run.seed, first_id=1, tickers=found.market)
    [table] = list_tables(batch.run).values()
    written = log_lines(object_lines(table, batch.blocks), form, batch.manifest, order.key)
    *lines, manifest = written.decode().splitlines()
    records = [json.loads(line) for line in lines] if form == "records" else json.loads("".join(lines))
    assert len(records) == 60
    for field in ("account", "gross_amount"):
        blanks = sum(record[field] is None for record in records)
        assert blanks == sum(batch.truth["mechanism"] == f"{field}.blank") > 0
    assert [one["name"] for one in json.loads(manifest)["replay"]["scenario"]["columns"]] == [
        "account",
        "gross_amount",
    ]


def test_columns_may_be_set_in_the_environment_and_by_an_event() -> None:
    columns = [{"name": "account", "kind": "code", "codes": 20, "prefix": "ACC"}]
    found = environment(TRADEGEN_COLUMNS='[{name = "desk", kind = "code", value = "EQ1"}]')
    assert [one.name for one in found.order(RULE).run.scenario.columns] == ["desk"]
    event = {**RULE, "scenario": {"columns": columns}}
    assert [one.name for one in found.order(event).run.scenario.columns] == ["account"]
