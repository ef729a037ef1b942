"""One control: a widget, what a new value does, and the sentence that says why a value was refused."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from tradegen.errors import TradegenError

WIDE = {"description_width": "11em"}
_WIDTH = "25em"


def note(text: str = "") -> widgets.HTML:
    """A line of text below a control."""
    return widgets.HTML(text, layout=widgets.Layout(margin="0 0 0 0.3em"))


def stacked(*parts: widgets.Widget) -> widgets.VBox:
    """Widgets below each other."""
    return widgets.VBox(list(parts))


def button(text: str, pressed: Callable[[], None], error: widgets.HTML) -> widgets.Button:
    """A button; what is refused when it is pressed stands in `error`."""
    made = widgets.Button(description=text)
    made.on_click(lambda _: refusable(pressed, error))
    return made


def refusable(act: Callable[[], None], error: widgets.HTML) -> bool:
    """Do something that may be refused, say so, and tell whether it was done."""
    try:
        act()
    except TradegenError as refused:
        error.value = (
            f'<span role="alert" style="color: #b3261e; font-weight: 600">{html.escape(str(refused))}</span>'
        )
        return False
    error.value = ""
    return True


class Control:
    """A widget that changes the scenario.

    Parameters
    ----------
    widget : Widget
        With a ``value``.
    apply : callable
        Takes the new value; may raise a `TradegenError`. The widget then shows the old value again, and the
        sentence stands below it.
    """

    def __init__(self, widget: widgets.Widget, apply: Callable[[Any], None]) -> None:
        self.widget, self.error, self._apply = widget, note(), apply
        self._showing = False
        widget.style = WIDE
        widget.layout.width = _WIDTH
        self.row = stacked(widget, self.error)
        widget.observe(self._changed, "value")

    def show(self, value: Any) -> None:
        """Show a value that the scenario has already."""
        self._showing = True
        try:
            self.widget.value = value
            self.error.value = ""
        finally:
            self._showing = False

    def show_among(self, options: Sequence[str], value: str) -> None:
        """Show one of other options."""
        self._showing = True
        try:
            self.widget.options = options
        finally:
            self._showing = False
        self.show(value)

    def _changed(self, change: dict[str, Any]) -> None:
        if self._showing or refusable(lambda: self._apply(change["new"]), self.error):
            return
        said = self.error.value
        self.show(change["old"])
        self.error.value = said
