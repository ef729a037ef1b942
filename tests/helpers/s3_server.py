"""S3 on loopback: moto's server, which knows nothing of tradegen."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import absent
from dynamodb_server import ENVIRONMENT


class S3:
    """The server, seen by a client of its own."""

    def __init__(self, endpoint: str) -> None:
        import boto3

        self.endpoint = endpoint
        self.client: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name="eu-central-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 finds it."""
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL_S3": self.endpoint}

    def new_bucket(self, name: str) -> str:
        place = {"LocationConstraint": "eu-central-1"}
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        return name

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The content of every object, by its key."""
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            one["Key"]: self.client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed
        }


@contextmanager
def serving() -> Iterator[S3]:
    """A server on a free port of its own, in a thread."""
    if importlib.util.find_spec("moto") is None:
        absent("moto")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield S3(f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()
