"""JSON objects that stand a line each, all of one shape, taken apart all at once."""

from __future__ import annotations

import json

import numpy as np

from tradegen.verify.cells import MARGIN, Cells, buffer
from tradegen.verify.vocabulary import Array

__all__ = ["cells_of_objects"]


def cells_of_objects(
    block: bytes, names: tuple[str, ...], array: bool
) -> tuple[dict[str, Cells], bool] | None:
    """The columns of lines such as ``{"trade_id": "tid00000021", "quantity": 250}``.

    Every byte that is not of a value is compared with the shape of the first line, so that lines taken apart
    here are what a JSON reader would read.

    Parameters
    ----------
    block : bytes
        Lines, the last one with its end.
    names : tuple of str
        The keys, in the order of the file.
    array : bool
        Whether lines end in commas; the last one may have none.

    Returns
    -------
    columns : dict of str to Cells
    more : bool
        Whether the last line ends in a comma.
    None
        Where any line has another shape.
    """
    first = block[: block.index(b"\n")]
    bare = _bare_keys(first, names)
    if bare is None or b"\\" in block:
        return None
    data = buffer(block)
    text = data[MARGIN:-MARGIN]
    ends = np.flatnonzero(text == ord("\n")) + MARGIN
    quotes = np.flatnonzero(text == ord('"')) + MARGIN
    width = sum(2 if name in bare else 4 for name in names)
    if len(quotes) != len(ends) * width:
        return None
    commas = data[ends - 1] == ord(",")
    if commas.any() if not array else not commas[:-1].all():
        return None
    starts = np.concatenate([[MARGIN], ends[:-1] + 1])
    # Where the closing brace stands.
    closes = ends - 1 - commas
    if (quotes[::width] != starts + 1).any() or (data[starts] != ord("{")).any():
        return None
    if (data[closes] != ord("}")).any():
        return None
    columns = {}
    at = 0
    for number, name in enumerate(names):
        here = quotes[at::width]
        key = f'"{name}": '.encode()
        if not _stands(data, here, key):
            return None
        at += 2
        last = number == len(names) - 1
        if name in bare:
            begin = here + len(key)
            # Two bytes, a comma and a space, part a bare value from the next key.
            stop = closes if last else quotes[at::width] - 2
        else:
            begin, stop = quotes[at::width] + 1, quotes[at + 1 :: width]
            if (begin != here + len(key) + 1).any():
                return None
            at += 2
            follows = stop + 1
            if (follows != (closes if last else quotes[at::width] - 2)).any():
                return None
        if not last and not _stands(data, quotes[at::width] - 2, b", "):
            return None
        cells = Cells(data, begin, stop - begin)
        if name in bare:
            checked = _bare(cells)
            if checked is None:
                return None
            cells = checked
        columns[name] = cells
    return columns, bool(commas[-1])


def _bare_keys(line: bytes, names: tuple[str, ...]) -> set[str] | None:
    """The keys of a line whose values stand without quotation marks; None where it is no such object."""
    try:
        record = json.loads(line.removesuffix(b","), parse_float=_Bare, parse_int=_Bare)
    except ValueError:
        return None
    if not isinstance(record, dict) or tuple(record) != names:
        return None
    return {name for name, value in record.items() if not isinstance(value, str) or isinstance(value, _Bare)}


class _Bare(str):
    """A number, as it stands."""

    __slots__ = ()


def _stands(data: Array, places: Array, text: bytes) -> bool:
    """Whether `text` stands at every one of the places."""
    words = np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))
    for start in range(0, len(text), 8):
        part = text[start : start + 8]
        mask = np.uint64(2 ** (8 * len(part)) - 1)
        found = words[np.minimum(places + start, len(words) - 1)] & mask
        if (found != np.uint64(int.from_bytes(part, "little"))).any():
            return False
    return True


def _bare(cells: Cells) -> Cells | None:
    """Values without quotation marks, null as nothing; None where one is not short and plain."""
    if (cells.lengths < 1).any() or (cells.lengths > 40).any():
        return None
    null = cells.equal("null")
    lengths = np.where(null, 0, cells.lengths) if null.any() else cells.lengths
    return Cells(cells.data, cells.starts, lengths)
