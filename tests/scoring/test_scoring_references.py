"""Findings about lists that share no id: records are named by their own ids, and links are right or wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tradegen import Batch, ScoringError, generate, score
from tradegen.output.dataset import write_dataset
from tradegen.scoring import Outcome
from tradegen.scoring.score_counts import Links

MISSING = {"mechanisms": {"record.missing": 1, "price.nudge": 1}}


def made(**more: Any) -> Batch:
    asked = {"view": "two_system", "shared_id": False, "pairs": 60, "mismatch_rate": 0.2, "seed": 4}
    return generate(**{**asked, "date": "2025-07-21", "fields_per_pair": [1.0], **MISSING, **more})


@pytest.fixture(scope="module")
def batch() -> Batch:
    return made()


def records(batch: Batch) -> pd.DataFrame:
    """A row a trade with both of its records: by leg, their ids."""
    return batch.links.pivot_table(
        index="trade_id", columns="leg", values="record_id", aggfunc="first", observed=True
    ).dropna()


def linked(ours: Any, theirs: Any) -> pd.DataFrame:
    return pd.DataFrame({"trade_id": list(ours), "linked_trade_id": list(theirs)})


def links_of(batch: Batch, findings: pd.DataFrame) -> Links:
    found = score(batch, findings).links
    assert found is not None
    return found


def test_every_trade_with_two_records_is_to_be_linked_and_a_link_is_no_report(batch: Batch) -> None:
    both = records(batch)
    one_sided = (batch.truth["mechanism"] == "record.missing").sum()
    assert len(both) == 60 - one_sided < 60
    found = score(batch, linked(both["OURS"], both["THEIRS"]))
    assert found.links == Links(Outcome(expected=len(both), found=len(both)))
    assert found.pairs == Outcome(12, 0, 0, 0, 48)


def test_a_link_counts_once_whichever_way_round(batch: Batch) -> None:
    both = records(batch)[:10]
    findings = pd.concat([linked(both["OURS"], both["THEIRS"]), linked(both["THEIRS"], both["OURS"])])
    assert links_of(batch, findings).outcome.found == 10


def test_links_between_different_trades_are_false_and_those_left_out_are_missing(batch: Batch) -> None:
    both = records(batch)
    wrong = linked(both["OURS"][:5], both["THEIRS"][1:6])
    right = linked(both["OURS"][5:25], both["THEIRS"][5:25])
    found = links_of(batch, pd.concat([wrong, right])).outcome
    assert found == Outcome(expected=len(both), found=20, false_alarms=5)


def test_a_link_within_one_list_is_false_even_of_one_trade() -> None:
    batch = made(mechanisms={"record.duplicate": 1})
    twice = batch.links[batch.links.duplicated(["trade_id", "leg"], keep=False)]
    first, second = twice["record_id"][::2], twice["record_id"][1::2]
    assert links_of(batch, linked(first, second)).outcome == Outcome(60, 0, 12)
    # As is one between two trades.
    ours = records_of_ours(batch)
    assert links_of(batch, linked(ours[:3], ours[3:6])).outcome == Outcome(60, 0, 3)


def records_of_ours(batch: Batch) -> list[str]:
    found: list[str] = batch.links.loc[batch.links["leg"] == "OURS", "record_id"].tolist()
    return found


def test_any_record_of_a_trade_that_stands_twice_links_it() -> None:
    batch = made(mechanisms={"record.duplicate": 1})
    both = batch.links[batch.links["leg"] == "OURS"].merge(
        batch.links[batch.links["leg"] == "THEIRS"], on="trade_id"
    )
    assert len(both) == 72  # twelve more than trades
    assert links_of(batch, linked(both["record_id_x"], both["record_id_y"])).outcome == Outcome(60, 60, 0)


def test_a_field_is_found_by_the_id_of_either_record(batch: Batch) -> None:
    prices = batch.truth.loc[batch.truth["field"] == "price", "trade_id"]
    for leg in ("OURS", "THEIRS"):
        ids = records(batch).loc[prices, leg]
        found = score(batch, pd.DataFrame({"trade_id": ids, "field": "price"}))
        assert found.by["field"]["price"] == Outcome(expected=len(prices), found=len(prices))
        assert found.pairs.false_alarms == 0


def test_a_link_between_two_ids_does_not_say_that_an_id_is_wrong(batch: Batch) -> None:
    both = records(batch)
    found = score(batch, linked(both["OURS"], both["THEIRS"]).assign(field=None))
    assert found.fields is None or found.fields.false_alarms == 0
    assert found.pairs.false_alarms == 0


def test_an_id_that_no_record_has_is_unknown(batch: Batch) -> None:
    ours = records_of_ours(batch)
    found = score(batch, linked([*ours[:1], "0" * 16], ["f" * 16, ours[1]]))
    assert found.links is not None
    assert found.links.outcome.unknown == 2
    with pytest.raises(
        ScoringError, match="its ids are the record_id of each record; expected findings about"
    ):
        score(batch, linked(["0" * 16], ["f" * 16]))


@pytest.mark.slow
def test_files_and_a_dataset_have_the_score_of_the_batch(batch: Batch, tmp_path: Path) -> None:
    both = records(batch)
    findings = pd.concat(
        [linked(both["OURS"], both["THEIRS"]), pd.DataFrame({"trade_id": both["OURS"], "field": "price"})]
    )
    expected = score(batch, findings)
    key, manifest = tmp_path / "key.csv", tmp_path / "m.json"
    batch.write(tmp_path / "t.csv", truth=key, manifest=manifest)
    lists = [tmp_path / "t.ours.csv", tmp_path / "t.theirs.csv"]
    from_files = score(key, findings, trades=lists, manifest=manifest)
    assert (from_files.pairs, from_files.by, from_files.links) == (
        expected.pairs,
        expected.by,
        expected.links,
    )
    assert from_files.notional == expected.notional
    write_dataset(batch.run, tmp_path / "d", workers=1)
    from_dataset = score(tmp_path / "d", findings)
    assert (from_dataset.by, from_dataset.links) == (expected.by, expected.links)


def test_links_that_are_missing_or_of_another_run_are_refused(batch: Batch, tmp_path: Path) -> None:
    key, manifest, links = (tmp_path / name for name in ("key.csv", "m.json", "key.links.csv"))
    batch.write(tmp_path / "t.csv", truth=key, manifest=manifest)
    findings = linked(records_of_ours(batch)[:1], records_of_ours(batch)[:1])
    with pytest.raises(ScoringError, match="a table of the truth does not say which trade a record is of"):
        score(batch.truth, findings, manifest=batch.manifest)
    shutil.copy(links, tmp_path / "kept")
    links.write_text(links.read_text().replace("tid00000007", "tid00000700"))
    with pytest.raises(ScoringError, match=r"key\.links\.csv does not name a trade of the run"):
        score(key, findings, manifest=manifest)
    links.unlink()
    with pytest.raises(ScoringError, match=r"key\.links\.csv is not there, which says which trade"):
        score(key, findings, manifest=manifest)


def test_records_are_shown_side_by_side_by_their_links(batch: Batch, tmp_path: Path) -> None:
    shown = str(batch.compare(limit=1))
    trade = batch.truth["trade_id"].iloc[0]
    assert trade in shown
    for record in batch.links.loc[batch.links["trade_id"] == trade, "record_id"]:
        assert record in shown
    assert "record_id" in shown.splitlines()[0]
