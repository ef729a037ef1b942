"""The catalogue for readers: lines for a terminal, the page ``docs/catalogue.md``, and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from tradegen.core.columns import RECORD
from tradegen.mechanisms.by_kind import mechanisms_of
from tradegen.mechanisms.column_kinds import KindOfColumn
from tradegen.mechanisms.mechanism import Mechanism

_PAGE = """# The catalogue of mechanisms

Every way for a leg to be wrong, by field. This page is made from the catalogue
(`tradegen catalogue --format markdown`); a test fails when the two differ.

A scenario turns mechanisms on by giving them weights, and sets them by name:

```toml
[mechanisms]
"price.tick" = 2
"record.split" = 1

[settings."price.tick"]
max = 10
```

ISO is the unmatched reason of ISO 20022 (`UnmatchedReason`) and ISO 15022 (MT548, `24B::NMAT`); FIX the
value of tag 2774 (`MatchExceptionElementType`). Where a cell is empty, there is none for such a difference.
Some mechanisms need something of a leg, such as a price that is not round already. A leg that drew one of
them and lacks what it needs meets another mechanism. The manifest counts how often each mechanism was drawn,
and how often it was possible.

Many mechanisms do not show on their own leg, which then looks like any other. Where one does, the page says
how.

A nudge, a tick, a delay or a skew draws its size between `min` and `max`: evenly, or in the `shape` that its
settings ask for (`lognormal` with `median` and `p95`, or `quantiles`). It goes up or down, and keeps the
altered value inside the range of clean ones, so that it does not show. For both to be possible, the
clean range must be at least ten times as wide as the largest size. Where the range is narrower, sizes are
limited to what fits it, and the manifest counts them as `sizes_limited`. With `keep_in_range = false`, sizes
are never limited, and altered values may lie outside the range. The default scenario, `original`, is set that
way.
"""


def table(entries: Iterable[Mechanism]) -> list[dict[str, Any]]:
    """The entries as plain values, as JSON would carry them."""
    return [
        {
            "name": entry.name,
            "fields": list(entry.fields),
            "sentence": entry.sentence,
            "example": _example(entry),
            "needs": entry.needs.words if entry.needs else "",
            "shows": [shown.why for shown in entry.shows],
            "settings": {
                setting.name: {"default": setting.default, "unit": setting.unit, "about": setting.about}
                for setting in entry.settings
            },
            "excludes": sorted(entry.excludes),
            "iso": entry.iso,
            "fix": entry.fix,
        }
        for entry in entries
    ]


def lines(entries: Sequence[Mechanism]) -> Iterator[str]:
    """The entries for a terminal."""
    for entry in entries:
        codes = ", ".join(
            f"{name} {code}" for name, code in (("ISO", entry.iso), ("FIX 2774 =", entry.fix)) if code
        )
        yield f"{entry.name}{f'  ({codes})' if codes else ''}"
        yield f"    {entry.sentence}"
        yield f"    {_example(entry)}"
        if entry.needs:
            yield f"    needs: {entry.needs.words}"
        for shown in entry.shows:
            yield f"    shows on its own leg: {shown.why}"
        for setting in entry.settings:
            yield f"    {setting.name} = {_value(setting.default)}: {setting.about}; {setting.expected}"
        yield ""
    count = "1 mechanism" if len(entries) == 1 else f"{len(entries)} mechanisms"
    yield f"{count}; a scenario gives them weights, see: tradegen scenarios show everything"


def page(entries: Sequence[Mechanism]) -> str:
    """The entries as a page of Markdown."""
    parts = [_PAGE]
    for field, group in groupby(entries, lambda entry: entry.field):
        parts += [f"\n## {field}\n\n{_HEAD}", *map(_row, group)]
        if field == RECORD:
            parts.append(_RECORDS)
    return "".join(parts)


def page_of_kinds() -> str:
    """What columns have wrong with them that a scenario adds, by kind, as a part of that page."""
    parts = [_KINDS]
    for column in _COLUMNS:
        kinds = "code and text" if column.kind == "code" else column.kind
        parts += [f"\n### {kinds}\n\n{_HEAD}", *map(_row, mechanisms_of(column))]
    return "".join(parts)


_KINDS = """
## Columns of your own

A column that a scenario adds has the mechanisms of its kind, and they are named by the column. Here the
columns are called `account`, `lots`, `gross_amount`, `settlement_date`, `booked_at` and `order_ref`.
`tradegen catalogue --scenario FILE` prints those of a scenario's columns. A derived column, such as an
amount, also has `follows`, which takes no weight. The truth names it where a value was worked out from an
altered one. If a column tells of another one, such as an ISIN of the ticker, what alters that one can show
in it, and the command says so. See [your_own_columns.md](your_own_columns.md).
"""
_COLUMNS = (
    KindOfColumn("account", "code"),
    KindOfColumn("lots", "integer"),
    KindOfColumn("gross_amount", "decimal", 2, ("quantity", "price")),
    KindOfColumn("settlement_date", "date", 0, ("date",)),
    KindOfColumn("booked_at", "timestamp"),
    KindOfColumn("order_ref", "reference", 8),
)


def _row(entry: Mechanism) -> str:
    settings = "<br>".join(
        f"`{setting.name}` = {_value(setting.default)}: {setting.about}" for setting in entry.settings
    )
    cells = (
        f"`{entry.name}`",
        entry.sentence,
        _example(entry),
        entry.needs.words if entry.needs else "",
        "<br>".join(shown.why for shown in entry.shows),
        settings,
        entry.iso,
        entry.fix,
    )
    return f"| {' | '.join(cells)} |\n"


_HEAD = (
    "| mechanism | what it does | example | needs | what its own leg shows | settings | ISO | FIX |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_RECORDS = """
A missing leg has nothing else wrong with it. A split leg may, but not its quantity: its fills add up to the
other leg's. Of a doubled leg, both copies have what else is wrong with it.
"""


def _example(entry: Mechanism) -> str:
    original, altered = entry.examples[0]
    return f"{original} -> {altered or '(missing)'}{' records' if entry.field == RECORD else ''}"


def _value(value: float | str) -> str:
    return f"`{value}`" if isinstance(value, str) else f"{value:g}"
