"""Scheduled events on AWS Lambda: what an event and the environment ask for, checked, as a run.

An event is hostile input until it has passed here. Nothing in it is a path or a URL, and nothing is
reserved or printed before all of it is validated.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from tradegen.aws.log_lines import require_loggable
from tradegen.aws.schedule_rate import interval
from tradegen.engine.feasibility import check
from tradegen.engine.run import Run
from tradegen.errors import ScenarioError, TradegenError, named, nearest, shown, whole_number
from tradegen.ledger import is_url
from tradegen.market.universe import Market, load_market
from tradegen.scenario.assignments import assignments
from tradegen.scenario.model import Scenario
from tradegen.scenario.validation import STRICT, Expected, explain

__all__ = ["Environment", "Order", "read_event"]

_RATE = "rate(3 minutes)"
_MAX_PAIRS = 10_000
_SEED_BITS = 53
LogForm: TypeAlias = Literal["array", "records"]
_CLOCK_FIELDS = ("date", "start", "end")
_PREFIX = "TRADEGEN_"
_ALLOW_REPEATS = "TRADEGEN_ALLOW_REPEATED_IDS"
_LOST = Path("/tmp")  # noqa: S108  # the name that AWS gives it; nothing is written there


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"the event holds {shown(value)}; expected printable text")
    return value


def _moment(value: str) -> str:
    _utc(value)
    return value


def _utc(value: str) -> dt.datetime:
    """ISO 8601 text as naive UTC, to the second."""
    try:
        moment = dt.datetime.fromisoformat(value)
        if not 1900 < moment.year < 2199:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"time is {shown(value)}; expected one of 1901 to 2198 such as 2025-07-21T10:33:00Z"
        ) from None
    if moment.tzinfo:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return moment.replace(microsecond=0)


Text = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_printable),
    Expected("text of 1 to 200 characters"),
]
Moment = Annotated[Text, AfterValidator(_moment), Expected("ISO 8601 such as 2025-07-21T10:33:00Z")]
Nothing = Annotated[dict[str, Any], Field(max_length=0)]
Overrides = Annotated[dict[str, Any], Expected("an object of scenario fields")]


class _Event(BaseModel):
    model_config = STRICT

    scenario: Overrides = {}

    @property
    def key(self) -> str:
        """What a redelivery of the event has in common with it, and no other event has."""
        raise NotImplementedError

    @property
    def moment(self) -> str:
        """The event's time as it was written."""
        raise NotImplementedError


class _RuleEvent(_Event):
    """What an EventBridge rule sends. Its id stays the same when it is delivered again."""

    id: Text
    time: Moment
    version: Any = None
    detail_type: Any = Field(None, alias="detail-type")
    source: Any = None
    account: Any = None
    region: Any = None
    resources: Any = None
    # A rule sends an object, Scheduler its text. Scenario fields belong beside it, not into it.
    detail: Annotated[Literal["{}"] | Nothing, Expected("an empty object")] = {}

    @property
    def key(self) -> str:
        return self.id

    @property
    def moment(self) -> str:
        return self.time


class _PlainSchedulerEvent(_RuleEvent):
    """What EventBridge Scheduler sends without an input of its own: the id is that of the execution."""

    resources: Annotated[list[Text], Field(min_length=1), Expected("the schedule's ARN in a list")]

    @property
    def key(self) -> str:
        return f"{self.resources[0]} {self.time}"


class _SchedulerInput(_Event):
    """The input a schedule is given in ``template.yaml``, with Scheduler's context attributes filled in."""

    schedule_arn: Text
    scheduled_time: Moment
    execution_id: Any = None
    attempt_number: Any = None

    @property
    def key(self) -> str:
        # Not the execution id: it differs on a retry.
        return f"{self.schedule_arn} {self.scheduled_time}"

    @property
    def moment(self) -> str:
        return self.scheduled_time


