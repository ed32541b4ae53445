"""Which class of storage a medium's file is in: how events tell of it."""

from __future__ import annotations

CHANGE = "storage"
"""What `media.changed` calls it; the one value is `class`."""

CLASS = "class"
STANDARD = "standard"
"""Where everything is that nobody has archived."""
ARCHIVE = "archive"
"""The second folder, of blobs that are files. In a bucket, classes are called as S3 calls them."""

CLASSES = ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
"""Those of S3 that may be an archive."""

SLOW = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Classes of S3 whose objects have to be asked back, hours before they can be read."""

RAW = "raw/"
"""What is archived: files as they were uploaded. All that is made of them can be made again, and is small."""


def is_readable(storage: str) -> bool:
    """Whether what is in that class can be read at once."""
    return storage not in SLOW


def is_archived(storage: str) -> bool:
    """Whether somebody has archived what is in that class."""
    return storage != STANDARD
