"""Values of many cells are written at once just as each would be by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tradegen.desk.injecting.attempts import value_cell, value_cells
from tradegen.desk.injecting.broken_files import database
from tradegen.desk.injecting.held_list import hold
from tradegen.desk.lists.list_form import load_forms
from tradegen.desk.lists.list_reading import open_list
from tradegen.scoring.relations import Reader

DESCRIBED = {
    "id": ["id"],
    "columns": [
        {"name": "id", "kind": "reference"},
        {"name": "qty", "kind": "integer"},
        {"name": "px", "kind": "decimal", "places": 2},
        {"name": "day", "kind": "date", "format": "%Y-%m-%d"},
        {"name": "time", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S"},
    ],
}
DAY, SECOND = 20_290, 1_000_000  # 2025-07-21, counted from 1970
NOON = (DAY * 86_400 + 12 * 3_600) * SECOND

# By position of the column: the old value, its cell, the new value and the cell that it is to have.
CASES = {
    1: [(5, "5", -7, "-7"), (5, "+5", 1_234, "+1234"), (5, "005", 7, "007"), (5, "5", 10**9, "1000000000")],
    2: [
        (52, "0.52", 5, "0.05"), (52, ".52", 7, ".07"), (-150, "-1.50", -5, "-0.05"),
        (150, "1.50", 1234, "12.34"),
    ],
    3: [(DAY, "2025-07-21", DAY + 1, "2025-07-22"), (-1, "1969-12-31", -2, "1969-12-30")],
    4: [
        (NOON, "2025-07-21 12:00:00", NOON + SECOND - 1, "2025-07-21 12:00:00"),
        (-SECOND, "1969-12-31 23:59:59", -SECOND - 1, "1969-12-31 23:59:58"),
    ],
}  # fmt: skip


def test_cells_that_are_written_together_are_as_each_is_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("id,qty,px,day,time\nT1,5,0.52,2025-07-21,2025-07-21 12:00:00\n", "utf-8")
    form = load_forms(DESCRIBED).ours
    with database() as (connection, folder):
        held = hold(connection, open_list(Reader(connection, folder), path, form), list(CASES))
        assert held.printed == tuple(CASES)
        for position, cases in CASES.items():
            old, likes, new, expected = zip(*cases, strict=True)
            made = value_cells(held, position, np.array(new), np.array(old), likes)
            assert made == list(expected)
            column = form.columns[position]
            each = [value_cell(value, like, column, form.file) for _, like, value, _ in cases]
            assert made == each
