"""Uploads straight into the store, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gateway.jobs.schemas import Priority
from gateway.json_types import Exact, Whole
from gateway.media.schemas import Accepted

_PART: dict[str, JsonValue] = {
    "number": 1,
    "size_bytes": 16_777_216,
    "has_arrived": False,
    "url": "https://s3.example.org/bucket/direct/01890a5d?partNumber=1",
}


class DirectOrder(Exact):
    """A file that someone wants to put into the store."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "holiday.mov", "size_bytes": 73_400_320, "profile": "web"}]}
    )

    name: str = Field(min_length=1, max_length=1000, description="The file's name.")
    size_bytes: Whole = Field(ge=1, le=2**50, description="How long it is.")
    content_type: str | None = Field(None, max_length=200)
    profile: str | None = Field(None, max_length=40, description="Ask for a transcode too.")
    priority: Priority = "normal"


class DirectPart(BaseModel):
    """One part, and where to PUT it: with no token, and with exactly so many bytes as body."""

    number: int
    size_bytes: int
    has_arrived: bool
    url: str | None = Field(description="Good for a while; null where nothing is taken any more.")


class DirectLinks(BaseModel):
    """Where to go from here."""

    self: str
    complete: str


class DirectUpload(BaseModel):
    """A file on its way straight into the store."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "state": "uploading",
                    "name": "holiday.mov",
                    "size_bytes": 73_400_320,
                    "part_bytes": 16_777_216,
                    "part_count": 5,
                    "parts": [_PART],
                    "next": 2,
                    "expires_at": "2026-05-02T12:00:00Z",
                    "accepted": None,
                    "links": {
                        "self": "/api/v1/uploads/direct/x",
                        "complete": "/api/v1/uploads/direct/x/complete",
                    },
                }
            ]
        }
    )

    id: str
    state: Literal["uploading", "verifying", "accepted"] = Field(
        description="While it is verifying, its bytes are read and hashed; it becomes a medium by itself."
    )
    name: str
    size_bytes: int
    part_bytes: int = Field(description="How large each part is but the last.")
    part_count: int
    parts: list[DirectPart]
    next: int | None = Field(description="The first part of the next page; null at the end.")
    expires_at: datetime
    accepted: Accepted | None = Field(description="What it has become.")
    links: DirectLinks


class ClientPart(Exact):
    """A part that the client has put there."""

    number: Whole = Field(ge=1, le=10_000)
    etag: str = Field(min_length=1, max_length=200, description="As the store answered it.")


class Completion(Exact):
    """What the client has put into the store. Parts that it names are held against what is there."""

    parts: list[ClientPart] = Field([], max_length=10_000)
