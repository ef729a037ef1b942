"""Notebooks and sweeps for tests: small ones, whose kernels load next to nothing."""

from __future__ import annotations

from pathlib import Path

import nbformat

__all__ = ["KERNEL", "write_notebook", "write_sweep"]

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def write_notebook(path: Path, parameters: str, *cells: str, kernel: dict[str, str] = KERNEL) -> Path:
    """Write a notebook with a parameters cell and others after it."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in (parameters, *cells)]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, path)
    return path


def write_sweep(folder: Path, text: str, name: str = "sweep.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path
