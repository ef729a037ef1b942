"""Where a run leaves its records and its truth beside the log: objects in S3, or files in a folder.

S3 is spoken to by boto3, which the image has for the ledger. Datasets in buckets go through Arrow, which is
far larger than all that the image holds.
"""

from __future__ import annotations

from typing import Any, Protocol

from tradegen.errors import OutputError

_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 2.0, 5.0, 3


class Place(Protocol):
    """What takes files by name. A name that is there already is replaced, at once and whole."""

    def put(self, name: str, content: bytes) -> None:
        """Store a file; OutputError where the place refuses."""


class _S3Prefix:
    """The objects of a bucket whose keys begin with the same folder."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._bucket, _, folder = uri.removeprefix("s3://").partition("/")
        self._prefix = f"{folder}/" if folder else ""
        self._client = _client(uri)

    def put(self, name: str, content: bytes) -> None:
        """Store an object. To store it again changes nothing, so that boto3 may try again by itself."""
        from botocore.exceptions import BotoCoreError, ClientError

        request: dict[str, Any] = {"Bucket": self._bucket, "Key": f"{self._prefix}{name}", "Body": content}
        try:
            self._client.put_object(**request, ContentType="application/x-ndjson")
        except (BotoCoreError, ClientError) as error:
            reason = " ".join(str(error).split())
            raise OutputError(
                f"{self._uri} cannot be written ({reason}); see to the bucket, its region, and s3:PutObject"
                " for these credentials"
            ) from error


def open_place(place: str) -> Place:
    """The place of that URI (``s3://bucket/folder``), or that folder. Nothing is asked of it yet."""
    if place.startswith("s3://"):
        return _S3Prefix(place)
    from tradegen.output.writable_storage import open_store  # loaded where it is used

    return open_store(place)


def _client(uri: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise OutputError(
            f"{uri} needs boto3, which is not installed; pip install 'tradegen[aws]' brings it"
        ) from None
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        tcp_keepalive=True,
    )
    try:
        return boto3.session.Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise OutputError(f"{uri} cannot be reached ({error}); see to region and endpoint") from error
