"""What pyarrow writes to, where bytes do not go to a file."""

from __future__ import annotations

from collections.abc import Callable


class Sink:
    """A file without a place: what is written to it is handed on, and it is for others to close.

    Parameters
    ----------
    write : callable
        Takes the bytes, piece by piece.
    """

    closed = False

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.write = write

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """Nothing is closed."""
