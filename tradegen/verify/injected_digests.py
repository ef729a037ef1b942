"""The digests of the files of `inject`, held against the manifest's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradegen.core.regular_files import open_file
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import UnfinishedError, VerifyError

__all__ = ["digested", "stated_digests"]


def stated_digests(manifest: Mapping[str, Any], *, beside: bool) -> list[tuple[str, Any]]:
    """Where the manifest states the digest of each file, in the order of the files, and the digest.

    Raises
    ------
    VerifyError
        Where it states none.
    """
    places: list[tuple[str, ...]] = [("ours",)] if beside else []
    places += [("input",), ("output", "theirs"), ("output", "truth")]
    found: list[tuple[str, Any]] = []
    for place in places:
        part: Any = manifest
        for name in place:
            part = part.get(name) if isinstance(part, Mapping) else None
        if not isinstance(part, Mapping) or not part.get("sha256"):
            raise VerifyError(
                f"the manifest has no {'.'.join(place)}.sha256; expected one written with --out and --truth"
            )
        found.append((".".join(place), part["sha256"]))
    return found


def digested(path: Path, place: str, told: Any, findings: Findings) -> int:
    """Compare a file's digest with the manifest's; the file's size.

    Raises
    ------
    UnfinishedError
        Where it cannot be read.
    """
    try:
        with open_file(path) as file:
            found, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise UnfinishedError(f"{path} cannot be read: {error.strerror}") from None
    if found != told:
        findings.add("digest", f"{path.name} is not the file of {place}: its SHA-256 is {found}")
    return size
