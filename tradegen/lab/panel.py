"""The bench as a whole: controls at the left; at the right what they make, redrawn at each change."""

from __future__ import annotations

import base64
import html
import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from tradegen.analysis.tuning import Outcome, Tuning
from tradegen.analysis.tuning_figure import draw_bench, headline, png
from tradegen.lab.controls import WIDE, Control, button, note, stacked
from tradegen.lab.hot_spot_controls import HotSpotControls
from tradegen.lab.mechanism_controls import SizeControls, WeightControls
from tradegen.lab.start_controls import StartControls
from tradegen.market.universe import Tickers
from tradegen.scenario.model import Scenario, scenario_names

_NOTHING = "nothing"
_NOW = "this, as it is now"


class TuningPanel(widgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """A scenario behind controls.

    Parameters
    ----------
    scenario : Scenario, mapping, str, path or None
        Where to start, as `generate` takes it.
    pairs : int
        How many to generate at each change.
    seed : int
    tickers : mapping, Series or path, optional
        The universe, as `generate` takes it.

    Attributes
    ----------
    tuning : Tuning
        The scenario, and what it makes; ``tuning.scenario`` is what the controls say now.
    """

    def __init__(
        self,
        scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        pairs: int = 100_000,
        seed: int = 7,
        tickers: Tickers = None,
    ) -> None:
        self.tuning = Tuning(scenario, pairs=pairs, seed=seed, tickers=tickers)
        # An HTML widget, since that of images has no text for those who cannot see them.
        self._choosing = False  # while the choices themselves change
        self._picture, self._examples = widgets.HTML(), widgets.HTML()
        self._measure = widgets.Dropdown(
            options=_labels(self.tuning), description="how far, in", style=WIDE, layout={"width": "28em"}
        )
        self._measure.observe(lambda _: None if self._choosing else self._draw_picture(), "value")
        self._weights = WeightControls(self.tuning, self._draw)
        self._sizes = SizeControls(self.tuning, self._draw)
        self._spots = HotSpotControls(self.tuning, self._draw)
        rates, tolerances = self._rate_controls(), self._tolerance_controls()
        self._controls = rates | tolerances
        sections = {
            "Start from": StartControls(self.tuning, self._show, scenario, tickers).box,
            "Weights of mechanisms": self._weights.box,
            "Sizes": self._sizes.box,
            "Tolerances": _rows(tolerances),
            "Hot spots": self._spots.box,
            "Compare": self._comparison(),
            "Save": self._saving(),
        }
        accordion = widgets.Accordion(
            list(sections.values()),
            titles=list(sections),
            selected_index=0,
            layout=widgets.Layout(width="30em"),
        )
        left = stacked(_rows(rates), accordion)
        left.layout = widgets.Layout(width="31em", flex="0 0 auto")
        right = stacked(self._measure, self._picture, self._examples)
        right.layout = widgets.Layout(flex="1 1 34em", min_width="20em")
        super().__init__([left, right], layout=widgets.Layout(flex_flow="row wrap"))
        self._show()

    def _show(self) -> None:
        """Show another scenario in all controls, and draw it."""
        for name, value in _shown(self.tuning.scenario).items():
            self._controls[name].show(value)
        self._spots.show()
        self._weights.show()
        self._draw()

    def _draw(self) -> None:
        self._sizes.show()
        labels = _labels(self.tuning)
        if list(self._measure.options) != labels:
            self._choosing = True
            kept, self._measure.options = self._measure.value, labels
            # To none and back: a browser that is told of other options alone shows none of them.
            self._measure.index = None
            if labels:
                self._measure.value = kept if kept in labels else labels[0]
            self._choosing = False
        self._draw_picture()
        self._saved.value = ""
        self._examples.value = f"<h3>Some of these pairs</h3>{self.tuning.examples()}"

    def _draw_picture(self) -> None:
        outcome = self.tuning.outcome
        chosen = self._measure.index
        measure = None if chosen is None else outcome.measures[chosen]
        drawn = png(draw_bench(outcome, self.tuning.other, measure))
        told = html.escape(headline(outcome, self.tuning.other))
        numbers = f"<details><summary>The numbers of what breaks</summary>{_table(outcome)}</details>"
        self._picture.value = (
            f'<p role="status"><b>{told}</b></p><img alt="Four panels: what breaks, how far, where, and for '
            'how much notional" style="max-width: 100%; background: white" '
            f'src="data:image/png;base64,{base64.b64encode(drawn).decode()}">{numbers}'
        )

    def _rate_controls(self) -> dict[str, Control]:
        def percent(name: str, text: str) -> Control:
            slider = widgets.FloatSlider(
                description=text, min=0, max=100, step=0.1, readout_format=".2f", continuous_update=False
            )
            return Control(slider, lambda value: self._change({name: float(f"{value / 100:.9g}")}))

        is_of = widgets.Dropdown(
            options={"pairs outside hot spots": "base", "all pairs": "overall"}, description="of"
        )
        pairs = widgets.BoundedIntText(
            description="pairs", min=1, max=1_000_000, step=10_000, continuous_update=False
        )
        return {
            "mismatch_rate": percent("mismatch_rate", "mismatched, %"),
            "rate_is": Control(is_of, lambda value: self._change({"rate_is": value})),
            "pairs": Control(pairs, lambda value: self._change({"pairs": value})),
        }

    def _tolerance_controls(self) -> dict[str, Control]:
        late = {"continuous_update": False}
        number = widgets.FloatText
        price = number(description="price", **late)
        units = {"basis points": "bps", "dollars": "absolute", "ticks": "ticks"}
        unit = widgets.Dropdown(options=units, description="unit of the price's")

        def apply_price(_: Any) -> None:
            size = _whole(price.value) if unit.value == "ticks" else price.value
            # All three units: a price's tolerance has one, and the one there was is to go.
            given = {**dict.fromkeys(units.values()), unit.value: size} if price.value else None
            self._change({"tolerances": {"price": given}})

        def apply(name: str) -> Callable[[Any], None]:
            return lambda value: self._change({"tolerances": {name: _whole(value)}})

        return {
            "price": Control(price, apply_price),
            "unit": Control(unit, apply_price),
            "quantity": Control(number(description="quantity, shares", **late), apply("quantity")),
            "trade_timestamp": Control(number(description="time, seconds", **late), apply("trade_timestamp")),
            "date": Control(number(description="date, days", **late), apply("date")),
        }

    def _change(self, fields: Mapping[str, Any]) -> None:
        self.tuning.change(**fields)
        self._draw()

    def _comparison(self) -> widgets.VBox:
        options = {_NOTHING: None, _NOW: _NOW, **{name: name for name in scenario_names()}}
        choice = widgets.Dropdown(options=options, description="with")

        def apply(chosen: Any) -> None:
            self.tuning.compare_with(self.tuning.scenario if chosen == _NOW else chosen)
            self._draw_picture()

        return stacked(Control(choice, apply).row)

    def _saving(self) -> widgets.VBox:
        self._name = widgets.Text(value=_free_name(), description="file", style=WIDE)
        self._name.layout.width = "25em"
        self._saved, said = note(), note()

        def save() -> None:
            self._saved.value = ""
            self.tuning.save(self._name.value)
            path = html.escape(str(Path(self._name.value).resolve()))
            command = html.escape(self.tuning.command(self._name.value))
            self._saved.value = f"Saved: {path}<br>It makes these trades: <code>{command}</code>"

        return stacked(self._name, button("Save", save, said), said, self._saved)


def _labels(tuning: Tuning) -> list[str]:
    return [f"{field}, {unit}" for field, unit in tuning.outcome.measures]


def _table(outcome: Outcome) -> str:
    """What the first panel draws."""
    table = outcome.breaks("mechanism")[["count", "low_count", "high_count", "asked_count"]]
    table.columns = pd.Index(["pairs", "95% from", "to", "asked"])
    table = table.astype({"95% from": int, "to": int})
    return table.round(1).to_html(border=0, na_rep="depends on the data")


def _whole(value: float) -> float:
    """A whole number as an integer. A box for whole numbers alone would read 1.5 as 15."""
    return int(value) if value == int(value) else value


def _free_name() -> str:
    """A name for a scenario's file that is not taken yet."""
    names = itertools.chain(["desk.toml"], (f"desk-{number}.toml" for number in itertools.count(2)))
    return next(name for name in names if not Path(name).exists())


def _rows(controls: Mapping[str, Control]) -> widgets.VBox:
    return stacked(*(control.row for control in controls.values()))


def _shown(scenario: Scenario) -> dict[str, Any]:
    """What the controls of rates and tolerances are to show."""
    tolerances = scenario.tolerances
    price = tolerances.price.model_dump(exclude_none=True) if tolerances.price else {"bps": 0.0}
    [(unit, size)] = price.items()
    return {
        "mismatch_rate": float(f"{100 * scenario.mismatch_rate:.9g}"),
        "rate_is": scenario.rate_is,
        "pairs": scenario.pairs,
        "unit": unit,
        "price": size,
        **{name: getattr(tolerances, name) for name in ("quantity", "trade_timestamp", "date")},
    }
