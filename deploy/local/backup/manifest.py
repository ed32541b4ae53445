"""What a backup says of itself, in its last member."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ValidationError

from deploy.local.failures import Exit, Failure

NAME = "manifest.json"
FORMAT = 1

LOG, BLOBS, GROUPS, DOCUMENTS = "log", "blobs", "groups.json", "documents.bson"
SECRET, TOKEN = "secret", "token"

KEPT = ("work_rates", "workers_aside", "spent")
"""The collections that go with it. Views and ledger come from the log. Who was signed in, what was being
decided or answered, and uploads under way do not come back: old sessions let in whom they let in then.
"""


class Member(BaseModel):
    """One member of the archive."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(BaseModel):
    """The whole of it."""

    format: int
    version: str
    """Which Sluice made it."""
    began_at: datetime
    ended_at: datetime
    records: int
    blobs: int
    blob_bytes: int
    gone: list[str]
    """Blobs that were removed while the backup was made: the log tells of their end later."""
    damaged: list[str]
    """Blobs whose bytes were not those of their name in the store already."""
    archived: list[str] = []
    """Blobs that an archive has to give back before they can be read: they are not in it."""
    members: list[Member]


def parsed(said: bytes) -> Manifest:
    """The manifest in these bytes. Raises Failure."""
    try:
        found = Manifest.model_validate_json(said)
    except ValidationError as error:
        raise Failure(f"the backup's manifest can't be read: {error.error_count()} errors.") from error
    if found.format != FORMAT:
        raise Failure(
            f"the backup has the format {found.format}, and this version reads {FORMAT}: "
            f"restore it with Sluice {found.version}.",
            Exit.CONFLICT,
        )
    return found
