"""Verify: what a cast or a lenient reader would let pass is found; what is only written otherwise is not."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from shell import run
from verify_files import MANIFEST, TRADES, TRUTH, proof, two_lists

from tradegen.verify import VerifyError, open_dataset, verify, verify_dataset

FIRST = "tid00000001,AAPL,BKR001,BKR002,250,154.00,BUY,2025-07-21,2025-07-21 10:33:00,00000000000000a1\n"

# Of each, a bare cast by DuckDB makes the right value.
CELLS = [
    ("quantity", "250,", "250.4,"),
    ("quantity", "250,", "2_50,"),
    ("quantity", "250,", "0xfa,"),
    ("quantity", "250,", "+250,"),
    ("quantity", "250,", " 250,"),
    ("quantity", "250,", "2.5e2,"),
    ("quantity", "250,", "-250,"),
    ("quantity", "250,", ","),
    ("quantity", "250,", "99999999999999999999,"),
    ("price", "154.00", "154.001"),
    ("price", "154.00", "154.000"),
    ("price", "154.00", "154"),
    ("price", "154.00", "154.0"),
    ("price", "154.00", "1.54e2"),
    ("price", "154.00", "0154.00"),
    ("price", "154.00", "+154.00"),
    ("price", "154.00", "154.00 "),
    ("price", "154.00", "$154.00"),
    ("price", "154.00", "1,54.00".replace(",", "_")),
    ("trade_timestamp", "10:33:00", "10:33:00.0000001"),
    ("trade_timestamp", "10:33:00", "10:33:00+02:00"),
    ("trade_timestamp", "10:33:00", "10:33:00Z"),
    ("trade_timestamp", "10:33:00", "10:33"),
    ("trade_timestamp", "2025-07-21 10:33", "2025-07-21T10:33"),
    ("trade_timestamp", "10:33:00", "10:33:60"),
    ("date", "BUY,2025-07-21", "BUY,2025-7-21"),
    ("date", "BUY,2025-07-21", "BUY,2025-07-21 00:00:00"),
    ("date", "BUY,2025-07-21", "BUY,2025-02-29"),
    ("date", "BUY,2025-07-21", "BUY,epoch"),
    ("trade_id", "tid00000001", "tid0000001"),
    ("trade_id", "tid00000001", "tid000000001"),
    ("trade_id", "tid00000001", "TID00000001"),
    ("order_type", "BUY", "buy"),
    ("ticker", "AAPL", ""),
    ("record_id", "00000000000000a1", "0x000000000000a1"),
    ("record_id", "00000000000000a1", "0000000000000a1"),
    ("record_id", "00000000000000a1", ""),
]


def test_a_cell_that_is_not_written_as_its_kind_is_refused_and_named(
    tmp_path: Path, every_example: None
) -> None:
    """One proof refuses all of them, each in a record of its own, and nothing else."""
    header, other = TRADES.splitlines(keepends=True)[0], FIRST.replace("BUY", "SELL")
    lines = [header]
    for number, (_, old, new) in enumerate(CELLS, 11):
        for leg, line in enumerate((FIRST.replace(old, new, 1), other)):
            line = line.replace("tid00000001", f"tid000000{number}")
            lines.append(line.replace("00000000000000a1", f"00000000000{leg}{number:04x}"))
    report = proof(tmp_path, "".join(lines), TRUTH.splitlines(keepends=True)[0])
    told = report.findings["invalid"].examples
    expected = {f"{column} in a.csv line {2 * number + 2}" for number, (column, _, _) in enumerate(CELLS)}
    assert {re.search(r" (\w+ in a\.csv line \d+) is ", line)[1] for line in told} == expected, str(report)


LINES = [
    ("#\n", "a.csv line 3 has 1 values; expected 10"),
    ("\n", "a.csv line 3 is blank"),
    ("   \n", "a.csv line 3 has 1 values; expected 10"),
    (FIRST.replace("\n", ",\n"), "a.csv line 3 has more than its values"),
    (FIRST.replace("\n", ",x\n"), "a.csv line 3 has 11 values; expected 10"),
    (FIRST.replace(",250", ""), "a.csv line 3 has 9 values; expected 10"),
    (FIRST.replace("\n", "\r\n"), "a.csv line 3 ends in another way than the other lines"),
    (FIRST.replace("\n", "\r"), "a.csv line 3 ends in another way than the other lines"),
    (FIRST.replace("AAPL", "AA\rPL"), "a.csv line 3 ends in another way than the other lines"),
    (FIRST.replace("AAPL", "AA\0PL"), "a.csv line 3 has a NUL byte"),
    (FIRST.replace("AAPL", '"AA\nPL"'), "a.csv has 21 lines; its records and their header are 20"),
    (FIRST.replace("AAPL", '"AAPL'), "a.csv line 3 is not CSV"),
    (FIRST.replace("AAPL", '"AA"PL'), "a.csv line 3 is not CSV"),
    (FIRST.replace("AAPL", ' "AAPL"'), "a.csv line 3 has more than its values"),
    (FIRST.replace("AAPL", "AA\udcffPL"), "a.csv line 3 is not CSV: Invalid unicode"),
]


@pytest.mark.parametrize(("line", "sentence"), LINES)
def test_a_line_that_is_no_record_is_found_by_its_number(tmp_path: Path, line: str, sentence: str) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    text = TRADES.replace(FIRST, line)
    paths[0].write_bytes(text.encode("utf-8", "surrogateescape"))
    paths[1].write_text(TRUTH, "utf-8")
    report = verify(paths)
    assert any(sentence in told for told in report.findings["invalid"].examples), str(report)


SAME = [
    ("a byte order mark", lambda text: f"\ufeff{text}"),
    ("Windows line ends", lambda text: text.replace("\n", "\r\n")),
    ("no end of the last line", lambda text: text.removesuffix("\n")),
    ("quotation marks", lambda text: text.replace("AAPL", '"AAPL"')),
    ("quoted blanks", lambda text: text.replace(",,", ',"",')),
    ("every cell quoted", lambda text: "".join(quoted(line) for line in text.splitlines())),
]


def quoted(line: str) -> str:
    return ",".join(f'"{cell}"' for cell in line.split(",")) + "\n"


@pytest.mark.parametrize(("what", "change"), SAME, ids=[name for name, _ in SAME])
def test_what_every_reader_of_csv_takes_for_the_same_is_proved(
    tmp_path: Path, what: str, change: object
) -> None:
    assert callable(change)
    report = proof(tmp_path, change(TRADES), change(TRUTH), MANIFEST)
    assert report.ok, f"{what}: {report}"


def test_old_macs_line_ends_are_not_read_as_lines(tmp_path: Path) -> None:
    with pytest.raises(VerifyError):
        proof(tmp_path, TRADES.replace("\n", "\r"))


@pytest.mark.parametrize("year", [1965, 2025, 2068, 2070, 2099])
def test_the_century_of_two_digit_years_is_that_of_the_truth(tmp_path: Path, year: int) -> None:
    def change(leg: int, row: dict[str, str]) -> dict[str, str]:
        row = {name: value.replace("2025-", f"{year}-") for name, value in row.items()}
        if leg:
            row["date"] = (
                f"07/22/{year % 100:02d}" if row["trade_id"].endswith("1") else f"07/21/{year % 100:02d}"
            )
        return row

    paths = two_lists(tmp_path, "two_system", change, theirs={"date_format": "%m/%d/%y"})
    header = TRUTH.splitlines()[0].removesuffix(",record_id")
    row = f"tid00000001,THEIRS,date,date.next_session,{year}-07-21,{year}-07-22,1,false,38500.00,"
    paths[2].write_text(f"{header}\n{row}\n", "utf-8")
    manifest = json.loads(paths[3].read_text("utf-8"))
    manifest["counts"]["truth_rows"] = 1
    paths[3].write_text(json.dumps(manifest), "utf-8")
    report = verify(paths)
    assert report.ok, str(report)


def test_a_layouts_date_that_its_format_would_not_print_is_refused(tmp_path: Path) -> None:
    def change(leg: int, row: dict[str, str]) -> dict[str, str]:
        return {**row, "date": "7/21/2025" if row["trade_id"].endswith("1") else "07/21/2025"} if leg else row

    report = verify(two_lists(tmp_path, "two_system", change, theirs={"date_format": "%m/%d/%Y"}))
    assert "date in t.theirs.csv line 2 is '7/21/2025'" in report.findings["invalid"].examples[0]


def test_a_delta_is_written_with_the_decimals_of_its_field(tmp_path: Path) -> None:
    report = proof(tmp_path, truth=TRUTH.replace("410.25,0.25,", "410.25,0.250,"))
    assert "delta is 0.250, from 410.00 to 410.25" in report.findings["delta"].examples[0]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text(TRUTH, "utf-8")
    done = run("verify", "a.csv", "b.csv", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == "tradegen: a.csv is no regular file but a pipe; expected a file, which is read twice\n"


@pytest.mark.slow
def test_a_pipe_as_a_part_is_refused_and_not_waited_for(originals: Path, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    for path in (originals / "csv").rglob("*"):
        target = folder / path.relative_to(originals / "csv")
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    part = folder / "truth/part-00001.csv"
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(VerifyError, match=r"part-00001\.csv cannot be used: it is a named pipe; expected"):
        verify_dataset(open_dataset(str(folder)))


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "absent.csv", "folder"])
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "b.csv").write_text(TRUTH, "utf-8")
    (tmp_path / "folder").mkdir()
    done = run("verify", name, "b.csv", cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("tradegen: ")


@pytest.mark.parametrize("name", ["a[1]*?.csv", "a'b.csv", "a b\u00e9.csv"])
def test_a_files_name_is_a_name_and_no_pattern(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TRADES, "utf-8")
    (tmp_path / "b.csv").write_text(TRUTH, "utf-8")
    assert verify([tmp_path / name, tmp_path / "b.csv"]).ok


def test_a_memory_limit_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="memory is 'much'; expected a size such as 1GB or 500MB"):
        proof(tmp_path, memory="much")
