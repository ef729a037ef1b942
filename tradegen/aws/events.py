"""Scheduled events, as EventBridge sends them: what names an event, when it is, and what it asks for.

An event is hostile input until it has passed here. Nothing in it is a path or a URL.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from tradegen.errors import ScenarioError, shown
from tradegen.scenario.validation import STRICT, Expected, explain


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"the event holds {shown(value)}; expected printable text")
    return value


def _moment(value: str) -> str:
    in_utc(value)
    return value


def in_utc(value: str) -> dt.datetime:
    """ISO 8601 text as naive UTC, to the second; ValueError where it is none, or far from any market."""
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


def read_event(event: object) -> _RuleEvent | _SchedulerInput:
    """Check an event.

    Its `key` is what a redelivery of the event has in common with it, and no other event has. Its `moment` is
    its time as it was written.

    Raises
    ------
    ScenarioError
        Where it is no object, holds an unknown key, or lacks what makes it an event.
    """
    if not isinstance(event, dict):
        raise ScenarioError(f"the event is {shown(event)}; expected an object such as an EventBridge event")
    kind: type[_RuleEvent | _SchedulerInput] = _RuleEvent
    if "schedule_arn" in event or "scheduled_time" in event:
        kind = _SchedulerInput
    elif event.get("source") == "aws.scheduler":
        kind = _PlainSchedulerEvent
    try:
        return kind.model_validate(event)
    except ValidationError as error:
        raise ScenarioError(explain(error, kind, "key of an event", "event: ")) from None
