"""Findings, truths, trades and manifests that cannot be scored: one sentence each."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scoring_files import MANIFEST, TRADES, TRUTH, frame, said, scored, tid

import tradegen
from tradegen import ScoringError, score

BAD_FILES = [
    # name, content, the sentence; {} stands for the path
    ("f.csv", "id,what\n1,2\n", "{} has no column trade_id; it has id, what; say which one it is: "
     "--map trade_id=id, or columns={{'trade_id': 'id'}}"),
    ("f.csv", "What,TradeRef\n", "{} has no column trade_id; it has What, TradeRef; say which one it is: "
     "--map trade_id=TradeRef, or columns={{'trade_id': 'TradeRef'}}"),
    ("f.json", '[{"a": 1}]', "{} has no column trade_id; it has a; say which one it is: "
     "--map trade_id=a, or columns={{'trade_id': 'a'}}"),
    ("f.csv", "trade_id,field,field\n", "{} has the column 'field' twice; expected each column once"),
    ("f.ndjson", '{"trade_id": "tid00000001", "trade_id": "tid00000002"}\n',
     "{} has the column 'trade_id' twice; expected each column once"),
    ("f.csv", "", "{} is empty; expected a header at least"),
    ("f.json", "", "{} is empty; expected an array of objects, [] for none"),
    ("f.parquet", "", "{} is empty; expected a Parquet file"),
    ("f.csv", "\ntid00000001\n", "{} begins with an empty line; expected a header"),
    ("f.csv", "sep=;\ntrade_id\n",
     "{} begins with sep=;, a line for Excel; expected the header: take it out"),
    ("f.csv", "trade_id\nt\udcef\n", "{} cannot be read: it is not UTF-8 text"),
    ("f.csv", "trade_id,field\ntid00000001,prise\n",
     "field is 'prise' in 1 row of {}; did you mean price?"),
    ("f.csv", "trade_id,leg\ntid00000001,BUY\ntid00000001,buys\ntid00000002,buys\n",
     "leg is 'buys' in 2 rows of {}; expected one of: BUY, SELL"),
    ("f.csv", "trade_id,leg\ntid00000001,OURS\n", "leg is 'OURS' in 1 row of {}; expected one of: BUY, SELL"),
    ("f.csv", "trade_id,score\ntid00000001,0.5\ntid00000002,high\n",
     "score is 'high' in 1 row of {}; expected a number"),
    ("f.csv", "trade_id,field\ntid00000001,record_id\n",
     "field is 'record_id' in 1 row of {}; to leave out what is no field, give --ignore-field record_id"),
    ("f.csv", "trade_id,field\ntid00000001,Desk\n",
     "field is 'Desk' in 1 row of {}; expected one of: trade_id, ticker, broker_id, contra_broker_id, "
     "quantity, price, order_type, date, trade_timestamp, record, missing, duplicate, split, orphan; "
     "to leave out what is no field, give --ignore-field Desk"),
    ("f.csv", "trade_id\ntid00000001\n".ljust(2 << 20, "x").replace("\n", ""),
     "{} has a first line of more than 1,048,576 bytes; expected a header"),
    ("f.csv", ",".join(f"c{n}" for n in range(20_000)) + "\n",
     "{} has 20,000 columns; expected at most 10,000"),
    ("f.csv", "trade_id,field\n,price\n", "trade_id is empty in 1 row of {}; expected an id in each"),
    ("f.csv", "trade_id\ntid00000077\ntid00000078\n",
     "none of the 2 ids in {} is in the data: 'tid00000077'; its ids are tid00000001 to tid00000010; "
     "expected findings about the same run"),
    ("f.csv", "trade_id\n21\n",
     "the one id in {} is not in the data: '21'; its ids are tid00000001 to tid00000010; "
     "expected findings about the same run"),
    ("f.json", '[{"trade_id": "tid00000001"}, {"trade_id": 2}]',
     "trade_id in {} holds numbers and text; expected text in each row"),
    ("f.json", '[{"trade_id": ["tid00000001"]}]', "trade_id in {} holds lists; expected text in each row"),
    ("f.json", '[{"trade_id": "tid00000001", "score": "1"}, {"trade_id": "tid00000001", "score": 2}]',
     "score in {} holds numbers and text; expected numbers in each row"),
    ("f.json", "[1, 2]", "{} holds values that are no objects; expected an object a row"),
    ("f.txt", "trade_id\n",
     "{} has the suffix .txt; expected findings as .csv, .json, .ndjson, .jsonl, .parquet"),
    ("f", "trade_id\n", "{} has no suffix; expected findings as .csv, .json, .ndjson, .jsonl, .parquet"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "sentence"), BAD_FILES)
def test_bad_findings_are_refused_in_one_sentence(
    tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    path = tmp_path / name
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(ScoringError) as caught:
        scored(path)
    assert str(caught.value) == sentence.format(path)


UNREADABLE = [
    ("f.csv", b"trade_id,field\ntid00000001\n"),
    ("f.csv", b'trade_id,field\n"tid00000001,price\n'),
    ("f.csv", b"trade_id\n\xff\xfe\n"),
    ("f.csv", b"\xff\xfetrade_id\n"),
    ("f.json", b'[{"trade_id": "tid00000001"'),
    ("f.json", b"trade_id\ntid00000001\n"),
    ("f.ndjson", b'{"trade_id": "tid00000001"}\nnonsense\n'),
    ("f.parquet", b"PAR1 and no more"),
]


@pytest.mark.parametrize(("name", "content"), UNREADABLE)
def test_files_that_are_not_what_they_should_be_are_refused_by_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ScoringError) as caught:
        scored(path)
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be read: ")
    assert "\n" not in message
    assert "tradegen-score-" not in message


def test_a_file_that_is_not_there_or_closed_to_us_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"none\.csv cannot be read: No such file or directory"):
        scored(tmp_path / "none.csv")
    with pytest.raises(ScoringError, match=r"none\.csv cannot be read: No such file or directory"):
        score(tmp_path / "none.csv", said(1))
    with pytest.raises(ScoringError, match=r"findings folder .* is empty; expected files of findings"):
        scored(tmp_path)


BAD_FRAMES = [
    (pd.DataFrame({"id": ["tid00000001"]}), "the findings frame has no column trade_id; it has id; "
     "say which one it is: --map trade_id=id, or columns={'trade_id': 'id'}"),
    (pd.DataFrame([["a", "b"]], columns=["trade_id", "trade_id"]),
     "the findings frame has the column 'trade_id' twice; expected each column once"),
    (pd.DataFrame({"trade_id": ["tid00000001", 2]}),
     "trade_id in the findings frame holds values of different types; expected text in each row"),
    (pd.DataFrame({"trade_id": pd.Categorical(["tid00000001", 2])}),
     "trade_id in the findings frame holds values of different types; expected text in each row"),
    (pd.DataFrame({"trade_id": ["tid00000001"], "score": ["low"]}),
     "score is 'low' in 1 row of the findings frame; expected a number"),
    (pd.DataFrame({"trade_id": [1, 2]}),
     "none of the 2 ids in the findings frame is in the data: '1'; its ids are tid00000001 to tid00000010; "
     "expected findings about the same run"),
    (pa.table([["a"], ["b"]], names=["trade_id", "trade_id"]),
     "the findings table has the column 'trade_id' twice; expected each column once"),
    (["tid00000001"], "findings is of type list; expected a path, a DataFrame or an Arrow table"),
    (np.array(["tid00000001"]),
     "findings is of type ndarray; expected a path, a DataFrame or an Arrow table"),
    (None, "findings is of type NoneType; expected a path, a DataFrame or an Arrow table"),
]  # fmt: skip


def test_text_that_utf_8_cannot_write_is_refused() -> None:
    findings = pd.DataFrame({"trade_id": pd.Series(["tid00000001", "\ud800"], dtype=object)})
    with pytest.raises(ScoringError) as caught:
        scored(findings)
    quoted = "trade_id in the findings frame holds '\\ud800', which is no text that UTF-8 can write"
    # Until version 3, pandas held text as Python does, and DuckDB refuses it without saying which.
    assert str(caught.value) == quoted or (
        pd.__version__ < "3" and str(caught.value).startswith("the findings frame cannot be read: ")
    )


@pytest.mark.parametrize(("findings", "sentence"), BAD_FRAMES)
def test_bad_tables_are_refused_in_one_sentence(findings: Any, sentence: str) -> None:
    with pytest.raises(ScoringError) as caught:
        scored(findings)
    assert str(caught.value) == sentence


BAD_OPTIONS = [
    ({"columns": {"tradeid": "Ref"}}, "columns has 'tradeid', which is unknown; did you mean trade_id?"),
    ({"columns": {"field": "What"}},
     "the findings frame has no column What, which is to be field; it has trade_id, field"),
    ({"columns": {"leg": "field", "field": "field"}},
     "columns gives 'field' for leg and for field; expected one of them"),
    ({"fields": {"prize": "Px"}}, "fields has 'prize', which is unknown; did you mean price?"),
    ({"fields": {"price": "x", "date": "x"}},
     "fields gives 'x' for price and for date; expected one of them"),
    ({"manifest": {}}, "the manifest does not say what was run; expected replay.scenario with pairs, and "
     "replay.first_id"),
    ({"manifest": {"replay": {"scenario": {"pairs": 10, "view": "sngle"}, "first_id": 1}}},
     "view is 'sngle' in the manifest; did you mean single?"),
    ({"manifest": {"replay": {"scenario": {"pairs": 10}, "first_id": 2}}},
     "the truth frame has tid00000001, and the manifest's run has tid00000002 to tid00000011; "
     "expected the truth and the manifest of one run"),
    ({"trades": {"buy": frame(TRADES)}}, "trades has the list 'buy'; expected one of: trades"),
    ({"trades": frame(TRADES).drop(columns="price")},
     "the trades frame has no column price; it has trade_id, ticker, broker_id, contra_broker_id, quantity, "
     "order_type, date, trade_timestamp, record_id"),
    ({"trades": frame(TRADES).iloc[:-2]},
     "pairs that the truth does not name are 2 by the manifest, and 1 in the trades; "
     "expected all trades of one run"),
    ({"trades": frame(TRADES).iloc[2:], "manifest": None},
     "pairs of the truth are not in the trades: 1 of them, such as tid00000001; "
     "expected the truth and the trades of one run"),
    ({"trades": frame(TRADES).rename(columns={"price": "Px"}), "manifest": None},
     "the trades frame has no column price; it has trade_id, ticker, broker_id, contra_broker_id, quantity, "
     "Px, order_type, date, trade_timestamp, record_id; where the run has other columns, --manifest says "
     "which"),
    ({"trades": pd.Series([tid(1)])},
     "trades is of type Series; expected a path, a DataFrame or an Arrow table"),
    ({"trades": pa.array([tid(1)])},
     "trades is of type StringArray; expected a path, a DataFrame or an Arrow table"),
    ({"where": "Status"},
     "where is 'Status'; expected COLUMN = VALUE, COLUMN != VALUE or COLUMN in VALUE, VALUE"),
    ({"where": "Status in "},
     "where is 'Status in ', without a value; expected COLUMN = VALUE, COLUMN != VALUE or COLUMN in VALUE, "
     "VALUE"),
    ({"where": ["field = price", 3]},
     "where is 3; expected COLUMN = VALUE, COLUMN != VALUE or COLUMN in VALUE, VALUE"),
    ({"where": "Status = BREAK"},
     "the findings frame has no column Status, which where asks for; it has trade_id, field"),
    ({"ignore_fields": [""]}, "ignore_fields has ''; expected names of fields, such as 'record_id'"),
    ({"trades": 5}, "trades is of type int; expected a path, a DataFrame or an Arrow table"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "sentence"), BAD_OPTIONS)
def test_what_does_not_go_together_is_refused_in_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScoringError) as caught:
        scored(said((1, "price")), **options)
    assert str(caught.value) == sentence


BAD_TRUTHS = [
    ("mechanism,", "kind,", "the truth frame has no column mechanism; it has trade_id, leg, field, kind, "
     "original, altered, delta, benign, notional, cause, record_id"),
    ("tid00000001,SELL,price,", "tid00000001,SELL,prize,",
     "field cannot be used in 1 row of the truth frame; expected one of trade_id, ticker, broker_id, "
     "contra_broker_id, quantity, price, order_type, date, trade_timestamp, record"),
    ("0.50,false", "0.50,no idea",
     "benign cannot be used in 1 row of the truth frame; expected true or false"),
    ("tid00000001,SELL", "tid1,SELL",
     "trade_id cannot be used in 1 row of the truth frame; expected ids such as tid00000021"),
    ("tid00000001,SELL", "tid00000001,BYU", "leg is 'BYU' in the truth frame; did you mean BUY?"),
    ("100.00,100.50", "100.00,a lot",
     "original or altered cannot be used in 1 row of the truth frame; expected values as tradegen prints "
     "them"),
    (",1000.00,", ",,", "notional cannot be used in 1 row of the truth frame; expected dollars"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead", "sentence"), BAD_TRUTHS)
def test_a_truth_that_is_none_is_refused_in_one_sentence(there: str, instead: str, sentence: str) -> None:
    assert there in TRUTH
    with pytest.raises(ScoringError) as caught:
        score(frame(TRUTH.replace(there, instead, 1)), said(1))
    assert str(caught.value) == sentence


def test_an_unfinished_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    with pytest.raises(ScoringError, match=r"holds no manifest\.json, so that it is no finished dataset"):
        score(tmp_path, said(1))


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for content in ("", "[]", "nonsense"):
        path.write_text(content)
        with pytest.raises(
            ScoringError, match="is no manifest; expected what tradegen generate --manifest writes"
        ):
            scored(said(1), manifest=path)
    with pytest.raises(ScoringError, match="cannot be read: No such file"):
        scored(said(1), manifest=tmp_path / "other.json")
    path.write_text(json.dumps(MANIFEST))
    assert scored(said(1), manifest=path) == scored(said(1))


def test_a_pipe_is_refused_since_it_can_be_read_only_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.csv")
    with pytest.raises(ScoringError, match=r"f\.csv is not a regular file; expected one"):
        scored(tmp_path / "f.csv")


def test_a_path_that_is_too_long_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match=r"x\.csv cannot be read: File name too long$"):
        scored(tmp_path / f"{'x' * 300}.csv")
    with pytest.raises(ScoringError, match=r"x\.csv cannot be read: File name too long$"):
        score(tmp_path / f"{'x' * 300}.csv", said(1))


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scored(said(1))
    with pytest.raises(ScoringError):
        scored(said((1, "prise")))
    assert list(tmp_path.iterdir()) == []


def test_importing_tradegen_loads_no_duckdb() -> None:
    import subprocess

    code = "import sys, tradegen; tradegen.pool; tradegen.score; assert 'duckdb' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"score", "Score", "pool", "ScoringError"} <= set(tradegen.__all__)
