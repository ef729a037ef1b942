"""Datasets: runs of any size as folders of part files: made in parallel, resumable, always the same."""

from tradegen.datasets.writing import write_dataset

__all__ = ["write_dataset"]
