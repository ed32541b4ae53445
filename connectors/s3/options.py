"""How a bucket is reached. Credentials are found by boto3's ordinary means, and are none of these."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.storage import CLASSES

ARCHIVE_CLASSES = f"^({'|'.join(CLASSES)})$"
"""The classes of storage that may be an archive, as a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """Everything but the bucket itself."""

    endpoint: str | None = None
    """The address of an S3 that is not Amazon's; buckets are then part of the path."""
    public_endpoint: str | None = None
    """The address at which clients reach it, where that is another one."""
    region: str | None = None
    ca_file: Path | None = None
    """The authorities that the server's certificate may be from, as PEM; without it, the usual ones."""
    archive_class: str | None = None
    """The class of storage that archived uploads go to; there is no archive where it is None."""
    cache: Path | None = None
    """The folder of this process alone for what tools need as files; a passing one where it is None."""
    cache_bytes: int = 20 << 30
    """How large that folder may become, beside what is in use."""
    connect_s: float = 5.0
    """How long one attempt waits for a connection."""
    answer_s: float = 10.0
    """How long one attempt waits for an answer to what is small."""
