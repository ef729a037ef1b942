"""A dataset as its manifest tells of it: its parts, their files and their ids."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradegen.core.compression import SUFFIXES
from tradegen.core.storage import Storage, open_storage
from tradegen.errors import shown
from tradegen.verify.file_scan import json_object
from tradegen.verify.proof_planning import scenario_of
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import LISTS, UnfinishedError, VerifyError

_MANIFEST = "manifest.json"
_BLOCK = 65_536  # pairs
_TEXTS = ("csv", "ndjson", "json", "fix")
_FORMS = (*_TEXTS, "parquet", *(f"{form}{suffix}" for suffix in SUFFIXES for form in _TEXTS))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset, of which nothing but the manifest is read."""

    storage: Storage
    manifest: Mapping[str, Any]
    scenario: Mapping[str, Any]
    form: str
    part_pairs: int

    @property
    def pairs(self) -> int:
        """How many pairs there are to be, by the manifest."""
        return int(self.scenario["pairs"])

    @property
    def part_count(self) -> int:
        """How many parts there are to be; no more than the manifest could name."""
        return min(-(-self.pairs // self.part_pairs), max(1, len(self.files)))

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """What the manifest says of each file, by its name."""
        files: Mapping[str, Mapping[str, Any]] = self.manifest["dataset"]["files"]
        return files

    @property
    def tables(self) -> tuple[str, ...]:
        """The lists of the view, leg 0 first, and the truth; and the links, where the lists share no id."""
        links = () if self.scenario.get("shared_id", True) else ("links",)
        return (*LISTS[self.scenario["view"]], "truth", *links)

    def names(self, part: int) -> list[str]:
        """The files of a part: its lists, its truth, and its links if there are any."""
        forms = {"truth": self.form.replace("fix", "csv")}
        return [f"{table}/part-{part:05d}.{forms.get(table, self.form)}" for table in self.tables]

    def ids(self, part: int) -> tuple[int, int]:
        """The first and the last id of a part: it holds whole blocks of pairs, whose ids are consecutive."""
        first = int(self.manifest["replay"]["first_id"])
        from_pair = part * self.part_pairs
        return first + from_pair, first + min(from_pair + self.part_pairs, self.pairs) - 1

    def check(self, findings: Findings) -> None:
        """Report files that should not be there, or not in the manifest, and a digest of another list."""
        expected = {name for part in range(self.part_count) for name in self.names(part)}
        for name in sorted(expected - self.files.keys()):
            findings.add("digest", f"{name} is not in the manifest, and should be")
        for name in self.files:
            if name not in expected:
                told = f"{shown(name)} is in the manifest; no file of this dataset has such a name"
                findings.add("digest", told)
        found = {name for name in self.storage.names() if not name.startswith(".") and "/." not in name}
        for name in sorted(found - {_MANIFEST, *expected}):
            findings.add("digest", f"{name} is there, and not in the manifest")
        digest = hashlib.sha256(b"".join(self._lines())).hexdigest()
        if digest != _member(self.manifest["dataset"], "sha256"):
            findings.add("digest", f"{_MANIFEST}: dataset.sha256 is not that of the files it names")

    def _lines(self) -> Iterator[bytes]:
        for name, file in self.files.items():
            yield f"{file['sha256']}  {name}\n".encode("utf-8", "surrogatepass")


def open_dataset(path: str, endpoint: str | None = None) -> Dataset:
    """Read the manifest of a dataset.

    Parameters
    ----------
    path : str
        A folder, its manifest, or ``s3://bucket/prefix``.
    endpoint : str, optional
        Address of the object store, if it is not AWS's own.

    Raises
    ------
    VerifyError
        Where there is no dataset, or an unfinished one, or its manifest cannot be used.
    """
    folder, _, name = path.rpartition("/")
    where = folder or path.removesuffix(_MANIFEST) if name == _MANIFEST else path
    storage = open_storage(where, endpoint, UnfinishedError)
    if "://" not in where and not os.path.isdir(where or "."):  # noqa: PTH112 - silent where it is forbidden
        raise VerifyError(f"{where} is no folder; expected that of a dataset")
    content, place = storage.get(_MANIFEST), storage.place
    if content is None:
        raise VerifyError(
            f"{place} holds no {_MANIFEST}, so that it is no finished dataset; "
            "the command that began it finishes it with --resume"
        )
    manifest = json_object(content.decode("utf-8-sig", "backslashreplace"))
    if manifest is None:
        raise VerifyError(f"the {_MANIFEST} of {place} is not JSON; expected what tradegen wrote")
    about = manifest.get("dataset")
    if about is None:
        raise VerifyError(
            f"the {_MANIFEST} of {place} is not that of a dataset; expected the files of its run, one by one"
        )
    scenario = scenario_of(manifest)
    form = _member(about, "format")
    if form not in _FORMS:
        raise VerifyError(f"dataset.format is {shown(form)} in the manifest; expected {', '.join(_FORMS)}")
    blocks = _member(about, "blocks_per_part")
    files = _member(about, "files")
    if not _is_count(blocks) or not int(blocks):
        raise VerifyError(f"dataset.blocks_per_part is {shown(blocks)} in the manifest; expected 1 or more")
    if not isinstance(files, Mapping) or not all(map(_is_file, files.values())):
        raise VerifyError("dataset.files in the manifest is not a table of rows, bytes and sha256 by name")
    return Dataset(storage, manifest, scenario, form, int(blocks) * _BLOCK)


def _member(table: object, name: str) -> Any:
    return table.get(name) if isinstance(table, Mapping) else None


def _is_file(file: object) -> bool:
    counts = all(_is_count(_member(file, name)) for name in ("rows", "bytes"))
    return counts and isinstance(_member(file, "sha256"), str)


def _is_count(value: object) -> bool:
    return str(value).isdecimal() and len(str(value)) <= 18
