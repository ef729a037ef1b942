"""Power that goes amid reservations: the ids that were given stay given, and the ledger stays sound."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import absent
from ledger_files import original_ledger
from sizes import size

from tradegen.errors import LedgerError
from tradegen.ledger import create_ledger, ledger_at, open_ledger

pytestmark = pytest.mark.sized
SEEDS, CONTROLS = size(250, 10_000), size(250, 2_000)
NAME = "trade_ids.db"


class Given(NamedTuple):
    """A reservation that its caller has been told of."""

    first: int
    count: int
    key: str | None


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A new ledger, two that have reserved, with 4 pages and with more, and one of the original script."""
    if find_spec("apsw") is None:
        absent("apsw")
    folder = tmp_path_factory.mktemp("starts")
    made = []
    ledger = create_ledger(folder / NAME)
    for number in range(size(60, 150)):
        if number in (0, 20):
            made.append((folder / NAME).read_bytes())
        ledger.reserve(1 + number % 40, key=f"{number} {'x' * 90}" if number % 3 else None)
    made.append((folder / NAME).read_bytes())
    made.append(original_ledger(folder / "original.db").read_bytes())
    assert len({len(start) for start in made}) == 3  # the new one is as long as the next
    return made


def after_power_loss(folder: Path, start: bytes, synchronous: str, seed: int) -> str:
    """Reserve, cut the power, start again: "sound", "repeats", or what the ledger is refused for."""
    from power_loss import files_after, recorded  # loaded where it is used: it needs apsw

    draws = random.Random(seed)
    ran, back = folder / "ran", folder / "back"
    for one in (ran, back):
        one.mkdir()
    (ran / NAME).write_bytes(start)
    wanted = [
        (draws.randint(1, 50), f"event-{n}" if draws.random() < 0.6 else None)
        for n in range(draws.randint(1, 3))
    ]
    with recorded(ran, synchronous) as recording:
        ledger = ledger_at(ran / NAME)
        for count, key in wanted:
            recording.give(Given(ledger.reserve(count, key), count, key))
    steps = draws.randint(0, len(recording.steps))
    given = [step.given for step in recording.steps[:steps] if step.given]
    everything = [step.given for step in recording.steps if step.given]

    for name, content in files_after(recording, steps, draws).items():
        (back / name).write_bytes(content)
    ledger = ledger_at(back / NAME)
    try:
        fresh = open_ledger(back / NAME).reserve(1)
        again = [ledger.reserve(one.count, one.key) for one in given if one.key]
        findings = ledger.check()
    except LedgerError as refusal:
        return str(refusal).removeprefix(f"{back / NAME} ")
    finally:
        shutil.rmtree(ran)
        shutil.rmtree(back)
    if findings:
        return findings[0]
    if given and fresh <= given[-1].first + given[-1].count - 1:
        return "repeats"
    assert again == [one.first for one in given if one.key]
    # No gap either: it stands before or after the reservation that the power went in.
    assert fresh in [everything[0].first, *(one.first + one.count for one in everything)][len(given) :][:2]
    return "sound"


def outcomes(folder: Path, starts: list[bytes], synchronous: str, seeds: int) -> Counter[str]:
    return Counter(
        after_power_loss(folder, starts[seed % len(starts)], synchronous, seed) for seed in range(seeds)
    )


def test_power_loss_repeats_no_id_loses_none_and_leaves_a_sound_ledger(
    in_memory: Path, starts: list[bytes]
) -> None:
    assert outcomes(in_memory, starts, "EXTRA", SEEDS) == {"sound": SEEDS}


@pytest.mark.slow
@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL", "OFF"])
def test_with_less_syncing_power_loss_would_repeat_ids(
    in_memory: Path, starts: list[bytes], synchronous: str
) -> None:
    """The control. Without a sync of the folder, as with FULL, a deleted journal can come back and undo."""
    found = outcomes(in_memory, starts, synchronous, CONTROLS)
    assert found["repeats"] > CONTROLS // 50
    assert found["sound"] > CONTROLS // 50
    if synchronous == "FULL":
        assert set(found) == {"sound", "repeats"}
