"""The version, the only place that says it; the build reads it here. And the generation of values."""

__version__ = "0.2.0"

GENERATION = 2
"""Which generation of values this version makes. Versions of one generation make the same from the same.

Raise it by one, together with the version, whenever a scenario and a seed give any other value than before:
when a draw is used otherwise, a stream is renamed, or a default changes that manifests do not spell out.
A new mechanism leaves it alone, since no older manifest names it. So does a change in how the same values are
written, such as another layout of Parquet. Manifests state it, and `tradegen replay` refuses those of another
generation.
"""
