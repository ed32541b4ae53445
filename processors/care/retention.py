"""Which media and versions are to go by a policy of retention; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.rooted.located import is_in_root
from schemas.chores import ArchivalOptions, RetentionOptions
from schemas.record import CATEGORIES, TAGS
from schemas.versions import current, version_of
from schemas.words import label

MEDIUM, VERSION = "medium", "version"
_OVER = frozenset({"deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A medium or one of its versions that is to go."""

    kind: str
    id: str
    """As events call it."""
    name: str
    size_bytes: int
    why: str

    def written(self) -> dict[str, Any]:
        """As a report has it."""
        return asdict(self)


def is_meant(medium: Mapping[str, Any], options: RetentionOptions | ArchivalOptions) -> bool:
    """Whether a policy is about this medium."""
    if options.library is not None and (medium.get("library") or {}).get("id") != options.library:
        return False
    labels = {name for field in (TAGS, CATEGORIES) for name in _labels(medium, field)}
    if options.tag is not None and label(options.tag) not in labels:
        return False
    return options.except_tag is None or label(options.except_tag) not in labels


def going(
    medium: Mapping[str, Any], later: Sequence[Mapping[str, Any]], options: RetentionOptions, now: datetime
) -> list[Gone]:
    """What is to go of a medium and the files that came later: all of it, or some that are not shown."""
    if "upload" not in medium or (medium.get("status") or {}).get("name") in _OVER:
        return []
    there = [each for each in later if "upload" in each and each["status"]["name"] not in _OVER]
    if (why := _over(medium, there, options, now)) is not None:
        return [_gone(MEDIUM, each, why) for each in (*there, medium)]  # it comes last, so that none stays
    return list(_old_versions(medium, there, options, now))


def _over(
    medium: Mapping[str, Any], later: Sequence[Mapping[str, Any]], options: RetentionOptions, now: datetime
) -> str | None:
    """Why a whole medium is to go. It is as old as the last file that was uploaded to it; what lies in an
    operator's folder goes with its file.
    """
    if is_in_root(medium["upload"]["location"]):
        return None
    newest = max(each["created_at"] for each in (medium, *later))
    if options.media_days is not None and newest < now - timedelta(days=options.media_days):
        return f"it is older than {options.media_days} days"
    if medium["status"]["name"] != "rejected" or options.rejected_days is None:
        return None
    refused = newest < now - timedelta(days=options.rejected_days)
    return f"it was refused, and is older than {options.rejected_days} days" if refused else None


def _old_versions(
    medium: Mapping[str, Any], later: Sequence[Mapping[str, Any]], options: RetentionOptions, now: datetime
) -> Iterator[Gone]:
    """Versions that are not shown: beyond so many of the latest, and older than so many days."""
    kept, days = options.versions_kept, options.versions_days
    if kept is None and days is None:
        return
    files = [*([] if "dropped_at" in medium else [medium]), *later]
    others = [
        each for each in files if version_of(each["_id"]) != current(medium) and not _is_under_way(each)
    ]
    before = now - timedelta(days=days or 0)
    for file in sorted(others, key=_worth, reverse=True)[kept or 0 :]:
        if file["created_at"] < before:
            yield _gone(VERSION, file, "another version took its place")


def _worth(file: Mapping[str, Any]) -> tuple[bool, int]:
    """What can be restored is kept before what was refused, and later ones before earlier ones."""
    return file["status"]["name"] == "ready", version_of(file["_id"])


def _is_under_way(file: Mapping[str, Any]) -> bool:
    return bool(file["status"]["name"] == "uploaded")


def _labels(medium: Mapping[str, Any], field: str) -> Sequence[str]:
    return ((medium.get("record") or {}).get(field) or {}).get("labels") or ()


def _gone(kind: str, file: Mapping[str, Any], why: str) -> Gone:
    upload = file["upload"]
    return Gone(kind=kind, id=file["_id"], name=upload["name"], size_bytes=int(upload["size_bytes"]), why=why)
