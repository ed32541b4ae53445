"""What blobs are called, in whichever store they are: what is called otherwise is nowhere."""

from __future__ import annotations

import re

from connectors.ports import BlobMissing

AREAS = (
    "raw",
    "quarantine",
    "straight",
    "renditions",
    "processed",
    "images",
    "subtitles",
    "documents",
    "reports",
)
DIGITS = "0123456789abcdef"
"""What names begin with: each area has a sixteenth for each."""
_LOCATION = re.compile(r"(?P<area>[a-z]+)/(?P<fan>[0-9a-f]{2})/(?P<name>[0-9a-f]{64}(\.[a-z0-9]{1,8})?)")
_FOLDER = re.compile(
    r"(?P<area>renditions|images|reports)/(?P<fan>[0-9a-f]{2})/(?P<name>[0-9a-f]{32})/[0-9a-f]{16}"
)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MEMBER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\.[a-z0-9]{1,8}")


def checked(location: str) -> str:
    """A location that is exactly one of ours. Raises BlobMissing."""
    folder, _, member = location.rpartition("/")
    if _MEMBER.fullmatch(member) and _FOLDER.fullmatch(folder):
        return f"{checked_folder(folder)}/{member}"
    found = _LOCATION.fullmatch(location)
    if not found or found["area"] not in AREAS or found["name"][:2] != found["fan"]:
        raise BlobMissing(f"{location!r} is not a blob location")
    return location


def is_addressed(location: str) -> bool:
    """Whether a location says the hash of the bytes that lie there."""
    return bool(_LOCATION.fullmatch(location))


def checked_folder(folder: str) -> str:
    """A folder that is exactly one of ours. Raises BlobMissing."""
    found = _FOLDER.fullmatch(folder)
    if not found or found["name"][:2] != found["fan"]:
        raise BlobMissing(f"{folder!r} is no folder of blobs")
    return folder


def checked_area(area: str) -> str:
    """An area that is exactly one of ours, or a sixteenth of it: `raw/a`. Raises BlobMissing."""
    whole = area.partition("/")[0]
    if whole not in AREAS or area not in (whole, *(f"{whole}/{each}" for each in DIGITS)):
        raise BlobMissing(f"{area!r} is no area of blobs")
    return area


def is_location(said: str) -> bool:
    """Whether a blob may be called so."""
    try:
        checked(said)
    except BlobMissing:
        return False
    return True


def checked_id(id: str) -> str:
    """An id that an unfinished blob may have. Raises BlobMissing."""
    if not _ID.fullmatch(id):
        raise BlobMissing(f"{id!r} is no unfinished blob")
    return id


def addressed(area: str, sha256: str, suffix: str) -> str:
    """Where bytes with this hash lie. Raises BlobMissing for what would be no location."""
    return checked(f"{area}/{sha256[:2]}/{sha256}{suffix}")
