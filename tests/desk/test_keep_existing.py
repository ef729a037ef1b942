"""Two lists that differ already: this is kept, and told in the truth; the rest of theirs is broken."""

from __future__ import annotations

import csv
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from shell import run

from tradegen import inject, score
from tradegen.errors import ListError
from tradegen.scoring import Outcome

ROWS = 400
OURS_HEADER = ["Ref", "Qty", "Px", "Day", "Side", "Note"]
THEIRS_HEADER = ["side", "ref", "shares", "price", "on", "broker"]
COLUMNS: dict[str, Any] = {
    "ours": {
        "id": ["Ref"],
        "file": {"separator": ";", "line_end": "\r\n", "decimal": ","},
        "columns": [
            {"name": "Ref", "kind": "reference", "role": "trade_id"},
            {"name": "Qty", "kind": "integer", "role": "quantity"},
            {"name": "Px", "kind": "decimal", "places": 2, "role": "price"},
            {"name": "Day", "kind": "date", "format": "%d.%m.%Y", "role": "date"},
            {"name": "Side", "kind": "code", "role": "order_type"},
            {"name": "Note", "kind": "text"},
        ],
    },
    "theirs": {
        "id": ["ref"],
        "file": {"encoding": "latin-1"},
        "columns": [
            {"name": "side", "kind": "code", "role": "order_type"},
            {"name": "ref", "kind": "reference", "role": "trade_id"},
            {"name": "shares", "kind": "integer", "role": "quantity"},
            {"name": "price", "kind": "decimal", "places": 3, "role": "price"},
            {"name": "on", "kind": "date", "format": "%Y/%m/%d", "role": "date"},
            {"name": "broker", "kind": "code"},
        ],
    },
}
SCENARIO = {
    "mismatch_rate": 0.1,
    "keep_in_range": True,
    "mechanisms": {
        "quantity.nudge": 1, "price.nudge": 1, "date.next_session": 1, "trade_id.mistyped": 1,
        "record.missing": 1, "record.duplicate": 1,
    },
}  # fmt: skip


def trade(number: int) -> dict[str, Any]:
    return {
        "id": f"T{number:03}", "quantity": 100 * (number % 40 + 1), "price": Decimal(1000 + number) / 100,
        "day": number % 25 + 1, "side": "BS"[number % 2],
    }  # fmt: skip


def existing_breaks(theirs: dict[str, dict[str, Any]]) -> None:
    """What differs already; the truth about it is written out in `EXISTING`."""
    theirs["T010"]["quantity"] = 1101
    theirs["T020"]["price"] += Decimal("0.005")
    theirs["T020"]["side"] = "S"
    theirs["T030"]["day"] = 9
    theirs["T040"]["quantity"] = None
    del theirs["T050"]
    theirs["T900"] = trade(7) | {"id": "T900"}


EXISTING = {
    ("T010", "shares"): ("1100", "1101", "1", "11110.00"),
    ("T020", "price"): ("10,20", "10.205", "0.005", "21420.00"),
    ("T020", "side"): ("B", "S", "", "21420.00"),
    ("T030", "on"): ("06.07.2025", "2025/07/09", "3", "31930.00"),
    ("T040", "shares"): ("100", "", "", "1040.00"),
    ("T050", "record"): ("1", "0", "-1", "11550.00"),
    ("T900", "record"): ("0", "1", "1", "8056.000"),
}


