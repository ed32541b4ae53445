"""Which files are to be archived by a policy; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from processors.care.retention import is_meant
from schemas import storage
from schemas.chores import ArchivalOptions
from schemas.versions import current, version_of

_READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A medium's file, or one of its versions, that may be archived."""

    id: str
    """As events call it."""
    name: str
    location: str
    sha256: str
    size_bytes: int
    storage: str
    """Where it is, as far as is known."""
    known: int
    """The version of that."""
    why: str | None
    """Why it is to be archived; None where nothing asks for it."""

    def written(self) -> dict[str, Any]:
        """As a report has it."""
        said = asdict(self)
        return {name: said[name] for name in ("id", "name", "size_bytes", "why")}


def files(
    medium: Mapping[str, Any],
    later: Sequence[Mapping[str, Any]],
    options: ArchivalOptions,
    now: datetime,
    viewed_at: datetime | None,
) -> Iterator[File]:
    """All of a medium's files that are in the store, and which of them are to be archived."""
    meant = is_meant(medium, options)
    for each in (medium, *later):
        if is_kept(each):
            is_shown = version_of(each["_id"]) == current(medium)
            yield file(each, _why(each, options, now, viewed_at, meant=meant, is_shown=is_shown))


def is_kept(said: Mapping[str, Any]) -> bool:
    """Whether a file's bytes are in the store, as far as is known, in the area that is archived."""
    location = (said.get("upload") or {}).get("location") or ""
    gone = "dropped_at" in said or (said.get("status") or {}).get("name") in ("deleted", "quarantined")
    return bool(location.startswith(storage.RAW)) and not gone


def file(said: Mapping[str, Any], why: str | None = None) -> File:
    """A file by its document."""
    upload, place = said["upload"], said.get("storage") or {}
    return File(
        id=said["_id"],
        name=upload["name"],
        location=upload["location"],
        sha256=upload["sha256"],
        size_bytes=int(upload["size_bytes"]),
        storage=place.get("class", storage.STANDARD),
        known=place.get("version", 0),
        why=why,
    )


def _why(
    said: Mapping[str, Any],
    options: ArchivalOptions,
    now: datetime,
    viewed_at: datetime | None,
    *,
    meant: bool,
    is_shown: bool,
) -> str | None:
    if said["status"]["name"] != _READY:
        return None
    if options.media is not None and said["_id"] in options.media:
        return "it was asked for"
    too_small = options.min_bytes is not None and said["upload"]["size_bytes"] < options.min_bytes
    if not meant or too_small:
        return None
    since = _since(said)
    if not is_shown:
        return _if_older(since, now, options.versions_days, "another version has been shown")
    return _shown(since, now, options, viewed_at)


def _shown(
    since: datetime, now: datetime, options: ArchivalOptions, viewed_at: datetime | None
) -> str | None:
    """Each limit that is set has to be passed."""
    last = max(since, viewed_at or since)
    reasons = [
        _if_older(since, now, options.media_days, "it has been there"),
        _if_older(last, now, options.unviewed_days, "nobody has watched it"),
    ]
    asked = [options.media_days, options.unviewed_days]
    if all(days is None for days in asked):
        return None
    if any(days is not None and not reason for days, reason in zip(asked, reasons, strict=True)):
        return None
    return ", and ".join(reason for reason in reasons if reason)


def _if_older(since: datetime, now: datetime, days: int | None, what: str) -> str | None:
    if days is None or since > now - timedelta(days=days):
        return None
    return f"{what} for {days} days"


def _since(said: Mapping[str, Any]) -> datetime:
    """Since when a file is where it is: what somebody brought back is not archived at once again."""
    place = said.get("storage") or {}
    since: datetime = said["created_at"]
    return max(since, place["at"]) if place.get("class") == storage.STANDARD else since
