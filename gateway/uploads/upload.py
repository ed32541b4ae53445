"""One upload, as it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.ports import Document

EXPIRES = "expires_at"


@dataclass(frozen=True, slots=True)
class Said:
    """What the sender of an upload says of it."""

    name: str
    content_type: str | None
    profile_json: str | None
    """The profile to transcode with, as it was when it was asked for."""
    priority: str
    metadata: str
    """All of it, as it was sent."""
    replaces: str | None = None
    """As which file of a medium that there is it is taken in; None where it becomes a medium of its own."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload."""

    id: str
    owner_id: str
    said: Said
    length: int | None
    """None as long as the sender has not said it."""
    sure_to: int | None
    """Where those bytes begin that may not be what was sent: they were not held against their checksum."""
    accepted: Document | None
    """What was answered when it became a medium."""
    is_whole: bool
    """Whether all of it is there, so that it becomes a medium also without its sender."""
    part_bytes: int | None
    """How large the parts are that go straight into the store; None where it comes through here."""
    created_at: datetime
    expires_at: datetime

    @property
    def is_direct(self) -> bool:
        """Whether its bytes go straight into the store."""
        return self.part_bytes is not None


def read(document: Document) -> Upload:
    """An upload from its document."""
    return Upload(
        id=document["_id"],
        owner_id=document["owner_id"],
        said=Said(**{name: document.get(name) for name in Said.__slots__}),  # type: ignore[arg-type]
        length=document["length"],
        sure_to=document["sure_to"],
        accepted=document["accepted"],
        is_whole=document["is_whole"],
        part_bytes=document.get("part_bytes"),
        created_at=document["created_at"],
        expires_at=document[EXPIRES],
    )
