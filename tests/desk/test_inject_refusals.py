"""What inject refuses: a sentence each, and nothing is written."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from desk_lists import COLUMNS, desk_rows, write_rows
from shell import Done
from shell import run as shell

from tradegen import inject
from tradegen.errors import ListError, OutputError, ScenarioError, TradegenError

ROWS = desk_rows(40)


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "trades.csv", ROWS)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mechanisms": {"price.stale": 1}}, "mechanisms has 'price.stale', which price of this list cannot"),
        ({"mechanisms": {"Acct.nudge": 1}}, "expected one of Acct.other, Acct.case, Acct.padded"),
        ({"mechanisms": {"broker_id.other": 1}}, "the list has no column of that name or role; it has "),
        ({"settings": {"Px.nudge": {"max": 0.1}}}, "settings has 'Px.nudge', and the list has no column"),
        ({"settings": {"price.nudge": {"max": 2.0}}}, "max is 2.0; expected a share above 0 and at most 1"),
        ({"scenario": "everything"}, "mechanisms has 'price.stale', which price of this list cannot have"),
        ({"scenario": "fat_fingers"}, "did you mean fat_finger?"),
        ({"quantity_max": 5}, "quantity_max is 5, which says what trades to generate"),
        ({"mismatch_rates": 0.1}, "'mismatch_rates' is not a scenario field; did you mean mismatch_rate?"),
        ({"scenario": {"mismatch": 1}}, "'mismatch' is not a scenario field"),
        ({"mismatch_rate": 1.4}, "mismatch_rate is 1.4; expected a share from 0 to 1"),
        ({"mechanisms": {}}, "mechanisms has no weight above 0 although mismatch_rate is"),
        ({"mismatch_rate": 0.8, "benign_rate": 0.4}, "expected them to add up to at most 1"),
        ({"benign_rate": 0.1}, "benign_rate is 0.1 although no column with a mechanism has a tolerance"),
        ({"fields_per_pair": [0.5]}, "which adds up to 0.5"),
        ({"seed": -1}, "seed is -1; expected a whole number from 0"),
        ({"columns": COLUMNS | {"id": []}}, "id names no column"),
        ({"columns": {"ours": COLUMNS, "theirs": COLUMNS}}, "columns describes two lists, and one is given"),
    ],
)  # fmt: skip
def test_what_a_list_cannot_have_is_refused_by_a_sentence_that_names_it(
    given: dict[str, Any], told: str, trades: Path
) -> None:
    with pytest.raises((ScenarioError, ListError)) as refused:
        inject(trades, **{"columns": COLUMNS, "seed": 1, **given})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_of_a_wide_list_a_message_names_a_few_mechanisms() -> None:
    wide = pd.DataFrame({"Ref": ["T1", "T2"]} | {f"c{at}": [at, at + 1] for at in range(199)})
    with pytest.raises(ScenarioError, match=r"c3\.digit_swap.* and \d+ more$") as refused:
        inject(wide, seed=1)
    assert len(str(refused.value)) < 1_000


def test_hot_spots_of_a_scenario_are_left_out_where_that_is_asked(trades: Path) -> None:
    spots = {"hot_spots": [{"name": "open", "rate": 0.9, "where": {"hours": "09:30-10:00"}}]}
    weights = {"mismatch_rate": 0.5, "mechanisms": {"trade_timestamp.delay": 1}}
    made = inject(trades, columns=COLUMNS, seed=1, scenario=weights | spots, hot_spots=[])
    same = inject(trades, columns=COLUMNS, seed=1, scenario=weights)
    pd.testing.assert_frame_equal(made.truth, same.truth)


def spots(where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"hot_spots": [{"name": "one", "where": where, "rate": 0.5, **more}]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (spots({"Acount": "ACC001"}), "hot spot one: where.Acount is no column of the list, nor a"),
        (spots({"broker_id": "B1"}), "where.broker_id is no column of the list, nor a role of one"),
        (spots({"ticker": "MSTF"}), "where.ticker has 'MSTF', which no trade of the list has; did you"),
        (spots({"Acct": ["ACC001", "ACC999"]}), "where.Acct has 'ACC999', which no trade of the list has"),
        (spots({"Acct": "BKR004"}), "no trade of the list has; fit calls brokers so; with --for-inject"),
        (spots({"Acct": 7}), "where.Acct is 7; expected a name, or a list of names"),
        (spots({"Acct": []}), "where.Acct is []; expected a name, or a list of names"),
        (spots({"Qty": "many"}), "where.Qty is 'many', and the column is of kind integer; expected a number"),
        (spots({"Qty": True}), "where.Qty is True, and the column is of kind integer"),
        (spots({"Qty": {"least": 1}}), "where.Qty is {'least': 1}, and the column is of kind integer"),
        (spots({"Qty": {"min": 9, "max": 3}}), "where.Qty has min 9 above max 3; expected it at or below"),
        (spots({"price": 1.005}), "where.price has 1.005, and the column has 2 decimals"),
        (spots({"date": "21.07.2025"}), "of kind date; expected a day such as"),
        (spots({"date": "2025-07-21 10:00"}), "of kind date; expected a day such as"),
        (spots({"Exec Time": {"min": "10:00"}}), "of kind timestamp; expected a moment such as"),
        (spots({"hours": "10-11"}), "where.hours is '10-11'; expected a stretch of the day"),
        (spots({}), "where.ticker or another condition is missing"),
        (spots({"ticker": "IBM"}, leg="OURS"), "leg is OURS, and in a list of your own, theirs alone is"),
        (spots({"ticker": "IBM"}, mechanisms={"price.stale": 1}), "hot spot one: mechanisms has 'price"),
        (spots({"ticker": "IBM"}, mechanisms={"price.nudge": 0}), "no weight above 0 although its rate is"),
        (spots({"ticker": "IBM"}, factor=2), "rate and factor are given together; expected one of"),
        (spots({"ticker": "IBM"}, rate=None, factor=9), "factor 9 of mismatch_rate 0.3 is 2.7, more than"),
        (spots({"ticker": "IBM"}, rate=None, share=0.99), "as many pairs would be mismatched as there are"),
        (spots({"ticker": "IBM"}) | {"rate_is": "overall", "mismatch_rate": 0.1}, "come to "),
        ({"hot_spots": 2 * spots({"ticker": "IBM"})["hot_spots"]}, "hot_spots has two with the name one"),
        ({"hot_spots": "IBM"}, "hot_spots is 'IBM'; expected a list of hot spots"),
    ],
)  # fmt: skip
def test_hot_spots_that_a_list_cannot_have_are_refused(
    given: dict[str, Any], told: str, trades: Path
) -> None:
    with pytest.raises(ScenarioError) as refused:
        inject(trades, columns=COLUMNS, seed=1, **given)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_hours_and_notionals_need_the_roles_that_have_them(trades: Path) -> None:
    for where, role in (({"hours": "09:30-10:00"}, "trade_timestamp"), ({"min_notional": 5}, "price")):
        named = next(one["name"] for one in COLUMNS["columns"] if one.get("role") == role)
        columns = [{**one, "role": None} if one["name"] == named else one for one in COLUMNS["columns"]]
        with pytest.raises(ScenarioError, match=f"no column of the list has the role {role}"):
            inject(trades, columns=COLUMNS | {"columns": columns}, seed=1, **spots(where))


def changed(**of: dict[str, Any]) -> dict[str, Any]:
    columns = [{**one, **of.get(one["name"], {})} for one in COLUMNS["columns"]]
    return COLUMNS | {"columns": columns}


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (changed(Px={"places": 1}), "in column 'Px', row 1, which is no decimal as described"),
        (changed(Acct={"role": "price"}), "is of kind code, and has the role price"),
        (changed(Lots={"role": "quantity"}), "have the same role quantity"),
        (changed(Lots={"name": "price"}), "columns 'Px' and 'price' are both called price"),
        (changed(Ticker={"kind": "integer"}), "is no integer as described"),
    ],
)
def test_a_list_that_is_not_as_described_is_refused(columns: dict[str, Any], told: str, trades: Path) -> None:
    with pytest.raises(ListError) as refused:
        inject(trades, columns=columns, seed=1, mechanisms={"price.nudge": 1, "ticker.blank": 1})
    assert told in str(refused.value)


def test_ids_that_stand_twice_or_are_blank_are_refused_with_examples(tmp_path: Path) -> None:
    twice = write_rows(tmp_path / "twice.csv", [*ROWS, ROWS[3], ROWS[3]])
    with pytest.raises(ListError, match="'T00003' in rows 4 and 42"):
        inject(twice, columns=COLUMNS, seed=1)
    blank = write_rows(tmp_path / "blank.csv", [*ROWS[:5], [" ", *ROWS[5][1:]], *ROWS[6:]])
    with pytest.raises(ListError, match="has no 'TradeRef' in row 6"):
        inject(blank, columns=COLUMNS, seed=1)


def test_a_list_without_the_roles_of_the_default_scenario_is_told_what_it_has() -> None:
    frame = pd.DataFrame({"id": ["T1", "T2"], "colour": ["red", "green"]})
    columns = {
        "id": ["id"],
        "file": {"form": "parquet"},
        "columns": [{"name": "id", "kind": "code"}, {"name": "colour", "kind": "code"}],
    }
    with pytest.raises(ScenarioError, match="expected roles such as quantity"):
        inject(frame, columns=columns)
    made = inject(frame, columns=columns, seed=1, mismatch_rate=1, mechanisms={"colour.other": 1})
    assert dict(zip(made.truth.original, made.truth.altered, strict=True)) == {"red": "green", "green": "red"}


def test_a_frame_is_not_written_and_a_file_is_not_written_over(trades: Path, tmp_path: Path) -> None:
    made = inject(trades, columns=COLUMNS, seed=1)
    (tmp_path / "link.csv").symlink_to(trades)
    (tmp_path / "hard.csv").hardlink_to(trades)
    for name in ("trades.csv", "link.csv", "hard.csv"):
        with pytest.raises(OutputError, match="expected another path"):
            made.write(tmp_path / name)
    with pytest.raises(OutputError, match="named for two outputs"):
        made.write(tmp_path / "one.csv", tmp_path / "one.csv")
    with pytest.raises(OutputError, match="has the suffix"):
        made.write(tmp_path / "theirs.csv", tmp_path / "truth.txt")
    with pytest.raises(ListError, match="the list is a frame"):
        inject(pd.read_csv(trades), seed=1).write(tmp_path / "theirs.csv")
    trades.write_text(trades.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(ListError, match="has been changed since it was read"):
        made.write(tmp_path / "theirs.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hard.csv", "link.csv", "trades.csv"]


SUFFIXES = [
    ("trades.csv", "theirs.parquet", ".csv"),
    ("trades.csv", "theirs.csv.gz", ".csv"),
    ("trades.txt", "theirs.json", ".txt"),
    ("trades.csv.gz", "theirs.csv", ".csv.gz"),
    ("trades.csv.gz", "theirs.dat.zst", ".csv.gz"),
    ("trades", "theirs.ndjson", ".csv"),
]


@pytest.mark.parametrize(("ours", "theirs", "wanted"), SUFFIXES)
def test_a_suffix_of_another_form_than_the_lists_is_refused(
    ours: str, theirs: str, wanted: str, trades: Path, tmp_path: Path
) -> None:
    packed = ours.endswith(".gz")
    content = trades.read_bytes()
    (tmp_path / ours).write_bytes(gzip.compress(content) if packed else content)
    described = COLUMNS | {"file": {"compression": "gz" if packed else "none"}}
    made = inject(tmp_path / ours, columns=described, seed=1)
    with pytest.raises(OutputError, match=f"has the suffix .*; expected the suffix {wanted}$"):
        made.write(tmp_path / theirs)
    assert not (tmp_path / theirs).exists()
    # What says nothing of a form is taken, and so is the list's own suffix.
    made.write(tmp_path / "theirs.out")
    made.write(tmp_path / f"other{''.join(Path(ours).suffixes)}")


def test_where_one_file_cannot_be_written_none_is(trades: Path, tmp_path: Path) -> None:
    made = inject(trades, columns=COLUMNS, seed=1)
    (tmp_path / "theirs.csv").write_text("what was there")
    with pytest.raises(TradegenError):
        made.write(tmp_path / "theirs.csv", tmp_path / "no folder" / "truth.csv")
    assert (tmp_path / "theirs.csv").read_text() == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs.csv", "trades.csv"]


@pytest.mark.slow
def test_a_reader_of_standard_output_that_has_gone_leaves_no_truth_behind(
    trades: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tradegen", "inject", "trades.csv", "--out", "-", "--truth", "t.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        told = running.stderr.read().decode()
    assert (running.returncode, told.count("\n")) == (2, 1)
    assert "standard output was closed before its end; no file was changed" in told
    assert [path.name for path in tmp_path.iterdir()] == ["trades.csv"]


@pytest.mark.slow
def test_the_command_says_what_it_did_and_what_it_refuses(trades: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> Done:
        return shell("inject", "trades.csv", *arguments, cwd=tmp_path)

    done = run("--mismatch-rate", "50%", "--seed", "7", "--out", "theirs.csv", "--truth", "t.csv",
               "--mechanism", "Net.Amt.sign=1", "--set", "fields_per_pair=[1.0]")  # fmt: skip
    assert done.code == 0
    assert done.out == ""
    summary, guessed = done.err.splitlines()
    assert summary.startswith("tradegen: 40 trades, 20 mismatched (Net.Amt 20); to repeat it, use the same")
    assert "--seed 7" in summary
    assert "the columns were guessed" in guessed
    assert (tmp_path / "t.csv").read_text().count("\n") == 21
    (tmp_path / "bare.toml").write_text(
        'id = ["TradeRef"]\ncolumns = [\n'
        + "".join(
            f'{{ name = "{name}", kind = "{"reference" if name == "TradeRef" else "text"}" }},\n'
            for name in (one["name"] for one in COLUMNS["columns"])
        )
        + "]\n"
    )
    bare = run("--columns", "bare.toml", "--mechanism", "Acct.typo=1", "--seed", "7", "--out", "bare.csv")
    assert bare.code == 0
    assert "no column has the role quantity or price, so that trades have no notional" in bare.err
    refused = run("--mechanism", "price.stale=1", "--out", "other.csv")
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "other.csv").exists()
    assert run("--out", "trades.csv").code == 2
    piped = run("--out", "-", "--seed", "7", "--truth", "p.csv")
    assert run("--out", "file.csv", "--seed", "7", "--truth", "-").out == (tmp_path / "p.csv").read_text()
    assert piped.out == (tmp_path / "file.csv").read_text()
    twice = run("--out", "-", "--truth", "-")
    assert (twice.code, twice.out) == (2, "")
    assert "is named for two outputs" in twice.err
    assert not (tmp_path / "-").exists()
    assert run("--mechanism", "price.nudge", "--out", "other.csv").code == 2
