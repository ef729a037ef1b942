"""``tradegen replay``: the same bytes again, from a manifest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradegen.cli.dataset_output import DatasetOptions, is_dataset, is_url, say_where
from tradegen.cli.file_output import write_files
from tradegen.cli.options import FORMATS, Dask, Endpoint, Force, Overwrite, Resume, Truth, Workers
from tradegen.cli.shell import say, sentences
from tradegen.errors import OutputError


@sentences
def replay(
    manifest: Annotated[
        str,
        typer.Argument(
            metavar="MANIFEST", help="A manifest, or a dataset: its folder, or s3://bucket/prefix."
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="Where to: as in `tradegen generate`. For a dataset's manifest, a new folder.",
        ),
    ] = None,
    truth: Truth = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar=FORMATS,
            help="Of files; a dataset is written in its own, for its bytes to be the same.",
        ),
    ] = None,
    workers: Workers = None,
    dask: Dask = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    endpoint: Endpoint = None,
    force: Force = False,
) -> None:
    """Make a run again: the same ids, the same records, the same bytes. No ids are reserved.

    Exits with 1 if what was made is not what the manifest says.

    For example:

    - `tradegen replay manifest.json --out trades.csv --truth truth.csv`

    - `tradegen replay data/ --out again/`
    """
    from tradegen.output.manifest_files import load_manifest

    known = load_manifest(manifest, endpoint)
    if endpoint and is_url(manifest) and not is_url(out):
        endpoint = None  # was for the manifest alone
    options = DatasetOptions(workers, dask, resume, overwrite, endpoint=endpoint)
    dataset = known.get("dataset")
    if dataset and not truth and form in (None, dataset["format"]):
        made = _dataset_again(known, manifest, out, options, force=force)
    else:
        made = _files_again(known, manifest, out, truth, form, options, force=force)
    _compare(known, made)


def _dataset_again(
    known: Mapping[str, Any], manifest: str, out: str | None, options: DatasetOptions, *, force: bool
) -> dict[str, Any]:
    from tradegen.engine.manifest import run_of

    dataset = known["dataset"]
    if out is None or not is_dataset(out, dataset["format"]):
        raise OutputError(
            f"{manifest} is the manifest of a dataset; expected --out FOLDER/ or --out s3://bucket/prefix"
        )
    how = dataclasses.replace(
        options,
        blocks_per_part=int(dataset["blocks_per_part"]),
        compression=dataset.get("compression"),
        row_group_rows=dataset.get("row_group_rows"),
    )
    made = how.write(run_of(known, manifest), out, dataset["format"], None, force=force)
    say_where(out, made)
    return made


def _files_again(
    known: Mapping[str, Any],
    manifest: str,
    out: str | None,
    truth: Path | None,
    form: str | None,
    options: DatasetOptions,
    *,
    force: bool,
) -> dict[str, Any]:
    from tradegen.engine.manifest import run_of

    if is_dataset(out, form):
        if "dataset" in known:
            raise OutputError(
                f"a dataset is replayed as it was, in {known['dataset']['format']} and with its truth; "
                "expected no --truth, and no other --format, with a folder"
            )
        raise OutputError(f"{out} is a folder, and {manifest} is of files; expected --out FILE")
    if options.given:
        raise OutputError(
            "--workers, --dask, --resume, --overwrite and --endpoint are for datasets; "
            "expected none of them with a file"
        )
    return write_files(
        run_of(known, manifest),
        out,
        truth,
        None,
        form,
        [] if is_url(manifest) else [Path(manifest)],
        force=force,
    )


def _compare(known: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Say whether the values are those of the manifest, and of a dataset whether the bytes are, too."""
    from tradegen.engine.manifest import differing_digests

    differs = differing_digests(known, made)
    wrong = [name for name, different in differs.items() if different]
    other = [
        f"{name} {version}, now {made['versions'][name]}"
        for name, version in known.get("versions", {}).items()
        if made["versions"].get(name, version) != version
    ]
    versions = f" (made with {'; '.join(other)})" if other else ""
    same_bytes = None
    if "dataset" in made and "dataset" in known:
        same_bytes = made["dataset"]["sha256"] == known["dataset"].get("sha256")
    if wrong:
        say(f"not what the manifest says: {', '.join(wrong)}{versions}")
        raise typer.Exit(1)
    sentence = f"the same {' and '.join(name for name in differs if name != 'tickers')} as the manifest says"
    if same_bytes is not None:
        sentence += ", in files of the same bytes" if same_bytes else f", in files of other bytes{versions}"
    say(sentence)
