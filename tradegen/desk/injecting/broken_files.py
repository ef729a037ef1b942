"""A list of the user's own, broken, to files: the list, the truth and the manifest, all of them or none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tradegen.core.background import Background
from tradegen.core.databases import temporary_database
from tradegen.desk.injecting.broken_list import MEMORY, Asked, BrokenList, break_list
from tradegen.desk.injecting.truth_files import truth_suffix, write_truth
from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.list_values import explained
from tradegen.desk.lists.list_writing import write_list
from tradegen.desk.lists.plain_text import Writable
from tradegen.errors import ListError, OutputError
from tradegen.output.files import OutputFile, require_apart, uninterrupted
from tradegen.output.single_files import suffix_of
from tradegen.output.writable_storage import Output


@contextlib.contextmanager
def database() -> Iterator[Any]:
    """A database that keeps the order of rows, and its folder, where what memory has no room for waits."""
    with temporary_database("inject", MEMORY, preserve_insertion_order=True) as made:
        yield made


def write_broken(
    asked: Asked, theirs: Path, truth: Path | None = None, manifest: Path | None = None
) -> Mapping[str, Any]:
    """Break a list that is a file, and write what came of it.

    Parameters
    ----------
    asked : Asked
    theirs : Path
        The list with its mismatches, in the very form of the one that is read.
    truth : Path, optional
        Its suffix says the format.
    manifest : Path, optional

    Returns
    -------
    mapping
        The manifest.

    Raises
    ------
    ListError
        Where the list cannot be read, or an id stands twice in it.
    OutputError
        Where a file cannot be written, is read as well, or has the suffix of another form than the list's.
        None has changed then.
    """
    assert asked.path is not None
    given = [path for path in (asked.path, asked.path_beside) if path]
    require_apart(given, [theirs, truth, manifest])
    _require_same_form(theirs, asked.path, asked.form.file)
    form = truth_suffix(truth) if truth else None
    states = list(map(_state, given))
    with contextlib.ExitStack() as stack:
        connection, folder = stack.enter_context(database())
        broken = break_list(connection, folder, asked)
        out = stack.enter_context(OutputFile(theirs))
        truth_out = stack.enter_context(OutputFile(truth)) if truth else None
        manifest_out = stack.enter_context(OutputFile(manifest)) if manifest else None
        digested = Output(out.write)
        with explained(str(asked.path)), Background(digested.write) as sink:
            held = broken.held
            rows = write_list(connection, held.one, broken.changes.edits(), sink, held.rows)
        written: dict[str, Any] = {
            "theirs": {"name": str(theirs), "sha256": digested.sha256, "rows": rows[1]}
        }
        if truth_out and form:
            written["truth"] = {"name": str(truth), **_truth(broken, form, truth_out)}
        for path, state in zip(given, states, strict=True):
            require_unchanged(path, state)
        made = broken.manifest(written)
        if manifest_out:
            manifest_out.write(f"{json.dumps(made, indent=2, ensure_ascii=False)}\n".encode())
        # Where one is refused at its end, none is in its place; the list itself comes last.
        files = [file for file in (manifest_out, truth_out, out) if file]
        for file in files:
            file.finish()
        with uninterrupted():
            for file in files:
                file.place()
    return made


def _truth(broken: BrokenList, form: str, out: Writable) -> dict[str, str]:
    digested = Output(out.write)
    write_truth(broken.changes.truth(), form, digested, broken.changes.notional_places)
    return {"sha256": digested.sha256}


def _require_same_form(theirs: Path, given: Path, file: FileForm) -> None:
    """Refuse a suffix that says another form, or another compression, than the list has."""
    (ending, known, compressed), (own, *_) = suffix_of(theirs), suffix_of(given)
    wanted = "" if file.compression == "none" else f".{file.compression}"
    says_nothing = known is None and not compressed
    if ending == own or says_nothing or (known in (None, file.form) and compressed == wanted):
        return
    raise OutputError(
        f"{theirs} has the suffix {ending}, and {given} is {file.form}{wanted}, in whose form their list is "
        f"written; expected the suffix {own or f'.{file.form}{wanted}'}"
    )


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise ListError(f"{path} cannot be read: {error.strerror}") from None
    return found.st_size, found.st_mtime_ns


def require_unchanged(path: Path, state: tuple[int, int]) -> None:
    """Refuse a list that was written to while it was read.

    Raises
    ------
    ListError
    """
    if _state(path) != state:
        raise ListError(f"{path} was changed while it was read; expected a list that stays as it is")
