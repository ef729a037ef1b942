"""What common matchers find: `make leaderboard` writes docs/leaderboard.md and docs/leaderboard.svg.

Four packs, two seeds each, all matchers; some ten minutes, and the first time what it takes to install them.
``leaderboard.py --packs hard --matchers "exact join,splink" --pairs 5000`` runs a part, and writes to out/.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matchers.figure import draw
from matchers.page import Board, Run, about_pack, page
from matchers.running import MATCHERS, Matcher, run
from results import MACHINE

from tradegen import Scenario

ROOT = Path(__file__).resolve().parent.parent
PACKS = ROOT / "benchmarks" / "matchers" / "packs"
NOTES = ROOT / "benchmarks" / "matchers" / "notes.md"
NAMES = ("easy", "realistic", "hard", "no_ids")
HIDDEN = ("no_ids",)
SEEDS = (1, 2)
DATE = "2025-07-21"


def generated(pack: str, seed: int, pairs: int | None, folder: Path) -> Run:
    """Make a pack's dataset by the very command that the page shows."""
    words = ["generate", "--scenario", f"benchmarks/matchers/packs/{pack}.toml", "--seed", str(seed)]
    words += ["--first-id", "1", "--date", DATE, *(["--pairs", str(pairs)] if pairs else [])]
    words += ["--format", "parquet", "--out"]
    subprocess.run(
        [sys.executable, "-m", "tradegen", *words, f"{folder}/"],
        cwd=ROOT,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    digest = json.loads((folder / "manifest.json").read_text("utf-8"))["digests"]["truth"]
    return Run(seed, shlex.join(["tradegen", *words, f"out/{pack}-{seed}/"]), digest)


def boards(
    packs: Sequence[str], matchers: Sequence[Matcher], pairs: int | None, seeds: Sequence[int], folder: Path
) -> list[Board]:
    """Run every matcher on every pack and seed."""
    found = []
    for pack in packs:
        path = PACKS / f"{pack}.toml"
        board = Board(pack, about_pack(path), pairs or Scenario.load(path).pairs)
        for seed in seeds:
            dataset = folder / f"{pack}-{seed}"
            made = generated(pack, seed, pairs, dataset)
            for matcher in matchers:
                # In a folder of its own, which says nothing of the dataset's.
                with tempfile.TemporaryDirectory(prefix="matching-") as own:
                    draw_by = f"{pack} {seed}"
                    result = run(matcher, dataset, Path(own) / "lists", pack not in HIDDEN, draw_by)
                made.results[matcher.name] = result
                recall = f"recall {result.score.pairs.recall:.4f}" if result.score else result.failure
                print(f"{pack} {seed} {matcher.name}: {recall}, {result.seconds:.1f} s", flush=True)
            board.runs.append(made)
        found.append(board)
    return found


def chosen(names: str, known: Sequence[str], what: str) -> list[str]:
    """The names in a list with commas, in the order there is."""
    wanted = [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"{what} {unknown[0]} is unknown; expected {', '.join(known)}")
    return [name for name in known if name in wanted]


def main() -> None:
    """Run, and write the page and the figure."""
    names = [matcher.name for matcher in MATCHERS]
    words = argparse.ArgumentParser(description="What common matchers find of known mismatches.")
    words.add_argument("--packs", default=",".join(NAMES), help="with commas")
    words.add_argument("--matchers", default=",".join(names), help="with commas")
    words.add_argument("--pairs", type=int, help="instead of what each pack says")
    words.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="with commas")
    options = words.parse_args()
    packs = chosen(options.packs, NAMES, "pack")
    matchers = [matcher for matcher in MATCHERS if matcher.name in chosen(options.matchers, names, "matcher")]
    seeds = [int(seed) for seed in options.seeds.split(",")]
    whole = (packs, len(matchers), options.pairs, tuple(seeds)) == (list(NAMES), len(MATCHERS), None, SEEDS)
    out = ROOT / ("docs" if whole else "out")
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="leaderboard-") as folder:
        found = boards(packs, matchers, options.pairs, seeds, Path(folder))
    machine = f"{MACHINE}, {dt.datetime.now(dt.UTC):%d %B %Y}"
    command = "make leaderboard" if whole else shlex.join(["leaderboard.py", *sys.argv[1:]])
    draw(found, matchers, out / "leaderboard.svg")
    text = page(found, matchers, machine, command, NOTES.read_text("utf-8") if whole else "")
    (out / "leaderboard.md").write_text(text, "utf-8")
    print(f"{out.name}/leaderboard.md and {out.name}/leaderboard.svg are written")


if __name__ == "__main__":
    main()
