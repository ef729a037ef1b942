"""Datasets on disks and in folders that refuse: one sentence, and nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets_files import (
    BLOCK,
    WORDS,
    a_run,
    break_off,
    files_in,
    write,
)
from ledger_files import run_child
from shell import run as shell

from tradegen.errors import OutputError
from tradegen.ledger import ledger_at

PAIRS = 2 * BLOCK + 1_000


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 16 MB, which only root may set up."""
    # Not in tmp_path: if the tests were killed, pytest could not take it away, and would fail the next time.
    disk = Path(tempfile.mkdtemp())
    if not _mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", disk):
        disk.rmdir()
        pytest.skip("mounting a disk is not allowed here")
    yield disk
    subprocess.run(["umount", disk], check=True)
    disk.rmdir()


def _mount(*words: str | Path) -> bool:
    mount = shutil.which("mount")
    return bool(mount) and subprocess.run([mount, *words], capture_output=True, check=False).returncode == 0


def require_sentence(code: int, said: str, *, about: str) -> None:
    assert code == 2, said
    assert said.startswith("tradegen: "), said
    assert said.count("\n") == 1, said
    assert about in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "workers"),
    [
        ("csv", "2"),
        ("parquet", "1"),
        *(pytest.param(*case, marks=pytest.mark.large) for case in (("json", "1"), ("json", "2"))),
        *(pytest.param(*case, marks=pytest.mark.large) for case in (("csv", "1"), ("parquet", "2"))),
    ],
)
def test_a_full_disk_is_said_in_a_sentence_and_room_lets_the_run_go_on(
    tmp_path: Path, small_disk: Path, form: str, workers: str
) -> None:
    words = (*WORDS, "--format", form, "--pairs", "260000", "--workers", workers, "--force")
    if form == "parquet":  # small files
        (small_disk / "hidden").mkdir()
        (small_disk / "hidden" / "filler").write_bytes(bytes(11_000_000))
    done = shell(*words, "--out", f"{small_disk}/out/", cwd=tmp_path)
    said = done.err.partition("\n")[2]  # after that of a new ledger
    require_sentence(done.code, said, about="No space left on device")
    assert not (small_disk / "out" / "manifest.json").exists()
    assert not [path for path in small_disk.rglob(".part-*.*.*") if path.is_file()]
    assert _mount("-o", "remount,size=200m", small_disk)
    done = shell(*words, "--out", f"{small_disk}/out/", "--resume", cwd=tmp_path)
    assert done.code == 0, done.err
    write(a_run(pairs=260_000), tmp_path / "undisturbed", form=form)
    assert files_in(small_disk / "out") == files_in(tmp_path / "undisturbed")
    assert ledger_at(tmp_path / "trade_ids.db").show().ranges == 1


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_is_said_in_a_sentence_too(tmp_path: Path) -> None:
    words = (*WORDS, "--first-id", "1", "--pairs", str(PAIRS), "--out", "out/")
    done = subprocess.run(
        [sys.executable, "-m", "tradegen", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000)),
    )
    require_sentence(done.returncode, done.stderr, about="cannot be written: File too large")
    assert not (tmp_path / "out" / "manifest.json").exists()
    assert shell(*words, "--resume", cwd=tmp_path).code == 0
    write(a_run(pairs=PAIRS), tmp_path / "undisturbed", workers=2)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "undisturbed")


@pytest.mark.parametrize("begun", [False, True])
def test_a_read_only_disk_is_said_in_a_sentence(tmp_path: Path, small_disk: Path, begun: bool) -> None:
    words = (*WORDS, "--first-id", "1", "--pairs", str(BLOCK + 10), "--out", f"{small_disk}/out/")
    if begun:
        break_off(a_run(pairs=BLOCK + 10), small_disk / "out")
    before = files_in(small_disk)
    assert _mount("-o", "remount,ro", small_disk)
    done = shell(*words, *(["--resume"] if begun else []), cwd=tmp_path)
    require_sentence(done.code, done.err, about="Read-only file system")
    assert files_in(small_disk) == before
    assert _mount("-o", "remount,rw", small_disk)
    assert shell(*words, *(["--resume"] if begun else []), cwd=tmp_path).code == 0


@pytest.mark.parametrize("where", ["the folder", "the folder it is to lie in", "a folder of parts"])
def test_a_folder_without_permission_is_said_in_a_sentence(where: str) -> None:
    """Also when the tests run as root, whom no mode stops: a child gives up being root first."""
    folder = Path(tempfile.mkdtemp())  # not tmp_path, which lies in a folder closed to other users
    try:
        folder.chmod(0o755)
        out = folder / "out"
        if where == "the folder":
            out.mkdir()
        if where == "a folder of parts":
            break_off(a_run(pairs=BLOCK + 10), out)
            for path in (*out.rglob("*"), out):
                path.chmod(0o777)
            (out / "trades").chmod(0o755)
        before = files_in(folder)
        said = run_child(__file__, "write_without_permission", out)
        assert "Permission denied" in said
        assert str(out) in said
        assert "\n" not in said
        assert files_in(folder).keys() - {"out/.progress/plan.json"} == before.keys() - {
            "out/.progress/plan.json"
        }
    finally:
        shutil.rmtree(folder)


def write_without_permission(out: str) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        write(a_run(pairs=10), elsewhere, workers=1)  # loads all that lies out of reach afterwards
    run = a_run(pairs=BLOCK + 10)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    else:
        for path in (Path(out), Path(out).parent, Path(out, "trades")):
            if path.exists():
                path.chmod(path.stat().st_mode & ~0o222)
    try:
        write(run, out, workers=1, resume=True)
    except OutputError as error:
        sys.stdout.write(str(error))


# Child processes run the functions of this file by name.


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
