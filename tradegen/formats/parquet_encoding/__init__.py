"""Parquet, written by the column from a block's own integers."""

from tradegen.formats.parquet_encoding.writer import Writer

__all__ = ["Writer"]
