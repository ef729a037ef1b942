"""Verify: FIX messages are proved as other lists are, and each tag of them is checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from reading import COLUMNS
from shell import run
from verify_datasets import VIEWS, hashed_again, made, proof, told
from verify_edits import framed

from tradegen.verify import Report, verify


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


OWN = """
pairs = 300
mismatch_rate = 0.5
columns = [
    { name = "isin", kind = "code", codes = 40, prefix = "US" },
    { name = "settlement_date", kind = "date", sessions_after = "date", by = 1 },
    { name = "account", kind = "code", codes = 30, prefix = "ACC" },
    { name = "currency", kind = "code", values = ["USD", "EUR"] },
    { name = "gross_amount", kind = "decimal", places = 2, product = ["quantity", "price"] },
    { name = "note", kind = "text", values = ["Z\u00fcrich", "a=b", "\u20ac and \u65e5\u672c"] },
    { name = "venue", kind = "code", values = ["XNYS", "XNAS"] },
]
LAYOUT
[mechanisms]
"quantity.nudge" = 1
"isin.blank" = 1
"settlement_date.blank" = 1
"settlement_date.next_session" = 1
"account.blank" = 1
"account.typo" = 1
"currency.blank" = 1
"gross_amount.blank" = 1
"gross_amount.digit_swap" = 1
"note.blank" = 1
"record.duplicate" = 1
"""
_WITHOUT_VENUE = [
    *("trade_id", "note", *COLUMNS[1:], "isin", "settlement_date", "account", "currency", "gross_amount"),
    "record_id",
]


@pytest.fixture(scope="module", params=["single", "two_system"])
def with_columns(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all columns that FIX has tags for. Any of their values may be missing."""
    folder, view = tmp_path_factory.mktemp("own"), request.param
    lists = ["trades"] if view == "single" else ["ours", "theirs"]
    layouts = "\n".join(f"{name}.include = {_WITHOUT_VENUE}" for name in lists)
    (folder / "own.toml").write_text(OWN.replace("LAYOUT", f'view = "{view}"\n{layouts}'), "utf-8")
    words = ["generate", "--scenario", "own.toml", "--seed", "7", "--first-id", "21", "--date", "2025-07-21"]
    done = run(*words, "--out", "t.fix", "--truth", "k.csv", "--manifest", "m.json", cwd=folder)
    assert done.code == 0, done.err
    (folder / "own.toml").unlink()
    return folder


def test_messages_with_columns_of_a_scenario_are_proved(with_columns: Path) -> None:
    report = verify(sorted(with_columns.iterdir()))
    assert report.ok, str(report)
    assert report.pairs == 300
    assert report.truth_rows > 150


def test_a_dataset_of_messages_with_columns_of_a_scenario_is_proved(tmp_path: Path) -> None:
    report = proof(
        made(tmp_path / "d", "fix", pairs=300, columns=OWN_AMOUNT, mechanisms={"quantity.nudge": 1})
    )
    assert report.ok, str(report)


OWN_AMOUNT = [{"name": "gross_amount", "kind": "decimal", "places": 2, "product": ["quantity", "price"]}]
OWN_EDITS: list[tuple[str, str, str, str]] = [
    ("another amount", r"\x01381=(\d)", "\x01381=9\\1", "gross_amount in"),
    ("an amount that is left out", r"\x01381=[^\x01]+", "", "gross_amount in"),
    ("a tag without a value", r"\x0115=\w+", "\x0115=", "15 has no value; what is missing has no tag"),
    ("another source of the id", r"\x0122=4", "\x0122=5", "values; expected"),
    (
        "a settlement date with dashes",
        r"\x0164=2025(\d\d)",
        "\x0164=2025-\\1-",
        "64 is no date or time of FIX",
    ),
    ("tags in another order", r"(\x011=[^\x01]+)(\x0115=[^\x01]+)", "\\2\\1", "values; expected"),
    ("another note", r"\x0158=[^\x01]+", "\x0158=other", "note in"),
    ("no parties counted", r"\x01453=2", "\x01453=0", "453 is 0; expected 2"),
]


def test_each_tag_of_a_scenarios_column_that_is_edited_is_found(
    with_columns: Path, tmp_path: Path, every_example: None
) -> None:
    """One proof finds all of them, each in a message of its own."""
    path = next(with_columns.glob("*.fix"))
    others = [other for other in with_columns.iterdir() if other != path]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    free = clean_lines(lines, with_columns / "k.csv")
    due = {}
    for what, pattern, new, sentence in OWN_EDITS:
        at = next(at for at in free if re.search(pattern, lines[at]))
        free.remove(at)
        lines[at] = framed(re.sub(pattern, new, lines[at]))
        due[what] = (at, trade_id(lines[at]), sentence)
    (tmp_path / path.name).write_text("".join(lines), "utf-8")
    assert_told(verify([tmp_path / path.name, *others]), due)


def trade_id(message: str) -> str:
    found = re.search(r"\x0137=(\w+)", message)
    assert found
    return found[1]


def clean_lines(messages: list[str], truth: Path) -> list[int]:
    """Where a message stands of each pair that has no mismatch, past the first messages."""
    altered = set(re.split("[,\n]", truth.read_text("utf-8")))
    found = {trade_id(message): at for at, message in enumerate(messages) if at > 3}
    return sorted(at for name, at in found.items() if name not in altered)


