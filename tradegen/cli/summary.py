"""What the command line says of a run that it made: its counts, what was impossible, what is altered."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradegen.engine.run import Run

_MANY = 10  # one size in so many is worth a sentence
_MOST = 20  # rows of the truth that are shown


def summary(run: Run, manifest: Mapping[str, Any]) -> Iterator[str]:
    """One sentence on what was made, and one for each thing that the data did not allow."""
    from tradegen.core.formatting import trade_id  # loads NumPy

    counts = manifest["counts"]
    fields = ", ".join(f"{name} {count}" for name, count in counts["by_field"].items() if count)
    pairs = "1 pair" if counts["pairs"] == 1 else f"{counts['pairs']} pairs"
    benign = f", {counts['benign_pairs']} with a benign difference" if run.scenario.benign_rate else ""
    yield (
        f"{pairs}, {counts['mismatched_pairs']} mismatched{benign} ({fields or 'none'}); "
        f"ids {trade_id(run.first_id)} to {trade_id(run.last_id)}; to repeat it, use the same options and "
        f"--seed {run.seed} --first-id {run.first_id} --date {run.scenario.date}"
    )
    yield from of_causes(manifest, "pairs", benign=counts["benign"])
    limited = [
        f"{name} ({found['sizes_limited']} of {found['applied']})"
        for name, found in counts["by_mechanism"].items()
        if found.get("sizes_limited", 0) * _MANY > found["applied"]
    ]
    if limited:
        yield (
            f"the range of clean values limits the sizes of {', '.join(limited)}; keep_in_range = false "
            "gives sizes as asked for, and lets altered values leave the range"
        )


def of_causes(manifest: Mapping[str, Any], what: str, benign: Mapping[str, int]) -> Iterator[str]:
    """What came of the rates and the hot spots of a run, and of the mechanisms; `what` is pairs or trades."""
    overall, counts = manifest["rates"]["overall"], manifest["counts"]
    if len(counts["by_cause"]) > 1 or overall["asked"] is not None:
        asked = "" if overall["asked"] is None else f"{overall['asked']:.2%} asked for, "
        expected, made = (f"{overall[name] or 0:.2%} {name}" for name in ("expected", "made"))
        yield f"overall mismatch rate: {asked}{expected}, {made}"
    for name, found in counts["by_cause"].items():
        if " + " in name and not found["eligible"]:
            continue
        if name and not found["eligible"]:
            yield f"hot spot {name} matches none of these {what}"
        else:
            yield from _shortfall(f"hot spot {name}: " if name else "", f"mismatched {what}", what, found)
    yield from _shortfall("", "benign differences", what, benign)
    never = [
        name for name, found in counts["by_mechanism"].items() if found["requested"] and not found["applied"]
    ]
    if never:
        yield f"{', '.join(never)}: not possible for any of the {what} that drew it"


def _shortfall(where: str, kind: str, what: str, found: Mapping[str, int]) -> Iterator[str]:
    if found["applied"] < found["requested"]:
        yield (
            f"{where}{found['requested']} {kind} were to be made, and {found['applied']} were possible: "
            f"the mechanisms that are on cannot alter what the other {what} hold"
        )


def watched(out: str | None) -> bool:
    """Whether a person sees both records and messages: standard output and error are terminals."""
    return out in (None, "-") and sys.stdout.isatty() and sys.stderr.isatty()


def marks(run: Run, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The first twenty altered fields of a run, with the ids that it was written with, as aligned lines."""
    from tradegen.core.text_tables import aligned

    rows, total = _altered(run), manifest["counts"]["truth_rows"]
    if rows:
        yield "tradegen: altered in these records:"
        yield from (f"  {line}" for line in aligned(rows))
    if total > len(rows):
        yield f"  ... and {total - len(rows):,} more; --truth FILE writes all of them"


def _altered(run: Run) -> list[tuple[str, ...]]:
    """Rows of the truth, made again: a block is a matter of milliseconds, and was not kept."""
    from tradegen.analysis.altered_trades import alterations
    from tradegen.engine.generator import generate_blocks

    rows: list[tuple[str, ...]] = []
    for block in generate_blocks(run):
        for row in alterations(run, block.truth.first(_MOST - len(rows))):
            told = ", ".join(filter(None, (row.size, "within tolerance" if row.benign else "")))
            rows.append((row.trade_id, row.leg, row.field, row.mechanism, row.change, told))
        if len(rows) >= _MOST:
            break
    return rows
