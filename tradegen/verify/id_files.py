"""Ids of a whole dataset, from all processes, on disk: to find those that stand in it twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tradegen.verify.id_sets import RecordIds, repeated
from tradegen.verify.vocabulary import Array, VerifyError

__all__ = ["IdFiles", "SharedIds"]

# Odd: multiplying by it, modulo 2**64, spreads ids evenly and can be undone.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_GATHER = np.uint64(pow(int(_SPREAD), -1, 2**64))
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class IdFiles:
    """Files that any process appends ids to, each file for a share of all possible ids.

    They take eight bytes an id, in the folder for temporary files; the more ids there will be, the more files
    there should be, since one of them at a time is read into memory.
    """

    folder: Path
    name: str
    count: int

    @classmethod
    def for_about(cls, folder: Path, name: str, ids: int) -> IdFiles:
        """Files for about so many ids."""
        return cls(folder, name, min(max(1, ids // _AT_ONCE), 4096))

    def append(self, ids: Array) -> None:
        """Add some ids, int64.

        Raises
        ------
        VerifyError
            Where the disk refuses.
        """
        spread = np.sort(ids.view(np.uint64) * _SPREAD)
        bounds = [(number << 64) // self.count for number in range(1, self.count)]
        at = [0, *np.searchsorted(spread, np.array(bounds, np.uint64)).tolist(), len(spread)]
        try:
            for number in range(self.count):
                if at[number] < at[number + 1]:
                    # What is appended in one go stays together, whoever else appends.
                    with self._path(number).open("ab", buffering=0) as file:
                        data = spread[at[number] : at[number + 1]].tobytes()
                        if file.write(data) != len(data):
                            raise VerifyError(f"{self.folder} is full; ids wait there to be compared")
        except OSError as error:
            raise VerifyError(f"{self.folder} cannot be written: {error.strerror}") from None

    def twice(self, number: int) -> Array:
        """The ids of one of the files that stand there more than once, int64."""
        path = self._path(number)
        found = repeated(np.fromfile(path, np.int64)) if path.exists() else np.zeros(0, np.int64)
        ids: Array = (found.view(np.uint64) * _GATHER).view(np.int64)
        return np.sort(ids)

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}-{number:04d}"


class SharedIds(RecordIds):
    """The record ids of a part of a dataset: they go to those of the others, to be compared with them."""

    def __init__(self, files: IdFiles) -> None:
        super().__init__()
        self._files = files

    def _spill(self) -> None:
        self._files.append(self._take())

    def twice(self) -> Array:
        """None yet."""
        self._spill()
        return np.zeros(0, np.int64)
