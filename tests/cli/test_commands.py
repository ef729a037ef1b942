"""The commands that look at things: the catalogue, the proof of written files; and what a summary admits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import run

from tradegen.mechanisms.catalogue import HOUSE

RUN = ["generate", "--first-id", "1", "--seed", "3", "--date", "2025-07-21"]


def test_catalogue_prints_every_mechanism_with_settings_units_and_codes(tmp_path: Path) -> None:
    printed = run("catalogue", cwd=tmp_path).out
    assert all(f"\n{name}" in f"\n{printed}" for name in HOUSE)
    assert "price.tick  (ISO DDEA, FIX 2774 = 2)" in printed
    assert "max = 5: largest error, ticks of 0.01; whole ticks from 1 to 1000000" in printed
    assert printed.splitlines()[-1].startswith(f"{len(HOUSE)} mechanisms; ")


def test_catalogue_prints_one_mechanism_a_field_or_a_way(tmp_path: Path) -> None:
    def names(word: str) -> list[str]:
        return [
            entry["name"]
            for entry in json.loads(run("catalogue", word, "--format", "json", cwd=tmp_path).out)
        ]

    assert names("price.stale") == ["price.stale"]
    dirty = ["blank", "case", "padded", "truncated", "typo"]
    assert names("order_type") == [f"order_type.{way}" for way in ("flip", *dirty)]
    of_contra = [f"contra_broker_id.{way}" for way in ("other", *dirty)]
    assert names("contra_broker_id") == ["broker_id.swapped", *of_contra]
    assert names("digit_swap") == ["quantity.digit_swap", "price.digit_swap"]
    assert "1 mechanism; " in run("catalogue", "price.stale", cwd=tmp_path).out


def test_catalogue_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    wrong = run("catalogue", "price.stal", cwd=tmp_path)
    assert (wrong.code, wrong.out) == (2, "")
    assert "mechanism price.stal is unknown; did you mean price.stale?" in wrong.err
    assert "format yaml is unknown" in run("catalogue", "--format", "yaml", cwd=tmp_path).err


@pytest.mark.slow
def test_verify_proves_what_generate_wrote_and_finds_what_was_changed(tmp_path: Path) -> None:
    files = ["--out", "t.json", "--truth", "k.ndjson", "--manifest", "m.json"]
    assert run(*RUN, "--scenario", "everything", *files, cwd=tmp_path).code == 0
    right = run("verify", "t.json", "k.ndjson", "m.json", cwd=tmp_path)
    assert (right.code, right.err) == (0, "")
    assert "proved" in right.out
    truth = (tmp_path / "k.ndjson").read_text().splitlines(keepends=True)
    (tmp_path / "k.ndjson").write_text("".join(truth[1:]))
    wrong = run("verify", "t.json", "k.ndjson", "m.json", cwd=tmp_path)
    assert wrong.code == 1
    assert json.loads(truth[0])["trade_id"] in wrong.out
    missing = run("verify", "t.json", "gone.csv", cwd=tmp_path)
    assert missing.code == 2
    assert "gone.csv cannot be read" in missing.err


def test_replay_makes_the_files_of_a_manifest_again_and_says_so(tmp_path: Path) -> None:
    files = ["--out", "t.json", "--truth", "k.json", "--manifest", "m.json"]
    assert run(*RUN, "--scenario", "everything", *files, cwd=tmp_path).code == 0
    again = run("replay", "m.json", "--out", "again.json", "--truth", "-", cwd=tmp_path)
    assert (again.code, again.err) == (0, "tradegen: the same trades and truth as the manifest says\n")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "t.json").read_bytes()
    assert again.out == (tmp_path / "k.json").read_text()


def test_replay_says_where_what_it_makes_is_not_what_the_manifest_says(tmp_path: Path) -> None:
    assert run(*RUN, "--out", "t.csv", "--manifest", "m.json", cwd=tmp_path).code == 0
    told = json.loads((tmp_path / "m.json").read_text())
    told["digests"]["truth"] = "0" * 64
    (tmp_path / "m.json").write_text(json.dumps(told))
    again = run("replay", "m.json", "--out", "again.csv", cwd=tmp_path)
    assert (again.code, again.err) == (1, "tradegen: not what the manifest says: truth\n")


def test_replay_refuses_what_it_would_ignore(tmp_path: Path) -> None:
    assert run(*RUN, "--out", "t.csv", "--manifest", "m.json", cwd=tmp_path).code == 0
    assert run(*RUN, "--out", "data/", "--format", "csv", cwd=tmp_path).code == 0
    told = json.loads((tmp_path / "m.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps({**told, "manifest": 99}))
    refused = {
        ("m.json", "--out", "f.csv", "--workers", "2"): "are for datasets; expected none of them with a file",
        ("m.json", "--out", "f/"): "f/ is a folder, and m.json is of files; expected --out FILE",
        (
            "data",
            "--out",
            "f/",
            "--format",
            "ndjson",
        ): "a dataset is replayed as it was, in csv and with its truth",
        ("data", "--out", "data/"): "holds a dataset; expected another folder, or --overwrite",
        ("old.json",): "old.json is a manifest of version 99; this tradegen reads version 2",
    }
    for words, sentence in refused.items():
        done = run("replay", *words, cwd=tmp_path)
        assert (done.code, done.out) == (2, ""), words
        assert sentence in done.err
    assert run("replay", "data", "--out", "data/", "--overwrite", cwd=tmp_path).code == 0


@pytest.mark.parametrize("command", [("replay",), ("report", "--out", "r.html")])
def test_a_manifest_of_inject_is_called_so_where_that_of_generated_trades_is_asked_for(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "m.json").write_text('{"manifest": 2, "inject": {}, "counts": {}}')
    found = run(command[0], "m.json", *command[1:], cwd=tmp_path)
    assert found.code == 2
    assert "m.json is the manifest of a list that inject broke; expected that of generated" in found.err


def test_verify_finds_a_last_id_that_is_none_and_refuses_other_manifests(tmp_path: Path) -> None:
    assert run(*RUN, "--out", "t.csv", "--truth", "k.csv", "--manifest", "m.json", cwd=tmp_path).code == 0
    told = json.loads((tmp_path / "m.json").read_text())
    (tmp_path / "m.json").write_text(json.dumps({**told, "last_id": 3}))
    done = run("verify", "t.csv", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 1
    assert "last_id is 3 in the manifest, and 15 in the run" in done.out
    (tmp_path / "m.json").write_text(json.dumps({**told, "manifest": 99}))
    done = run("verify", "t.csv", "k.csv", "m.json", cwd=tmp_path)
    assert (done.code, done.err) == (
        2,
        "tradegen: the manifest is of version 99; this tradegen reads version 2\n",
    )


def test_the_summary_says_what_the_data_did_not_allow(tmp_path: Path) -> None:
    swap = run(*RUN, "--set", 'mechanisms={"date.day_month_swap"=1}', "--out", "t.csv", cwd=tmp_path)
    assert swap.code == 0
    assert "5 mismatched pairs were to be made, and 0 were possible" in swap.err
    assert "date.day_month_swap: not possible for any of the pairs that drew it" in swap.err
    spot = 'hot_spots=[{name="one", where={ticker="AAPL"}, rate=1}]'
    few = run(*RUN, "--pairs", "1", "--set", spot, "--out", "t.csv", cwd=tmp_path)
    assert "hot spot one matches none of these pairs" in few.err


def test_the_summary_counts_benign_pairs_apart(tmp_path: Path) -> None:
    words = ["--pairs", "1000", "--set", "benign_rate=0.2", "--set", "tolerances.quantity=2"]
    done = run(*RUN, *words, "--out", "t.csv", cwd=tmp_path)
    assert "1000 pairs, 300 mismatched, 200 with a benign difference (" in done.err


def test_tables_of_a_scenario_are_set_one_value_at_a_time(tmp_path: Path) -> None:
    words = ["--scenario", "hard", "--set", "tolerances.quantity=4", "--manifest", "m.json", "--out", "t.csv"]
    assert run(*RUN, *words, cwd=tmp_path).code == 0
    scenario = json.loads((tmp_path / "m.json").read_text())["replay"]["scenario"]
    plain = run("scenarios", "show", "hard", cwd=tmp_path).out
    assert scenario["tolerances"]["quantity"] == 4
    assert f"trade_timestamp = {scenario['tolerances']['trade_timestamp']}" in plain
