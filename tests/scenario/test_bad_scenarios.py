"""Bad scenarios: one clear sentence, exit code 2, no traceback, and nothing written or lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layout_refusals import LAYOUTS
from own_column_refusals import OF_OWN_COLUMNS
from refusals import refused
from sizes import size

from tradegen import Scenario, prepare
from tradegen.errors import ScenarioError

SCENARIOS: dict[str, tuple[str, str]] = {
    "no toml": ("pairs = ", "is not TOML"),
    "unknown field": ("pair = 3", "pair is not a scenario field; did you mean pairs?"),
    "rate above 1": ("mismatch_rate = 1.4", "mismatch_rate is 1.4; expected a share from 0 to 1"),
    "rate nan": ("mismatch_rate = nan", "mismatch_rate is nan; expected a share from 0 to 1"),
    "rate inf": ("mismatch_rate = inf", "mismatch_rate is inf; expected a share from 0 to 1"),
    "rate text": ('mismatch_rate = "half"', "mismatch_rate is 'half'; expected a share from 0 to 1"),
    "pairs zero": ("pairs = 0", "pairs is 0; expected a whole number from 1"),
    "pairs float": ("pairs = 15.0", "pairs is 15.0; expected a whole number from 1"),
    "pairs boolean": ("pairs = true", "pairs is True; expected a whole number from 1"),
    "pairs beyond": ("pairs = 1000000000001", "pairs is 1000000000001; expected a whole number from 1"),
    "one broker": ("brokers = 1", "brokers is 1; expected a whole number from 2 to 9999"),
    "quantity order": ("quantity_min = 9\nquantity_max = 8", "quantity_min is 9 and quantity_max is 8"),
    "unknown mechanism": (
        "[mechanisms]\n'price.nudg' = 1",
        "mechanisms has 'price.nudg', which is unknown; did you mean price.nudge?",
    ),
    "mechanism of control characters and next to no weight": (
        '[mechanisms]\n"a\\u001b[2J" = 1e-300',
        "mechanisms has 'a\\x1b[2J', which is unknown",
    ),
    "mechanism of another column": (
        "[mechanisms]\n'ticker.nudge' = 1",
        "mechanisms has 'ticker.nudge', which is unknown; expected one of: ticker.other, ticker.suffix",
    ),
    "mechanism of a column that is not there": (
        "[mechanisms]\n'net_amount.nudge' = 1",
        "mechanisms has 'net_amount.nudge', which is unknown; expected one such as quantity.nudge, of one of",
    ),
    "mechanism off the list": (
        "[mechanisms]\nfoo = 1",
        "which is unknown; expected one such as quantity.nudge, of one of the columns: quantity, price, date",
    ),
    "weights all zero": ("[mechanisms]\n'price.nudge' = 0", "mechanisms has no weight above 0"),
    "weight negative": (
        "[mechanisms]\n'price.nudge' = -1",
        'mechanisms."price.nudge" is -1; expected mechanism names with',
    ),
    "unknown setting": (
        "[settings.'price.nudge']\nmx = 1",
        'settings."price.nudge".mx is not a setting of price.nudge; did you mean max?',
    ),
    "setting out of range": (
        "[settings.'price.nudge']\nmax = 2.0",
        'settings."price.nudge".max is 2.0; expected a share above 0 and at most 1',
    ),
    "settings crossed": (
        "[settings.'price.nudge']\nmin = 0.5\nmax = 0.1",
        'settings."price.nudge".min is 0.5 and max is 0.1; expected min at or below max',
    ),
    "delay beyond half a day": (
        "[settings.'trade_timestamp.delay']\nmax = 50000",
        "expected whole seconds from 1 to 43200",
    ),
    "settings of what has none": (
        "[settings.'date.next_session']\nmin = 1",
        "min is not a setting of date.next_session",
    ),
    "shares that miss 1": ("fields_per_pair = [0.5, 0.4]", "which adds up to 0.9; expected shares that add"),
    "no shares": ("fields_per_pair = []", "expected 1 to 10 shares that add up to 1"),
    "eleven shares": (f"fields_per_pair = {[0.0] * 10 + [1.0]}", "expected 1 to 10 shares"),
    "rates above 1": (
        "mismatch_rate = 0.7\nbenign_rate = 0.4\ntolerances.quantity = 1",
        "mismatch_rate is 0.7 and benign_rate is 0.4; expected them to add up to at most 1",
    ),
    "benign without tolerance": (
        "benign_rate = 0.1",
        "benign_rate is 0.1 although no field with a mechanism has a tolerance",
    ),
    "benign without a value that is there": (
        "benign_rate = 0.1\ntolerances.quantity = 1\n[mechanisms]\n'quantity.blank' = 1",
        "benign_rate is 0.1 although no field with a mechanism has a tolerance",
    ),
    "boundary without a value that is there": (
        "boundary = true\ntolerances.price.ticks = 1\n[mechanisms]\n'price.blank' = 1\n'ticker.case' = 1",
        "boundary is true although no field with a mechanism has a tolerance",
    ),
    "an id that is missing": (
        "[mechanisms]\n'trade_id.blank' = 1",
        "mechanisms has 'trade_id.blank', which is unknown; expected one of: trade_id.mistyped",
    ),
    "a number that is misspelled": (
        "[mechanisms]\n'price.typo' = 1",
        "mechanisms has 'price.typo', which is unknown; expected one of: price.nudge, price.tick,",
    ),
    "settings of a value that is missing": (
        "[settings.'price.blank']\nmin = 1",
        'settings."price.blank".min is not a setting of price.blank',
    ),
    "a column left out in which a missing broker would be seen": (
        "view = 'counterparty'\nsell.include = ['trade_id']\n[mechanisms]\n'broker_id.blank' = 1",
        "sell.include leaves out broker_id, in which broker_id.blank would be seen",
    ),
    "boundary without tolerance": ("boundary = true", "boundary is true although no field with a mechanism"),
    "tolerance of a name": (
        "tolerances.ticker = 1",
        "tolerances.ticker is not a field of tolerances; expected one of: price, quantity",
    ),
    "tolerance in two units": (
        "tolerances.price = {bps = 1, ticks = 2}",
        "tolerances.price.bps and ticks are both given; expected one of absolute, bps, ticks",
    ),
    "tolerance without unit": ("tolerances.price = 0.05", "expected one of {absolute = 0.05}, {bps = 2.5}"),
    "tolerance of half a tick": (
        "tolerances.price.absolute = 0.005",
        "price.absolute is 0.005; expected dollars and whole ticks of 0.01",
    ),
    "quantity between shares": (
        "quantity_min = 1.5",
        "quantity_min is 1.5, which is no multiple of 1; expected a whole number of shares, or of steps of",
    ),
    "quantity between steps": (
        "quantity_step = 100\nquantity_min = 150",
        "quantity_min is 150, which is no multiple of 100; expected a whole number of shares, or of steps of",
    ),
    "quantity of text": (
        "quantity_max = '5'",
        "quantity_max is '5'; expected a whole number of shares from 1",
    ),
    "quantity tolerance between shares": (
        "tolerances.quantity = 0.5",
        "tolerances.quantity is 0.5; expected whole shares from 0 to 1000000000",
    ),
    "quantity tolerance between steps": (
        "quantity_step = 100\nquantity_min = 100\ntolerances.quantity = 150",
        "tolerances.quantity is 150; expected whole steps of 100 from 0 to 1000000000",
    ),
    "quantity step of nothing": (
        "quantity_step = 0",
        "quantity_step is 0; expected shares from 0.000001 to 1000000 with up to 6 decimals",
    ),
    "quantity step with seven decimals": (
        "quantity_step = 0.0000015",
        "quantity_step is 1.5e-06; expected a number with up to 6 decimals",
    ),
    "quantity step too fine for the range": (
        "quantity_step = 0.000001\nquantity_max = 100000",
        "quantity_step is 0.000001, and a quantity is drawn or altered over 99,999,000,000 of it; ",
    ),
    "tick of nothing": ("tick = 0", "tick is 0; expected dollars from 0.0001 to 1 with up to 4 decimals"),
    "tick of five dollars": ("tick = 5", "tick is 5; expected dollars from 0.0001 to 1 with up to 4"),
    "tick of text": ("tick = '0.01'", "tick is '0.01'; expected dollars from 0.0001 to 1"),
    "tick with five decimals": (
        "tick = 0.00015",
        "tick is 0.00015; expected a number with up to 4 decimals",
    ),
    "tolerance between ticks": (
        "tick = 0.05\ntolerances.price.absolute = 0.12",
        "price.absolute is 0.12; expected dollars and whole ticks of 0.05",
    ),
    "tick too fine for the band": (
        "tick = 0.0001\nprice_band = 0.99",
        "tick is 0.0001, and a price is drawn or altered over 14,153,039,999 of it; expected less than "
        "4,294,967,296: a larger tick, a narrower range or smaller errors",
    ),
    **OF_OWN_COLUMNS,
    "tolerance finer than bps go": ("tolerances.price.bps = 0.00001", "basis points with up to 4 decimals"),
    "tolerance finer than microseconds": (
        "tolerances.trade_timestamp = 0.0000001",
        "expected seconds in whole microseconds",
    ),
    "tolerance negative": (
        "tolerances.quantity = -1",
        "tolerances.quantity is -1; expected whole shares from",
    ),
    "tolerance beyond reach": (
        "tolerances.trade_timestamp = 1000",
        "trade_timestamp.delay alters a trade_timestamp by at most 1800 seconds, and under "
        "tolerances.trade_timestamp a mismatch is at least twice the tolerance, 2000 seconds",
    ),
    "price tolerance beyond reach": (
        "tolerances.price.bps = 60",
        "price.nudge alters a price by at most 7576.88 dollars, and under tolerances.price a mismatch",
    ),
    "tolerance below a step": (
        "benign_rate = 0.1\ntolerances.quantity = 1",
        "benign_rate is 0.1, and half of a tolerance, the most that a benign difference may be, is less than",
    ),
    **LAYOUTS,
    "precision unknown": ('timestamp_precision = "ns"', "timestamp_precision is 'ns'; expected s, ms or us"),
    "time zone unknown": (
        '[settings."trade_timestamp.timezone"]\nzone = "Mars/Phobos"',
        "zone is 'Mars/Phobos'; expected the IANA name of a time zone",
    ),
    "one time zone twice": (
        '[settings."trade_timestamp.timezone"]\nzone = "Europe/London"',
        "zone and other_zone are both Europe/London; expected two zones",
    ),
    "hot spot without rate": (
        "[[hot_spots]]\nname = 'x'\nwhere.ticker = 'AAPL'",
        "hot spot x: rate, factor and share are missing; expected one of rate, factor and share",
    ),
    "hot spot of two measures": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nfactor = 2\nwhere.ticker = 'AAPL'",
        "hot spot x: rate and factor are given together; expected one of rate, factor and share",
    ),
    "hot spot of no factor": (
        "[[hot_spots]]\nname = 'x'\nfactor = 0\nwhere.ticker = 'AAPL'",
        "hot spot x: factor is 0; expected a number above 0 and at most 10000, such as 3",
    ),
    "hot spot of all mismatches": (
        "[[hot_spots]]\nname = 'x'\nshare = 1\nwhere.ticker = 'AAPL'",
        "hot spot x: share is 1; expected a share above 0 and below 1, such as 0.5",
    ),
    "shape of something": (
        'settings."price.nudge".shape = "normal"',
        "shape is 'normal'; expected uniform, lognormal or quantiles",
    ),
    "unit of something": (
        'settings."price.nudge" = {unit = "pips", max = 3}',
        "unit is 'pips'; expected percent or bps",
    ),
    "unit of what has its own": (
        'settings."price.tick" = {unit = "bps", max = 3}',
        "unit is 'bps'; expected none, since sizes are in ticks",
    ),
    "more than all of a price": (
        'settings."price.nudge" = {unit = "percent", max = 300}',
        "max is 3.0; expected a share above 0 and at most 1",
    ),
    "lognormal without a median": (
        'settings."price.nudge" = {shape = "lognormal", p95 = 0.01}',
        "median is missing and shape is lognormal; median goes with lognormal alone",
    ),
    "median without a shape": (
        'settings."price.nudge".median = 0.002',
        "median is given and shape is uniform; median goes with lognormal alone",
    ),
    "median above the rest": (
        'settings."price.nudge" = {shape = "lognormal", median = 0.02, p95 = 0.01}',
        "median is 0.02 and p95 is 0.01; expected median below p95",
    ),
    "median like the rest": (
        'settings."price.nudge" = {shape = "lognormal", median = 0.01, p95 = 0.01}',
        "median is 0.01 and p95 is 0.01; expected median below p95",
    ),
    "quantiles that stand still": (
        'settings."price.nudge" = {shape = "quantiles", quantiles = [[0, 0.001], [0.5, 0.001], [1, 0.002]]}',
        "expected at least two of [probability, size], both rising, from probability 0 to 1",
    ),
    "quantiles that fall": (
        'settings."price.nudge" = {shape = "quantiles", quantiles = [[0, 0.002], [1, 0.001]]}',
        "quantiles is [[0.0, 0.002], [1.0, 0.001]]; expected at least two of [probability, size], both",
    ),
    "quantiles that end early": (
        'settings."price.nudge" = {shape = "quantiles", quantiles = [[0, 0.001], [0.9, 0.002]]}',
        "expected at least two of [probability, size], both rising, from probability 0 to 1",
    ),
    "quantiles and a minimum": (
        'settings."price.nudge" = {shape = "quantiles", quantiles = [[0, 0.001], [1, 0.002]], min = 0.0001}',
        "min is 0.0001, and quantiles say 0.001; expected min left out",
    ),
    "quantiles beyond what a setting takes": (
        'settings."price.nudge" = {shape = "quantiles", quantiles = [[0, 0.001], [1, 3]]}',
        "max is 3.0; expected a share above 0 and at most 1",
    ),
    "a shape for what has no size": (
        'settings."record.split".shape = "lognormal"',
        'settings."record.split".shape is not a setting of record.split',
    ),
    "an overall rate that is not said": (
        "rate_is = 'overall'",
        "rate_is is overall and mismatch_rate is not given; expected the overall rate",
    ),
    "rate of something": ("rate_is = 'total'", "rate_is is 'total'; expected base or overall"),
    "hot spot without a place": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere = {}",
        "where.ticker or another condition is missing, such as {ticker = 'AAPL'}",
    ),
    "hot spot of an unknown ticker": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.ticker = 'AAPLL'",
        "hot spot x: where.ticker has 'AAPLL', which is unknown; did you mean AAPL?",
    ),
    "hot spot of an unknown broker": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.broker_id = ['BKR001', 'BKR016']",
        "hot spot x: where.broker_id has 'BKR016', which is unknown; expected BKR001 to BKR015",
    ),
    "hot spot at night": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.hours = '20:00-21:00'",
        "hot spot x: where.hours is 20:00-21:00; expected some of the window of trade times, 09:30:00 to",
    ),
    "hours of no length": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.hours = '11:00-11:00'",
        "hours is '11:00-11:00'; expected a stretch of the day such as 10:00-10:30",
    ),
    "hot spot of no worth": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.min_notional = 1e12",
        "where.min_notional is 1e+12, and no pair is worth more than",
    ),
    "hot spot on a leg of another view": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nleg = 'OURS'\nwhere.ticker = 'AAPL'",
        "hot spot x: leg is OURS; expected BUY or SELL",
    ),
    "hot spot twice": (
        "hot_spots = [" + 2 * "{name = 'x', rate = 1, where = {ticker = 'A'}}, " + "]",
        "hot_spots has two with the name x; expected each name once",
    ),
    "hot spot with a name to escape": (
        """[[hot_spots]]\nname = 'a"b'\nrate = 0.5\nwhere.ticker = 'AAPL'""",
        "expected 1 to 40 letters, digits, spaces, dots, dashes or underscores",
    ),
    "hot spot with a field mistyped": (
        "[[hot_spots]]\nname = 'x'\nrates = 0.5\nwhere.ticker = 'AAPL'",
        "rates is not a field of a hot spot; did you mean rate?",
    ),
    "hot spot with weights of zero": (
        "[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere.ticker = 'AAPL'\nmechanisms.'price.tick' = 0",
        "hot spot x: mechanisms has no weight above 0 although its rate is 0.5",
    ),
    "order unknown": ("order = 'sorted'", "order is 'sorted'; expected shuffled or paired"),
    "mode unknown": ("rate_mode = 'about'", "rate_mode is 'about'; expected exact or bernoulli"),
    "date text": ("date = 'yesterday'", "date is 'yesterday'; expected a date from 1900-01-01"),
    "date too early": ("date = 1899-12-31", "expected a date from 1900-01-01 to 2199-12-31"),
    "time of half a second": ("start = 09:30:00.5", "expected a time of day in whole seconds"),
    "time with a zone": (
        "start = '09:30:00+02:00'",
        "expected a time of day in whole seconds, without a zone",
    ),
    "time text": ("start = 'noon'", "start is 'noon'; expected a time of day such as 09:30:00"),
    "band of 1": ("price_band = 1.0", "price_band is 1.0; expected a share from 0 to below 1"),
}

# What only shows against the tickers and their prices.
OF_THE_UNIVERSE = {
    "tolerance beyond reach",
    "price tolerance beyond reach",
    "tolerance below a step",
    "hot spot of an unknown ticker",
    "hot spot of an unknown broker",
    "hot spot of no worth",
    "hot spot where venue = 'XLOM'",
    "hot spot where fee = {min = 9.5}",
    "tick too fine for the band",
    "quantity step too fine for the range",
}


# Both commands read a scenario by the same function: by default, the second is asked of every eighth.
SHOWN = set(list(SCENARIOS)[:: size(8, 1)]) - set(OF_THE_UNIVERSE)


@pytest.mark.sized
@pytest.mark.parametrize("case", SCENARIOS)
def test_bad_scenario_files_are_refused_with_a_sentence(case: str, folder: Path) -> None:
    content, message = SCENARIOS[case]
    (folder / "mine.toml").write_text(content)
    refused(folder, ["generate", "--scenario", "mine.toml"], message)
    if case in SHOWN:
        refused(folder, ["scenarios", "show", "mine.toml"], "scenario file mine.toml")


def test_what_is_said_of_a_column_that_is_refused_is_not_refused_as_well() -> None:
    named = {"include": ["trade_id", "order_type", "ccy"], "columns": {"ccy": "Ccy"}}
    spot = {"name": "x", "rate": 0.5, "where": {"ticker": "AAPL"}, "mechanisms": {"ccy.typo": 1}}
    with pytest.raises(ScenarioError) as refused:
        Scenario.load(
            {
                "columns": [{"name": "ccy", "kind": "coed", "values": ["USD", "EUR"]}],
                "mechanisms": {"ccy.typo": 1},
                "settings": {"ccy.typo": {}},
                "hot_spots": [spot],
                "trades": named,
            }
        )
    assert str(refused.value).startswith("column ccy: kind is 'coed'; expected one of code, integer")
    assert ";" not in str(refused.value).partition("; ")[2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_scenario_file_in_another_encoding_is_told_to_be_saved_as_utf_8(
    encoding: str, folder: Path
) -> None:
    (folder / "mine.toml").write_text("pairs = 5  # caf\u00e9\n", encoding)
    refused(folder, ["generate", "--scenario", "mine.toml"], "is not UTF-8 text (byte")
    refused(folder, ["generate", "--scenario", "mine.toml"], "expected it saved as UTF-8")


@pytest.mark.parametrize("given", [150, 1.5, True, ["pairs"], b"hard", np.int64(15)], ids=repr)
def test_a_scenario_that_is_none_is_quoted_and_a_mapping_suggested(given: Any) -> None:
    with pytest.raises(ScenarioError, match=r"^scenario is .*; expected a Scenario, a mapping of its fields"):
        prepare(given)