def write(folder: Path, *, shuffled: int | None = None, clean: bool = False) -> tuple[Path, Path]:
    """Both lists, in forms that have nothing in common."""
    ours = {one["id"]: one for one in map(trade, range(ROWS))}
    theirs = {one["id"]: dict(one) for one in map(trade, range(ROWS))}
    if not clean:
        existing_breaks(theirs)
    orders = [list(ours.values()), list(theirs.values())]
    for order in orders if shuffled is not None else ():
        random.Random(shuffled).shuffle(order)
    lines = [
        f"{one['id']};{one['quantity']};{one['price']:.2f};{one['day']:02}.07.2025;{one['side']};x".replace(
            ".", ","
        ).replace(",07,", ".07.")
        for one in orders[0]
    ]
    folder.mkdir(exist_ok=True)
    (folder / "ours.csv").write_bytes("\r\n".join([";".join(OURS_HEADER), *lines, ""]).encode())
    lines = [
        f" {one['side']},{one['id']},{'' if one['quantity'] is None else one['quantity']},{one['price']:.3f},"
        f'2025/07/{one["day"]:02},"Müller"'
        for one in orders[1]
    ]
    (folder / "theirs.csv").write_bytes("\n".join([",".join(THEIRS_HEADER), *lines, ""]).encode("latin-1"))
    return folder / "ours.csv", folder / "theirs.csv"


def broken(folder: Path, **more: Any) -> tuple[list[dict[str, str]], list[dict[str, str]], dict[str, Any]]:
    """What is made of two lists that differ: the truth and their list, by Python's csv, and the manifest."""
    made = inject(
        *write(folder, shuffled=more.pop("shuffled", None)),
        columns=COLUMNS,
        scenario=more.pop("scenario", SCENARIO),
        seed=more.pop("seed", 7),
        keep_existing=True,
        **more,
    )
    made.write(folder / "broken.csv", folder / "truth.csv", folder / "m.json")
    with (folder / "truth.csv").open(newline="") as text:
        truth = list(csv.DictReader(text))
    with (folder / "broken.csv").open(encoding="latin-1", newline="") as text:
        rows = list(csv.DictReader(text))
    return truth, rows, json.loads((folder / "m.json").read_text("utf-8"))


def test_the_truth_has_a_row_for_each_difference_that_there_was(tmp_path: Path) -> None:
    truth, _, manifest = broken(tmp_path)
    existing = {
        (row["trade_id"], row["field"]): (row["original"], row["altered"], row["delta"], row["notional"])
        for row in truth
        if row["mechanism"] == "existing"
    }
    assert existing == EXISTING
    assert {(row["leg"], row["benign"], row["cause"]) for row in truth} == {("THEIRS", "false", "")}
    assert manifest["counts"]["existing"] == {
        "trades": 6, "benign_trades": 0, "ours_alone": 1, "theirs_alone": 1,
        "by_field": {"side": 1, "shares": 2, "price": 1, "on": 1, "record": 2},
    }  # fmt: skip


@pytest.mark.slow
def test_trades_that_differ_are_not_altered_and_the_rate_is_of_the_others(tmp_path: Path) -> None:
    truth, rows, manifest = broken(tmp_path)
    kept = {trade_id for trade_id, _ in EXISTING}
    injected = {row["trade_id"] for row in truth if row["mechanism"] != "existing"}
    assert not kept & injected
    # 395 trades agree, and a tenth of them is 39 or 40.
    assert manifest["counts"]["eligible_rows"] == 395
    assert len(injected) == manifest["counts"]["mismatched_rows"]
    assert len(injected) in (39, 40)
    before = (tmp_path / "theirs.csv").read_text("latin-1").splitlines()
    after = (tmp_path / "broken.csv").read_text("latin-1").splitlines()
    for line in before:
        if line.split(",")[1] in kept:
            assert after.count(line) == 1
    assert len(rows) == len(after) - 1


