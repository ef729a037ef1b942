"""The bench's controls without a browser: what a control is set to, the scenario says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pytest
from break_lists import break_rows

from tradegen import Scenario, generate
from tradegen.analysis.tuning import Tuning
from tradegen.lab import TuningPanel
from tradegen.lab.hot_spot_controls import HotSpotControls

WHEN = dt.datetime(2025, 7, 21, tzinfo=dt.UTC)


@pytest.fixture
def panel() -> TuningPanel:
    return TuningPanel("us_equity_t1", pairs=2_000, seed=7)


def below(widget: widgets.Widget) -> list[widgets.Widget]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in below(child))]


def control(panel: TuningPanel, description: str, kind: type = widgets.Widget) -> Any:
    """The first control with this description."""
    return next(
        one
        for one in below(panel)
        if isinstance(one, kind) and getattr(one, "description", "").startswith(description)
    )


def texts(panel: TuningPanel) -> str:
    return " ".join(one.value for one in below(panel) if isinstance(one, widgets.HTML))


def upload(name: str, content: bytes) -> tuple[dict[str, Any], ...]:
    """What the widget has after a file was chosen."""
    return (
        {
            "name": name,
            "type": "",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": WHEN,
        },
    )


@pytest.mark.slow
def test_the_slider_sets_the_rate_and_the_page_says_how_many_pairs_that_is(panel: TuningPanel) -> None:
    control(panel, "mismatched").value = 12.5
    assert panel.tuning.scenario.mismatch_rate == 0.125
    assert "250 of 2,000 pairs are mismatched: 12.5%, asked 12.5%" in texts(panel)


@pytest.mark.slow
def test_a_weight_of_0_takes_a_mechanism_out_of_the_numbers_and_of_the_sizes(panel: TuningPanel) -> None:
    assert "price.nudge" in texts(panel)
    control(panel, "nudge", widgets.FloatSlider).value = 0  # the first one is that of quantities
    assert "quantity.nudge" not in panel.tuning.scenario.weights
    numbers = next(text for text in texts(panel).split("<details>") if "The numbers" in text)
    assert "quantity.nudge" not in numbers
    assert "price.nudge" in numbers


def test_sizes_that_are_shares_of_a_value_are_set_in_percent(panel: TuningPanel) -> None:
    control(panel, "max (%)").value = 8.0
    assert panel.tuning.scenario.settings_of("quantity.nudge") == {"min": 0.01, "max": 0.08}


@pytest.mark.slow
def test_a_tolerance_of_the_price_keeps_its_number_where_its_unit_changes(panel: TuningPanel) -> None:
    control(panel, "price", widgets.FloatText).value = 2.0
    control(panel, "unit").value = "ticks"
    price = panel.tuning.scenario.tolerances.price
    assert price is not None
    assert price.model_dump(exclude_none=True) == {"ticks": 2}


@pytest.mark.slow
def test_a_hot_spot_is_added_and_one_that_is_impossible_is_refused_beside_it(panel: TuningPanel) -> None:
    control(panel, "Add a hot spot").click()
    assert panel.tuning.scenario.hot_spots == ()
    control(panel, "broker").value = "BKR004"
    assert [spot.factor for spot in panel.tuning.scenario.hot_spots] == [3.0]
    control(panel, "number").value = 60
    assert "factor 60 of mismatch_rate 0.03 is 1.8, more than every pair" in texts(panel)
    assert [spot.factor for spot in panel.tuning.scenario.hot_spots] == [3.0]
    control(panel, "Remove").click()
    assert panel.tuning.scenario.hot_spots == ()
    assert "more than every pair" not in texts(panel)


@pytest.mark.slow
def test_what_a_hot_spot_has_that_no_control_shows_is_kept(panel: TuningPanel) -> None:
    control(panel, "scenario").value = "clock_trouble"
    before = panel.tuning.scenario.hot_spots
    control(panel, "number").value = 0.5
    after = panel.tuning.scenario.hot_spots
    assert after[0].rate == 0.5
    assert [spot.mechanisms for spot in after] == [spot.mechanisms for spot in before]
    assert [spot.settings for spot in after] == [spot.settings for spot in before]


def test_a_hot_spot_whose_conditions_no_control_shows_stays_when_another_one_changes() -> None:
    spots = [
        {"name": "small", "where": {"max_notional": 100.0}, "factor": 2.0},
        {"name": "euros", "where": {"currency": "EUR"}, "factor": 2.0},
    ]
    columns = [{"name": "currency", "kind": "code", "values": ["USD", "EUR"]}]
    tuning = Tuning(Scenario(mismatch_rate=0.1, columns=columns, hot_spots=spots), pairs=100)
    before = tuning.scenario.hot_spots
    HotSpotControls(tuning, lambda: None).apply()
    assert tuning.scenario.hot_spots == before


@pytest.mark.slow
def test_another_scenario_shows_in_every_control(panel: TuningPanel) -> None:
    control(panel, "scenario").value = "dual_report"
    assert control(panel, "mismatched").value == pytest.approx(100 * panel.tuning.scenario.mismatch_rate)
    assert panel.tuning.scenario.view == "counterparty"
    assert control(panel, "pairs").value == 2_000


@pytest.mark.slow
def test_a_scenario_file_is_opened_and_one_that_is_none_is_refused(panel: TuningPanel) -> None:
    file = control(panel, "Scenario", widgets.FileUpload)
    file.value = upload("desk.toml", b"mismatch_rate = 0.07")
    control(panel, "Open it").click()
    assert panel.tuning.outcome.mismatched == 140
    file.value = upload("desk.toml", b"mismatch_rate = oops")
    control(panel, "Open it").click()
    assert "scenario file desk.toml is not TOML" in texts(panel)
    assert panel.tuning.outcome.mismatched == 140


@pytest.mark.slow
def test_a_file_of_breaks_is_fitted(panel: TuningPanel) -> None:
    lists = generate(pairs=1_000, view="two_system", mismatch_rate=0.05, seed=1)
    content = break_rows(lists.truth).to_csv(index=False).encode()
    control(panel, "Breaks", widgets.FileUpload).value = upload("breaks.csv", content)
    control(panel, "trades compared").value = 1_000
    control(panel, "Fit to them").click()
    assert "breaks.csv: 50 of 1,000 trades break, 5" in texts(panel)
    assert panel.tuning.scenario.mismatch_rate == 0.05


def test_nothing_is_fitted_where_no_file_was_chosen(panel: TuningPanel) -> None:
    control(panel, "Fit to them").click()
    assert "no file with breaks has been chosen" in texts(panel)


@pytest.mark.slow
def test_the_saved_scenario_generates_what_the_page_shows(
    panel: TuningPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    control(panel, "mismatched").value = 4.2
    control(panel, "Save").click()
    assert str(tmp_path / "desk.toml") in texts(panel)
    assert generate("desk.toml", seed=7).truth["trade_id"].nunique() == panel.tuning.outcome.mismatched == 84
    control(panel, "Save").click()
    assert "desk.toml is there already" in texts(panel)


@pytest.mark.slow
def test_two_scenarios_are_compared(panel: TuningPanel) -> None:
    control(panel, "with").value = "clean"
    assert "in the scenario compared with: 0" in texts(panel)


@pytest.mark.slow
def test_a_control_that_is_refused_shows_again_what_the_scenario_has_and_says_why(panel: TuningPanel) -> None:
    control(panel, "scenario").value = "original"
    weights = [one for one in below(panel) if isinstance(one, widgets.FloatSlider) and one.max != 100]
    for slider in weights:
        slider.value = 0
    left = [slider for slider in weights if slider.value]
    assert len(left) == len(panel.tuning.scenario.weights) == 1
    assert "mechanisms has no weight above 0" in texts(panel)


@pytest.mark.slow
def test_a_part_of_a_share_is_refused_and_not_read_as_ten_times_as_much(panel: TuningPanel) -> None:
    control(panel, "quantity, shares").value = 1.5
    assert "tolerances.quantity is 1.5; expected whole shares" in texts(panel)
    assert control(panel, "quantity, shares").value == 0
    control(panel, "quantity, shares").value = 5.0
    assert panel.tuning.scenario.tolerances.quantity == 5


@pytest.mark.slow
def test_a_hot_spot_of_another_measure_begins_with_a_usual_number(panel: TuningPanel) -> None:
    control(panel, "Add a hot spot").click()
    control(panel, "broker").value = "BKR004"
    control(panel, "how much").value = "share"
    [spot] = panel.tuning.scenario.hot_spots
    assert (spot.factor, spot.share) == (None, 0.5)


@pytest.mark.slow
def test_the_name_that_is_proposed_is_free_and_the_command_stands_there_only_once_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.toml").write_text("mine")
    panel = TuningPanel(pairs=500)
    assert control(panel, "file").value == "desk-2.toml"
    assert "tradegen generate" not in texts(panel)
    control(panel, "Save").click()
    assert "tradegen generate --scenario desk-2.toml" in texts(panel)
    control(panel, "mismatched").value = 1
    assert "tradegen generate" not in texts(panel)


def test_a_file_of_breaks_with_other_columns_is_refused_under_its_own_name(panel: TuningPanel) -> None:
    control(panel, "Breaks", widgets.FileUpload).value = upload("desk.csv", b"Ref,Field\n1,Price\n")
    control(panel, "Fit to them").click()
    assert "desk.csv has no column trade_id" in texts(panel)
    assert "/tmp" not in texts(panel)


OWN = b"""
mismatch_rate = 0.1
columns = [
  { name = "account", kind = "code", codes = 20, prefix = "ACC" },
  { name = "gross_amount", kind = "decimal", places = 2, product = ["quantity", "price"] },
]
mechanisms = { "quantity.nudge" = 1, "account.blank" = 3, "gross_amount.nudge" = 1 }
"""


@pytest.mark.slow
def test_a_scenario_with_columns_of_its_own_brings_controls_for_their_mechanisms(panel: TuningPanel) -> None:
    file = control(panel, "Scenario", widgets.FileUpload)
    file.value = upload("own.toml", OWN)
    control(panel, "Open it").click()
    titles = [one.value for one in below(panel) if isinstance(one, widgets.HTML)]
    assert "<b>account</b>" in titles
    assert "<b>gross_amount.nudge</b>" in titles
    sliders = [one for one in below(panel) if isinstance(one, widgets.FloatSlider)]
    assert "follows" not in {one.description for one in sliders}
    [blank] = [one for one in sliders if one.description == "blank" and one.value]
    assert blank.value == 3
    blank.value = 0
    assert "account.blank" not in panel.tuning.scenario.weights
    control(panel, "scenario", widgets.Dropdown).value = "us_equity_t1"
    titles = [one.value for one in below(panel) if isinstance(one, widgets.HTML)]
    assert "<b>account</b>" not in titles
