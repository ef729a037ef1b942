"""Manifests of every version are replayed for ever, whatever has been added to the catalogue since.

`manifests/` holds what was written at the time: those of version 1 by tradegen's first layout.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from shell import run

from tradegen import Scenario, ScenarioError, generate
from tradegen.cli.replay import replay
from tradegen.engine.digests import truth_digest
from tradegen.engine.manifest import run_of
from tradegen.mechanisms.catalogue import CATALOGUE
from tradegen.version import GENERATION

KEPT = sorted((ROOT / "tests" / "manifests").glob("*.json"))
SAID = {
    "version_1_files": ("trades and truth", "\n"),
    "version_2_files": ("trades and truth", "\n"),
    # Version 1 had no digest of the values of a dataset's trades; the bytes of text stand for them.
    "version_1_dataset_csv": ("truth", ", in files of the same bytes\n"),
    # Its truth had a dictionary of the whole catalogue, and an encoder of tradegen's own.
    "version_1_dataset_parquet": ("truth", ", in files of other bytes"),
    "version_2_dataset_csv": ("trades and truth", ", in files of the same bytes\n"),
}
FILES = ROOT / "tests" / "manifests" / "version_2_files.json"


@pytest.fixture
def catalogue() -> Iterator[dict[str, Any]]:
    """The catalogue itself, to be changed; afterwards it is as it was."""
    before = dict(CATALOGUE)
    yield CATALOGUE
    CATALOGUE.clear()
    CATALOGUE.update(before)


def replayed(manifest: Path, folder: Path) -> dict[str, str]:
    """Replay a manifest with the command, and give the digests of the dataset that it made."""
    dataset = json.loads(manifest.read_text()).get("dataset")
    out = folder / manifest.stem
    if dataset:
        replay(str(manifest), out=f"{out}/", workers=1)
        return json.loads((out / "manifest.json").read_text())["digests"]
    replay(str(manifest), out=f"{out}.csv", truth=Path(f"{out}.truth.csv"))
    return {}


def test_one_manifest_of_each_kind_is_kept() -> None:
    kinds = set()
    for path in KEPT:
        manifest = json.loads(path.read_text())
        kinds.add((manifest["manifest"], manifest.get("dataset", {}).get("format")))
        assert len(manifest["counts"]["by_mechanism"]) == (5 if path.stem.endswith("parquet") else 28)
    assert kinds == {(1, None), (1, "csv"), (1, "parquet"), (2, None), (2, "csv")}


@pytest.mark.parametrize("change", ["nothing", "first", "middle", "last", "everywhere", "reversed"])
def test_kept_manifests_replay_whatever_was_added_to_the_catalogue_and_wherever(
    change: str, catalogue: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(catalogue)
    places = {"first": [0], "middle": [9], "last": [len(names)], "everywhere": range(len(names), -1, -1)}
    entries = list(catalogue.items())
    for place in places.get(change, []):
        near = catalogue[names[min(place, len(names) - 1)]]
        added = replace(near, name=f"{near.field}.invented_{place}")
        entries.insert(place, (added.name, added))
    catalogue.clear()
    catalogue.update(reversed(entries) if change == "reversed" else entries)
    assert len(catalogue) == len(names) + len(places.get(change, []))
    for path in KEPT:
        made = replayed(path, tmp_path)
        printed = capsys.readouterr().err
        what, how = SAID[path.stem]
        assert f"tradegen: the same {what} as the manifest says{how}" in printed, path.name
        if path.stem == "version_1_dataset_parquet":
            stated = json.loads(path.read_text())["digests"]
            assert made["truth"] == stated["truth"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_digest_of_the_truth_goes_by_the_names_of_mechanisms_and_not_by_their_codes(version: int) -> None:
    [block] = generate(pairs=100, seed=3, mechanisms={"price.nudge": 1, "price.tick": 1}).blocks
    exchanged = replace(block.truth, mechanism=1 - block.truth.mechanism)
    assert set(block.truth.mechanism.tolist()) == {0, 1}
    digest = truth_digest(block.truth, ("price.nudge", "price.tick"), version)
    assert truth_digest(exchanged, ("price.tick", "price.nudge"), version) == digest
    assert truth_digest(exchanged, ("price.nudge", "price.tick"), version) != digest
    assert truth_digest(block.truth, ("price.nudge", "price.stale"), version) != digest


def test_a_manifest_of_another_generation_is_refused_and_names_the_version_to_install(tmp_path: Path) -> None:
    manifest = json.loads(FILES.read_text())
    assert manifest["generation"] == GENERATION == 1
    manifest["generation"] = 3
    manifest["versions"]["tradegen"] = "4.5.6"
    (tmp_path / "later.json").write_text(json.dumps(manifest))
    done = run("replay", "later.json", "--out", "trades.csv", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "later.json is of generation 3, and tradegen 0.1.0 makes generation 1" in done.err
    assert "install tradegen 4.5.6 that wrote it" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["later.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"manifest": 3}, "m.json is a manifest of version 3; this tradegen reads versions 1 and 2"),
        ({"manifest": "2"}, "m.json is a manifest of version '2'"),
        ({"generation": None}, "m.json is of generation None, and tradegen"),
        ({"generation": 0, "versions": []}, "install the version of tradegen that wrote it"),
    ],
)
def test_manifests_that_cannot_be_replayed_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        run_of(json.loads(FILES.read_text()) | change, "m.json")


def test_a_first_manifest_cannot_name_what_came_later(catalogue: dict[str, Any]) -> None:
    catalogue["price.invented"] = replace(catalogue["price.tick"], name="price.invented")
    manifest = json.loads(FILES.with_name("version_1_files.json").read_text())
    manifest["replay"]["scenario"]["mechanisms"] = {"price.invented": 1.0}
    with pytest.raises(ScenarioError, match=r"version 1 and names price.invented, which came later"):
        run_of(manifest, "m.json")
    run_of(json.loads(FILES.read_text()) | {"replay": manifest["replay"]}, "m.json")


def test_the_truth_holds_positions_among_the_mechanisms_of_the_run() -> None:
    batch = generate(
        pairs=2_000, seed=3, mechanisms={"record.missing": 1, "price.tick": 2, "date.next_session": 0}
    )
    assert batch.run.mechanisms == ("price.tick", "record.missing")
    codes = batch.blocks[0].truth.mechanism
    assert set(codes.tolist()) == {0, 1}
    assert [batch.run.mechanisms[code] for code in codes] == batch.truth["mechanism"].tolist()
    assert list(batch.truth["mechanism"].cat.categories) == ["price.tick", "record.missing"]


def test_a_run_without_any_mechanism_has_an_empty_truth_in_every_form(tmp_path: Path) -> None:
    scenario = Scenario(mismatch_rate=0, mechanisms={})
    assert generate(scenario, pairs=5).truth.empty
    for form in ("csv", "json", "ndjson", "parquet"):
        words = ["--pairs", "5", "--mismatch-rate", "0", "--set", "mechanisms={}", "--first-id", "1"]
        done = run("generate", *words, "--out", f"t.{form}", "--truth", f"k.{form}", cwd=tmp_path)
        assert done.code == 0, done.err