def assert_told(report: Report, due: dict[str, tuple[int, str, str]]) -> None:
    """Each of these is told of: in the message at `at`, or of this trade, by a sentence with this in it."""
    told = [line for found in report.findings.values() for line in found.examples]
    missed = {
        what: (at + 1, name, sentence)
        for what, (at, name, sentence) in due.items()
        if not any(
            (re.search(rf"\bline {at + 1}\b", line) or line.startswith(name)) and sentence in line
            for line in told
        )
    }
    assert not missed, told


EDITS: list[tuple[str, Callable[[str], str], str]] = [
    ("another checksum", lambda line: re.sub(r"10=\d+", "10=999", line), "line {line}: 10 is 999; expected "),
    ("another length", lambda line: re.sub(r"\x019=\d+", "\x019=1", line), "line {line}: 9 is 1; expected "),
    (
        "a message too late",
        lambda line: framed(re.sub(r"\x0134=(\d+)", lambda found: f"\x0134={int(found[1]) + 1}", line)),
        "34 is {later}; expected {line}",
    ),
    (
        "another sender",
        lambda line: framed(line.replace("TRADEGEN", "SOMEONE")),
        "49=SOMEONE stands where 49=",
    ),
    (
        "another order",
        lambda line: framed(line.replace("487=0\x01", "")),
        "line {line} has 27 values; expected 28",
    ),
    ("a tag too many", lambda line: framed(line.replace("487=0", "487=0\x0158=x")), "line {line} has"),
    ("two ids", lambda line: framed(re.sub(r"\x0117=tid0", "\x0117=tid1", line)), "line {line}: 17 is tid1"),
    ("a third side", lambda line: framed(re.sub(r"\x0154=\d", "\x0154=3", line)), "54 is 3; expected 1 or 2"),
    (
        "a date with dashes",
        lambda line: framed(line.replace("75=2025", "75=20-25")),
        "no date or time of FIX",
    ),
    ("a time of its own", lambda line: framed(re.sub(r"\x0152=2", "\x0152=1", line)), "52 is 1"),
    (
        "an SOH too many",
        lambda line: line.replace("\x01\n", "\x01\x01\n"),
        "line {line} has 29 values; expected 28",
    ),
    (
        "more past the checksum",
        lambda line: line.replace("\x01\n", "\x01x\n"),
        "it goes on after its checksum",
    ),
    (
        "a time with a dash too many",
        lambda line: framed(line.replace("60=2025", "60=20-25")),
        "60 is no date or time of FIX",
    ),
    # docs/fix.md: what these hold in all messages.
    *(
        (
            f"{tag}, {new} for {old}",
            lambda line, old=f"\x01{tag}={old}\x01", new=f"\x01{tag}={new}\x01": framed(
                line.replace(old, new)
            ),
            f"{tag}={new} stands where {tag}={old} belongs",
        )
        for tag, old, new in (
            ("35", "AE", "AR"),
            ("56", "MATCHER", "OTHER"),
            ("487", "0", "2"),
            ("570", "N", "Y"),
            ("552", "1", "2"),
            ("452", "1", "7"),
            ("452", "17", "7"),
        )
    ),
    ("another price", lambda line: framed(re.sub(r"(\x0131=)(\d+)", r"\g<1>9\2", line)), "price in"),
    (
        "a price in digits more",
        lambda line: framed(re.sub(r"(\x0131=[^\x01]+)", r"\g<1>0", line)),
        "price in",
    ),
]


def test_each_message_that_is_edited_is_found(generated: Path, tmp_path: Path, every_example: None) -> None:
    lines = (generated / "t.fix").read_text("utf-8").splitlines(keepends=True)
    due = {}
    for at, (what, edit, sentence) in zip(clean_lines(lines, generated / "k.csv"), EDITS, strict=False):
        assert framed(lines[at]) == lines[at], "the test frames messages as they are framed"
        changed = edit(lines[at])
        assert changed != lines[at], what
        due[what] = (at, trade_id(lines[at]), sentence.format(line=at + 1, later=at + 2))
        lines[at] = changed
    assert len(due) == len(EDITS)
    (tmp_path / "t.fix").write_text("".join(lines), "utf-8")
    assert_told(verify([tmp_path / "t.fix", generated / "k.csv", generated / "m.json"]), due)


@pytest.mark.slow
def test_a_dataset_of_messages_with_a_value_changed_is_found_though_digests_hide_it(
    copied: Callable[[str], Path],
) -> None:
    folder = copied("fix")
    assert proof(folder).ok, str(proof(folder))
    path = folder / "trades/part-00000.fix"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[0] = framed(re.sub(r"(\x0132=)", r"\g<1>9", lines[0]))
    name = trade_id(lines[1])
    lines[1] = framed(lines[1].replace("\x01571=", "\x01571=x"))
    path.write_text("".join(lines), "utf-8")
    hashed_again(folder)
    report = proof(folder)
    assert "digest" not in report.findings
    assert "quantity in trades/part-00000.fix" in "".join(
        told(report, kind) for kind in report.findings if kind in ("unlabelled", "vanished")
    )
    assert f"line 2: 571 is x{name}-" in told(report, "invalid")
