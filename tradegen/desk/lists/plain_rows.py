"""The rows of a CSV text that has nothing quoted and no blank lines: they are its lines."""

from __future__ import annotations

import numpy as np

from tradegen.desk.lists.list_form import FileForm
from tradegen.desk.lists.splicing import RowPlaces


def plain_rows(text: bytes, file: FileForm, columns: int, first: int, *, last: bool) -> RowPlaces | None:
    """Where the rows of a text are, which begins where a row does.

    Parameters
    ----------
    text : bytes
    file : FileForm
    columns : int
        How many cells each row has.
    first : int
        The number of the first row.
    last : bool
        Whether nothing comes after the text, so that its last row may lack a line end.

    Returns
    -------
    RowPlaces or None
        Of the whole rows. None where a quotation mark, a blank line, another line end or the number of
        separators asks for a closer look.
    """
    line_end = file.line_end.encode()
    if file.line_end == "mixed" or (file.quote and file.quote.encode() in text):
        return None
    seen = np.frombuffer(text, np.uint8)
    afters = np.flatnonzero(seen == line_end[-1]) + 1
    ends = afters - len(line_end)
    whole = len(afters)
    if last and len(text) > (afters[-1] if whole else 0):
        afters, ends = np.append(afters, len(text)), np.append(ends, len(text))
    begins = np.append(0, afters[:-1])[: len(afters)]
    stop = int(afters[-1]) if len(afters) else 0
    if line_end == b"\r\n":
        regular = text.count(line_end, 0, stop) == text.count(b"\r", 0, stop) == whole
    else:
        regular = text.find(b"\r" if line_end == b"\n" else b"\n", 0, stop) < 0
    separators = np.count_nonzero(seen[:stop] == ord(file.separator))
    # Alone in its row, an empty cell is a blank line to some, and to others none.
    if not regular or separators != len(afters) * (columns - 1) or (ends <= begins).any():
        return None
    return RowPlaces(begins, ends, afters, first)
