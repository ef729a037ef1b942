"""What the environment of the Lambda function says, and what one event asks for: checked, as a run.

Nothing is reserved, printed or stored before all of it is validated.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, get_args

from tradegen.aws.events import in_utc, read_event
from tradegen.aws.log_lines import LogForm, longest_manifest, require_loggable
from tradegen.aws.timetable import interval
from tradegen.engine.feasibility import check
from tradegen.engine.run import Run, with_ticks
from tradegen.errors import ScenarioError, TradegenError, named, nearest, shown, whole_number
from tradegen.ledger import is_url
from tradegen.market.universe import Market, load_market
from tradegen.scenario.assignments import assignments
from tradegen.scenario.model import Scenario

MOST_PAIRS = 10**6
"""The most pairs that any cap allows: a run is held in memory."""

_RATE = "rate(3 minutes)"
_MAX_PAIRS = 10_000
_SEED_BITS = 53
_EXAMPLE_DATE = dt.date(2025, 7, 21)
_CLOCK_FIELDS = ("date", "start", "end")
_PREFIX = "TRADEGEN_"
_ALLOW_REPEATS = "TRADEGEN_ALLOW_REPEATED_IDS"
_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"
_LOST = Path("/tmp")  # noqa: S108  # the name that AWS gives it; nothing is written there
# A bucket by its rules, and folders of characters that need no quoting, in a policy and in a URL alike.
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.=-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What one event asks for.

    `key` is what to reserve the ids under: the event's own key, and a digest of what is to be generated. A
    redelivery gets the same ids; an event that is sent again with other content, or after the environment has
    changed, gets others, so that no id ever stands for two trades.
    """

    key: str
    run: Run  # checked; its first id is the ledger's to say
    moment: dt.datetime  # the event's time, in UTC and without a zone

    @property
    def name(self) -> str:
        """What its files are called, but for the suffix: the same for a redelivery, and for nothing else."""
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:16]
        return f"{self.moment.date()}/{self.moment:%H-%M-%S}-{digest}"


@dataclass(frozen=True, eq=False)
class Environment:
    """What the environment of the Lambda function says, read and checked once, at its cold start.

    ``TRADE_IDS`` is the ledger: a path, or ``dynamodb://TABLE``. ``TRADEGEN_ALLOW_REPEATED_IDS`` lets it lie
    under ``/tmp`` of a Lambda function. ``RECORDS_URI`` and ``TRUTH_URI`` are where in S3 each run leaves an
    object, if anywhere. ``TRADEGEN_WINDOW`` is the schedule's rate, such as
    ``rate(3 minutes)``: records' times lie in one such interval before the event's time.
    ``TRADEGEN_LOG`` is ``records``, ``array`` or ``manifest``,
    ``TRADEGEN_MAX_PAIRS`` the cap on pairs, ``TRADEGEN_SCENARIO`` a name or TOML file to start from,
    ``TRADEGEN_TICKERS`` a CSV file. Any other ``TRADEGEN_...`` sets a scenario field: ``TRADEGEN_PAIRS=50``.

    `function` is what AWS calls the function, and None elsewhere.
    """

    ledger: str
    window: dt.timedelta
    scenario: Scenario
    market: Market
    log: LogForm = "records"
    max_pairs: int = _MAX_PAIRS
    records: str | None = None
    truth: str | None = None
    function: str | None = None

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
        records, truth = (_s3_uri(name, variables.get(name)) for name in ("RECORDS_URI", "TRUTH_URI"))
        _require_apart(records, truth)
        log = _log_form(ours.pop("TRADEGEN_LOG", "records"), records)
        most = ours.pop("TRADEGEN_MAX_PAIRS", str(_MAX_PAIRS))
        number = int(most) if most.isdecimal() and len(most) < 10 else most
        cap = whole_number("TRADEGEN_MAX_PAIRS", number, 1, MOST_PAIRS, ScenarioError)
        with _within("TRADEGEN_SCENARIO"):
            base = Scenario.load(ours.pop("TRADEGEN_SCENARIO", None))
        tickers = ours.pop("TRADEGEN_TICKERS", None)
        for name in ours:
            require_settable(name.removeprefix(_PREFIX).lower(), name)
        texts = (f"{name.removeprefix(_PREFIX).lower()}={value}" for name, value in ours.items())
        # Several can be at odds with each other, such as quantity_min and quantity_max.
        with _within(", ".join(ours)):
            scenario = base.replace(**assignments(texts, "environment"))
        with _within("TRADEGEN_TICKERS"):
            market = load_market(tickers, scenario.tick)
        found = cls(
            ledger=variables["TRADE_IDS"],
            window=window,
            scenario=scenario,
            market=market,
            log=log,
            max_pairs=cap,
            records=records,
            truth=truth,
            function=variables.get(_FUNCTION),
        )
        with _within("the environment"):
            found.require_possible()
        return found

    def require_possible(self) -> None:
        """Refuse, before there is any event, what could not be generated or logged for one."""
        _require_servable(self.scenario, self.max_pairs)
        check(*with_ticks(self.scenario, self.market))
        require_loggable(self._example, self._longest_manifest, "")

    @cached_property
    def _example(self) -> Run:
        """A run as long to describe as that of any event without a scenario of its own."""
        return Run(*with_ticks(self.scenario.replace(date=_EXAMPLE_DATE), self.market), 2**_SEED_BITS - 1)

    @cached_property
    def _longest_manifest(self) -> int:
        """The most bytes that its manifest takes on a line; found once, at the cold start."""
        return longest_manifest(self._example)

    def order(self, event: object) -> Order:
        """What an event asks for. The seed follows from the key: the same event, the same records.

        Raises
        ------
        ScenarioError
            On anything wrong with the event or its scenario.
        """
        found = read_event(event)
        for name in found.scenario:
            require_settable(name, f"event: scenario.{named(name)}")
        end = in_utc(found.moment)
        start = end - self.window
        with _within("event: scenario"):
            scenario = self.scenario.replace(**found.scenario) if found.scenario else self.scenario
            _require_servable(scenario, self.max_pairs)
            scenario = scenario.replace(date=start.date(), start=start.time(), end=end.time())
            scenario, market = with_ticks(scenario, load_market(self.market, scenario.tick))
            check(scenario, market)
        # As with a drawn seed, every JSON reader can hold it.
        seed = int.from_bytes(hashlib.sha256(found.key.encode()).digest()[:8]) >> (64 - _SEED_BITS)
        content = json.dumps([scenario.to_dict(), self.market.sha256], sort_keys=True)
        key = f"{found.key} {hashlib.sha256(content.encode()).hexdigest()[:16]}"
        run = Run(scenario, market, seed)
        with _within("event: scenario"):
            require_loggable(run, longest_manifest(run) if found.scenario else self._longest_manifest, key)
        return Order(key, run, end)


