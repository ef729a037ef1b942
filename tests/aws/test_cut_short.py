"""Runs that end amid an event, under AWS's emulator: delivered again, the event has its ids and its bytes."""

from __future__ import annotations

import itertools
import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from emulator import MOMENTS, Emulator, sam_is_there, started
from lambda_events import rule_event
from sizes import chosen, size

from tradegen.ledger import Ledger

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sam_is_there() and os.environ.get("CI") != "true",
        reason="`make lambda-local` installs AWS SAM into .venv-sam",
    ),
]
STARTS = size(4, 100)
SECONDS = 10  # until the time is up: more than a cold start takes on a busy machine


def running(folder: Path, ledger: Ledger, seconds: int = 60) -> AbstractContextManager[Emulator]:
    """An emulator whose function may take so many seconds for an event."""
    variables = {"TRADE_IDS": ledger.place, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds)}
    return started(folder, variables, "cut_short.handler")


def logged(emulator: Emulator, number: int) -> tuple[int, list[str]]:
    """The first id of an event that is delivered until it is done, and its lines."""
    for _ in range(9):
        response = emulator.invoke(rule_event(number))
        lines = emulator.lines()
        # On a busy machine, the time may be up before a cold start is done. While the emulator starts the
        # function anew, it answers an event with Sandbox.Failure. AWS would deliver both events again.
        if not isinstance(response, str) and response.get("errorType") != "Sandbox.Failure":
            break
    assert len(lines) == 31, response
    return response["first_id"], lines


@pytest.mark.parametrize(
    ("how", "moment"),
    chosen(itertools.product(["exit", "timeout"], MOMENTS), [("exit", MOMENTS[1]), ("timeout", MOMENTS[2])]),
)
def test_a_run_that_ends_amid_an_event_repeats_and_loses_no_id_and_no_record(
    tmp_path: Path, ledger: Ledger, how: str, moment: str
) -> None:
    with running(tmp_path, ledger, SECONDS if how == "timeout" else 60) as emulator:
        cold = logged(emulator, 1)
        ended = emulator.invoke(rule_event(2), how=how, moment=moment)
        if how == "exit":
            assert ended["errorType"] == "Runtime.ExitError"
        else:
            assert f"timed out after {SECONDS}.00 seconds" in ended
        before = emulator.lines()
        assert len(before) == {MOMENTS[2]: 7, MOMENTS[3]: 31}.get(moment, 0)
        assert ledger.show().next_id == (16 if moment == MOMENTS[0] else 31)
        first, lines = logged(emulator, 2)
        assert (cold[0], first) == (1, 16)
        assert lines[: len(before)] == before
        # In the new environment, which is warm by now, and of the event that the one before it had done.
        assert logged(emulator, 2) == (16, lines)
        assert logged(emulator, 1) == cold
        assert logged(emulator, 3)[0] == 31
    assert (ledger.show().next_id, ledger.check()) == (46, [])


@pytest.mark.sized
def test_environments_that_end_one_after_the_other_give_each_event_one_range(
    tmp_path: Path, ledger: Ledger
) -> None:
    moments = itertools.cycle(MOMENTS)
    with running(tmp_path, ledger) as emulator:
        for number in range(STARTS):
            ended = emulator.invoke(rule_event(number), how="exit", moment=next(moments))
            assert ended["errorType"] == "Runtime.ExitError"
            before = emulator.lines()
            first, lines = logged(emulator, number)
            assert first == 1 + 15 * number
            assert lines[: len(before)] == before
    assert (ledger.show().next_id, ledger.check()) == (1 + 15 * STARTS, [])
