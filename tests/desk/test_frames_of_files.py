"""Frames read from a file, with the columns that were described of the file; and lists without any trade."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tradegen import inject
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.errors import ListError
from tradegen.verify import verify

FILE = "Ref;Qty;Px;Traded;At\n" + "".join(
    f"T{n};{n}.000;{n},50;{n % 28 + 1:02}/07/2025;2025-07-21T10:{n % 60:02}:00\n" for n in range(1, 200)
)
DAYS = {"Traded": "%d/%m/%Y"}
READ: dict[str, dict[str, Any]] = {
    "as text": {"dtype": str},
    "numbers": {"decimal": ",", "thousands": "."},
    "numbers and dates": {
        "decimal": ",", "thousands": ".", "parse_dates": ["Traded", "At"], "date_format": DAYS
    },
}  # fmt: skip


@pytest.mark.parametrize("how", list(READ))
@pytest.mark.parametrize("described", [True, False])
def test_a_frame_is_read_by_the_columns_of_its_file_and_dates_of_text_keep_their_form(
    tmp_path: Path, how: str, described: bool
) -> None:
    (tmp_path / "t.csv").write_text(FILE)
    frame = pd.read_csv(io.StringIO(FILE), sep=";", **READ[how])
    columns = tomllib.loads(columns_of(tmp_path / "t.csv")) if described else None
    weights = {"quantity.nudge": 1, "price.nudge": 1, "Traded.next_session": 1, "At.delay": 1}
    if not described and how == "as text":  # its numbers are no numbers in a table
        del weights["price.nudge"]
    made = inject(frame, columns=columns, seed=1, mismatch_rate=0.5, mechanisms=weights)
    truth = made.truth
    assert {"Qty", "Traded", "At"} <= set(truth.field)
    texts = "numbers and" not in how
    for field, form in (("Traded", "%d/%m/%Y"), ("At", "%Y-%m-%dT%H:%M:%S")):
        altered = truth[truth.field == field].set_index("trade_id").altered.astype(str)
        found = made.theirs.set_index("Ref").loc[altered.index, field]
        forms = form if texts else None
        assert list(pd.to_datetime(found, format=forms)) == list(pd.to_datetime(altered, format=forms))
        assert not texts or list(found) == list(altered)


def test_parquet_with_dates_of_text_is_proved(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("ours.parquet", "theirs.parquet", "key.csv", "m.json")]
    pd.read_csv(io.StringIO(FILE), sep=";", **READ["numbers"]).to_parquet(paths[0])
    inject(paths[0], seed=1, mismatch_rate=0.5, mechanisms={"Traded.next_session": 1}).write(*paths[1:])
    assert verify(paths).ok


FILLED = pd.DataFrame({"id": ["a", "b"], "qty": [10, 20], "price": [1.25, 2.5]})
EMPTY = FILLED.iloc[:0]
ONE: dict[str, Any] = {
    "id": ["id"],
    "columns": [
        {"name": "id", "kind": "reference", "role": "trade_id"},
        {"name": "qty", "kind": "integer", "role": "quantity"},
        {"name": "price", "kind": "decimal", "places": 2, "role": "price"},
    ],
}


@pytest.mark.parametrize("lists", [[EMPTY], [EMPTY, EMPTY], [EMPTY, FILLED], [FILLED, EMPTY]])
def test_frames_without_trades_need_columns_and_then_are_lists_like_others(lists: list[Any]) -> None:
    with pytest.raises(ListError, match="has no trades, so that nothing can be guessed of its columns"):
        inject(*lists, seed=1)
    columns = ONE if len(lists) == 1 else {"ours": ONE, "theirs": ONE}
    if len({len(one) for one in lists}) > 1:
        with pytest.raises(ListError, match="the ours frame and the theirs frame differ in 2 trades already"):
            inject(*lists, columns=columns, seed=1)
    made = inject(*lists, columns=columns, seed=1, keep_existing=len(lists) > 1)
    assert (len(made.theirs), len(made.truth)) == (len(lists[-1]), sum(map(len, lists)))
    with pytest.raises(ListError, match="the trades frame has no columns"):
        inject(pd.DataFrame(), seed=1)
