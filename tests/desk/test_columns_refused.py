"""Files of columns that cannot be are refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from described_lists import described, with_column

from tradegen.desk.lists.list_form import load_forms
from tradegen.errors import ListError

REFUSED = {
    "no id": (described(id=[]), "id names no column; expected those whose values name a trade, such as id ="),
    "an id that is no column": (
        described(id=["reff"]),
        "id has 'reff', which is no column; did you mean ref",
    ),
    "an id twice": (described(id=["ref", "ref"]), "id has a column twice"),
    "a role twice": (
        with_column(kind="decimal", places=2, role="price"),
        "columns 'px' and 'new' have the same role price; expected it of one column",
    ),
    "an unknown role": (with_column(role="prize"), "role is 'prize', which is unknown; did you mean price"),
    "an unknown kind": (
        with_column(kind="number"),
        "kind is 'number', which is unknown; expected one of: code",
    ),
    "a role for another kind": (
        with_column(role="quantity"),
        "column 'new' is of kind text, and has the role quantity; expected integer",
    ),
    "a decimal without places": (
        with_column(kind="decimal"),
        "column 'new' is of kind decimal without places; expected how many",
    ),
    "places of no decimal": (with_column(places=2), "column 'new' has places, and is of kind text"),
    "a date without a format": (with_column(kind="date"), "column 'new' is of kind date without a format"),
    "a format of no date": (with_column(format="%d/%m/%Y"), "column 'new' has a format, and is of kind text"),
    "a format without a month": (
        with_column(kind="date", format="%d %Y"),
        "expected one with a year, a month and",
    ),
    "a format with a part twice": (
        with_column(kind="date", format="%d/%m/%y of %Y"),
        "has the format '%d/%m/%y of %Y', which has the year twice; expected it once",
    ),
    "a date with a clock": (
        with_column(kind="date", format="%d/%m/%Y %H:%M"),
        "which has the hour; expected a date alone, or the kind timestamp",
    ),
    "a time without a clock": (
        with_column(kind="timestamp", format="%d/%m/%Y"),
        "which has no time of day; expected one with hours and minutes, or the kind date",
    ),
    "a half of the day that is not said": (
        with_column(kind="timestamp", format="%d/%m/%Y %I:%M"),
        "expected %I with %p, or %H alone",
    ),
    "a half of the day that is said twice": (
        with_column(kind="timestamp", format="%d/%m/%Y %H:%M %p"),
        "expected %I with %p, or %H alone",
    ),
    "a fraction of no second": (
        with_column(kind="timestamp", format="%d/%m/%Y %H:%M,%f"),
        "whose fraction of a second follows on no second; expected %S.%f",
    ),
    "numbers that run into each other": (
        with_column(kind="date", format="%Y%-m%-d"),
        "whose numbers cannot be told apart",
    ),
    "groups of no number": (
        described(
            file={"thousands": ","},
            columns=[*described()["columns"], {"name": "new", "kind": "text", "grouped": True}],
        ),
        "column 'new' has grouped = true, and is of kind text; expected it of integer or decimal alone",
    ),
    "groups without a mark": (
        with_column(kind="integer", grouped=True),
        "column 'new' has grouped = true, and the file has no mark between thousands",
    ),
    "groups in JSON": (
        with_column(kind="integer", grouped=True) | {"file": {"form": "ndjson", "thousands": ","}},
        "column 'new' has grouped = true, and the file has no mark between thousands",
    ),
    "a width in Parquet": (
        with_column(width=8) | {"file": {"form": "parquet"}},
        "column 'new' has a width, and the file is of the form parquet; expected it of csv alone",
    ),
    "an alignment of no width": (
        with_column(align="right"),
        "column 'new' has align = \"right\" without a width; expected both, or neither",
    ),
    "zeros of no decimal": (
        with_column(kind="integer", fixed=False),
        "column 'new' has fixed = false, and is of kind integer; expected it of decimal alone",
    ),
    "more places at least than at most": (
        with_column(kind="decimal", places=2, fixed=False, min_places=3),
        "column 'new' has min_places 3; expected fewer than places, beside fixed = false",
    ),
    "places at least where all have as many": (
        with_column(kind="decimal", places=2, min_places=1),
        "column 'new' has min_places 1; expected fewer than places, beside fixed = false",
    ),
    "an unknown directive": (
        with_column(kind="date", format="%d/%m/%Q"),
        "which has %Q; expected some of %Y",
    ),
    "a column twice": (with_column(name="px"), "columns has 'px' twice; expected each column once"),
    "an unknown setting": (with_column(hue="red"), "columns['new'].hue is not a field of a column"),
    "a table too many": (described(columms=[]), "columms is not a field of a list; did you mean columns"),
    "no columns": (described(columns=[]), "columns is []; expected tables such as"),
    "an unknown encoding": (
        described(file={"encoding": "utf8"}),
        "encoding is 'utf8', which is unknown; did you mean",
    ),
    "a separator of two letters": (
        described(file={"separator": "||"}),
        "separator is '||'; expected one plain letter",
    ),
    "a mark twice": (
        described(file={"decimal": ",", "thousands": ","}),
        "decimal and thousands are both ','",
    ),
    "a mark of Latin-1": (
        described(file={"encoding": "latin-1", "bom": True}),
        "encoding is latin-1, which has none",
    ),
    "a third list": (
        {"ours": described(), "mine": described()},
        "mine is not a table of a file of two lists",
    ),
    "a mistake in theirs": (
        {"ours": described(), "theirs": described(id=["x"])},
        "id has 'x', which is no column; did you mean px",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_of_columns_that_cannot_be_is_refused_in_a_sentence(case: str) -> None:
    given, message = REFUSED[case]
    with pytest.raises(ListError) as caught:
        load_forms(given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".column '" not in str(caught.value)


def test_a_file_of_two_lists_has_a_table_for_each() -> None:
    forms = load_forms({"ours": described(), "theirs": described(id=["ref", "day"])})
    assert forms.ours.id == ("ref",)
    assert forms.theirs is not None
    assert forms.theirs.id == ("ref", "day")
    assert load_forms(described()).theirs is None


def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"columns .* cannot be read: No such file"):
        load_forms(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("id = [")
    with pytest.raises(ListError, match=r"columns .* is not TOML"):
        load_forms(tmp_path / "bad.toml")
