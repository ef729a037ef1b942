"""What cannot be fitted is refused in one sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from analyst_desk import DESK
from refusals import refused

from tradegen import FitError, fit, generate

Edit = Callable[[pd.DataFrame], pd.DataFrame]


@functools.cache
def lists() -> tuple[pd.DataFrame, pd.DataFrame]:
    ours, theirs = generate(**{**DESK, "pairs": 400, "hot_spots": []}).lists.values()
    return ours, theirs


def with_cell(column: str, value: str) -> Edit:
    def edit(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.astype({column: str})
        frame.loc[frame.index[7], column] = value
        return frame

    return edit


LISTS: list[tuple[str, Edit, str]] = [
    ("ids that do not meet", lambda one: one.assign(trade_id="X" + one["trade_id"].astype(str)), "no id of"),
    (
        "ids many times",
        lambda one: one.assign(trade_id="a"),
        "has most ids more than once, such as 'a', 400 times",
    ),
    ("no id", lambda one: one.drop(columns="trade_id"), "has no column 'trade_id'"),
    ("a blank id", with_cell("trade_id", ""), "has 1 records without an id"),
    ("nothing but ids", lambda one: one[["trade_id"]], "has none of the columns ticker,"),
    ("no rows", lambda one: one.iloc[:0], "has no trades"),
    ("a price that is none", with_cell("price", "12,5x"), "has the price '12,5x'; expected a plain number"),
    ("thousands", with_cell("quantity", "1,284"), "expected a plain number such as 250; remove the commas"),
    ("a quantity that is none", with_cell("quantity", "many"), "has the quantity 'many'"),
    (
        "a side that is none",
        with_cell("order_type", "LONG"),
        "the order_type 'LONG'; expected BUY or SELL",
    ),
    ("a date that is none", lambda one: one.assign(date="26~11~2026"), "which no known form fits"),
    ("a date of two forms", lambda one: one.assign(date="03/04/2025"), "may be %d/%m/%Y or %m/%d/%Y"),
    ("a time that is none", with_cell("trade_timestamp", "2025-07-21 25:99:00"), "has the trade_timestamp"),
]


@pytest.mark.parametrize(("edit", "message"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_lists_that_cannot_be_compared(edit: Edit, message: str) -> None:
    ours, theirs = lists()
    with pytest.raises(FitError) as caught:
        fit(ours, edit(theirs))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lists_that_agree() -> None:
    with pytest.raises(FitError, match=r"all 400 trades .* agree; expected lists with breaks"):
        fit(lists()[0], lists()[0])


def test_breaks_that_nothing_explains() -> None:
    ours, theirs = lists()
    theirs = ours.assign(price=ours["price"] * 37.31)
    with pytest.raises(FitError, match="none of the mechanisms explains any of the 400 breaks"):
        fit(ours, theirs)


BREAKS: list[tuple[str, str, int | None, str]] = [
    ("contradiction", "a,price,1,2\na,price,1,3", 10, "two breaks of trade 'a' in price that contradict"),
    ("no difference", "a,price,1,1.00", 10, "whose values are both '1'"),
    (
        "an unknown field",
        "a,Prize,1,2",
        10,
        "the field 'Prize', which is unknown; expected some of trade_id,",
    ),
    ("a name for an unknown field", "a,Prize,1,2", 10, "did you mean --field price=Prize?"),
    (
        "several unknown fields",
        "a,Quantity,1,2\na,Prize,1,2\nb,Exec Time,1,2",
        10,
        "the fields 'Quantity', 'Prize', 'Exec Time', which are unknown",
    ),
    ("no near field", "a,Zz,1,2", 10, "name yours, such as --field price=Px"),
    ("a column beside the nine", "a,account,1,2", 10, "leave out the breaks that are in no such field"),
    (
        "thousands",
        'a,quantity,"58,619",58052',
        10,
        "the quantity '58,619' in a break of trade 'a'; expected a plain number such as 154.00; remove the "
        "commas",
    ),
    ("more breaks than trades", "a,price,1,2\nb,price,1,2", 1, "breaks of 2 trades, and trades is 1"),
    (
        "a date that is none",
        "a,date,2025-13-45,2025-01-01",
        10,
        "has the date '2025-13-45' in a break of trade 'a'",
    ),
    ("no id", ",price,1,2", 10, "a break without an id or a field, with field 'price', ours '1', theirs '2'"),
    ("empty rows alone", ",,,", 10, "has no breaks"),
    ("nothing", "", 10, "has no breaks"),
    ("no trades", "a,price,1,2", 0, "trades is 0; expected a whole number from 1"),
    ("trades left out", "a,price,1,2", None, "breaks and trades go together"),
]


@pytest.mark.parametrize(
    ("rows", "trades", "message"), [case[1:] for case in BREAKS], ids=[case[0] for case in BREAKS]
)
def test_breaks_that_cannot_be_read(tmp_path: Path, rows: str, trades: int | None, message: str) -> None:
    (tmp_path / "b.csv").write_text(f"trade_id,field,ours,theirs\n{rows}\n")
    words = ["fit", "--breaks", str(tmp_path / "b.csv")]
    refused(tmp_path, [*words, "--trades", str(trades)] if trades is not None else words, message)


def test_a_comma_that_no_thousands_stand_before_is_not_to_be_removed() -> None:
    rows = pd.DataFrame({"trade_id": ["a"], "field": ["price"], "ours": ["58,61"], "theirs": ["58"]})
    with pytest.raises(FitError, match=r"expected a plain number such as 154\.00$"):
        fit(breaks=rows, trades=10)


@pytest.mark.slow
def test_options_that_cannot_be(tmp_path: Path) -> None:
    ours, theirs = (tmp_path / name for name in ("ours.csv", "theirs.csv"))
    for path, frame in zip((ours, theirs), lists(), strict=True):
        frame.to_csv(path, index=False)
    layout = tmp_path / "layout.toml"
    layout.write_text("[ours]\n")
    both = ["fit", str(ours), str(theirs)]
    of_breaks = ["fit", "--breaks", str(ours), "--trades", "5"]
    for words, message in (
        (["fit"], "expected two lists, ours and theirs, or breaks"),
        (["fit", str(ours)], "expected two lists"),
        ([*both, "--breaks", str(ours), "--trades", "5"], "breaks and lists are both given"),
        ([*both, "--field", "price=Px"], "fields are for breaks"),
        (
            [*of_breaks, "--layout", str(layout)],
            "layouts are for two lists; expected breaks without them, with plain numbers, dates such as",
        ),
        ([*both, "--layout", str(layout), "--out", str(layout)], "which is read as well"),
        ([*both, "--out", str(ours)], "expected a name that ends in .toml"),
        ([*both, "--confidence", "2"], "confidence is 2.0; expected a share from 0.5 to below 1"),
        ([*both, "--format", "xml"], "format xml is unknown"),
        ([*both, "--map", "prize=Px"], "has 'prize', which is unknown; did you mean price?"),
        ([*both, "--map", "price=Px"], "has no column 'Px'"),
        ([*both, "--layout", str(ours)], "is not TOML"),
        ([*both, "--tolerance", "price=x"], "--tolerance price is 'x'"),
        (["fit", str(ours), str(tmp_path / "none.csv")], "cannot be read"),
        (
            ["fit", "none.csv", "none.csv", "--out", "x.toml", "--for-inject", "--anonymise"],
            "anonymise leaves out the names that for_inject writes",
        ),
    ):
        refused(tmp_path, words, message)
