"""Versions as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.media.schemas import MEDIA_ID, Rejection, Shelf, Status


class Version(BaseModel):
    """One of a medium's files."""

    version: int = Field(description="0 is the first, and of any two the later one has the higher number.")
    shown: bool = Field(description="Whether it is what the medium is now.")
    status: Status = Field(description="A version that is not ready takes nobody's place.")
    name: str = Field(description="What the file was called when it was uploaded.", examples=["holiday.mov"])
    size_bytes: int
    sha256: str
    content_type: str | None
    created_at: datetime
    by: str = Field(description="Who uploaded or restored it.", examples=["admin"])
    rejection: Rejection | None = Field(description="Why it was not accepted.")
    archived: Shelf | None = Field(None, description="Where it is archived; null where it is not.")
    content: str = Field(description="Where its bytes are.")


class Versions(BaseModel):
    """All of a medium's files, the latest first."""

    items: list[Version]


class Replaced(BaseModel):
    """A file was taken in that is to be what the medium is, once it was looked at and accepted."""

    media_id: str = Field(examples=[MEDIA_ID])
    version: int
    token: str = Field(description="Send it with a read to see this command's effect.")


class VersionDeletion(BaseModel):
    """A version is being deleted."""

    media_id: str = Field(examples=[MEDIA_ID])
    version: int
    token: str
