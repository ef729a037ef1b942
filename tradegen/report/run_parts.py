"""The parts of a report that are about a run: asked and made, what breaks, where, by how much, examples."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from tradegen.analysis.difference_sizes import magnitudes
from tradegen.analysis.examples import one_of_each
from tradegen.core.formatting import trade_id
from tradegen.core.html_pages import escaped, figures, table
from tradegen.report.remade_run import RemadeRun
from tradegen.scenario.scenario_html import fields_html, settings_texts

_EXAMPLES = 12
_NO_HEAD = ("", "")


def run_parts(remade: RemadeRun) -> Iterator[str]:
    """The parts in order, as HTML."""
    counts = remade.manifest["counts"]
    yield "<h2>What was asked and made</h2>"
    yield f'<p class="answer">{escaped(_answer(counts))}</p>'
    if not remade.whole:
        yield (
            f"<p>Counts are of all {remade.pairs:,} pairs. Figures, sizes and examples are of the first "
            f"{remade.run.scenario.pairs:,}, made again from the manifest.</p>"
        )
    yield table(_NO_HEAD, _facts(remade), words=(1,))
    yield "<h3>Rates</h3>"
    yield table(("", "asked", "expected", "made"), _rates(remade.manifest["rates"]))
    yield "<h3>The scenario, where it is not the default</h3>"
    yield fields_html(remade.run.scenario.replace(pairs=remade.pairs))
    yield "<h2>What breaks</h2>"
    headers = ("mechanism", "weight", "altered", "share", "what it does, and with which settings")
    yield table(headers, _mechanisms(remade), words=(4,))
    yield from _plots(remade, "what")
    yield "<h2>Where it breaks</h2>"
    yield from _plots(remade, "where")
    yield "<h2>By how much</h2>"
    sizes = list(_sizes(remade))
    if sizes:
        yield '<p class="pale">Sizes of the differences, without their signs.</p>'
        yield table(("field", "unit", "mismatched", "benign", "median", "95% below", "largest"), sizes)
    yield from _plots(remade, "sizes")
    yield "<h2>Examples</h2>"
    yield '<p class="pale">One for each mechanism, the most frequent first. Altered cells are shaded.</p>'
    yield f'<div class="small">{one_of_each(remade, _EXAMPLES)._repr_html_()}</div>'


def _answer(counts: dict[str, Any]) -> str:
    pairs, mismatched, benign = (counts[name] for name in ("pairs", "mismatched_pairs", "benign_pairs"))
    also = f"; {benign:,} have a benign difference" if benign else ""
    return f"{mismatched:,} of {pairs:,} pairs are mismatched ({mismatched / pairs:.2%}){also}."


def _facts(remade: RemadeRun) -> Iterator[tuple[str, str]]:
    run, manifest = remade.run, remade.manifest
    yield "records", f"{manifest['counts']['trades']:,}, and {manifest['counts']['truth_rows']:,} truth rows"
    yield "lists", f"{', '.join(run.scenario.lists)} (view {run.scenario.view})"
    yield "ids", f"{trade_id(run.first_id)} to {trade_id(run.first_id + remade.pairs - 1)}"
    yield "date, seed", f"{run.scenario.date}, {run.seed}"
    if dataset := manifest.get("dataset"):
        size = sum(file["bytes"] for file in dataset["files"].values())
        yield "files", f"{len(dataset['files'])} ({dataset['format']}), {size:,} bytes"
    for name in ("trades", "truth"):
        yield f"digest of the {name}", manifest["digests"][name]
    yield "made by", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())


def _rates(rates: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    yield "all pairs", *_told(rates["overall"])
    yield "outside hot spots", *_told(rates["base"])
    for name, measures in rates.get("hot_spots", {}).items():
        for measure, told in measures.items():
            yield f"{name}: {measure}", *_told(told, times=measure == "factor")


def _told(values: dict[str, float | None], *, times: bool = False) -> tuple[str, str, str]:
    asked, expected, made = (
        "" if value is None else f"{value:.4g} times" if times else f"{value:.2%}"
        for value in (values["asked"], values["expected"], values["made"])
    )
    return asked, expected, made


def _mechanisms(remade: RemadeRun) -> Iterator[tuple[str, ...]]:
    scenario, found = remade.run.scenario, remade.manifest["counts"]["by_mechanism"]
    applied = {name: counts["applied"] for name, counts in found.items()}
    total, settings = max(sum(applied.values()), 1), settings_texts(scenario)
    for name, count in sorted(applied.items(), key=lambda item: -item[1]):
        what = f"{scenario.catalogue[name].sentence} {settings.get(name, '')}"
        yield name, f"{scenario.weights.get(name, 0):g}", f"{count:,}", f"{count / total:.1%}", what


def _sizes(remade: RemadeRun) -> Iterator[tuple[str, ...]]:
    for one in magnitudes(remade):
        sizes = np.abs(one.all)
        if len(sizes):
            shown = (*np.quantile(sizes, (0.5, 0.95)), sizes.max())
            told = [f"{float(f'{size:.4g}'):,.10g}" for size in shown]
            yield one.field, one.unit, f"{len(one.mismatched):,}", f"{len(one.benign):,}", *told


def _plots(remade: RemadeRun, part: str) -> list[str]:
    """The figures of a part, where there is matplotlib to draw them with."""

    def drawn(name: str, **how: Any) -> Any:
        from tradegen.analysis import figures as plots  # only where a figure is drawn: it needs matplotlib

        return getattr(plots, name)(remade, **how)

    rates = {
        "cause": "Share of mismatched pairs by hot spot",
        "broker": "Share of altered legs by broker",
        "ticker": "Share of mismatched pairs by ticker",
        "hour": "Share of mismatched pairs by hour",
    }
    if not remade.run.scenario.hot_spots:
        rates = {by: label for by, label in rates.items() if by in ("broker", "hour")}
    wanted = {
        "what": {
            "How often each mechanism acts": functools.partial(drawn, "plot_field_counts", by="mechanism"),
            "How often each field is altered": functools.partial(drawn, "plot_field_counts", by="field"),
        },
        "where": {
            label: functools.partial(drawn, "plot_mismatch_rates", by=by) for by, label in rates.items()
        },
        "sizes": {
            "How far altered values lie from the originals": functools.partial(drawn, "plot_magnitudes")
        },
    }
    return figures(wanted[part].items())
