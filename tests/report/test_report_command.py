"""`tradegen report`: one page on a run, on scores and on fits."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from html_tags import Tags
from shell import Done, run

from tradegen import generate, prepare
from tradegen.engine.generator import generate_blocks
from tradegen.engine.manifest import Tally
from tradegen.output.manifest_files import load_manifest
from tradegen.report.remade_run import remake
from tradegen.report.report_page import report_page
from tradegen.scoring import score

HOT = """
pairs = 400
mismatch_rate = 0.2
benign_rate = 0.05
date = 2025-07-21
[tolerances]
quantity = 5
[[hot_spots]]
name = "late desk"
rate = 0.9
where.broker_id = "BKR003"
"""
SEED = ["--seed", "7", "--first-id", "21"]


def words_of(page: str) -> str:
    """What a reader reads, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))


def report(*words: str, cwd: Path) -> tuple[Done, str]:
    done = run("report", *words, "--out", "report.html", cwd=cwd)
    file = cwd / "report.html"
    return done, file.read_text("utf-8") if file.exists() else ""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, the files of a single run with its manifest, a score and a fit."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "hot.toml").write_text(HOT)
    for out in (["--out", "data/", "--format", "csv"],
                ["--out", "t.json", "--truth", "truth.json", "--manifest", "manifest.json"]):  # fmt: skip
        done = run("generate", "--scenario", "hot.toml", *SEED, *out, cwd=folder)
        assert done.code == 0, done.err
    with (folder / "data" / "truth" / "part-00000.csv").open() as file:
        found = [row for number, row in enumerate(csv.DictReader(file)) if number % 4]
    lines = ["trade_id,field", *(f"{row['trade_id']},{row['field']}" for row in found)]
    (folder / "found.csv").write_text("\n".join(lines))
    scored = score(folder / "data", folder / "found.csv", matcher="night <run>")
    (folder / "score.json").write_text(scored.to_json())
    batch = generate(pairs=2000, mismatch_rate=0.05, view="two_system", seed=3, date="2025-07-21")
    batch.write(folder / "l.csv")
    done = run("fit", "l.ours.csv", "l.theirs.csv", "--format", "json", cwd=folder)
    assert done.code == 0, done.err
    (folder / "fit.json").write_text(done.out)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    # Without the page that another test may have had written there.
    return Path(shutil.copytree(made, tmp_path / "run", ignore=shutil.ignore_patterns("report.html")))


@pytest.fixture(scope="module")
def page(made: Path) -> str:
    """All on one page: it takes seconds to draw."""
    done, page = report("data/", "score.json", "fit.json", cwd=made)
    assert (done.code, done.out, done.err) == (0, "", "")
    return page


@pytest.mark.slow
def test_the_page_is_whole_escaped_and_asks_no_server(page: str) -> None:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert all(link.startswith("#") for link in tags.links)
    assert "http" not in page
    assert "<script" not in page
    assert "night <run>" not in page
    assert "Score of night &lt;run&gt;" in page
    assert tags.titles == [
        "What was asked and made", "What breaks", "Where it breaks", "By how much", "Examples",
        "What was proved", "Score of night <run>", "What was fitted",
    ]  # fmt: skip


def test_the_page_counts_what_the_written_truth_holds(made: Path, page: str) -> None:
    with (made / "data" / "truth" / "part-00000.csv").open() as file:
        rows = list(csv.DictReader(file))
    mismatched = {row["trade_id"] for row in rows if row["benign"] == "false"}
    text = words_of(page)
    assert f"{len(mismatched)} of 400 pairs are mismatched ({len(mismatched) / 400:.2%})" in text
    for mechanism, count in Counter(row["mechanism"] for row in rows).items():
        assert re.search(rf"{re.escape(mechanism)} [\d.]+ {count} {100 * count / len(rows):.1f}%", text)


def test_the_page_says_what_verify_proved(made: Path, page: str) -> None:
    proved = run("verify", "data/", cwd=made).out.splitlines()[-1]
    text = words_of(page)
    assert f"{proved[0].upper()}{proved[1:]}." in text
    assert "the run has the digests that the manifest states" in text


def test_files_of_a_single_run_are_proved_along_with_its_manifest(folder: Path) -> None:
    done, page = report("truth.json", "manifest.json", "t.json", cwd=folder)
    assert done.code == 0
    assert "Proved: every truth row is a difference as written" in words_of(page)


@pytest.mark.slow
def test_where_no_file_is_read_the_page_says_so(folder: Path) -> None:
    done, page = report("data/", "--no-verify", cwd=folder)
    assert done.code == 0
    assert "No files were checked." in words_of(page)
    assert "Proved:" not in words_of(page)


@pytest.mark.slow
def test_an_altered_file_is_told_on_the_page_and_by_the_exit_code(folder: Path) -> None:
    file = folder / "data" / "trades" / "part-00000.csv"
    head, first, *others = file.read_text().splitlines()
    cells = first.split(",")
    cells[4] = str(int(cells[4]) + 1)
    file.write_text("\n".join([head, ",".join(cells), *others, ""]))
    done, page = report("data/", cwd=folder)
    assert done.code == 1
    assert "the page says what is wrong" in done.err
    assert "Not proved: " in words_of(page)
    assert cells[0] in words_of(page)


