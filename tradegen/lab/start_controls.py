"""Where to start from: a named scenario, a file of one, or the breaks that a desk had."""

from __future__ import annotations

import html
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from tradegen.analysis.tuning import Tuning
from tradegen.desk.fitting import fit
from tradegen.errors import FitError, ScenarioError
from tradegen.lab.controls import WIDE, Control, button, note, stacked
from tradegen.market.universe import Tickers
from tradegen.scenario.model import DEFAULT, scenario_names

_OWN = "as given"
_WIDTH = {"width": "16em"}


class StartControls:
    """Controls that load another scenario.

    Parameters
    ----------
    tuning : Tuning
    loaded : callable
        Called when there is another scenario to show.
    given : Scenario, mapping, str, path or None
        What the bench started with.
    tickers : mapping, Series or path, optional
    """

    def __init__(self, tuning: Tuning, loaded: Callable[[], None], given: Any, tickers: Tickers) -> None:
        self._tuning, self._loaded, self._tickers = tuning, loaded, tickers
        self._known: dict[str, Any] = {name: name for name in scenario_names()}
        start = DEFAULT if given is None else given
        if start not in scenario_names():
            self._known[_OWN], start = given, _OWN
        named = widgets.Dropdown(options=list(self._known), value=start, description="scenario")
        self._named = Control(named, self._load)
        self._file = widgets.FileUpload(description="Scenario", accept=".toml", layout=_WIDTH)
        self._breaks = widgets.FileUpload(
            description="Breaks", accept=".csv,.parquet,.ndjson,.json,.gz,.zst", layout=_WIDTH
        )
        self._trades = widgets.BoundedIntText(
            value=10_000, min=1, max=10**9, description="trades compared", style=WIDE
        )
        self._fitted, not_opened, not_fitted = note(), note(), note()
        self.box = stacked(
            self._named.row,
            note("<b>or a scenario file</b>"),
            widgets.HBox([self._file, button("Open it", self._open, not_opened)]),
            not_opened,
            note(
                "<b>or the breaks that your desk had</b>, in a file with the columns trade_id, field, "
                "ours and theirs; <code>tradegen fit</code> takes other names"
            ),
            self._breaks,
            self._trades,
            button("Fit to them", self._fit, not_fitted),
            not_fitted,
            self._fitted,
        )

    def _load(self, name: str) -> None:
        self._tuning.load(self._known[name])
        self._loaded()

    def _add(self, name: str, scenario: Any) -> None:
        self._tuning.load(scenario)
        self._known[name] = scenario
        self._named.show_among(list(self._known), name)
        self._loaded()

    def _open(self) -> None:
        content, name = _uploaded(self._file, "a scenario")
        try:
            scenario = tomllib.loads(content.decode())
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ScenarioError(f"scenario file {name} is not TOML: {error}") from None
        self._add(name, scenario)

    def _fit(self) -> None:
        content, name = _uploaded(self._breaks, "breaks")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                found = fit(breaks=path, trades=self._trades.value, tickers=self._tickers)
            except FitError as error:
                # The user knows the file by its name alone.
                raise FitError(str(error).replace(f"{folder}/", "")) from None
        self._add(name, found.scenario)
        rate = found.numbers[0]
        told = f"{name}: {rate.count:,} of {rate.of:,} trades break, {rate.text} ({rate.interval})."
        self._fitted.value = html.escape(told)


def _uploaded(upload: widgets.FileUpload, what: str) -> tuple[bytes, str]:
    if not upload.value:
        raise ScenarioError(f"no file with {what} has been chosen; choose one first")
    return bytes(upload.value[0]["content"]), Path(str(upload.value[0]["name"])).name
