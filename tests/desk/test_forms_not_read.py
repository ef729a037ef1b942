"""Lines and cells of lists that are no trades, or of no form that is read: a sentence says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tradegen import inject
from tradegen.desk.lists.columns_toml import columns_of
from tradegen.errors import ListError

HEADER = "id,qty,px,more\n"
ROWS = "".join(f"T{n},{n * 100},{n}.50,m{n % 3}\n" for n in range(1, 31))
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "kind": "reference", "role": "trade_id"},
    {"name": "qty", "kind": "integer", "role": "quantity"},
    {"name": "px", "kind": "decimal", "places": 2, "role": "price"},
    {"name": "more", "kind": "text"},
]


@pytest.mark.parametrize("name", ["Total", "TOTALS:", "Grand total", "Sub-total"])
def test_a_line_of_totals_is_refused_by_a_sentence_that_says_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(f"{HEADER}{ROWS}{name},46500,,\n")
    with pytest.raises(
        ListError, match=f"has '{name}' for an id in its last row, 31, which is a line of totals"
    ):
        inject(path, columns={"id": ["id"], "columns": COLUMNS}, seed=1, mechanisms={"quantity.nudge": 1})
    path.write_text(f"{HEADER}{ROWS}Totality,46500,,\n")
    inject(path, columns={"id": ["id"], "columns": COLUMNS}, seed=1, mechanisms={"quantity.nudge": 1})


@pytest.mark.slow
def test_rows_without_an_id_are_left_and_say_nothing_of_where_clean_values_lie(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(f"{HEADER}{ROWS},46512,all,end of report\n")
    described = {"id": ["id"], "duplicate_ids": "leave", "columns": COLUMNS}
    made = inject(
        path, columns=described, seed=1, mismatch_rate=1, mechanisms={"quantity.nudge": 1, "more.other": 1}
    )
    made.write(tmp_path / "theirs.csv")
    assert (tmp_path / "theirs.csv").read_text().endswith("\n,46512,all,end of report\n")
    assert "end of report" not in set(made.truth.altered)
    quantities = made.truth[made.truth.field == "qty"].altered.astype(int)
    assert quantities.between(100, 3000).all()
    assert (quantities % 100 == 0).all()


@pytest.mark.parametrize(
    "text", [f"{HEADER}ref,shares,USD,\n{ROWS}", f"Trade,,Amounts,\n{HEADER}{ROWS}"], ids=["units", "groups"]
)
def test_a_second_line_of_names_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(text)
    with pytest.raises(
        ListError, match="row 1, and numbers in the rows below, as if there were two lines of"
    ):
        columns_of(tmp_path / "trades.csv")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (['"(1,234.00)"', '"1,234.00"'], "numbers with brackets, a minus behind them or a currency's sign"),
        (["1234.00-", "1234.00"], "numbers with brackets, a minus behind them or a currency's sign"),
        (["$12.00", "-$3.00"], "numbers with brackets, a minus behind them or a currency's sign"),
        (
            ["2025-07-21T10:33:00+02:00", "2025-07-21T10:33:05+02:00"],
            "times with an offset from UTC are left",
        ),
        (["2025-07-21 10:33:00 -0500"], "times with an offset from UTC are left"),
        (["10:33:00", "9:05:07"], "times of day are left as text; write the date before them"),
        (["10:33 AM"], "times of day are left as text; write the date before them"),
    ],
)
def test_a_form_that_is_known_and_not_read_is_left_as_text_and_said_to_be(
    cells: list[str], told: str, tmp_path: Path
) -> None:
    rows = "".join(f"T{n},{n * 100},{cells[n % len(cells)]}\n" for n in range(1, 31))
    (tmp_path / "trades.csv").write_text(f"id,qty,odd\n{rows}")
    [line] = [line for line in columns_of(tmp_path / "trades.csv").splitlines() if '"odd"' in line]
    assert 'kind = "text"' in line
    assert told in line
