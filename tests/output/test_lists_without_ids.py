"""Lists that share no id: what they hold, and that only the links say which trade a record is of."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shell import run
from written import written_lists

from tradegen import OutputError, ScenarioError, blocks, generate, prepare
from tradegen.formats.sorting import MOST_SORTED
from tradegen.output.dataset import write_dataset
from tradegen.output.single_files import Destinations

BLOCK = 65_536
ASKED: dict[str, Any] = {
    "view": "two_system",
    "pairs": 800,
    "mismatch_rate": 0.4,
    "seed": 5,
    "date": "2025-07-21",
    "mechanisms": {
        **dict.fromkeys(("quantity.nudge", "broker_id.other", "order_type.flip"), 1),
        **dict.fromkeys(("record.missing", "record.duplicate", "record.split"), 1),
    },
}
VIEWS = [("two_system", ("ours", "theirs")), ("counterparty", ("buy", "sell"))]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(("view", "names"), VIEWS)
def test_lists_and_links_together_are_what_lists_with_ids_are(view: str, names: tuple[str, str]) -> None:
    shared, truth = written_lists(**ASKED | {"view": view})
    apart, same_truth = written_lists(**ASKED | {"view": view}, shared_id=False)
    assert same_truth == truth
    owner = {row["record_id"]: (row["trade_id"], row["leg"]) for row in rows(apart["links"])}
    assert len(owner) == len(rows(apart["links"])) == sum(len(rows(shared[name])) for name in names)
    legs = ("OURS", "THEIRS") if view == "two_system" else ("BUY", "SELL")
    for name, leg in zip(names, legs, strict=True):
        found = rows(apart[name])
        assert "trade_id" not in found[0]
        assert next(iter(found[0])) == "record_id"
        assert {owner[row["record_id"]][1] for row in found} == {leg}
        joined = [{"trade_id": owner[row["record_id"]][0], **row} for row in found]
        assert joined == sorted(rows(shared[name]), key=lambda row: row["record_id"])


def test_links_stand_in_the_order_of_trades_and_legs() -> None:
    found = rows(written_lists(**ASKED, shared_id=False)[0]["links"])
    keys = [(row["trade_id"], row["leg"]) for row in found]
    assert keys == sorted(keys)


def test_neither_the_order_of_rows_nor_a_record_id_says_which_records_belong_together() -> None:
    # Two blocks, so that rows of one block would show if they stood together. False alarms: for the two
    # correlations, 6 standard deviations, 2e-9 each; for each of 64 bits as well, 1.3e-7 in all.
    pairs = BLOCK + 5_000
    batch = generate(view="two_system", shared_id=False, pairs=pairs, mismatch_rate=0, seed=3)
    linked = batch.links.pivot_table(
        index="trade_id", columns="leg", values="record_id", aggfunc="first", observed=True
    )
    places = {
        leg: pd.Series(np.arange(pairs), batch.lists[name]["record_id"]).loc[linked[leg]].to_numpy()
        for name, leg in (("ours", "OURS"), ("theirs", "THEIRS"))
    }
    assert abs(np.corrcoef(places["OURS"], places["THEIRS"])[0, 1]) < 6 / pairs**0.5
    # Nor where in the run the trade is.
    assert abs(np.corrcoef(places["OURS"], np.arange(pairs))[0, 1]) < 6 / pairs**0.5
    ids = {leg: np.array([int(text, 16) for text in linked[leg]], np.uint64) for leg in ("OURS", "THEIRS")}
    differ = ids["OURS"] ^ ids["THEIRS"]
    ones = np.array([np.count_nonzero(differ >> np.uint64(bit) & np.uint64(1)) for bit in range(64)])
    assert np.abs(ones / pairs - 0.5).max() < 6 * 0.5 / pairs**0.5


def test_frames_arrow_and_streams_hold_what_files_hold() -> None:
    asked = {**ASKED, "pairs": 100, "shared_id": False, "theirs": {"columns": {"record_id": "TheirRef"}}}
    texts, _ = written_lists(**asked)
    batch = generate(**asked)
    for name, key in (("ours", "record_id"), ("theirs", "TheirRef")):
        ids = [row[key] for row in rows(texts[name])]
        assert ids == sorted(ids)
        assert batch.lists[name][key].tolist() == ids
        assert batch.to_arrow()[name][key].to_pylist() == ids
        assert blocks(**asked, table=name).read_all()[key].to_pylist() == ids
    assert batch.links.astype(str).to_dict("records") == rows(texts["links"])
    assert batch.to_arrow()["links"].to_pylist() == rows(texts["links"])
    # What an analyst looks at keeps its ids.
    assert set(batch.trades["trade_id"]) == set(batch.links["trade_id"])
    with pytest.raises(ScenarioError, match="links are of lists without trade_id alone"):
        _ = generate().links


def test_the_links_stand_beside_the_truth_and_a_replay_writes_them_again(tmp_path: Path) -> None:
    words = ["--view", "two_system", "--set", "shared_id=false", "--seed", "1", "--first-id", "21"]
    names = ["--out", "t.csv", "--truth", "key.csv.gz", "--manifest", "m.json"]
    done = run("generate", *words, *names, cwd=tmp_path)
    assert done.code == 0, done.err
    written = {"t.ours.csv", "t.theirs.csv", "key.csv.gz", "key.links.csv.gz", "m.json"}
    assert {path.name for path in tmp_path.iterdir()} == written
    replay = json.loads((tmp_path / "m.json").read_text())["replay"]
    generate(**replay).write(tmp_path / "r.csv", truth=tmp_path / "again.csv.gz")
    for one, other in (("t.ours.csv", "r.ours.csv"), ("key.links.csv.gz", "again.links.csv.gz")):
        assert (tmp_path / one).read_bytes() == (tmp_path / other).read_bytes()


def test_a_manifest_says_nothing_of_ids_that_are_shared() -> None:
    assert "shared_id" not in generate(seed=1).manifest["replay"]["scenario"]


@pytest.mark.parametrize("truth", ["/dev/stdout", "/dev/null"])
def test_links_need_a_file_to_stand_beside(tmp_path: Path, truth: str) -> None:
    with pytest.raises(OutputError, match=f"and {truth} has no place beside it; expected --truth PATH"):
        Destinations(tmp_path / "t.csv", Path(truth), lists=("ours", "theirs"), linked=True)


def test_links_overwrite_no_other_output(tmp_path: Path) -> None:
    (tmp_path / "key.links.csv").touch()
    with pytest.raises(OutputError, match=r"key\.links\.csv is named for two outputs"):
        Destinations(
            tmp_path / "t.csv", tmp_path / "key.csv", tmp_path / "key.links.csv",
            lists=("ours", "theirs"), linked=True,
        )  # fmt: skip


@pytest.mark.slow
def test_a_dataset_has_the_links_of_each_part_whatever_the_workers(tmp_path: Path) -> None:
    run_of = prepare(**ASKED | {"pairs": 2 * BLOCK, "mismatch_rate": 0.01}, shared_id=False)
    for workers in (1, 2):
        write_dataset(run_of, tmp_path / str(workers), form="csv", workers=workers, blocks_per_part=1)
    for name in ("links/part-00000.csv", "links/part-00001.csv", "theirs/part-00001.csv"):
        content = (tmp_path / "1" / name).read_bytes()
        assert content == (tmp_path / "2" / name).read_bytes()
    ids = [row["record_id"] for row in rows(content.decode())]
    assert ids == sorted(ids)


def test_fix_and_files_that_memory_does_not_hold_are_refused(tmp_path: Path) -> None:
    batch = generate(**ASKED | {"pairs": 2}, shared_id=False)
    with pytest.raises(
        OutputError, match="shared_id is false, and a message of FIX has a tag for the trade's"
    ):
        batch.write(tmp_path / "t.fix")
    assert not list(tmp_path.iterdir())
    with pytest.raises(
        ScenarioError, match="shared_id is false, and the file has 10,000,001 pairs; expected"
    ):
        blocks(view="two_system", shared_id=False, pairs=MOST_SORTED + 1)