@pytest.mark.slow
def test_every_difference_is_in_the_truth_by_a_reader_of_our_own(tmp_path: Path) -> None:
    """Ours and the broken list, read by pandas: the trades that differ are those of the truth."""
    truth, _, _ = broken(tmp_path)
    ours = pd.read_csv(tmp_path / "ours.csv", sep=";", decimal=",", index_col="Ref")
    theirs = pd.read_csv(tmp_path / "broken.csv", encoding="latin-1")
    counts = theirs["ref"].value_counts()
    own = theirs.drop_duplicates("ref").set_index("ref")
    own.columns = [name.strip() for name in own.columns]
    both = ours.join(own, how="inner")
    differ = (
        (both.Qty != both.shares)
        | ((both.Px - both.price).abs() > 1e-9)
        | (pd.to_datetime(both.Day, format="%d.%m.%Y") != pd.to_datetime(both.on, format="%Y/%m/%d"))
        | (both.Side != both.side.str.strip())
    )
    found = set(both.index[differ]) | set(counts.index[counts > 1])
    found |= set(ours.index) - set(own.index)
    new = set(own.index) - set(ours.index)
    mistyped = {row["altered"] for row in truth if row["mechanism"] == "trade_id.mistyped"}
    assert new == mistyped | {"T900"}
    assert found | {"T900"} == {row["trade_id"] for row in truth}


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_the_order_of_rows_changes_nothing_and_a_higher_rate_keeps_what_there_is(
    rate: float, tmp_path: Path
) -> None:
    truth, rows, _ = broken(tmp_path / "a", mismatch_rate=rate)
    other, others, _ = broken(tmp_path / "b", mismatch_rate=rate, shuffled=3)
    assert truth == other
    assert sorted(map(str, rows)) == sorted(map(str, others))
    more, _, _ = broken(tmp_path / "c", mismatch_rate=0.4)
    assert {tuple(row.values()) for row in truth} <= {tuple(row.values()) for row in more}


def test_trades_that_agreed_get_the_mismatches_that_they_would_get_without_the_others(tmp_path: Path) -> None:
    """What differs says nothing of where clean values lie: 1101 is no round lot, and 10.205 no whole cent."""
    truth, _, _ = broken(tmp_path, seed=3)
    lots = [int(row["altered"]) for row in truth if row["mechanism"] == "quantity.nudge"]
    assert lots
    assert all(lot % 100 == 0 for lot in lots)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [{"price": {"absolute": 0.01}}, {"price": {"bps": 5}}])
def test_differences_within_a_tolerance_are_benign(limit: Any, tmp_path: Path) -> None:
    """0.005 of 10.20 is 4.9 basis points."""
    tolerances = limit | {"quantity": 1, "date": 2}
    truth, _, manifest = broken(tmp_path, scenario=SCENARIO | {"tolerances": tolerances})
    benign = {(row["trade_id"], row["field"]) for row in truth if row["benign"] == "true"}
    assert benign == {("T010", "shares"), ("T020", "price")}
    assert manifest["counts"]["existing"]["benign_trades"] == 1
    done = run(
        "verify", "ours.csv", "theirs.csv", "broken.csv", "truth.csv", "m.json", cwd=tmp_path
    )  # fmt: skip
    assert done.code == 0, done.out


@pytest.mark.slow
def test_a_score_has_a_row_of_its_own_for_them(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path)
    made = inject(ours, theirs, columns=COLUMNS, scenario=SCENARIO, seed=7, keep_existing=True)
    found = pd.DataFrame(
        {"trade_id": ["T010", "T020", "T050", "T001"], "field": ["shares", "side", "Ref", "on"]}
    )
    found.loc[2, "field"] = "record"
    for trades in (None, made.lists):
        counted = score(made.truth, found, manifest=made.manifest, trades=trades)
        assert counted.by["mechanism"]["existing"].expected == len(EXISTING)
        assert counted.by["mechanism"]["existing"].found == 3
        # Of 401 trades. One of them is on their side alone.
        broken_ones = made.truth.trade_id.nunique()
        assert counted.pairs.expected == broken_ones
        assert counted.pairs.quiet == 401 - broken_ones
        assert counted.by["field"]["record"] == Outcome(
            expected=(made.truth.field == "record").sum(), found=1
        )
    assert score(made.truth, found).by["mechanism"]["existing"].found == 3


