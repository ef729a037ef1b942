"""What a dataset is to be: its run, its form, and which blocks lie in which part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.core.columns import LINKS
from tradegen.engine.run import Run, prepare
from tradegen.errors import OutputError, nearest, whole_number
from tradegen.formats import FORMATS, truth_format
from tradegen.formats.parquet_options import DEFAULTS, ParquetOptions, library_versions
from tradegen.formats.sorting import require_sortable
from tradegen.formats.tables import TRUTH
from tradegen.version import GENERATION, __version__

BLOCKS_PER_PART = 16
"""About a million pairs: 66 MB of Parquet, a second of one core's work. A part is the unit of parallel work
and of what is lost when a run is killed; readers open each file once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A dataset before it is made. The layout of its files depends on the number of the block alone."""

    run: Run
    form: str = "parquet"
    blocks_per_part: int = BLOCKS_PER_PART
    parquet: ParquetOptions = DEFAULTS

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise OutputError(f"format {self.form} is unknown; {nearest(self.form, FORMATS)}")
        whole_number("blocks_per_part", self.blocks_per_part, 1, 10**6, OutputError)
        self.parquet.require_parquet({self.form})
        require_sortable(self.run, self.pairs(0), OutputError)

    @property
    def part_count(self) -> int:
        """How many parts there are."""
        return -(-self.run.block_count // self.blocks_per_part)

    def blocks(self, part: int) -> range:
        """The numbers of a part's blocks."""
        first = part * self.blocks_per_part
        return range(first, min(first + self.blocks_per_part, self.run.block_count))

    def pairs(self, part: int) -> int:
        """How many pairs a part has."""
        first, last = self.blocks(part)[0], self.blocks(part)[-1] + 1
        return min(last * BLOCK_PAIRS, self.run.scenario.pairs) - first * BLOCK_PAIRS

    def form_of(self, table: str) -> str:
        """The form of a table: of a list, or of the truth and the links."""
        return truth_format(self.form) if table in (TRUTH, LINKS) else self.form

    @property
    def tables(self) -> tuple[str, ...]:
        """The lists of the view, and the truth; and the links, where the lists share no id."""
        links = () if self.run.scenario.shared_id else (LINKS,)
        return (*self.run.scenario.lists, TRUTH, *links)

    def files(self, part: int) -> dict[str, str]:
        """A part's files by table: ``trades/part-00000.parquet`` and ``truth/part-00000.parquet``."""
        return {table: f"{table}/part-{part:05d}.{self.form_of(table)}" for table in self.tables}

    def with_ids_from(self, first_id: int) -> Plan:
        """The same plan with other ids."""
        return replace(self, run=self.run.starting_at(first_id))

    @property
    def versions(self) -> dict[str, str]:
        """The versions that decide what bytes are written."""
        return {"tradegen": __version__, **library_versions({self.form})}

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON would carry it."""
        return {
            "format": self.form,
            "blocks_per_part": self.blocks_per_part,
            **(self.parquet.to_dict() if self.form == "parquet" else {}),
            "generation": GENERATION,
            "replay": self.run.replay(),
            "versions": self.versions,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """What `to_dict` gave."""
        parquet = ParquetOptions(values.get("compression"), values.get("row_group_rows"))
        return cls(prepare(**values["replay"]), values["format"], values["blocks_per_part"], parquet)
