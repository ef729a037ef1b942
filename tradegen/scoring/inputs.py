"""What was given to be scored: the truth, the lists of its view, and what the manifest says of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tradegen.core.columns import LINKS, LISTS
from tradegen.core.compression import beside, plain_name
from tradegen.errors import ScoringError, nearest, shown
from tradegen.scoring.injected_fields import fields_of_columns
from tradegen.scoring.input_files import read_manifest
from tradegen.scoring.run_fields import RunFields, stated_fields

_ID = "trade_id"
_MANIFEST = "manifest.json"


@runtime_checkable
class GeneratedTrades(Protocol):
    """What `score` needs of a `Batch`."""

    lists: Mapping[str, Any]
    truth: Any
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """The ids of a run's pairs, which are consecutive: `pairs` of them from `first` on."""

    first: int
    pairs: int

    @property
    def last(self) -> int:
        """The largest id."""
        return self.first + self.pairs - 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was given, of which nothing but the manifest is read.

    Attributes
    ----------
    truth
        A path, several paths of one table, a frame or an Arrow table.
    trades
        The lists, by name or not, for `lists_of`.
    extent : Extent or None
        None without a manifest.
    view : str or None
        None where no manifest says it.
    columns : mapping of str to mapping of str to str
        By list, the names under which the scenario has its columns written, of those that it includes.
    fields : RunFields or None
        None without a manifest: then the truth says which there are.
    pairs : int or None
        How many trades of the user's own there are, by the manifest of `inject`.
    manifest : mapping or None
        That of `inject`.
    along : bool
        Whether the trades are those that the truth has with it.
    links
        Where the lists share no id: which trade each record is of, as a path, several or a table.
    """

    truth: Any
    trades: Any = None
    extent: Extent | None = None
    view: str | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: RunFields | None = None
    pairs: int | None = None
    manifest: Mapping[str, Any] | None = None
    along: bool = False
    links: Any = None


def resolve_inputs(truth: Any, trades: Any, manifest: Any, links: Any = None) -> Inputs:
    """Find out what each input is; see `score`. Links are found along with the truth, if they are not given.

    Raises
    ------
    ScoringError
        If a dataset is unfinished, a manifest is none, or lists do not fit the view.
    """
    along, given = False, truth
    if isinstance(truth, GeneratedTrades):
        manifest = truth.manifest if manifest is None else manifest
        along = trades is None
        trades = truth.lists if along else trades
        truth = truth.truth
    folder = Path(truth) if isinstance(truth, (str, os.PathLike)) and Path(truth).is_dir() else None
    if folder and (folder / "truth").is_dir():
        if manifest is None:
            manifest = folder / _MANIFEST
            if not manifest.exists():
                raise ScoringError(
                    f"{folder} holds no {_MANIFEST}, so that it is no finished dataset; the command that "
                    "began it finishes it with --resume"
                )
        truth = folder / "truth"
    if isinstance(manifest, (str, os.PathLike)):
        manifest = read_manifest(manifest)
    if isinstance(manifest, Mapping) and "inject" in manifest:
        return _injected(truth, trades, manifest, along)
    scenario, extent = _run_of(manifest)
    view = scenario.get("view", "single") if manifest is not None else None
    if folder and trades is None and (folder / "truth") == truth:
        trades = {name: folder / name for name in LISTS[view or "single"] if _readable(folder / name)}
    if manifest is None:
        return Inputs(truth, trades)
    fields = stated_fields(
        scenario.get("columns"),
        scenario.get("tick"),
        scenario.get("shared_id", True),
        scenario.get("quantity_step"),
    )
    if links is None and not fields.shared_id:
        links = _links_with(given)
    return Inputs(truth, trades, extent, view, _columns(scenario, fields), fields, links=links)


def _links_with(truth: Any) -> Any:
    """The links that go with a truth: those of a batch, of a dataset, or the file beside that of the truth.

    Raises
    ------
    ScoringError
        If there are none.
    """
    if isinstance(truth, GeneratedTrades):
        return truth.links  # type: ignore[attr-defined]  # a batch has them where its lists share no id
    if not isinstance(truth, (str, os.PathLike)):
        raise ScoringError(
            "the lists share no id, and a table of the truth does not say which trade a record is of; "
            "expected the path of the truth, with its links beside it, a dataset, or a batch"
        )
    path = Path(truth)
    links = path / LINKS if path.is_dir() else beside(path, LINKS)
    if not links.exists():
        raise ScoringError(
            f"{links} is not there, which says which trade each record is of, since the lists share no id; "
            "expected it as it was written with the truth"
        )
    return links


def _injected(truth: Any, trades: Any, manifest: Mapping[str, Any], along: bool) -> Inputs:
    """What was given of trades of the user's own, by the manifest of `inject`."""
    try:
        described, counts = manifest["inject"]["columns"], manifest["counts"]
        by_list = dict(described) if "theirs" in described else {"theirs": described}
        rows = int(counts["rows"]) + int(counts.get("existing", {}).get("ours_alone", 0))
        # Rows whose id stands twice, or is blank, are no trades of their own.
        refused = all(one.get("duplicate_ids", "refuse") == "refuse" for one in by_list.values())
        ids = {name: list(one["id"]) for name, one in by_list.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ScoringError(
            "the manifest does not say what was broken; expected inject.columns, and counts.rows"
        ) from None
    fields = fields_of_columns(by_list["theirs"])
    # A list of another form calls its id by a name of its own.
    pairs = rows if refused else None
    columns = {name: {_ID: one[0]} for name, one in ids.items() if len(one) == 1}
    return Inputs(
        truth, trades, None, "two_system", columns, fields, pairs=pairs, manifest=manifest, along=along
    )


def _run_of(manifest: Any) -> tuple[Mapping[str, Any], Extent | None]:
    """The scenario and the extent by the manifest."""
    if manifest is None:
        return {}, None
    try:
        replay = manifest["replay"]
        scenario, first = replay["scenario"], int(replay["first_id"])
        extent = Extent(first, int(scenario["pairs"]))
        view = scenario.get("view", "single")
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ScoringError(
            "the manifest does not say what was run; expected replay.scenario with pairs, and replay.first_id"
        ) from None
    if not isinstance(view, str) or view not in LISTS:
        raise ScoringError(f"view is {shown(view)} in the manifest; {nearest(str(view), LISTS)}")
    return scenario, extent


def _columns(scenario: Mapping[str, Any], fields: RunFields) -> dict[str, dict[str, str]]:
    """By list, how the scenario names its columns."""
    columns = {}
    for name in LISTS[scenario.get("view", "single")]:
        layout = scenario.get(name) or {}
        renamed = (layout.get("columns") if isinstance(layout, Mapping) else layout) or {}
        if not isinstance(renamed, Mapping):
            raise ScoringError(f"{name} is {shown(layout)} in the manifest; expected a layout with columns")
        include = layout.get("include") if isinstance(layout, Mapping) else None
        if include is not None and not (isinstance(include, list) and fields.key in include):
            raise ScoringError(
                f"{name}.include is {shown(include)} in the manifest; expected columns, {fields.key} "
                "among them"
            )
        columns[name] = {
            column: str(renamed.get(column, column))
            for column in fields.columns
            if include is None or column in include
        }
    return columns


def _readable(folder: Path) -> bool:
    """Whether a dataset's list is there in a form that is read here; FIX is not."""
    return folder.is_dir() and not any(plain_name(path).suffix == ".fix" for path in folder.iterdir())


def lists_of(trades: Any, view: str | None, faces: bool) -> dict[str, Any]:
    """The view's lists by name.

    Parameters
    ----------
    trades
        What was given.
    view : str or None
        None where no manifest says it.
    faces : bool
        Whether the truth's legs are BUY and SELL.

    Raises
    ------
    ScoringError
        If they are not the lists of the view.
    """
    if trades is None:
        return {}
    if isinstance(trades, Mapping):
        known = LISTS[view] if view else tuple(name for names in LISTS.values() for name in names)
        for name in trades:
            if name not in known:
                raise ScoringError(f"trades has the list {shown(name)}; {nearest(str(name), known)}")
        return dict(trades)
    if isinstance(trades, (str, os.PathLike)) or not isinstance(trades, Sequence):
        trades = [trades]
    given = [Path(item) if isinstance(item, (str, os.PathLike)) else item for item in trades]
    paths = [path for path in given if isinstance(path, Path)]
    twice = next((path for place, path in enumerate(paths) if path in paths[:place]), None)
    if twice is not None:
        raise ScoringError(f"{twice} is given twice as trades; expected each file once")
    names = _named(given)
    if view is None:
        view = next((view for view, known in LISTS.items() if names and set(names) <= set(known)), None)
        # Where nothing tells two lists from parts of one: read as one, BUYs and SELLs are still told apart.
        view = view or ("single" if faces else "two_system")
    known = LISTS[view]
    if names and set(names) <= set(known):
        by_name: dict[str, Any] = {name: [] for name in known if name in names}
        for name, item in zip(names, given, strict=True):
            by_name[name].append(item)
        return by_name
    if len(known) == 1:
        return {known[0]: given}
    if len(given) > len(known):
        raise ScoringError(
            f"trades are {len(given)} tables, and the view {view} has the lists {' and '.join(known)}; "
            f"expected a mapping of these to paths or frames"
        )
    return dict(zip(known, given, strict=False))


def _named(given: Sequence[Any]) -> list[str]:
    """The lists that paths name, as ``t.buy.csv`` or ``buy/part-00000.csv`` do; none where one does not."""
    known = {name for names in LISTS.values() for name in names if len(names) > 1}
    found: list[str] = []
    for item in given:
        if not isinstance(item, Path):
            return []
        names = {plain_name(item).stem.rpartition(".")[2], item.parent.name, item.name} & known
        if len(names) != 1:
            return []
        found += names
    return found
