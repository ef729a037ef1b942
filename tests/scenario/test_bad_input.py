"""Bad input: one clear sentence, exit code 2, no traceback, and nothing written or lost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from refusals import refused
from test_bad_scenarios import SCENARIOS
from typer.testing import CliRunner

from tradegen import prepare
from tradegen.cli.main import app
from tradegen.errors import MarketError, ScenarioError

TICKERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty; expected the header ticker,price"),
    "blank lines alone": (b"\r\n\r\n", "is empty; expected the header ticker,price"),
    "no rows": (b"ticker,price\n", "names no ticker; expected at least one"),
    "no header": (b"AAPL,154.00\n", "starts with 'AAPL,154.00'; expected the header ticker,price"),
    "wrong header": (
        b"symbol,price\nAAPL,1\n",
        "starts with 'symbol,price'; expected the header ticker,price",
    ),
    "columns swapped": (b"price,ticker\n1,AAPL\n", "starts with 'price,ticker'"),
    "duplicate": (b"ticker,price\nAAPL,1\nMSFT,2\nAAPL,3\n", "line 4: ticker AAPL is there twice"),
    "zero": (b"ticker,price\nAAPL,0\n", "line 2: price of AAPL is '0'; expected dollars from 0.01"),
    "below a tick": (b"ticker,price\nAAPL,0.004\n", "price of AAPL is '0.004'; expected dollars from 0.01"),
    "negative": (b"ticker,price\nAAPL,-5\n", "price of AAPL is '-5'; expected dollars"),
    "nan": (b"ticker,price\nAAPL,NaN\n", "price of AAPL is 'NaN'; expected dollars"),
    "infinite": (b"ticker,price\nAAPL,inf\n", "price of AAPL is 'inf'; expected dollars"),
    "text": (b"ticker,price\nAAPL,cheap\n", "price of AAPL is 'cheap'; expected dollars"),
    "thousands": (b'ticker,price\nBRK.A,"714,800.00"\n', "price of BRK.A is '714,800.00'; expected dollars"),
    "currency sign": (b"ticker,price\nAAPL,$154\n", "price of AAPL is '$154'; expected dollars"),
    "other digits": ("ticker,price\nAAPL,١٥٤\n".encode(), "price of AAPL is '١٥٤'; expected dollars"),
    "beyond bounds": (b"ticker,price\nAAPL,99999999\n", "expected dollars from 0.01 to 10000000"),
    "no price": (b"ticker,price\nAAPL,\n", "price of AAPL is ''; expected dollars"),
    "no ticker": (b"ticker,price\n,154\n", "line 2: ticker is ''; expected 1 to 24 letters"),
    "spaces within": (b"ticker,price\nA APL,154\n", "ticker is 'A APL'; expected 1 to 24 letters"),
    "a formula": (b"ticker,price\n=1+1,154\n", "ticker is '=1+1'; expected 1 to 24 letters"),
    "one column": (b"ticker,price\nAAPL\n", "line 2: 'AAPL' has 1 cell; expected two"),
    "three columns": (b"ticker,price\nAAPL,1,2\n", "line 2: 'AAPL,1,2' has 3 cells; expected two"),
    "open quote": (b'ticker,price\n"AAPL,1\n', "line 2: unexpected end of data"),
    "utf-16": ("ticker,price\nAAPL,1\n".encode("utf-16"), "is not UTF-8 text (byte 0)"),
    "utf-16 without a mark": ("ticker,price\nAAPL,1\n".encode("utf-16-le"), "is not UTF-8 text (byte 1)"),
    "a price without digits": (b"ticker,price\nAAPL,.\n", "price of AAPL is '.'; expected dollars"),
    "a price of an exponent": (b"ticker,price\nAAPL,e2\n", "price of AAPL is 'e2'; expected dollars"),
    "a price beyond sense": (b"ticker,price\nAAPL,1e99\n", "price of AAPL is '1e99'; expected dollars"),
    "latin-1": ("ticker,price\nCAFÉ,1\n".encode("latin-1"), "is not UTF-8 text (byte 16)"),
    "binary": (bytes(range(256)), "is not UTF-8 text"),
}

OPTIONS: dict[str, tuple[list[str], str]] = {
    "option mistyped": (["--pair", "3"], "--pairs"),
    "scenario mistyped": (["--scenario", "orignal"], "scenario orignal is unknown; did you mean original?"),
    "scenario file missing": (["--scenario", "mine.toml"], "mine.toml cannot be read: No such file"),
    "scenario a folder": (["--scenario", "."], "cannot be read: Is a directory"),
    "pairs not a number": (
        ["--pairs", "many"],
        "'many' is not a whole number; expected one such as 15 or 1e6",
    ),
    "pairs a fraction": (["--pairs", "1.5"], "'1.5' is not a whole number"),
    "pairs nan": (["--pairs", "nan"], "'nan' is not a whole number"),
    "pairs infinite": (["--pairs", "1e999"], "'1e999' is not a whole number"),
    "pairs negative": (["--pairs", "-3"], "pairs is -3; expected a whole number from 1"),
    "rate above 1": (
        ["--mismatch-rate", "30"],
        "'30' is not a share; expected one from 0 to 1 such as 0.3, or 30%",
    ),
    "rate above 100%": (["--mismatch-rate", "130%"], "'130%' is not a share; expected one from 0 to 1"),
    "rate negative": (["--mismatch-rate", "-0.1"], "'-0.1' is not a share; expected one from 0 to 1"),
    "rate text": (["--mismatch-rate", "half"], "'half' is not a share; expected one from 0 to 1"),
    "rate nan": (["--mismatch-rate", "nan"], "'nan' is not a share; expected one from 0 to 1"),
    "seed negative": (["--seed", "-1"], "seed is -1; expected a whole number from 0"),
    "first id zero": (["--first-id", "0"], "first_id is 0; expected a whole number from 1"),
    "ids beyond": (
        ["--first-id", str(2**63 - 1)],
        "first_id is 9223372036854775807; expected a whole number",
    ),
    "two sources of ids": (
        ["--first-id", "1", "--ledger", "x.db"],
        "expected one of --first-id and --ledger",
    ),
    "format mistyped": (["--format", "jsno"], "format jsno is unknown; did you mean json?"),
    "format unknown": (
        ["--format", "xlsx"],
        "format xlsx is unknown; expected one of: json, ndjson, csv, parquet, fix",
    ),
    "out a folder": (["--out", "."], "holds trade_ids.db; expected a new or empty folder, or a dataset"),
    "out of an unknown suffix": (
        ["--out", "t.xml"],
        "t.xml has the suffix .xml; expected .jsonl, .json, .ndjson",
    ),
    "out a link to itself": (["--out", "loop.json"], "loop.json cannot be written: Too many levels"),
    "set of what is no field": (["--set", "self=7"], "self is not a scenario field"),
    "weight too small": (
        ["--set", 'mechanisms={"price.nudge"=5e-324}'],
        'mechanisms."price.nudge" is 5e-324; expected 0, or a weight from 1e-9',
    ),
    "out nowhere": (["--out", "no/where.json"], "no/where.json cannot be written: No such file or directory"),
    "out twice": (["--out", "a.json", "--truth", "a.json"], "a.json is named for two outputs"),
    "out over the ledger": (["--out", "trade_ids.db"], "trade_ids.db is read by this run, too"),
    "set without value": (["--set", "brokers"], "--set is 'brokers'; expected FIELD=VALUE"),
    "set unknown": (["--set", "broker=3"], "broker is not a scenario field; did you mean brokers?"),
    "set nonsense": (["--set", "a b=3"], "expected FIELD=VALUE with names and values as in TOML"),
    "ledger missing": (["--ledger", "other.db"], "other.db is missing; correct the path, or create it: "),
    "ledger a folder": (["--ledger", "."], "is a directory, not a file"),
    "tickers missing": (["--tickers", "none.csv"], "tickers file none.csv cannot be read: No such file"),
    "tickers a folder": (["--tickers", "."], "tickers file . cannot be read: Is a directory"),
}


@pytest.mark.parametrize("case", TICKERS)
def test_bad_tickers_files_are_refused_with_a_sentence(case: str, folder: Path) -> None:
    content, message = TICKERS[case]
    (folder / "mine.csv").write_bytes(content)
    refused(folder, ["generate", "--tickers", "mine.csv"], message)


PRICES = [
    (Decimal("1E+2"), "100.00"),
    (Decimal("1E+7"), "10000000.00"),
    ("1e2", "100.00"),
    ("1.5e-1", "0.15"),
    (".50", "0.50"),
    ("50.", "50.00"),
    (1e2, "100.00"),
    (np.float32(0.1), "0.10"),
    (np.int64(7), "7.00"),
]


@pytest.mark.parametrize(("price", "ticks"), PRICES, ids=[repr(price) for price, _ in PRICES])
def test_a_price_may_be_written_as_people_and_libraries_write_numbers(price: object, ticks: str) -> None:
    assert prepare(tickers={"A": price}).market.to_dict() == {"A": ticks}


@pytest.mark.parametrize(
    "date",
    [
        np.datetime64("2024-02-29"),
        np.datetime64("2024-02-29T00:00:00.000000000"),
        pd.Timestamp("2024-02-29"),
        dt.datetime(2024, 2, 29),
        "20240229",
    ],
    ids=repr,
)
def test_a_date_may_come_as_notebooks_hold_dates(date: object) -> None:
    assert prepare(date=date).scenario.date == dt.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("date", "quoted"),
    [
        (pd.NaT, "NaT"),
        (np.datetime64("NaT"), "NaT"),
        (np.datetime64("2025-07"), "2025-07"),
        (np.datetime64("2025-07-21T10:00"), "2025-07-21T10:00"),
        (np.datetime64(10**12, "D"), ""),
        (20250721, "20250721"),
    ],
    ids=repr,
)
def test_what_is_no_day_is_quoted_and_an_example_given(date: object, quoted: str) -> None:
    with pytest.raises(ScenarioError, match=rf"^date is .*{quoted}.*; expected a date from .* such as 2025"):
        prepare(date=date)


@pytest.mark.parametrize("given", [5, ["AAPL"], 1.5, b"x"], ids=repr)
def test_tickers_that_are_none_are_quoted_and_a_mapping_suggested(given: Any) -> None:
    with pytest.raises(
        MarketError, match=r"^tickers is .*; expected prices by ticker, such as \{'AAPL': 154"
    ):
        prepare(tickers=given)


@pytest.mark.parametrize("name", ["t.fix", "t.csv", "t.json", "t.parquet"])
def test_trades_without_their_truth_are_answered_with_the_command_that_has_both(
    name: str, folder: Path
) -> None:
    made = CliRunner().invoke(app, ["generate", "--first-id", "1", "--seed", "7", "--out", name])
    assert made.exit_code == 0
    refused(
        folder,
        ["verify", name],
        f"the files hold no truth: {name}; expected the trades and one truth, such as: tradegen verify ",
    )


@pytest.mark.parametrize("case", OPTIONS)
def test_bad_options_are_refused_with_a_sentence(case: str, folder: Path) -> None:
    words, message = OPTIONS[case]
    if "loop.json" in words:
        (folder / "loop.json").symlink_to("loop.json")
    refused(folder, ["generate", *words], message)


def test_a_mistyped_command_names_the_near_one(folder: Path) -> None:
    refused(folder, ["genrate"], "generate")
    refused(folder, ["ledger", "shwo"], "show")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfticker,price\nBRK.B,470.55\n",
        b"ticker,price\r\nBRK.B,470.55\r\n",
        b"ticker,price\nBRK.B,470.55\n\n\n  \n",
        b"ticker,price\nBRK.B,470.55",
        b" ticker , price \n BRK.B , 470.55 \n",
        b'"ticker","price"\n"BRK.B","470.55"\n',
        b"ticker,price\rBRK.B,470.55\r",
    ],
)
def test_byte_order_marks_line_ends_blank_lines_and_quotes_are_taken(content: bytes, folder: Path) -> None:
    (folder / "mine.csv").write_bytes(content)
    done = CliRunner().invoke(
        app, ["generate", "--tickers", "mine.csv", "--pairs", "1", "--format", "csv", "--set", "price_band=0"]
    )
    assert done.exit_code == 0, done.output
    assert ",470.55," in done.stdout
    assert "\nti" not in done.stdout.partition("\n")[2].replace("tid", "")
    assert "BRK.B" in done.stdout


def test_there_are_at_least_forty_cases() -> None:
    assert len(TICKERS) + len(SCENARIOS) + len(OPTIONS) >= 40


@pytest.mark.parametrize(
    "given",
    [
        {"columns": [{"name": "c", "kind": "code", "value": "\ud800"}]},
        {"columns": [{"name": "c", "kind": "code", "values": ["a", "b\udfff"]}]},
        {"columns": [{"name": "c", "kind": "code", "codes": 3, "prefix": "\ud83d"}]},
        {"trades": {"columns": {"quantity": "Qty\ud800"}}},
        {"trades": {"date_format": "%d\ud800%m%Y"}},
    ],
    ids=["value", "values", "prefix", "column", "format"],
)
def test_text_that_utf_8_cannot_write_is_refused_before_anything_is_made(given: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match=r"(\\ud|\\udfff).*expected .*characters|form of the date"):
        prepare(**given)


@pytest.mark.parametrize("value", ["\ud800", "\ufeffUS0378331005"])
def test_what_a_ticker_has_beside_its_price_can_be_written_and_read_again(value: str) -> None:
    with pytest.raises(MarketError, match=r"isin of A is '\\u(d800|feffUS0378331005)'; expected 1 to 64"):
        prepare(tickers={"A": {"price": 10, "isin": value}})
