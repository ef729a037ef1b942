"""The page of a report, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tradegen.core.html_pages import escaped, page
from tradegen.report.run_parts import run_parts
from tradegen.scoring.report_html import CLOSING, parts, title
from tradegen.verify.proof_report import KINDS

if TYPE_CHECKING:
    from tradegen.report.remade_run import RemadeRun
    from tradegen.scoring.scores import Score
    from tradegen.verify.proof_report import Report as Proof


def report_page(
    name: str,
    remade: RemadeRun | None = None,
    proof: Proof | None = None,
    scores: Sequence[Score] = (),
    fits: Iterable[Iterable[str]] = (),
) -> str:
    """The page, as text to be written in UTF-8.

    Parameters
    ----------
    name : str
        What the report is about, for its title; "" for nothing that has a name.
    remade : RemadeRun, optional
        The run.
    proof : Report, optional
        What `verify` says of its files; where there is none, the page says that they were not checked.
    scores : sequence of Score
    fits : iterable of iterable of str
        As `fit_parts` gives them.
    """
    found: list[str] = []
    if remade is not None:
        found += run_parts(remade)
        found += _proof(remade, proof)
    for score in scores:
        report = score.report()
        found += [f"<h2>{escaped(title(report))}</h2>", *parts(report, "h3")]
    for fit in fits:
        found += fit
    return page(f"Report on {name}" if name else "Report", found, CLOSING if scores or remade else "")


def _proof(remade: RemadeRun, proof: Proof | None) -> Iterator[str]:
    yield "<h2>What was proved</h2>"
    if proof is None:
        yield (
            '<p class="answer">No files were checked.</p>'
            "<p><code>tradegen verify</code> reads files again, and proves that every truth row is a "
            "difference as written, and that every difference is in the truth.</p>"
        )
    else:
        *read, verdict = (line for line in proof.lines() if not line.startswith(" "))
        kind = "answer" if proof.ok else "answer bad"
        yield f'<p class="{kind}">{escaped(verdict[:1].upper() + verdict[1:])}.</p>'
        yield "".join(f"<p>{escaped(line)}</p>" for line in read)
        for kind, finding in proof.findings.items():
            what = f"{KINDS[kind][:1].upper()}{KINDS[kind][1:]}: {finding.count:,}"
            yield f"<h3>{escaped(what)}</h3>"
            yield "".join(f"<p>{escaped(example)}</p>" for example in finding.examples)
    if not remade.whole:
        yield "<p>Not all pairs were made again, so that digests were not compared.</p>"
    elif remade.differing:
        yield (
            '<p class="answer bad">Made again, the run is not what its manifest says. Other digests: '
            f"{', '.join(remade.differing)}.</p>"
        )
    elif remade.differing is not None:
        yield "<p>Made again from its manifest, the run has the digests that the manifest states.</p>"
