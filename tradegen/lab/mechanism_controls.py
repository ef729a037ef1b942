"""A weight for every mechanism of the catalogue, and sizes for those that are on and have them.

Where another scenario is loaded, whose columns may be others, there are new controls for its mechanisms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from tradegen.analysis.tuning import Tuning
from tradegen.lab.controls import Control, note, stacked
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.mechanisms.mechanism import Mechanism, Setting


class WeightControls:
    """Sliders for weights, by the column that the mechanisms alter; at 0 a mechanism is off."""

    def __init__(self, tuning: Tuning, changed: Callable[[], None]) -> None:
        self._tuning, self._changed = tuning, changed
        self._catalogue: Mapping[str, Mechanism] = {}
        self._controls: dict[str, Control] = {}
        self.box = stacked()
        self.show()

    def _build(self, catalogue: Mapping[str, Mechanism]) -> None:
        self._catalogue = catalogue
        # What follows on others has no weight.
        drawn = [name for name in catalogue if not name.endswith(f".{FOLLOWS}")]
        self._controls = {name: self._control(name) for name in drawn}
        rows: list[widgets.Widget] = []
        for field in self._tuning.scenario.fields:
            own = [control.row for name, control in self._controls.items() if catalogue[name].field == field]
            rows += [note(f"<b>{field}</b>"), *own] if own else []
        self.box.children = rows

    def show(self) -> None:
        """Show the scenario's weights, each slider as long as twice the largest of them."""
        if self._catalogue is not self._tuning.scenario.catalogue:
            self._build(self._tuning.scenario.catalogue)
        weights = self._tuning.scenario.weights
        most = 2 * max(weights.values(), default=1.0)
        for name, control in self._controls.items():
            control.widget.max = max(most, control.widget.value)
            control.show(weights.get(name, 0.0))
            control.widget.max, control.widget.step = most, most / 200

    def _control(self, name: str) -> Control:
        slider = widgets.FloatSlider(
            description=name.partition(".")[2],
            tooltip=self._catalogue[name].sentence,
            min=0.0,
            max=2.0,
            step=0.01,
            readout_format=".3g",
            continuous_update=False,
        )

        def apply(weight: float) -> None:
            self._tuning.weigh(name, weight)
            self._changed()

        return Control(slider, apply)


class SizeControls:
    """The settings of each mechanism that is on: its smallest and largest size, or its time zones."""

    def __init__(self, tuning: Tuning, changed: Callable[[], None]) -> None:
        self._tuning, self._changed = tuning, changed
        self._catalogue: Mapping[str, Mechanism] = {}
        self._controls: dict[str, dict[str, Control]] = {}
        self._notes: dict[str, widgets.HTML] = {}
        self._boxes: dict[str, widgets.VBox] = {}
        self.box = stacked()
        self.show()

    def _build(self, catalogue: Mapping[str, Mechanism]) -> None:
        self._catalogue = catalogue
        self._controls = {
            name: {setting.name: self._control(name, setting) for setting in entry.settings}
            for name, entry in catalogue.items()
            if entry.settings
        }
        self._notes = {name: note() for name in self._controls}
        self._boxes = {
            name: stacked(note(f"<b>{name}</b>"), *(one.row for one in controls.values()), self._notes[name])
            for name, controls in self._controls.items()
        }
        self.box.children = list(self._boxes.values())

    def show(self) -> None:
        """Show the scenario's sizes, those of mechanisms that are off left out."""
        if self._catalogue is not self._tuning.scenario.catalogue:
            self._build(self._tuning.scenario.catalogue)
        for name, controls in self._controls.items():
            self._boxes[name].layout.display = None if name in self._tuning.scenario.weights else "none"
            settings = self._settings(name)
            for setting in self._catalogue[name].settings:
                value = settings[setting.name]
                controls[setting.name].show(_scaled(value, _scale(setting)))
            shape = settings.get("shape", "uniform")
            self._notes[name].value = (
                ""
                if shape == "uniform"
                else f"Changing min or max replaces this {shape} shape by an even spread."
            )

    def _settings(self, name: str) -> Mapping[str, Any]:
        return self._tuning.scenario.settings_of(name)

    def _control(self, name: str, setting: Any) -> Control:
        unit = "%" if _scale(setting) == 100 else setting.unit.removeprefix("number of ")
        kinds = {"whole": widgets.FloatText, "number": widgets.FloatText, "zone": widgets.Text}
        kind = "zone" if not isinstance(setting, Setting) else "whole" if setting.whole else "number"
        widget = kinds[kind](
            description=f"{setting.name} ({unit})", tooltip=setting.about, continuous_update=False
        )

        def apply(value: Any) -> None:
            # A number box for whole numbers would read 1.5 as 15.
            given = int(value) if kind == "whole" and value == int(value) else value
            new = {setting.name: _scaled(given, 1 / _scale(setting))}
            settings = self._settings(name)
            if settings.get("shape", "uniform") != "uniform":
                ends = {one.name: settings[one.name] for one in self._catalogue[name].settings}
                new = {**ends, "shape": "uniform", "median": None, "p95": None, "quantiles": None, **new}
            self._tuning.change(settings={name: new})
            self._changed()

        return Control(widget, apply)


def _scale(setting: Any) -> int:
    """Shares of a value are shown in percent."""
    return 100 if setting.unit == "share" else 1


def _scaled(value: Any, by: float) -> Any:
    """A number times a scale, without the noise of binary fractions."""
    return value if by == 1 else float(f"{value * by:.9g}")
