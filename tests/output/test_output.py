"""Files are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from datasets_files import wait_until

from tradegen.errors import OutputError
from tradegen.output.files import OutputFile


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("before")
    with OutputFile(path) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert listing(tmp_path) == ["trades.csv"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("before")
    with pytest.raises(error), OutputFile(path) as file:  # noqa: PT012 - the error comes in mid-write
        file.write(b"half")
        raise error
    assert path.read_text() == "before"
    assert listing(tmp_path) == ["trades.csv"]


def test_a_killed_process_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("before")
    code = (
        "import sys; from tradegen.output.files import OutputFile\n"
        f"with OutputFile({str(path)!r}) as file:\n"
        "    file.write(b'half' * 10**6); print('writing', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    child.stdin.close()
    child.stdout.close()
    assert path.read_text() == "before"


def test_a_disk_that_refuses_leaves_what_was_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("before")
    code = (
        "import resource, signal; from tradegen.output.files import OutputFile\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "from tradegen.errors import OutputError\n"
        "try:\n"
        f"    with OutputFile({str(path)!r}) as file:\n"
        "        file.write(b'x' * (1 << 22))\n"
        "except OutputError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == f"{path} cannot be written: File too large; nothing there was changed\n"
    assert path.read_text() == "before"
    assert listing(tmp_path) == ["trades.csv"]


def test_a_new_file_has_the_users_permissions_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o640)
    for path in (new, old):
        with OutputFile(path) as file:
            file.write(b"x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_link_stays_a_link_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    with OutputFile(link) as file:
        file.write(b"after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_a_device_is_written_to_and_not_replaced() -> None:
    with OutputFile("/dev/null") as file:
        file.write(b"nothing")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_named_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    wait_until(lambda: Path(f"/proc/{reader.pid}/comm").read_text() == "cat\n")
    time.sleep(0.5)
    with OutputFile(pipe) as file:
        file.write(b"through")
    assert reader.communicate(timeout=10)[0] == b"through"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_named_pipe_that_nothing_reads_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(OutputError, match="it is a named pipe that nothing reads"),
        OutputFile(tmp_path / "pipe"),
    ):
        pass


LEAVE = (
    "import os, sys; from tradegen.output.files import OutputFile\n"
    "with OutputFile(sys.argv[1]) as file:\n"
    "    file.write(b'half'); print('writing', flush=True); sys.stdin.read()"
)


def begin_writing(path: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", LEAVE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    return child


def age(folder: Path) -> None:
    """Let a minute pass for the half-written files in a folder."""
    for path in folder.glob(".*"):
        os.utime(path, (time.time() - 60, time.time() - 60))


def test_the_next_write_takes_away_what_a_killed_process_left_and_nothing_else(tmp_path: Path) -> None:
    ours = {".mine.csv", ".notes.original", ".trades.csv.abcd1234", ".trades.csv.abcd1234.tradegen.bak"}
    for name in ours:
        (tmp_path / name).touch()
    killed, living = begin_writing(tmp_path / "one.csv"), begin_writing(tmp_path / "two.csv")
    killed.kill()
    killed.communicate()
    assert len(listing(tmp_path)) == len(ours) + 2
    with OutputFile(tmp_path / "new.csv") as file:
        file.write(b"x")
    # What is seconds old may be a file that is about to be locked.
    assert len(listing(tmp_path)) == len(ours) + 3
    age(tmp_path)
    with OutputFile(tmp_path / "newer.csv") as file:
        file.write(b"x")
    left = set(listing(tmp_path)) - ours
    [of_the_living] = [name for name in left if name.startswith(".")]
    assert of_the_living.startswith(".two.csv.")
    assert left == {of_the_living, "new.csv", "newer.csv"}
    living.communicate()
    assert set(listing(tmp_path)) - ours == {"new.csv", "newer.csv", "two.csv"}


def test_a_file_that_waits_to_be_put_in_place_is_no_leftover(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "one.csv") as one:
        one.write(b"x")
        one.finish()
        age(tmp_path)
        with OutputFile(tmp_path / "two.csv") as two:
            two.write(b"x")
    assert listing(tmp_path) == ["one.csv", "two.csv"]


def test_a_stream_that_the_shell_redirected_is_appended_to_and_not_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "from tradegen.output.files import OutputFile\n"
        "with OutputFile('/dev/stdout') as file: file.write(b'two')"
    )
    with log.open("ab") as stream:
        stream.write(b"one ")
        stream.flush()
        subprocess.run([sys.executable, "-c", code], stdout=stream, check=True, timeout=30)
        stream.write(b" three")
    assert log.read_text() == "one two three"
    assert listing(tmp_path) == ["log"]


def test_a_folder_or_a_missing_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "file"):
        with pytest.raises(OutputError, match="cannot be written"), OutputFile(path):
            pass
    assert listing(tmp_path) == []