def read_event(event: object) -> _Event:
    """Check an event.

    Raises
    ------
    ScenarioError
        Where it is no object, holds an unknown key, or lacks what makes it an event.
    """
    if not isinstance(event, dict):
        raise ScenarioError(f"the event is {shown(event)}; expected an object such as an EventBridge event")
    kind: type[_Event] = _RuleEvent
    if "schedule_arn" in event or "scheduled_time" in event:
        kind = _SchedulerInput
    elif event.get("source") == "aws.scheduler":
        kind = _PlainSchedulerEvent
    try:
        return kind.model_validate(event)
    except ValidationError as error:
        raise ScenarioError(explain(error, kind, "key of an event", "event: ")) from None


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What one event asks for.

    `key` is what to reserve the ids under: the event's own key, and a digest of what is to be generated. A
    redelivery gets the same ids; an event that is sent again with other content, or after the environment has
    changed, gets others, so that no id ever stands for two trades.
    """

    key: str
    scenario: Scenario
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Environment:
    """What the environment of the Lambda function says, read and checked once, at its cold start.

    ``TRADE_IDS`` is the ledger: a path, or ``dynamodb://TABLE``. ``TRADEGEN_ALLOW_REPEATED_IDS`` lets it lie
    under ``/tmp`` of a Lambda function. ``TRADEGEN_WINDOW`` is the schedule's rate, such as
    ``rate(3 minutes)``: records' times lie in one such interval before the event's time.
    ``TRADEGEN_LOG`` is ``array`` or ``records``,
    ``TRADEGEN_MAX_PAIRS`` the cap on pairs, ``TRADEGEN_SCENARIO`` a name or TOML file to start from,
    ``TRADEGEN_TICKERS`` a CSV file. Any other ``TRADEGEN_...`` sets a scenario field: ``TRADEGEN_PAIRS=50``.
    """

    ledger: str
    window: dt.timedelta
    log: LogForm
    max_pairs: int
    scenario: Scenario
    market: Market

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Check the environment.

        Raises
        ------
        TradegenError
            Naming the variable.
        """
        ours = {name: value for name, value in variables.items() if name.startswith(_PREFIX)}
        if not variables.get("TRADE_IDS"):
            raise ScenarioError(
                "TRADE_IDS is not set; expected dynamodb://TABLE, or a path such as /mnt/ledger/trade_ids.db"
            )
        _require_lasting(variables, ours.pop(_ALLOW_REPEATS, "0"))
        window = interval(ours.pop("TRADEGEN_WINDOW", _RATE), "TRADEGEN_WINDOW")
        log: LogForm = "records" if (named_log := ours.pop("TRADEGEN_LOG", "array")) == "records" else "array"
        if named_log != log:
            raise ScenarioError(f"TRADEGEN_LOG is {shown(named_log)}; expected array or records")
        most = ours.pop("TRADEGEN_MAX_PAIRS", str(_MAX_PAIRS))
        number = int(most) if most.isdecimal() and len(most) < 10 else most
        cap = whole_number("TRADEGEN_MAX_PAIRS", number, 1, 10**6, ScenarioError)
        with _within("TRADEGEN_SCENARIO"):
            base = Scenario.load(ours.pop("TRADEGEN_SCENARIO", None))
        with _within("TRADEGEN_TICKERS"):
            market = load_market(ours.pop("TRADEGEN_TICKERS", None))
        for name in ours:
            _require_settable(name.removeprefix(_PREFIX).lower(), name)
        texts = (f"{name.removeprefix(_PREFIX).lower()}={value}" for name, value in ours.items())
        # Several can be at odds with each other, such as quantity_min and quantity_max.
        with _within(", ".join(ours)):
            scenario = base.replace(**assignments(texts, "environment"))
        _require_servable(scenario, cap, "the environment")
        with _within("the environment"):
            check(scenario, market)
            require_loggable(Run(scenario, market, 2**_SEED_BITS - 1), key="")
        return cls(variables["TRADE_IDS"], window, log, cap, scenario, market)

    def order(self, event: object) -> Order:
        """What an event asks for. The seed follows from the key: the same event, the same records.

        Raises
        ------
        ScenarioError
            On anything wrong with the event or its scenario.
        """
        found = read_event(event)
        for name in found.scenario:
            _require_settable(name, f"event: scenario.{named(name)}")
        end = _utc(found.moment)
        start = end - self.window
        with _within("event: scenario"):
            scenario = self.scenario.replace(**found.scenario) if found.scenario else self.scenario
        _require_servable(scenario, self.max_pairs, "event: scenario")
        with _within("event: scenario"):
            scenario = scenario.replace(date=start.date(), start=start.time(), end=end.time())
            check(scenario, self.market)
        # As with a drawn seed, every JSON reader can hold it.
        seed = int.from_bytes(hashlib.sha256(found.key.encode()).digest()[:8]) >> (64 - _SEED_BITS)
        content = json.dumps([scenario.to_dict(), self.market.sha256], sort_keys=True)
        key = f"{found.key} {hashlib.sha256(content.encode()).hexdigest()[:16]}"
        with _within("event: scenario"):
            require_loggable(Run(scenario, self.market, seed), key)
        return Order(key, scenario, seed)


@contextlib.contextmanager
def _within(place: str) -> Iterator[None]:
    """Let an error say where the value that it refuses comes from."""
    try:
        yield
    except TradegenError as error:
        raise type(error)(f"{place}: {error}") from None
    except OSError as error:
        raise ScenarioError(f"{place}: {error.filename} cannot be used: {error.strerror}") from None


def _require_lasting(variables: Mapping[str, str], allowed: str) -> None:
    """Refuse a ledger that is lost with an environment of the function, unless that is wanted."""
    if allowed not in ("0", "1"):
        raise ScenarioError(f"{_ALLOW_REPEATS} is {shown(allowed)}; expected 1, or 0 as if it were not set")
    place = variables["TRADE_IDS"]
    if "AWS_LAMBDA_FUNCTION_NAME" not in variables or allowed == "1" or is_url(place):
        return
    if Path(os.path.realpath(place)).is_relative_to(_LOST):
        raise ScenarioError(
            f"TRADE_IDS is {shown(place)}, and every environment of a Lambda function has its own /tmp, so"
            " that ids would repeat; expected dynamodb://TABLE or a path on a file system that is mounted, or"
            f" {_ALLOW_REPEATS}=1 where repeats do no harm"
        )


def _require_servable(scenario: Scenario, cap: int, place: str) -> None:
    if scenario.view != "single":
        raise ScenarioError(f"{place}: view is {scenario.view}; expected single, since a log is one list")
    if scenario.pairs > cap:
        raise ScenarioError(
            f"{place}: pairs is {scenario.pairs}; expected at most {cap}, the cap TRADEGEN_MAX_PAIRS"
        )


def _require_settable(field: str, name: str) -> None:
    if field in _CLOCK_FIELDS:
        raise ScenarioError(f"{name} cannot be set; the times of records follow from the event's time")
    if field not in Scenario.model_fields:
        raise ScenarioError(f"{name} is not a scenario field; {nearest(field, Scenario.model_fields)}")
