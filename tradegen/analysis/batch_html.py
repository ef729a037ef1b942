"""A batch as a notebook shows it: what was asked and made, and the first altered trades."""

from __future__ import annotations

import functools
import operator

import numpy as np

from tradegen.analysis.examples import first_examples
from tradegen.core.formatting import trade_id
from tradegen.core.html_pages import escaped, for_notebook
from tradegen.engine.generator import GeneratedBlocks
from tradegen.engine.rate_report import rate_report

_EXAMPLES = 3


def as_html(batch: GeneratedBlocks) -> str:
    """A few lines and a small table, in the colours of the notebook."""
    run, blocks = batch.run, batch.blocks
    counts = functools.reduce(operator.add, (block.counts for block in blocks))
    overall = rate_report(run.scenario, counts)["overall"]
    mismatched, benign = int(counts.applied[:-1].sum()), int(counts.applied[-1])
    codes = np.concatenate([block.truth.field for block in blocks])
    names = run.scenario.fields
    fields = np.bincount(codes, minlength=len(names))
    altered = [f"{name} {count:,}" for name, count in zip(names, fields, strict=True) if count]
    lines = [
        f"{run.scenario.pairs:,} pairs, {mismatched:,} of them mismatched: {overall['made']:.2%}, where "
        f"{overall['expected']:.2%} was to be expected",
        f"altered: {', '.join(altered) or 'nothing'}"
        + (f"; {benign:,} pairs have a benign difference" if benign else ""),
        f"ids {trade_id(run.first_id)} to {trade_id(run.last_id)}, date {run.scenario.date}, seed {run.seed}",
    ]
    answer, *others = map(escaped, lines)
    text = "<br>".join([f"<b>{answer}</b>", *others])
    examples = first_examples(batch, _EXAMPLES)._repr_html_() if mismatched else ""
    return for_notebook(f"<p>{text}</p>") + examples