@pytest.mark.slow
def test_a_manifest_whose_digest_is_another_runs_is_told(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["digests"]["trades"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done, page = report("manifest.json", cwd=folder)
    assert done.code == 1
    assert "Made again, the run is not what its manifest says. Other digests: trades." in words_of(page)


def test_the_score_and_the_fit_stand_there_as_they_were_printed(made: Path, page: str) -> None:
    text = words_of(page)
    assert score(made / "data", made / "found.csv").report().headline[0] in text
    measured = text[text.index("What was fitted") :]
    for number in json.loads((made / "fit.json").read_text())["numbers"]:
        assert f"{number['name']} " in measured


def test_a_fit_alone_is_a_page_without_a_run(folder: Path) -> None:
    done, page = report("fit.json", cwd=folder)
    assert done.code == 0
    assert "<h1>Report on fit.json</h1>" in page
    assert "What was proved" not in page


@pytest.mark.slow
def test_of_a_large_run_the_first_blocks_are_looked_at_and_all_pairs_counted(tmp_path: Path) -> None:
    made_run = prepare(pairs=70_000, seed=1, date="2025-07-21")
    tally, rows = Tally(made_run), 0
    for block in generate_blocks(made_run):
        tally.add(block)
        rows += len(block.truth)
    (tmp_path / "manifest.json").write_text(json.dumps(tally.manifest()))
    remade = remake(load_manifest(str(tmp_path / "manifest.json")), "it", most_blocks=1)
    assert (remade.pairs, remade.run.scenario.pairs, len(remade.blocks)) == (70_000, 65_536, 1)
    text = words_of(report_page("it", remade))
    assert "Figures, sizes and examples are of the first 65,536, made again from the manifest." in text
    assert f"140,000, and {rows:,} truth rows" in text
    assert "digests were not compared" in text


def test_a_page_that_cannot_be_made_leaves_the_one_before(folder: Path) -> None:
    report("fit.json", cwd=folder)
    before = (folder / "report.html").read_bytes()
    (folder / "score.json").write_text('{"pairs": {}, "by": {}}')
    done, _ = report("manifest.json", "score.json", cwd=folder)
    assert done.code == 2
    assert (folder / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.json"], "nothing.json cannot be read: No such file or directory"),
        (["hot.toml"], "hot.toml is given without the manifest of its run"),
        (["t.json", "truth.json"], "t.json is given without the manifest of its run"),
        (["data/", "t.json"], "t.json is given along with a dataset"),
        (["data/", "manifest.json"], "data/ and manifest.json are two runs"),
        (["other.json"], "other.json is none of what a report is made from"),
        (["broken.json"], "broken.json is not JSON"),
        (["manifest.json", "--out", "report.pdf"], "--out is report.pdf; expected a name that ends in .html"),
        (["empty"], "empty holds no manifest.json; expected a dataset that is finished"),
    ],
)
def test_what_no_page_can_be_made_of_is_refused_in_a_sentence(
    words: list[str], message: str, folder: Path
) -> None:
    (folder / "other.json").write_text('{"answer": 42}')
    (folder / "broken.json").write_text('{"answer": ')
    (folder / "empty").mkdir()
    done = run("report", *words, *([] if "--out" in words else ["--out", "new.html"]), cwd=folder)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert message in done.err
    assert not list(folder.glob("new*"))


@pytest.mark.parametrize("place", ["numbers", "scenario", "confidence", "tolerances"])
def test_a_fit_with_a_part_that_is_none_is_refused(place: str, folder: Path) -> None:
    values = json.loads((folder / "fit.json").read_text())
    values[place] = "much"
    (folder / "fit.json").write_text(json.dumps(values))
    done, page = report("fit.json", cwd=folder)
    assert (done.code, page) == (2, "")
    assert "fit.json is no fit" in done.err


@pytest.mark.slow
def test_without_matplotlib_the_page_has_its_tables_and_says_what_figures_need(folder: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from tradegen import generate\n"
        "page = generate(seed=7).to_html()\n"
        "print('<svg' in page, 'tradegen[plots]' in page, page.count('<table>'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    drawn, said, tables = done.stdout.split()
    assert (drawn, said) == ("False", "True")
    assert int(tables) >= 4


@pytest.mark.slow
def test_a_batch_makes_the_page_of_its_manifest(folder: Path) -> None:
    batch = generate(seed=7, first_id=21, date="2025-07-21")
    (folder / "m.json").write_text(json.dumps(batch.manifest))
    _, page = report("m.json", cwd=folder)
    own = batch.to_html(score(folder / "data", folder / "found.csv", matcher="m"))
    assert "<h2>Score of m</h2>" in own
    part = slice(page.index("<h2>What breaks"), page.index("<h2>What was proved"))
    assert page[part] in own
