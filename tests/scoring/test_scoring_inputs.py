"""Whatever form truth, findings, trades and manifest come in, the score is the same."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scoring_files import MANIFEST, TRADES, TRUTH, VIEWS, frame, random_findings, said, scored, tid, write
from sizes import chosen

import tradegen
from tradegen import generate, score
from tradegen.errors import ScoringError
from tradegen.scoring import Outcome

FINDINGS = [
    {"trade_id": tid(1), "field": "price", "leg": "BUY", "linked_trade_id": "", "score": "0.5"},
    {"trade_id": tid(3), "field": "quantity", "leg": "", "linked_trade_id": "", "score": "1.5"},
    {"trade_id": tid(9), "field": "", "leg": "", "linked_trade_id": "", "score": ""},
    {"trade_id": tid(5), "field": "", "leg": "", "linked_trade_id": tid(900005), "score": ""},
]
COLUMNS = ["trade_id", "field", "leg", "linked_trade_id", "score"]


def written(folder: Path, form: str) -> dict[str, Path]:
    tables = {"truth": frame(TRUTH), "trades": frame(TRADES), "findings": pd.DataFrame(FINDINGS)}
    return {
        name: write(folder / f"{name}.{form}", table.to_dict("records"), list(table.columns))
        for name, table in tables.items()
    }


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "jsonl", "parquet"])
def test_every_form_of_file_gives_the_same_score(tmp_path: Path, form: str) -> None:
    files = written(tmp_path, form)
    found = score(files["truth"], files["findings"], trades=files["trades"], manifest=MANIFEST)
    assert found == scored(pd.DataFrame(FINDINGS))
    # 1 and 3, and 5 by its link; 9 is a false alarm.
    assert found.pairs == Outcome(7, 3, 1, 0, 3)
    assert found.links is not None
    assert found.links.outcome == Outcome(9, 1)


# What a pattern, a query or an address would take for something else, in one name.
ODD = """part=*? it's [x] "hi" Ünï"""


@pytest.mark.slow
@pytest.mark.parametrize("folder", chosen([ODD, "it's", "a b", "[x]", "part=*?", 'say "hi"', "Ünï"], [ODD]))
def test_names_of_files_mean_nothing_but_themselves(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    for form in ("csv", "json", "parquet"):
        files = written(place, form)
        found = score(str(files["truth"]), str(files["findings"]), trades=str(files["trades"]))
        assert found.pairs == Outcome(7, 3, 1, 0, 3)


@pytest.mark.slow
def test_frames_of_any_kind_of_text_and_arrow_give_the_same_score() -> None:
    import pyarrow as pa

    table = pd.DataFrame(FINDINGS)
    expected = scored(table)
    assert scored(table.replace("", None).astype("category")) == expected
    assert scored(table.astype("string")) == expected
    assert scored(table.replace("", np.nan).astype(object)) == expected
    assert scored(table.replace("", None).assign(score=[0.5, 1.5, np.nan, np.nan])) == expected
    assert scored(pa.Table.from_pandas(table)) == expected
    assert scored(table.sample(frac=1, random_state=1)) == expected
    arrow = [pa.Table.from_pandas(frame(text)) for text in (TRUTH, TRADES)]
    assert score(arrow[0], table, trades=arrow[1], manifest=MANIFEST) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "view"),
    [
        # Each form, and Parquet, which has types, in every view.
        pytest.param(form, view, marks=[] if form == "parquet" or number % 3 == place else pytest.mark.large)
        for number, form in enumerate(["csv", "json", "ndjson", "parquet"])
        for place, view in enumerate(VIEWS)
    ],
)
def test_datasets_files_and_batches_give_the_same_score(tmp_path: Path, view: str, form: str) -> None:
    renamed = {} if view == "single" else {"trade_id": "Ref", "price": "Px", "quantity": "Qty"}
    other = {"single": "trades", "counterparty": "sell", "two_system": "ours"}[view]
    run = tradegen.prepare(
        "everything", pairs=300, seed=3, view=view, **{other: {"columns": renamed, "date_format": "%d.%m.%Y"}}
    )
    batch = generate(**run.replay())
    findings = pd.DataFrame(random_findings(batch, 1))
    expected = score(batch, findings)
    tradegen.write_dataset(run, tmp_path / "data", form=form, blocks_per_part=1)
    assert score(tmp_path / "data", findings) == expected
    files = [*(tmp_path / "data").glob(f"[!t]*/*.{form}"), *(tmp_path / "data").glob(f"trades/*.{form}")]
    manifest = tmp_path / "data" / "manifest.json"
    assert score(tmp_path / "data" / "truth", findings, trades=files, manifest=manifest) == expected
    truth = tmp_path / "data" / "truth" / f"part-00000.{form}"
    assert score(truth, findings, trades=batch.lists, manifest=batch.manifest) == expected
    assert score(batch.truth, findings, trades=list(batch.lists.values()), manifest=manifest) == expected


def test_a_dataset_in_fix_is_scored_without_its_trades(tmp_path: Path) -> None:
    run = tradegen.prepare(pairs=100, seed=1, date="2025-07-21")
    tradegen.write_dataset(run, tmp_path / "data", form="fix")
    batch = generate(**run.replay())
    findings = batch.truth[["trade_id", "field"]]
    expected = score(batch.truth, findings, manifest=batch.manifest)
    assert score(tmp_path / "data", findings) == expected
    assert expected.notional.false_alarms is None


@pytest.mark.slow
def test_an_empty_truth_is_scored(tmp_path: Path) -> None:
    batch = generate("clean", pairs=20, seed=1)
    found = score(batch, said(1, (2, "price")))
    assert found.pairs == Outcome(0, 0, 2, 0, 20)
    for form in ("csv", "json", "ndjson", "parquet"):
        tradegen.write_dataset(batch.run, tmp_path / form, form=form)
        assert score(tmp_path / form, said(1, (2, "price"))) == found


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("trades", "renamed", "trades is 'renamed' in the manifest; expected a layout with columns"),
        ("trades", {"columns": ["Qty"]}, "trades is {'columns': ['Qty']} in the manifest; expected a layout"),
        ("view", ["single"], "view is ['single'] in the manifest"),
        ("pairs", "many", "the manifest does not say what was run"),
    ],
)
def test_a_manifest_whose_scenario_was_edited_is_refused_in_a_sentence(
    field: str, value: Any, sentence: str
) -> None:
    batch = generate(pairs=5, seed=1)
    manifest = copy.deepcopy(batch.manifest)
    manifest["replay"]["scenario"][field] = value
    with pytest.raises(ScoringError) as refused:
        score(batch.truth, batch.truth[["trade_id"]], manifest=manifest)
    assert sentence in str(refused.value)