@pytest.mark.slow
def test_in_python_the_mask_shows_them_and_the_manifest_does_it_again(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path)
    made = inject(
        ours, theirs, columns=COLUMNS, scenario=SCENARIO, seed=7, keep_existing=True, mismatch_rate=0
    )
    assert list(made.lists["ours"].columns) == OURS_HEADER
    mask = made.mask().set_index(made.theirs["ref"])
    shown = {(ref, name) for ref, row in mask.iterrows() for name in row.index[row]}
    alone = {("T900", name) for name in THEIRS_HEADER}
    assert shown == {one for one in EXISTING if one[1] != "record"} | alone
    again = inject(ours, theirs, **made.manifest["inject"])
    pd.testing.assert_frame_equal(again.truth, made.truth)


def test_frames_are_taken_and_ids_that_stand_twice_are_left() -> None:
    ours = pd.DataFrame({"ref": ["A", "A", "B", "C", "D"], "Qty": [1, 2, 300, 400, 500]})
    theirs = pd.DataFrame({"ref": ["A", "B", "C", "C", "D"], "shares": [7, 301, 400, 400, 500]})
    columns = {
        "ours": {"id": ["ref"], "duplicate_ids": "leave", "file": {"form": "parquet"}, "columns": [
            {"name": "ref", "kind": "reference", "role": "trade_id"},
            {"name": "Qty", "kind": "integer", "role": "quantity"}]},
        "theirs": {"id": ["ref"], "duplicate_ids": "leave", "file": {"form": "parquet"}, "columns": [
            {"name": "ref", "kind": "reference", "role": "trade_id"},
            {"name": "shares", "kind": "integer", "role": "quantity"}]},
    }  # fmt: skip
    made = inject(
        ours, theirs, columns=columns, seed=1, keep_existing=True, mismatch_rate=1,
        mechanisms={"record.missing": 1},
    )  # fmt: skip
    told = list(zip(made.truth.trade_id, made.truth.mechanism, strict=True))
    assert told == [("B", "existing"), ("D", "record.missing")]
    assert made.theirs.ref.tolist() == ["A", "B", "C", "C"]


