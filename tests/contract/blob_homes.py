"""The stores that the suites of blobs are run against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from connectors.archive import open_kept
from connectors.ports import BlobStore
from connectors.s3.options import S3Options


@dataclass(frozen=True, slots=True)
class Home:
    """Where blobs are kept, and how to look behind the port."""

    url: str
    options: S3Options
    archive: Path | None = None
    """The second folder, of blobs that are files."""

    @property
    def is_s3(self) -> bool:
        return self.url.startswith("s3:")

    def open(self, owner: str = "gateway-1") -> BlobStore:
        return open_kept(self.url, owner, self.options, self.archive).blobs

    def kept(self) -> set[str]:
        """All that is there, half-written uploads too."""
        where = urlsplit(self.url)
        if not self.is_s3:
            root = Path(where.path)
            files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
            return files - {"archive-id", "archive-id.begun"}
        prefix, s3 = f"{where.path.strip('/')}/", boto3.client("s3", endpoint_url=self.options.endpoint)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=where.netloc, Prefix=prefix)
        keys = {found["Key"] for page in pages for found in page.get("Contents", ())}
        uploads = s3.list_multipart_uploads(Bucket=where.netloc, Prefix=prefix).get("Uploads", ())
        names = keys | {f"{upload['Key']} in parts" for upload in uploads}
        return {name.removeprefix(prefix) for name in names}

    def clear(self) -> None:
        """Leaves nothing in a bucket that is not ours."""
        where, s3 = urlsplit(self.url), boto3.client("s3", endpoint_url=self.options.endpoint)
        for name in self.kept():
            s3.delete_object(Bucket=where.netloc, Key=f"{where.path.strip('/')}/{name}")
