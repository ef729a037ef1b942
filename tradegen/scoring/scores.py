"""A score: its counts, and how it shows itself. Every rendering is made from one report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradegen.scoring.report_building import build_report
from tradegen.scoring.report_html import fragment, page
from tradegen.scoring.report_text import as_text
from tradegen.scoring.score_counts import ScoreCounts

if TYPE_CHECKING:
    import pandas as pd

    from tradegen.scoring.report import Report


@dataclass(frozen=True, slots=True, repr=False)
class Score(ScoreCounts):
    """What a matcher found of what it had to find; `ScoreCounts` describes the attributes.

    Scores are frozen, and `pool` adds them up.
    """

    def __repr__(self) -> str:
        return f"<Score: {'; '.join(self.report().headline[:2])}>"

    def __str__(self) -> str:
        return as_text(self.report())

    def _repr_html_(self) -> str:
        return fragment(self.report())

    def report(self) -> Report:
        """Everything there is to say of it, as typed tables, sections and figures."""
        return build_report(self)

    def to_dict(self) -> dict[str, Any]:
        """All counts and measures in JSON's own types; a measure of nothing is None."""
        return self.report().to_dict()

    def to_json(self) -> str:
        """`to_dict`, as text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)

    def to_html(self) -> str:
        """A page that needs nothing else; with figures where matplotlib is installed."""
        return page(self.report())

    def frame(self, by: str) -> pd.DataFrame:
        """One of its tables, such as ``mechanism``, ``confusion`` or ``detection``; see `Report.frame`."""
        return self.report().frame(by)
