"""Where reports lie, and how they get there. The first that is put there stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.ports import BlobStore, content_of
from processors.care.plan import Reported
from schemas.chores import REPORT_NAME


async def keep(blobs: BlobStore, folder: str, report: Mapping[str, Any]) -> Reported:
    """Puts the report of a chore into its folder; returns which stands there."""
    location = f"{folder}/{REPORT_NAME}"
    await blobs.put(location, orjson.dumps(report, default=_plain, option=orjson.OPT_INDENT_2))
    return Reported(location=location, size_bytes=(await blobs.stat(location)).size_bytes)


async def put(blobs: BlobStore, folder: str, name: str, said: Any) -> None:
    """Puts a part of what a chore knows into its folder; what is there already stays."""
    await blobs.put(f"{folder}/{name}", orjson.dumps(said, default=_plain))


async def get(blobs: BlobStore, folder: str, name: str) -> Any:
    """What `put` put there. Raises BlobMissing."""
    return orjson.loads(await content_of(blobs, f"{folder}/{name}"))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(type(value))