@pytest.mark.slow
@pytest.mark.parametrize("ours", ["csv", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("theirs", ["csv.gz", "jsonl", "parquet"])
def test_lists_of_every_form_are_compared_and_proved(ours: str, theirs: str, tmp_path: Path) -> None:
    mine = pd.DataFrame({
        "Ref": [f"T{n}" for n in range(60)], "Qty": [100 * n for n in range(1, 61)],
        "Px": [n + 0.25 for n in range(60)], "At": pd.date_range("2025-07-21 10:00:00", periods=60, freq="s"),
    })  # fmt: skip
    other = mine.rename(columns={"Ref": "ref", "Qty": "qty", "Px": "px"}).iloc[::-1]
    other.loc[3, "qty"], other.loc[4, "px"] = 7, 4.75
    other.loc[5, "At"] += pd.Timedelta(seconds=90)
    other = other.drop(6)
    texts = {"date_format": "%Y-%m-%d %H:%M:%S"}
    for frame, form, name in ((mine, ours, "ours"), (other, theirs, "theirs")):
        path = tmp_path / f"{name}.{form}"
        if form == "parquet":
            frame.to_parquet(path, index=False)
        elif form.startswith("jsonl"):
            frame.assign(**{frame.columns[3]: frame.iloc[:, 3].astype(str)}).to_json(
                path, orient="records", lines=True
            )
        else:
            frame.to_csv(path, index=False, **texts)
    names = [f"ours.{ours}", f"theirs.{theirs}", f"broken.{theirs}", "k.parquet", "m.json"]
    done = run(
        "inject", *names[:2], "--keep-existing", "--mismatch-rate", "0.2", "--seed", "1", "--out", names[2],
        "--truth", names[3], "--manifest", names[4], cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    truth = pd.read_parquet(tmp_path / "k.parquet")
    existing = truth[truth.mechanism == "existing"]
    told = [(row.trade_id, row.field, float(row.delta)) for row in existing.itertuples()]
    assert told == [("T3", "qty", -393), ("T4", "px", 0.5), ("T5", "At", 90), ("T6", "record", -1)]
    done = run("verify", *names, cwd=tmp_path)
    assert done.code == 0, done.out


def test_lists_that_agree_are_broken_as_they_would_be_without_the_option(tmp_path: Path) -> None:
    lists = write(tmp_path, clean=True)
    plain = inject(*lists, columns=COLUMNS, scenario=SCENARIO, seed=7)
    kept = inject(*lists, columns=COLUMNS, scenario=SCENARIO, seed=7, keep_existing=True)
    pd.testing.assert_frame_equal(plain.truth, kept.truth)
    assert kept.manifest["counts"]["existing"]["trades"] == 0


def test_one_list_has_nothing_to_keep(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path)
    with pytest.raises(ListError, match="keep_existing is given with one list; expected two"):
        inject(ours, columns=COLUMNS["ours"], keep_existing=True)
    with pytest.raises(ListError, match="or say keep_existing, which leaves them as they are"):
        inject(ours, theirs, columns=COLUMNS)


def test_the_commands_break_prove_score_show_and_fit_them(tmp_path: Path) -> None:
    """The lists write plain numbers and dates, so that `fit` can read the truth as a file of breaks."""
    rows = [f"T{n},{100 * n},{10 + n}.00,2025-07-{n % 28 + 1:02}" for n in range(1, 101)]
    others = [row.replace("T5,500,", "T5,600,").replace("T6,", "T600,") for row in rows]
    for name, lines in (("ours", rows), ("theirs", others)):
        (tmp_path / f"{name}.csv").write_text("\n".join(["trade_id,quantity,price,date", *lines, ""]))
    done = run(
        "inject", "ours.csv", "theirs.csv", "--keep-existing", "--mismatch-rate", "10%", "--mechanism",
        "quantity.lot_scale=1", "--seed", "7", "--out", "broken.csv", "--truth", "k.csv", "--manifest",
        "m.json", cwd=tmp_path,
    )  # fmt: skip
    assert (done.code, done.out) == (0, "")
    told = done.err.splitlines()
    assert told[0].startswith("tradegen: 100 trades, 10 mismatched (quantity 10)")
    assert told[1] == (
        "tradegen: 3 trades differed already (quantity 1, record 2), and were kept; the truth calls them "
        "existing, and the rate is of the others"
    )
    assert run("verify", "ours.csv", "theirs.csv", "broken.csv", "k.csv", "m.json", cwd=tmp_path).code == 0
    (tmp_path / "f.csv").write_text("trade_id,field\nT5,quantity\nT6,record\n")
    lists = ["--trades", "ours.csv", "--trades", "broken.csv"]
    done = run(
        "score", "--truth", "k.csv", "--findings", "f.csv", "--manifest", "m.json", *lists, cwd=tmp_path
    )
    assert "  existing " in done.out, done.err
    shown = ["show", "ours.csv", "broken.csv", "k.csv", "T5", "T6", "T600", "--manifest", "m.json"]
    done = run(*shown, cwd=tmp_path)
    assert "existing on THEIRS: 500 -> 600, +100 shares" in done.out
    assert "T6\n  existing on THEIRS: no record, where the other side has one" in done.out
    assert "T600\n  existing on THEIRS: a record, where the other side has none" in done.out
    given = ["--map", "ours=original", "--map", "theirs=altered", "--trades", "101"]
    done = run("fit", "--breaks", "k.csv", *given, "--format", "json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert json.loads(done.out)


def test_the_summary_says_that_nothing_differed_already(tmp_path: Path) -> None:
    rows = [f"T{n},{100 * n},{10 + n}.00,2025-07-{n % 28 + 1:02}" for n in range(1, 51)]
    (tmp_path / "ours.csv").write_text("\n".join(["trade_id,quantity,price,date", *rows, ""]))
    given = ["--keep-existing", "--seed", "7", "--out", "broken.csv"]
    done = run("inject", "ours.csv", "ours.csv", *given, cwd=tmp_path)
    assert done.code == 0
    assert "tradegen: no trade differed already" in done.err.splitlines()
