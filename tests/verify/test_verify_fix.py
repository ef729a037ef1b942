"""Verify: FIX messages are proved as other lists are, and each tag of them is checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import run
from verify_datasets import VIEWS, hashed_again, made, proof, told
from verify_edits import framed

from tradegen.verify import verify


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every mechanism, as FIX."""
    folder = tmp_path_factory.mktemp("fix")
    words = ["generate", "--scenario", "everything", "--pairs", "300", "--seed", "7", "--first-id", "21"]
    done = run(*words, "--out", "t.fix", "--truth", "k.csv", "--manifest", "m.json", cwd=folder)
    assert done.code == 0, done.err
    return folder


def test_messages_and_their_truth_are_proved(generated: Path) -> None:
    report = verify(sorted(generated.iterdir()))
    assert report.ok, str(report)
    assert report.pairs == 300
    assert report.truth_rows > 100


@pytest.mark.parametrize("view", ["single", "counterparty", "two_system"])
def test_a_dataset_of_messages_is_proved(tmp_path: Path, view: str) -> None:
    options = {"view": view} if view != "counterparty" else VIEWS[view]
    report = proof(made(tmp_path / "d", "fix", pairs=300, **options))
    assert report.ok, str(report)
    assert (report.pairs, report.truth_rows > 100) == (300, True)


def test_messages_with_columns_of_a_scenario_are_refused_and_not_called_wrong(tmp_path: Path) -> None:
    amount = 'columns=[{name="gross_amount",kind="decimal",places=2,product=["quantity","price"]}]'
    words = [
        "generate",
        "--set",
        amount,
        "--out",
        "t.fix",
        "--truth",
        "k.csv",
        "--manifest",
        "m.json",
        "--first-id",
        "1",
    ]
    assert run(*words, cwd=tmp_path).code == 0
    done = run("verify", "t.fix", "k.csv", "m.json", cwd=tmp_path)
    assert done.code == 2
    assert "t.fix is FIX and has the scenario's gross_amount" in done.err


EDITS: list[tuple[str, Callable[[str], str], str]] = [
    ("another checksum", lambda line: re.sub(r"10=\d+", "10=999", line), "line 5: 10 is 999; expected "),
    ("another length", lambda line: re.sub(r"\x019=\d+", "\x019=1", line), "line 5: 9 is 1; expected "),
    ("a message too late", lambda line: framed(line.replace("34=5\x01", "34=6\x01")), "34 is 6; expected 5"),
    (
        "another sender",
        lambda line: framed(line.replace("TRADEGEN", "SOMEONE")),
        "49=SOMEONE stands where 49=",
    ),
    (
        "another order",
        lambda line: framed(line.replace("487=0\x01", "")),
        "line 5 has 27 values; expected 28",
    ),
    ("a tag too many", lambda line: framed(line.replace("487=0", "487=0\x0158=x")), "line 5 has"),
    ("two ids", lambda line: framed(re.sub(r"\x0117=tid0", "\x0117=tid1", line)), "line 5: 17 is tid1"),
    ("a third side", lambda line: framed(re.sub(r"\x0154=\d", "\x0154=3", line)), "54 is 3; expected 1 or 2"),
    (
        "a date with dashes",
        lambda line: framed(line.replace("75=2025", "75=20-25")),
        "no date or time of FIX",
    ),
    ("a time of its own", lambda line: framed(re.sub(r"\x0152=2", "\x0152=1", line)), "52 is 1"),
    ("an SOH too many", lambda line: line.replace("\x01\n", "\x01\x01\n"), "line 5 has more than its values"),
    ("another price", lambda line: framed(re.sub(r"(\x0131=)(\d+)", r"\g<1>9\2", line)), ""),
    (
        "a price in digits more",
        lambda line: framed(re.sub(r"(\x0131=[^\x01]+)", r"\g<1>0", line)),
        "price in",
    ),
]


@pytest.mark.parametrize(("what", "edit", "sentence"), EDITS, ids=[edit[0] for edit in EDITS])
def test_a_message_that_is_edited_is_found(
    generated: Path, tmp_path: Path, what: str, edit: Callable[[str], str], sentence: str
) -> None:
    lines = (generated / "t.fix").read_text("utf-8").splitlines(keepends=True)
    assert framed(lines[4]) == lines[4], "the test frames messages as they are framed"
    changed = edit(lines[4])
    assert changed != lines[4], what
    (tmp_path / "t.fix").write_text("".join([*lines[:4], changed, *lines[5:]]), "utf-8")
    report = verify([tmp_path / "t.fix", generated / "k.csv", generated / "m.json"])
    assert not report.ok
    assert any(sentence in told for found in report.findings.values() for told in found.examples), str(report)


def test_a_dataset_of_messages_with_a_value_changed_is_found_though_digests_hide_it(
    copied: Callable[[str], Path],
) -> None:
    folder = copied("fix")
    assert proof(folder).ok, str(proof(folder))
    path = folder / "trades/part-00000.fix"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[0] = framed(re.sub(r"(\x0132=)", r"\g<1>9", lines[0]))
    path.write_text("".join(lines), "utf-8")
    hashed_again(folder)
    report = proof(folder)
    assert "digest" not in report.findings
    assert "quantity in trades/part-00000.fix" in "".join(
        told(report, kind) for kind in report.findings if kind in ("unlabelled", "vanished")
    )
