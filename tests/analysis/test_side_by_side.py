"""Altered trades side by side: every altered cell is marked, and no other."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from refusals import refused
from shell import run
from sizes import chosen

from tradegen import Batch, ScoringError, compare, generate
from tradegen.analysis.side_by_side import truth_among
from tradegen.core.columns import RECORD, TRADE_COLUMNS, TRUTH_COLUMNS
from tradegen.scenario.model import scenario_names

OF_15: dict[str, Any] = {"pairs": 15, "seed": 2, "first_id": 21, "date": "2025-07-21"}
FIRST = """\
tid00000021
  quantity.nudge on SELL: 467 -> 481, +14 shares (+3.0%)
  trades   tid00000021   PG      BKR011     BKR013            467       176.78   BUY         2025-07-21   \
2025-07-21 12:21:14
  trades   tid00000021   PG      BKR013     BKR011           [481]      176.78   SELL        2025-07-21   \
2025-07-21 12:21:14

1 of 5 altered trades shown"""


NAMES = sorted(set(scenario_names()) - {"clean", "onboarding"})
VIEWS = ("single", "counterparty", "two_system")


@pytest.mark.parametrize(
    ("name", "view"),
    chosen(itertools.product(NAMES, VIEWS), list(zip(NAMES, itertools.cycle(VIEWS), strict=False))),
)
def test_the_marked_cells_are_those_of_the_truth(name: str, view: str) -> None:
    batch = generate(name, pairs=300, view=view, seed=3, date="2025-07-08")
    found = batch.compare(limit=1_000)
    truth = batch.truth[batch.truth["field"] != RECORD]
    broken = batch.truth.loc[~batch.truth["benign"], "trade_id"].unique()
    assert [trade.trade_id for trade in found.trades] == sorted(broken)
    for trade in found.trades:
        rows = truth[truth["trade_id"] == trade.trade_id]
        marked = {field for _, field in trade.marks}
        assert marked == set(rows["field"])
        for at, field in trade.marks:
            value = trade.records[at][1][field]
            of_field = rows[rows["field"] == field]
            assert _same(value, set(of_field["altered"])), (trade, field)


def _same(value: str, altered: set[str]) -> bool:
    # Arrow leaves out zeros at the end of a fraction of a second.
    return any(one == value or one.rstrip("0").rstrip(".") == value for one in altered)


def test_records_that_are_not_marked_agree_on_what_is_clean() -> None:
    batch = generate("us_equity_t1", pairs=500, mismatch_rate=0.2, seed=3)
    for trade in batch.compare(limit=1_000).trades:
        altered = {row.field for row in trade.altered}
        (_, one), (_, other) = trade.records
        for field in set(TRADE_COLUMNS) - altered - {"order_type", "broker_id", "contra_broker_id"}:
            assert one[field] == other[field]


def test_text_has_altered_cells_in_brackets() -> None:
    assert str(generate(**OF_15).compare(limit=1)).partition("\n\n")[2] == FIRST


def test_html_shades_the_same_cells() -> None:
    page = generate(**OF_15).compare(limit=1)._repr_html_()
    assert page.count("background") == 1
    assert 'font-weight: 600">481</td>' in page


def test_a_clean_trade_is_shown_when_it_is_asked_for() -> None:
    [trade] = generate(**OF_15).compare(["tid00000023"]).trades
    assert (trade.altered, len(trade.records)) == ((), 2)
    assert "tid00000023, clean" in str(generate(**OF_15).compare(["tid00000023"]))


def findings(batch: Batch) -> pd.DataFrame:
    """A matcher's that misses the first trade, and invents a break of a clean one."""
    ids = list(batch.truth["trade_id"].unique())
    return pd.DataFrame({"trade_id": [*ids[1:], "tid00000023"], "field": "price"})


def test_findings_come_as_missed_invented_and_found() -> None:
    batch = generate(**OF_15)
    found = compare(batch, findings=findings(batch))
    assert [trade.state for trade in found.trades] == [
        "missed",
        "invented",
        "found",
        "found",
        "found",
        "found",
    ]
    assert [trade.trade_id for trade in found.trades[:2]] == ["tid00000021", "tid00000023"]
    assert "tid00000023, invented (findings name price)" in str(found)


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "parquet"])
def test_files_show_what_the_batch_shows(tmp_path: Path, suffix: str) -> None:
    batch = generate(**OF_15)
    batch.write(tmp_path / f"t.{suffix}", truth=tmp_path / f"truth.{suffix}")
    done = run("show", f"t.{suffix}", f"truth.{suffix}", "--limit", "1", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.partition("\n\n")[2] == FIRST + "\n"


def test_two_lists_with_names_of_their_own(tmp_path: Path) -> None:
    batch = generate("onboarding", pairs=200, seed=1, date="2025-07-21")
    batch.write(tmp_path / "t.csv", truth=tmp_path / "truth.csv", manifest=tmp_path / "m.json")
    words = ("t.ours.csv", "truth.csv", "--and", "t.theirs.csv", "--manifest", "m.json", "--limit", "3")
    done = run("show", *words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.count("theirs  ") >= 3
    assert "[" in done.out


def test_a_dataset_is_shown_by_its_folder(tmp_path: Path) -> None:
    made = run(
        "generate", "--pairs", "500", "--format", "csv", "--out", "data/", "--first-id", "1", cwd=tmp_path
    )
    assert made.code == 0, made.err
    done = run("show", "data/", "--limit", "2", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "2 of 150 altered trades shown" in done.out


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    batch = generate(**OF_15)
    trades, truth = str(tmp_path / "t.csv"), str(tmp_path / "truth.csv")
    batch.write(trades, truth=truth)
    for words, message in (
        ([trades, truth, "tid00000099"], "trade 'tid00000099' is in none of the lists"),
        ([trades], "truth is missing; expected it along with"),
        ([trades, trades], "is a truth; expected one with the columns"),
        ([trades, str(tmp_path / "none.csv")], "cannot be read"),
        ([trades, truth, "--limit", "0"], "limit is 0; expected a whole number from 1"),
        ([trades, truth, "--findings", truth, "--id", "Ref"], "has no column Ref"),
    ):
        refused(tmp_path, ["show", *words], message)
    with pytest.raises(ScoringError, match="trades are missing"):
        compare(batch.truth)


def test_a_console_shows_the_table_itself() -> None:
    shown = generate(pairs=15, seed=2).compare(limit=1)
    assert repr(shown) == str(shown)
    assert "1 of 5 altered trades shown" in repr(shown)


def test_of_compressed_files_the_first_lines_tell_which_is_the_truth(tmp_path: Path) -> None:
    lines = (",".join(TRUTH_COLUMNS) + "\n") * 200_000  # more than is looked at
    truth, trades = tmp_path / "key.csv.gz", tmp_path / "trades.ndjson.gz"
    truth.write_bytes(gzip.compress(lines.encode())[:-8])  # cut off, as shows once all of it is read
    trades.write_bytes(gzip.compress(b'{"trade_id": "T1"}\n'))
    assert truth_among([str(trades), str(truth)]) == (str(truth), [str(trades)])
    with pytest.raises(ScoringError, match=r"key\.csv\.gz cannot be read: its gzip data end too early"):
        compare(str(truth), [str(trades)])
