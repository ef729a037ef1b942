"""The cell of a notebook that is tagged ``parameters``: what may be passed to it, and as which type.

The cell is read, not run. papermill's own inspection goes by lines, and leaves out each one with a second
``=``, such as ``where = "status != MATCHED"``.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from papermill.parameterize import parameterize_notebook
from papermill.translators import PythonTranslator, papermill_translators

from tradegen.core.regular_files import read_text
from tradegen.errors import ScenarioError, nearest, shown

UNKNOWN = object()
"""The default of a parameter whose cell works it out."""

_TYPES: dict[str, type] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, list, tuple, dict, Path)},
    **{kind.__name__: kind for kind in (dt.date, dt.datetime, dt.time)},
    "None": type(None),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter: its default, and the types that it takes, or None where the cell does not tell."""

    name: str
    default: Any
    types: tuple[type, ...] | None

    def take(self, value: Any) -> Any:
        """The value as the type that the cell states; nothing that matters is lost.

        Raises
        ------
        ScenarioError
            Where it is of another type.
        """
        if self.types is None or (Path if isinstance(value, Path) else type(value)) in self.types:
            return value
        for wanted in self.types:
            if (found := _as(value, wanted)) is not None:
                return found
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in self.types)
        example = "" if self.default in (UNKNOWN, None, "", -1) else f", such as {shown(self.default)}"
        raise ScenarioError(f"{self.name} is {shown(value)}; expected a value of type {names}{example}")


def _as(value: Any, wanted: type) -> Any:
    """The value as another type that says the same; None where there is no such thing."""
    if wanted is float and type(value) is int:
        return float(value)
    if wanted is int and isinstance(value, float) and value.is_integer():
        return int(value)  # TOML writes 1e6 as a float
    if wanted is str and isinstance(value, (dt.date, dt.time, Path)):
        return str(value)
    if wanted is Path and isinstance(value, str):
        return Path(value)
    if wanted is tuple and isinstance(value, list):
        return tuple(value)
    if wanted in (dt.date, dt.datetime, dt.time) and isinstance(value, str):
        try:
            return wanted.fromisoformat(value)
        except ValueError:
            return None
    return None


@dataclass(frozen=True)
class Notebook:
    """A notebook with a ``parameters`` cell, as it is stored."""

    path: Path
    text: str
    parameters: dict[str, Parameter]

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Read it.

        Raises
        ------
        ScenarioError
            Where it cannot be read, is not in Python, has no kernel here or no such cell.
        """
        try:
            text = read_text(path)
            node = nbformat.reads(text, as_version=4)
            nbformat.validate(node)
        except OSError as error:
            raise ScenarioError(f"notebook {path} cannot be read: {error.strerror}") from None
        except Exception as error:  # noqa: BLE001 - nbformat has an error of its own for each kind of damage
            raise ScenarioError(f"notebook {path} is no notebook: {str(error).splitlines()[0]}") from None
        _require_kernel(path, node)
        cells = [
            cell
            for cell in node.cells
            if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
        ]
        if len(cells) != 1:
            raise ScenarioError(
                f"notebook {path} has {f'{len(cells)} cells' if cells else 'no cell'} with the tag "
                "parameters; expected one, which gives each parameter its default"
            )
        try:
            body = ast.parse(TransformerManager().transform_cell(cells[0].source)).body
        except SyntaxError as error:
            raise ScenarioError(f"notebook {path}: its parameters cell is not Python: {error}") from None
        return cls(path, text, {one.name: one for statement in body for one in _assigned(statement)})

    def parameter(self, name: str, others: tuple[str, ...] = ()) -> Parameter:
        """One of its parameters.

        Raises
        ------
        ScenarioError
            Where there is none of this name; the message suggests one, also from `others`.
        """
        if name not in self.parameters:
            known = [*self.parameters, *(other for other in others if other not in self.parameters)]
            raise ScenarioError(f"{name} is not a parameter of {self.path.name}; {nearest(name, known)}")
        return self.parameters[name]


def _require_kernel(path: Path, node: Any) -> None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    kernel = node.metadata.get("kernelspec", {})
    name, language = kernel.get("name"), kernel.get("language", "python")
    if not name:
        raise ScenarioError(f"notebook {path} names no kernel that it needs; open and save it in Jupyter")
    if language != "python":
        raise ScenarioError(f"notebook {path} is for a kernel of {language}; expected one for Python")
    try:
        KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        raise ScenarioError(
            f"notebook {path} asks for the kernel {name}, which is not installed; "
            "jupyter kernelspec list says which are"
        ) from None


def _assigned(statement: ast.stmt) -> list[Parameter]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        default = _literal(statement.value)
        return [Parameter(statement.target.id, default, _annotated(statement.annotation))]
    if isinstance(statement, ast.Assign):
        default = _literal(statement.value)
        types = (
            _made(statement.value) if default is UNKNOWN else None if default is None else (type(default),)
        )
        return [
            Parameter(target.id, default, types)
            for target in statement.targets
            if isinstance(target, ast.Name)
        ]
    return []


def _literal(node: ast.expr | None) -> Any:
    try:
        return UNKNOWN if node is None else ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def _made(node: ast.expr) -> tuple[type, ...] | None:
    """The type that a call such as ``Path("data")`` or ``dt.date(2025, 7, 21)`` makes, where it is known."""
    if not isinstance(node, ast.Call):
        return None
    name = ast.unparse(node.func).rpartition(".")[2]
    return (_TYPES[name],) if name in _TYPES else None


def _annotated(node: ast.expr) -> tuple[type, ...] | None:
    """The types that an annotation names; None where one of them is not known here."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _annotated(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _annotated(node.left), _annotated(node.right)
        return None if left is None or right is None else (*left, *right)
    if isinstance(node, ast.Subscript):
        if ast.unparse(node.value).rpartition(".")[2] == "Optional":
            inner = _annotated(node.slice)
            return None if inner is None else (*inner, type(None))
        return _annotated(node.value)  # list[int]
    name = ast.unparse(node).rpartition(".")[2]
    return (_TYPES[name],) if name in _TYPES else None


