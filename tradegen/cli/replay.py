"""``tradegen replay``: the same bytes again, from a manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradegen.cli.dataset_runs import Request, is_dataset, say_where
from tradegen.cli.file_runs import write_files
from tradegen.cli.shell import say, sentences
from tradegen.engine.manifest import differing_digests, run_of
from tradegen.errors import OutputError, ScenarioError

__all__ = ["replay"]


@sentences
def replay(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A manifest, or the folder of a dataset.")
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="Where to: as in `tradegen generate`. For a dataset's manifest, a new folder.",
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="PATH", help="File for the answer key, unless it is a dataset.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Of files; a dataset is written in its own, for its bytes to be the same.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Of a dataset: processes; all cores if not given.")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="local|ADDRESS", help="Its parts are made by a Dask cluster.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier replay was broken off.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of the dataset at --out.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of an object store that is not AWS's own.")
    ] = None,
) -> None:
    """Make a run again: the same ids, the same records, the same bytes. No ids are reserved.

    Exits with 1 if what was made is not what the manifest says.

    For example:

    - `tradegen replay manifest.json --out trades.csv --truth truth.csv`

    - `tradegen replay data/ --out again/`
    """
    told = _read(manifest)
    run = run_of(told, manifest)
    if "dataset" in told and not truth and form in (None, told["dataset"]["format"]):
        if out is None or not is_dataset(out, told["dataset"]["format"]):
            raise OutputError(
                f"{manifest} tells of a dataset; expected --out FOLDER/ or --out s3://bucket/prefix"
            )
        how = Request(workers, dask, resume, overwrite, int(told["dataset"]["blocks_per_part"]), endpoint)
        made = how.write(run, out, told["dataset"]["format"], None)
        say_where(out, made)
    else:
        if is_dataset(out, form):
            if "dataset" in told:
                raise OutputError(
                    f"a dataset is replayed as it was, in {told['dataset']['format']} and with its truth; "
                    "expected no --truth, and no other --format, with a folder"
                )
            raise OutputError(f"{out} is a folder, and {manifest} is of files; expected --out FILE")
        for_datasets = (workers, dask, resume or None, overwrite or None, endpoint)
        if any(option is not None for option in for_datasets):
            raise OutputError(
                "--workers, --dask, --resume, --overwrite and --endpoint are for datasets; "
                "expected none of them with a file"
            )
        made = write_files(run, out, truth, None, form, [manifest])
    _compare(told, made)


def _read(path: Path) -> dict[str, Any]:
    file = path / "manifest.json" if path.is_dir() else path
    try:
        told = json.loads(file.read_text("utf-8"))
        told["manifest"], told["replay"]["scenario"], told["replay"]["seed"], told["digests"]["truth"]
    except OSError as error:
        raise ScenarioError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise ScenarioError(f"{file} is not a manifest of tradegen's") from None
    return dict(told)


def _compare(told: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Say whether the digests are those of the manifest."""
    differs = differing_digests(told, made)
    wrong = [name for name, different in differs.items() if different]
    if not wrong:
        say(f"the same {' and '.join(name for name in differs if name != 'tickers')} as the manifest says")
        return
    differ = [
        f"{name} {version}, now {made['versions'][name]}"
        for name, version in told.get("versions", {}).items()
        if made["versions"].get(name, version) != version
    ]
    say(
        f"not what the manifest says: {', '.join(wrong)}"
        + (f" (made with {'; '.join(differ)})" if differ else "")
    )
    raise typer.Exit(1)
