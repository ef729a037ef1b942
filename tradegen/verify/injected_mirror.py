"""The view of a counterparty that `inject` has broken: what each cell of my list is in it, before that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradegen.verify.database import Database
from tradegen.verify.injected_form import InjectedForm
from tradegen.verify.proof_report import Findings
from tradegen.verify.words import MIRROR, VerifyError, literal


@dataclass(frozen=True, slots=True)
class InjectedMirror:
    """The column of sides, by each of its words the other one, and the columns that are exchanged.

    Columns are given by their positions, from 1.
    """

    side: int
    words: Mapping[str, str]
    exchanged: Mapping[int, int]


def known_mirror(manifest: Mapping[str, Any], form: InjectedForm) -> InjectedMirror | None:
    """What is mirrored, as the manifest has it; None where theirs is no counterparty's view.

    Raises
    ------
    VerifyError
        Where it does not say what is mirrored, or mirrors other columns than those whose roles say so.
    """
    given = manifest.get("mirror")
    if given is None and not manifest["inject"].get("both"):
        return None
    roles = {role: form.by_role(role) for role in ("order_type", *MIRROR)}
    try:
        words = {str(word): str(other) for word, other in given["words"].items()}  # type: ignore[index]
        side, named = roles["order_type"], [str(name) for name in given["brokers"]]  # type: ignore[index]
        pair = [column for role in MIRROR if (column := roles[role])]
        due = [column.name for column in pair] if len(pair) == len(MIRROR) else []
        if side is None or given["side"] != side.name or named != due:  # type: ignore[index]
            raise ValueError
        if any(
            word == other or words.get(other, word).lower() != word.lower() for word, other in words.items()
        ):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        raise VerifyError(
            "the manifest does not say what the other party sees mirrored; expected mirror with the side by "
            "its role, words that are each other's, and the brokers by their roles"
        ) from None
    positions = [column.position for column in pair] if due else []
    return InjectedMirror(side.position, words, dict(zip(positions, reversed(positions), strict=True)))


def load_view(database: Database, mirror: InjectedMirror | None, mine: str, findings: Findings) -> None:
    """Make the table ``view``: the cells of my list that the other party sees otherwise, and what these are.

    Parameters
    ----------
    database : Database
        With the table ``mine``.
    mirror : InjectedMirror or None
    mine : str
        What messages call my list.
    findings : Findings
    """
    database.run("CREATE TABLE view (row BIGINT, position BIGINT, altered VARCHAR)")
    if mirror is None:
        return
    side = f"trim(cells[{mirror.side}])"
    known = ", ".join(map(literal, mirror.words)) or "NULL"
    database.tell(
        findings,
        "invalid",
        f"SELECT key, {side} AS word FROM mine WHERE {side} <> '' "
        f"AND coalesce({side} NOT IN ({known}), true)",
        f"key || ' in ' || {literal(mine)} || ': ' || word || ' is no side by the manifest'",
    )
    cases = " ".join(f"WHEN {literal(word)} THEN {literal(other)}" for word, other in mirror.words.items())
    new = {mirror.side: f"CASE {side} {cases} ELSE {side} END" if cases else side}
    new |= {position: f"trim(cells[{other}])" for position, other in mirror.exchanged.items()}
    for position, altered in new.items():
        database.run(
            f"INSERT INTO view SELECT row, {position}, {altered} AS altered FROM mine "
            f"WHERE altered <> trim(cells[{position}])"
        )
