"""Manifests are replayed whatever has been added to the catalogue since; other generations are refused.

`manifests/` holds what was written at the time.
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
from tradegen.core.columns import FIELDS
from tradegen.engine.digests import truth_digest
from tradegen.engine.manifest import run_of
from tradegen.mechanisms.catalogue import HOUSE
from tradegen.version import GENERATION

MANIFESTS = ROOT / "tests" / "manifests"
KEPT = sorted(MANIFESTS.glob(f"generation_{GENERATION}_*.json"))
SAID = {"files": "\n", "dataset_csv": ", in files of the same bytes\n"}
FILES = MANIFESTS / f"generation_{GENERATION}_files.json"


@pytest.fixture
def catalogue() -> Iterator[dict[str, Any]]:
    """The catalogue itself, to be changed; afterwards it is as it was."""
    before = dict(HOUSE)
    yield HOUSE
    HOUSE.clear()
    HOUSE.update(before)


def replayed(manifest: Path, folder: Path) -> None:
    """Replay a manifest with the command."""
    out = folder / manifest.stem
    if json.loads(manifest.read_text()).get("dataset"):
        replay(str(manifest), out=f"{out}/", workers=1)
    else:
        replay(str(manifest), out=f"{out}.csv", truth=Path(f"{out}.truth.csv"))


def test_one_manifest_of_each_kind_is_kept_and_has_every_mechanism() -> None:
    kinds = set()
    for path in KEPT:
        manifest = json.loads(path.read_text())
        kinds.add((manifest["generation"], manifest.get("dataset", {}).get("format")))
        assert len(manifest["counts"]["by_mechanism"]) == 28
    assert kinds == {(2, None), (2, "csv")}


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
        replayed(path, tmp_path)
        how = SAID[path.stem.removeprefix(f"generation_{GENERATION}_")]
        printed = capsys.readouterr().err
        assert f"tradegen: the same trades and truth as the manifest says{how}" in printed, path.name


def test_a_digest_of_the_truth_goes_by_the_names_of_mechanisms_and_not_by_their_codes() -> None:
    [block] = generate(pairs=100, seed=3, mechanisms={"price.nudge": 1, "price.tick": 1}).blocks
    exchanged = replace(block.truth, mechanism=1 - block.truth.mechanism)
    assert set(block.truth.mechanism.tolist()) == {0, 1}
    digest = truth_digest(block.truth, FIELDS, ("price.nudge", "price.tick"))
    assert truth_digest(exchanged, FIELDS, ("price.tick", "price.nudge")) == digest
    assert truth_digest(exchanged, FIELDS, ("price.nudge", "price.tick")) != digest
    assert truth_digest(block.truth, FIELDS, ("price.nudge", "price.stale")) != digest


@pytest.mark.parametrize("kind", ["files", "dataset_csv"])
def test_manifests_of_the_first_generation_are_refused_and_name_the_version_to_install(
    kind: str, tmp_path: Path
) -> None:
    kept = MANIFESTS / f"generation_1_{kind}.json"
    done = run("replay", str(kept), "--out", "again.csv" if kind == "files" else "again/", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"generation_1_{kind}.json is of generation 1, and tradegen 0.2.0 makes generation 2" in done.err
    assert "install tradegen 0.1.0 that wrote it" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"manifest": 3}, "m.json is a manifest of version 3; this tradegen reads version 2"),
        ({"manifest": 1}, "m.json is a manifest of version 1; this tradegen reads version 2"),
        ({"manifest": "2"}, "m.json is a manifest of version '2'"),
        ({"generation": None}, "m.json is of generation None, and tradegen"),
        ({"generation": 0, "versions": []}, "install the version of tradegen that wrote it"),
    ],
)
def test_manifests_that_cannot_be_replayed_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        run_of(json.loads(FILES.read_text()) | change, "m.json")


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
