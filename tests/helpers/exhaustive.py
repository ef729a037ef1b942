"""Every mechanism alone, every two together, and all of them, on 100,000 pairs each: `make test-exhaustive`.

Too long for every day: half an hour for each combination in one of the nine views and formats, in turn;
`--all` takes all nine. The reference checks that the written truth is effective and complete.
"""

from __future__ import annotations

import itertools
import sys
import time

from reading import rows
from reference import check_order, check_truth
from written import written_lists

from tradegen.mechanisms.catalogue import CATALOGUE

PAIRS = 100_000
WAYS = list(itertools.product(("single", "counterparty", "two_system"), ("csv", "json", "ndjson")))


def checked(names: tuple[str, ...], view: str, form: str, seed: int) -> int:
    """Generate and check; how many rows the truth has."""
    texts, truth_text = written_lists(
        form,
        pairs=PAIRS,
        view=view,
        seed=seed,
        date="2025-07-08",
        mechanisms=dict.fromkeys(names, 1),
        fields_per_pair=[0.4, 0.6] if len(names) > 1 else [1],
        timestamp_precision=("s", "ms", "us")[seed % 3],
    )
    lists = {name: rows(text, form) for name, text in texts.items()}
    truth = rows(truth_text, form)
    check_truth(lists, truth, view)
    check_order(truth)
    return len(truth)


def main() -> None:
    """Go through all combinations, and say how it went."""
    sets: list[tuple[str, ...]] = [
        *((name,) for name in CATALOGUE),
        *itertools.combinations(CATALOGUE, 2),
        tuple(CATALOGUE),
    ]
    start, runs, found = time.monotonic(), 0, 0
    for number, names in enumerate(sets):
        ways = WAYS if "--all" in sys.argv[1:] or len(names) > 2 else [WAYS[number % len(WAYS)]]
        for view, form in ways:
            found += checked(names, view, form, seed=number)
            runs += 1
        print(f"{number + 1}/{len(sets)} {' + '.join(names)[:80]}", flush=True)
    print(
        f"{runs} runs of {PAIRS:,} pairs, {found:,} truth rows, all right, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
