"""Parquet, written by the column from a block's own integers."""

from tradegen.parquet.writer import Writer

__all__ = ["Writer"]
