"""Amounts that follow: where quantity or price is altered, what was worked out from them is, too."""

# ruff: noqa: S608 - columns are called by their positions

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradegen.desk.injecting.column_labels import label_of
from tradegen.desk.lists.list_form import ListForm
from tradegen.mechanisms.by_kind import FOLLOWS
from tradegen.scoring.relations import first_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Amount:
    """A column that is the product of quantity and price.

    Attributes
    ----------
    position, quantity, price : int
        Where these columns stand in the list.
    label : str
        What names of mechanisms call it.
    spare : int
        How many decimal places the exact product has that the column has not; fewer than none where the
        column has more.
    kept : float
        The share of altered trades that keep it as it was.
    """

    position: int
    quantity: int
    price: int
    label: str
    spare: int
    kept: float

    @property
    def follows(self) -> str:
        """What the truth calls the mechanism of an amount that follows."""
        return f"{self.label}.{FOLLOWS}"

    @property
    def _unit(self) -> int:
        return int(10 ** abs(self.spare))

    def agrees(self, quantity: int, price: int, amount: int) -> bool:
        """Whether an amount is that product, with either sign, and however it was rounded."""
        exact, unit = abs(quantity * price), self._unit
        if self.spare < 0:
            return exact * unit == abs(amount)
        return abs(exact - abs(amount) * unit) < unit

    def worked_out(self, quantity: int, price: int) -> int:
        """The amount of a quantity and a price, without a sign; halves are rounded up."""
        exact, unit = abs(quantity * price), self._unit
        return exact * unit if self.spare < 0 else (exact + unit // 2) // unit

    def followed(self, quantity: tuple[int, int], price: tuple[int, int], amount: int) -> int:
        """The amount when quantity and price, given as they were and as they are, have been altered.

        It is turned round where one of them is.
        """
        found = self.worked_out(quantity[1], price[1])
        turned = [before < 0 for before in (quantity[0], price[0])] != [
            after < 0 for after in (quantity[1], price[1])
        ]
        return -found if (amount < 0) != turned else found

    def shares(self, fills: Sequence[int], price: int, amount: int) -> list[int]:
        """An amount shared out among fills by their quantities: each has its own, and they add up to it."""
        found, given, done = [], 0, 0
        for number, fill in enumerate(fills, 1):
            done += abs(fill)
            upto = abs(amount) if number == len(fills) else min(self.worked_out(done, price), abs(amount))
            found.append(upto - given)
            given = upto
        return [-one for one in found] if amount < 0 else found


def amounts_of(form: ListForm) -> tuple[Amount, ...]:
    """The columns of a list that are the product of quantity and price."""
    found = []
    for position, column in enumerate(form.columns):
        if column.product:
            sources = [form.by_role[role] for role in column.product]
            quantity, price = (form.position(source.name) for source in sources)
            spare = sum(source.places or 0 for source in sources) - (column.places or 0)
            found.append(
                Amount(position, quantity, price, label_of(column), spare, column.not_recomputed or 0.0)
            )
    return tuple(found)


def amounts_apart(connection: DuckDBPyConnection, rows: str, amount: Amount) -> int:
    """How many rows of a table such as ``held`` have an amount that is another than quantity times price."""
    exact = f"abs(v{amount.quantity}::HUGEINT * v{amount.price})"
    value, unit = f"abs(v{amount.position})::HUGEINT", 10 ** abs(amount.spare)
    apart = f"abs({exact} - {value} * {unit}) >= {unit}"
    if amount.spare < 0:
        apart = f"({value} % {unit} <> 0 OR {value} // {unit} <> {exact})"
    [count] = first_row(connection, f"SELECT count(*) FROM {rows} WHERE {apart}")
    return int(count)
