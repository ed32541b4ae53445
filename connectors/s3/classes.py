"""What S3 says of an object's class of storage; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import storage

_STANDARD = "STANDARD"
_UNDER_WAY, _DONE = 'ongoing-request="true"', 'ongoing-request="false"'


def class_of(said: Mapping[str, Any]) -> str:
    """The class of an object, by the answer to HEAD or in a listing; other servers may say none."""
    named = said.get("StorageClass") or _STANDARD
    return storage.STANDARD if named == _STANDARD else str(named)


def is_readable(said: Mapping[str, Any]) -> bool:
    """Whether an object can be read now, by the answer to HEAD: because it was never away, or is back."""
    return storage.is_readable(class_of(said)) or _DONE in str(said.get("Restore", ""))


def is_under_way(said: Mapping[str, Any]) -> bool:
    """Whether it was asked back and is not here yet."""
    return _UNDER_WAY in str(said.get("Restore", ""))