def _log_form(given: str, records: str | None) -> LogForm:
    for form in get_args(LogForm):
        if form == given:
            if form == "manifest" and records is None:
                raise ScenarioError(
                    "TRADEGEN_LOG is manifest, and the records would go nowhere; expected RECORDS_URI"
                    " with it, or records or array"
                )
            return form  # type: ignore[no-any-return]  # of get_args
    raise ScenarioError(f"TRADEGEN_LOG is {shown(given)}; expected records, array or manifest")


def _s3_uri(name: str, given: str | None) -> str | None:
    if not given:
        return None
    if not _S3_URI.fullmatch(given):
        raise ScenarioError(
            f"{name} is {shown(given)}; expected s3://bucket or s3://bucket/folder, without a slash at"
            " its end"
        )
    return given


def _require_apart(records: str | None, truth: str | None) -> None:
    """Refuse one place inside the other: who may read the records must not find the answers there."""
    if records and truth and (f"{records}/".startswith(f"{truth}/") or f"{truth}/".startswith(f"{records}/")):
        raise ScenarioError(
            f"TRUTH_URI is {shown(truth)} and RECORDS_URI is {shown(records)}; expected neither to lie in the"
            " other, so that who reads the records is not given the answers"
        )


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
    if _FUNCTION not in variables or allowed == "1" or is_url(place):
        return
    if Path(os.path.realpath(place)).is_relative_to(_LOST):
        raise ScenarioError(
            f"TRADE_IDS is {shown(place)}, and every environment of a Lambda function has its own /tmp, so"
            " that ids would repeat; expected dynamodb://TABLE or a path on a file system that is mounted, or"
            f" {_ALLOW_REPEATS}=1 where repeats do no harm"
        )


def _require_servable(scenario: Scenario, cap: int) -> None:
    if scenario.view != "single":
        raise ScenarioError(f"view is {scenario.view}; expected single, since a log is one list")
    if scenario.pairs > cap:
        raise ScenarioError(f"pairs is {scenario.pairs}; expected at most {cap}, the cap TRADEGEN_MAX_PAIRS")


def require_settable(field: str, name: str) -> None:
    """Raise ScenarioError unless it is a field of a scenario that the clock does not set."""
    if field in _CLOCK_FIELDS:
        raise ScenarioError(f"{name} cannot be set; the times of records follow from the event's time")
    if field not in Scenario.model_fields:
        raise ScenarioError(f"{name} is not a scenario field; {nearest(field, Scenario.model_fields)}")
