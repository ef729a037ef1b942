"""Manifests and plans as files: anyone can edit them, so that nothing in them is believed unread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradegen.core.compression import content_of
from tradegen.core.storage import open_storage
from tradegen.engine.manifest import require_version
from tradegen.errors import OutputError, ScenarioError, TradegenError

MANIFEST = "manifest.json"
"""What the manifest of a dataset is called."""


class _Replay(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    scenario: dict[str, Any]
    seed: int
    first_id: int
    tickers: dict[str, str | dict[str, str]] | None = None


class _File(BaseModel):
    model_config = ConfigDict(strict=True)

    rows: int
    bytes: int
    sha256: str


class _Layout(BaseModel):
    model_config = ConfigDict(strict=True)

    format: str
    blocks_per_part: Annotated[int, Field(ge=1, le=10**6)]
    versions: dict[str, str]


class _Dataset(_Layout):
    files: dict[str, _File]


class _Plan(_Layout):
    replay: _Replay
    key: str
    reserved: bool


class _Manifest(BaseModel):
    model_config = ConfigDict(strict=True)

    manifest: int
    replay: _Replay
    digests: dict[str, str]
    versions: dict[str, str]
    dataset: _Dataset | None = None


def load_manifest(place: str, endpoint: str | None = None) -> dict[str, Any]:
    """The manifest at a place.

    Parameters
    ----------
    place : str
        Its file, or a dataset: its folder, or ``s3://bucket/prefix``.
    endpoint : str, optional
        Address of the object store, if it is not AWS's own.

    Raises
    ------
    ScenarioError
        Where there is none.
    OutputError
        Where it is none, as `read_manifest` says.
    """
    if "://" in place:
        prefix = place.removesuffix(f"/{MANIFEST}")
        content = open_storage(prefix, endpoint, ScenarioError).get(MANIFEST)
        if content is None:
            raise ScenarioError(f"{prefix} holds no {MANIFEST}; expected a dataset that is finished")
        return read_manifest(content, f"{prefix.rstrip('/')}/{MANIFEST}")
    file = Path(place) / MANIFEST if Path(place).is_dir() else Path(place)
    if file != Path(place) and not file.exists():
        raise ScenarioError(f"{place} holds no {MANIFEST}; expected a dataset that is finished")
    try:
        return read_manifest(content_of(file), str(file))
    except OSError as error:
        if isinstance(error, TradegenError):
            raise
        raise ScenarioError(f"{file} cannot be read: {error.strerror}") from None


def read_manifest(content: bytes, name: str) -> dict[str, Any]:
    """A manifest, of files or of a dataset.

    Parameters
    ----------
    content : bytes
    name : str
        What messages call it.

    Raises
    ------
    OutputError
        Where it is no manifest, or not of a version that this tradegen reads.
    """
    found = _parsed(content, f"{name} is not a manifest of tradegen's")
    version = found.get("manifest") if isinstance(found, dict) else None
    if isinstance(version, int):
        require_version(version, name, OutputError)
    if isinstance(found, dict) and "inject" in found and "replay" not in found:
        raise OutputError(
            f"{name} is the manifest of a list that inject broke; expected that of generated trades. What "
            "inject broke is for tradegen verify, score and show"
        )
    return _checked(_Manifest, found, f"{name} is not a manifest of tradegen's")


def read_plan(content: bytes, name: str) -> dict[str, Any]:
    """The plan of an unfinished dataset.

    Raises
    ------
    OutputError
        Where it is none.
    """
    message = f"{name} is not the plan of a dataset"
    return _checked(_Plan, _parsed(content, message), message)


def _parsed(content: bytes, message: str) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise OutputError(f"{message}: it is no JSON") from None


_M = TypeVar("_M", bound=BaseModel)


def _checked(model: type[_M], found: Any, message: str) -> dict[str, Any]:
    """What was read, once it has all that is needed."""
    try:
        model.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise OutputError(f"{message}: {place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
    return dict(found)
