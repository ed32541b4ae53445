"""Where the older transcoder's files are: a folder, or a bucket of any S3."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from deploy.local.failures import Exit, Failure
from deploy.local.importing.places import Folders, OutOfReach
from deploy.local.importing.transcoder import Kept
from deploy.local.transfers import local_name

S3 = "s3://"


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder. Links in it are not followed."""

    root: Path

    def files(self) -> Iterator[Kept]:
        """See Store."""
        for folder, folders, names in os.walk(self.root, onerror=self._refuse):
            folders.sort()
            for name in names:
                file = Path(folder) / name
                if file.is_file() and not file.is_symlink():
                    yield Kept(file.relative_to(self.root).as_posix(), file.stat().st_size)

    def text(self, path: str, most_bytes: int) -> bytes | None:
        """See Store."""
        with suppress(OutOfReach, OSError), self.at(path) as file:
            return file.read_bytes() if file.stat().st_size <= most_bytes else None
        return None

    @contextmanager
    def at(self, path: str) -> Iterator[Path]:
        """One of its files, while it is read. Raises OutOfReach."""
        yield self.look(path)

    def look(self, path: str) -> Path:
        """Where one of its files is. Raises OutOfReach."""
        return Folders([("/", self.root)]).local(f"/{path}")

    def _refuse(self, error: OSError) -> None:
        raise Failure(f"cannot read {error.filename}: {error.strerror or error}.", Exit.USAGE) from error


@dataclass(frozen=True, slots=True)
class BucketStore:
    """Part of a bucket, reached as boto3 is told to: AWS_ENDPOINT_URL, AWS_PROFILE and the rest."""

    bucket: str
    prefix: str
    client: Any

    @classmethod
    def of(cls, url: str) -> BucketStore:
        """The one that s3://bucket/prefix names."""
        bucket, _, prefix = url.removeprefix(S3).partition("/")
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        with _answers(bucket):
            return cls(bucket, folder, boto3.client("s3"))

    def files(self) -> Iterator[Kept]:
        """See Store."""
        with _answers(self.bucket):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    if not each["Key"].endswith("/"):
                        yield Kept(each["Key"].removeprefix(self.prefix), each["Size"])

    def text(self, path: str, most_bytes: int) -> bytes | None:
        """See Store."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + path)
            said: bytes = answer["Body"].read(most_bytes + 1)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise Failure(f"cannot read the bucket {self.bucket}: {error}") from error
        return said if len(said) <= most_bytes else None

    def look(self, path: str) -> None:
        """What was listed is there."""

    @contextmanager
    def at(self, path: str) -> Iterator[Path]:
        """A passing copy of one of its files. Raises OutOfReach."""
        with tempfile.TemporaryDirectory(prefix="sluice-import-") as folder:
            file = Path(folder) / local_name(path, "file")
            try:
                self.client.download_file(self.bucket, self.prefix + path, str(file))
            except (ClientError, BotoCoreError, Boto3Error) as error:
                raise OutOfReach(f"it can't be had from the bucket: {error}") from error
            yield file


@contextmanager
def _answers(bucket: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, Boto3Error) as error:
        raise Failure(f"cannot read the bucket {bucket}: {error}") from error
