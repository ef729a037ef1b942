"""How mechanisms look in two lists: made by the generator itself, and looked at as a desk's lists are."""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradegen.core import formatting
from tradegen.core.blocks import BLOCK_PAIRS, Block
from tradegen.desk.differences import Recogniser, Record, Seen, Signature, plain_number
from tradegen.desk.list_columns import OPPOSITE
from tradegen.desk.mixture import Look, Looks
from tradegen.engine.generator import generate_blocks
from tradegen.engine.run import Run, prepare
from tradegen.formats.tables import list_tables
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.scenario.own_columns import CodeColumn, kinds_of

if TYPE_CHECKING:
    from tradegen.core.columns import Array

SEED = 20_250_721
"""Of everything that is simulated, so that the same lists always give the same scenario."""

DATE = dt.date(2025, 7, 8)  # day and month can be exchanged
_EACH = 1_500  # pairs simulated a mechanism, about
_EXCHANGED = 4_000  # values that sizes are tried on, about
_FINE = 4  # classes of sizes to a doubling
_OFTEN = 4  # times as many of those that draw a size: they may look like others by accident


def signatures(
    mechanisms: Collection[str], recogniser: Recogniser, fields: tuple[str, ...], **scenario: Any
) -> Looks:
    """By mechanism and leg, the share of its differences that has each field and signature.

    Parameters
    ----------
    mechanisms : collection of str
    recogniser : Recogniser
        Whose settings count; its names are those of the simulated market.
    fields : tuple of str
        The fields that are compared.
    **scenario
        Fields of the scenario besides.
    """
    run = prepare(
        mechanisms={name: _OFTEN if recogniser.catalogue[name].sized else 1.0 for name in mechanisms},
        pairs=min(_EACH * (len(mechanisms) + _OFTEN), BLOCK_PAIRS),
        mismatch_rate=1.0,
        fields_per_pair=[1.0],
        date=DATE,
        seed=SEED,
        **scenario,
    )
    return _looks(json.dumps(run.replay()), tuple(recogniser.zones.items()), fields)


@functools.lru_cache(maxsize=16)  # lists that are fitted again, in another way, look as they did
def _looks(replay: str, zones: tuple[tuple[str, str], ...], fields: tuple[str, ...]) -> Looks:
    run = prepare(**json.loads(replay))
    known = Recogniser(
        set(run.market.tickers),
        set(formatting.broker_names(run.scenario.brokers)),
        dict(zones),
        kinds_of(run.scenario.columns),
        {one.name: set(one.clean_names()) for one in run.scenario.columns if isinstance(one, CodeColumn)},
        {one.name: getattr(one, "by", 0) for one in run.scenario.columns if one.derived_from},
    )
    counts: dict[tuple[str, int], dict[Look, float]] = {}
    for block in generate_blocks(run):
        made = _first_rows(run, block)
        mirrored = run.scenario.view == "counterparty"
        for number, (ours, theirs) in enumerate(sides(run, block, mirrored=mirrored)):
            mechanism, leg = made.get(number, ("", 0))
            if not mechanism:
                continue
            # What follows on another difference is none of its own.
            others = known.by.keys() - {mechanism.rpartition(".")[0]}
            # A desk may have columns that a scenario cannot have.
            made_of = [name for name in fields if name in ours and name not in others]
            differing = [name for name in made_of if ours[name] != theirs[name]]
            for seen in known.differences(ours, theirs, differing):
                found = counts.setdefault((mechanism, leg), {})
                key = seen.field, seen.signature
                found[key] = found.get(key, 0.0) + 1.0
    return {
        component: {key: count / sum(found.values()) for key, count in found.items()}
        for component, found in counts.items()
    }


