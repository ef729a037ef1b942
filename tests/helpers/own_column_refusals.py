"""Scenarios whose tolerances or hot spots of columns of their own are refused, and what is said of each."""

from __future__ import annotations

OWN = """columns = [
    {name = 'venue', kind = 'code', values = ['XNYS', 'XLON']},
    {name = 'size', kind = 'integer', min = 1, max = 9},
    {name = 'fee', kind = 'decimal', places = 2, min = 1, max = 9},
    {name = 'settled', kind = 'date', sessions_after = 'date'},
    {name = 'order', kind = 'reference'},
]
"""
"""Columns that a scenario adds."""

OF_OWN_COLUMNS: dict[str, tuple[str, str]] = {
    **{
        f"hot spot where {where}": (f"{OWN}[[hot_spots]]\nname = 'x'\nrate = 0.5\nwhere = {{{where}}}", said)
        for where, said in {
            "venu = 'XLON'": "hot spot x: where.venu is not a field of where; did you mean venue?",
            "venue = 1": "hot spot x: where.venue is 1; expected a name, or a list of names",
            "fee = '2'": "where.fee is '2', and the column is of kind decimal; expected a number, a list of",
            "fee = {min = 3, max = 2}": "hot spot x: where.fee has min 3 above max 2; expected it at or",
            "fee = {least = 3}": "hot spot x: where.fee is {'least': 3}, and the column is of kind decimal",
            "size = 1.5": "hot spot x: where.size has 1.5, and the column has no decimals; expected no more",
            "settled = '2025-02-30'": "where.settled is '2025-02-30', and the column is of kind date",
            "venue = 'XLOM'": "hot spot x: where.venue has 'XLOM', which is unknown; did you mean XLON?",
            "fee = {min = 9.5}": "where.fee is {'min': 9.5}, and no trade has that; expected some of its val",
            "order = 'a'": "hot spot x: where.order is given, and the column is of kind reference, which is",
        }.items()
    },
    "hot spot where a column is not there": (
        "hot_spots = [{name = 'x', rate = 0.5, where = {fee = 1}}]",
        "hot spot x: where.fee is not a field of where; expected one of: broker_id, contra_broker_id, ticker",
    ),
    "tolerance of a column of names": (
        f"tolerances.venue = 1\n{OWN}",
        "tolerances.venue is 1, and the column is of kind code; expected a column whose values differ by",
    ),
    "tolerance of a column with a slip of the pen": (
        f"tolerances.sise = 1\n{OWN}",
        "tolerances.sise is not a field of tolerances; did you mean size?",
    ),
    "tolerance finer than its column": (
        f"tolerances.fee = 0.005\n{OWN}",
        "tolerances.fee is 0.005; expected a number with up to 2 decimals",
    ),
    "tolerance of part of a day": (
        f"tolerances.settled = 0.5\n{OWN}",
        "tolerances.settled is 0.5; expected whole days",
    ),
    "tolerance of an own column below 0": (
        f"tolerances.fee = -1\n{OWN}",
        "tolerances.fee is -1; expected a number from 0 to 1000000000",
    ),
    "tolerance of a column that is not there": (
        "tolerances.fee = 1",
        "tolerances.fee is not a field of tolerances; expected one of: price, quantity",
    ),
}
