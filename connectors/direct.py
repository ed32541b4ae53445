"""Opens what lets clients put blobs into the store by themselves, where there is such a store."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from connectors.ports import DirectUploads
from connectors.s3.options import S3Options


def open_direct(url: str, owner: str, s3: S3Options) -> DirectUploads | None:
    """None for a folder, and for a bucket that clients don't reach."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or s3.public_endpoint is None:
        return None
    from connectors.s3.bucket import Bucket  # boto3 takes long to load, and most do without
    from connectors.s3.direct import S3Direct
    from connectors.s3.leftovers import Leftovers

    bucket = Bucket.at(parts.netloc, unquote(parts.path), s3)
    return S3Direct(bucket, Leftovers(bucket, owner))