def exchanged(
    seen: Sequence[Seen],
    values: Sequence[str],
    signature: Callable[[str, str, str], Signature],
    mechanism: str,
) -> dict[tuple[str, int], Mapping[Look, float]]:
    """What a mechanism that draws sizes looks like: sizes that were seen, each tried on values near its own.

    So values and sizes are the desk's own, and how far one goes with the other is kept. Sizes that often look
    like another mechanism are seen too rarely here, and count for more.

    Parameters
    ----------
    seen : sequence of Seen
        Differences that it has most likely made, told by what they look like.
    values : sequence of str
        Values of the field on clean trades; those of the differences themselves, if there are none.
    signature : callable
        What could have made a difference, from a field and both of its values alone.
    mechanism : str
    """
    field = mechanism.partition(".")[0]
    chosen = {one.signature for one in seen}
    clean = sorted(map(Decimal, values or [one.ours for one in seen]))
    by_size: dict[int, Counter[Signature]] = {}
    each = max(_EXCHANGED // max(len(seen), 1), 1)
    for one in seen if clean else ():
        ours, theirs = Decimal(one.ours), Decimal(one.theirs)
        first = max(min(bisect.bisect(clean, ours) - each // 2, len(clean) - each), 0)
        for value in clean[first : first + each]:
            altered = value + theirs - ours
            if altered > 0:
                texts = (plain_number(field, number) for number in (value, altered))
                size = round(_FINE * math.log2(abs(theirs - ours)))
                by_size.setdefault(size, Counter())[signature(field, *texts)] += 1
    looks: dict[Signature, float] = {}
    for found in by_size.values():
        as_chosen = sum(count for look, count in found.items() if look in chosen)
        weight = sum(found.values()) / max(as_chosen, 1)
        for look, count in found.items():
            looks[look] = looks.get(look, 0.0) + weight * count
    looks.pop(frozenset(), None)
    if not looks:
        looks = {frozenset({(f"{field}.nudge", 0), (f"{field}.nudge", 1)}): 1.0}
    total = sum(looks.values())
    return {
        (mechanism, leg): {
            (field, look if leg else _other_way(look)): count / total for look, count in looks.items()
        }
        for leg in (0, 1)
    }


def _other_way(signature: Signature) -> Signature:
    """The same difference with the lists exchanged."""
    return frozenset((name, 1 - leg) for name, leg in signature)


def _first_rows(run: Run, block: Block) -> dict[int, tuple[str, int]]:
    """By position of the pair in the block, the mechanism that altered it, and the leg."""
    truth, first = block.truth, run.first_id_of(block.number)
    return {
        int(pair) - first: (run.mechanisms[code], int(leg))
        for pair, code, leg in zip(truth.trade_id, truth.mechanism, truth.leg, strict=True)
        if not run.mechanisms[code].endswith(f".{FOLLOWS}")
    }


def sides(run: Run, block: Block, *, mirrored: bool) -> Iterator[tuple[Record, Record]]:
    """Both records of each pair, by id; a counterparty's is read from our side.

    The scenario has two lists, and no mechanism that changes the number of records, or an id.
    """
    columns = []
    for leg, table in enumerate(list_tables(run).values()):
        rows = table.rows(block)
        order = np.argsort(rows.trade_id)
        texts = {name: _decoded(values)[order] for name, values in table.texts(rows).items()}
        if leg and mirrored:
            texts["broker_id"], texts["contra_broker_id"] = texts["contra_broker_id"], texts["broker_id"]
            texts["order_type"] = np.array([OPPOSITE.get(side, side) for side in texts["order_type"]], object)
        columns.append({name: values.tolist() for name, values in texts.items()})
    names = list(columns[0])
    for ours, theirs in zip(*(zip(*one.values(), strict=True) for one in columns), strict=True):
        yield dict(zip(names, ours, strict=True)), dict(zip(names, theirs, strict=True))


def _decoded(values: Array) -> Array:
    # Text is padded with NULs, wherever they stand.
    return np.array([value.replace(b"\0", b"").decode() for value in values.tolist()], object)