def as_plain(name: str, value: Any) -> Any:
    """A value as Python's own types, all through: NumPy scalars and arrays are taken for what they hold.

    Raises
    ------
    ScenarioError
        Where it is nothing that a parameter can be.
    """
    if isinstance(value, np.datetime64):
        day = np.datetime_data(value.dtype)[0] == "D"
        value = value.astype("datetime64[D]" if day else "datetime64[us]")
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_plain(name, item) for key, item in value.items()}
    if isinstance(value, (list, tuple, range)):
        items = [as_plain(name, item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    plain: tuple[type, ...] = (bool, int, float, str, Path)
    for kind in plain:
        if isinstance(value, kind):
            return kind(value)
    for moment in (dt.datetime, dt.date, dt.time):
        if isinstance(value, moment):
            return moment.fromisoformat(value.isoformat())  # of pandas, too
    if value is None:
        return None
    raise ScenarioError(
        f"{name} is {shown(value)}; expected a number, text, true or false, a date, a path, a list or a table"
    )


class _Translator(PythonTranslator):  # type: ignore[misc]  # papermill has no types
    """papermill's, which writes dates and paths as text and refuses tuples: here, all keep their type."""

    @classmethod
    def translate(cls, val: Any) -> str:
        if isinstance(val, Path):
            return f'__import__("pathlib").Path({str(val)!r})'
        for kind in (dt.datetime, dt.date, dt.time):
            if isinstance(val, kind):
                # By an expression: an import in the cell could take the place of a name of the user's.
                return f'__import__("datetime").{kind.__name__}.fromisoformat("{val.isoformat()}")'
        if isinstance(val, tuple):
            return f"({''.join(f'{cls.translate(item)}, ' for item in val)})"
        return repr(val) if isinstance(val, str) else str(super().translate(val))


papermill_translators.register("tradegen", _Translator)


def filled_in(text: str, parameters: Mapping[str, Any]) -> str:
    """A notebook's text with a cell of these parameters after its own, as papermill puts it."""
    node = nbformat.reads(text, as_version=4)
    node.metadata["papermill"] = {}
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
    node = parameterize_notebook(node, parameters, language="tradegen")
    # It holds the parameters once more, and would be written as JSON, which has no dates.
    del node.metadata["papermill"]
    return str(nbformat.writes(node))
