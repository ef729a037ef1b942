"""Hot spots as rows: where more goes wrong, and how much more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from tradegen.analysis.tuning import Tuning
from tradegen.lab.controls import WIDE, button, note, refusable, stacked

_MEASURES = {
    "times the base rate": "factor",
    "rate of its own": "rate",
    "share of all mismatches": "share",
}
_USUAL = {"factor": 3.0, "rate": 0.1, "share": 0.5}


class HotSpotControls:
    """A box for each hot spot, and a button that adds one."""

    def __init__(self, tuning: Tuning, changed: Callable[[], None]) -> None:
        self._tuning, self._changed = tuning, changed
        self._rows: list[_Row] = []
        self._list = stacked()
        self.box = stacked(self._list, button("Add a hot spot", self._add, note()))
        self.show()

    def show(self) -> None:
        """Show the scenario's hot spots."""
        spots = self._tuning.scenario.hot_spots
        self._set([_Row(spot.model_dump(exclude_none=True), self) for spot in spots])

    def apply(self) -> None:
        """Take all rows over into the scenario; one that says nowhere yet is not finished."""
        self._tuning.change(hot_spots=[row.values() for row in self._rows if row.is_somewhere])
        self._changed()

    def remove(self, row: _Row) -> None:
        """Take a row away."""
        self._set([one for one in self._rows if one is not row])
        self.apply()

    def _add(self) -> None:
        names = {row.name for row in self._rows}
        name = next(f"spot {n}" for n in range(1, len(names) + 2) if f"spot {n}" not in names)
        self._set([*self._rows, _Row({"name": name, "where": {}, "factor": _USUAL["factor"]}, self)])

    def _set(self, rows: list[_Row]) -> None:
        self._rows = rows
        self._list.children = [row.box for row in rows]


class _Row:
    """One hot spot. What has no control here, such as mechanisms of its own, stays as it is."""

    def __init__(self, spot: dict[str, Any], rows: HotSpotControls) -> None:
        self._spot, self._rows, self._setting = spot, rows, False
        where = spot["where"]
        measure = next(name for name in _MEASURES.values() if name in spot)
        self._name = _text("name", spot["name"])
        self._where = {
            "broker_id": _text("broker", _listed(where.get("broker_id")), "any; or BKR004, BKR007"),
            "ticker": _text("ticker", _listed(where.get("ticker")), "any; or AAPL"),
            "hours": _text("hours", _listed(where.get("hours")), "any; or 15:30-16:00"),
            "min_notional": _text("at least, dollars", where.get("min_notional", ""), "any; or 1000000"),
        }
        self._measure = widgets.Dropdown(options=_MEASURES, value=measure, description="how much")
        self._value = widgets.FloatText(value=spot[measure], description="number", continuous_update=False)
        self._error = note()
        remove = button("Remove", lambda: rows.remove(self), self._error)
        controls = [self._name, *self._where.values(), self._measure, self._value]
        for control in controls:
            control.style = WIDE
            control.layout.width = "25em"
            control.observe(self._changed, "value")
        self.box = stacked(*controls, self._error, remove)
        self.box.layout = widgets.Layout(border="1px solid #bbb", padding="0.4em", margin="0 0 0.6em 0")

    def _changed(self, change: dict[str, Any]) -> None:
        if self._setting:
            return
        if change["owner"] is self._measure:
            self._setting = True
            self._value.value = _USUAL[change["new"]]
            self._setting = False
        refusable(self._rows.apply, self._error)

    @property
    def name(self) -> str:
        return str(self._name.value)

    @property
    def is_somewhere(self) -> bool:
        return bool(self.values()["where"])

    def values(self) -> dict[str, Any]:
        """The hot spot as a scenario has it."""
        where = {name: value for name, value in self._spot["where"].items() if name not in self._where}
        for name, control in self._where.items():
            text = control.value.strip()
            if text and name == "min_notional":
                where[name] = _number(text)
            elif text:
                where[name] = [part.strip() for part in text.split(",")]
        kept = {name: value for name, value in self._spot.items() if name not in _MEASURES.values()}
        return kept | {"name": self.name, "where": where, self._measure.value: self._value.value}


def _text(description: str, value: Any, placeholder: str = "") -> widgets.Text:
    return widgets.Text(
        value=str(value), description=description, placeholder=placeholder, continuous_update=False
    )


def _listed(names: Any) -> str:
    return ", ".join(names or ())


def _number(text: str) -> Any:
    """A number, or the text itself, which the scenario then refuses in its own words."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text
