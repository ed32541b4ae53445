"""Uploads as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from gateway.media.schemas import Accepted

UPLOAD_ID = "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e7f"


class UploadLinks(BaseModel):
    """Where to go from here."""

    self: str


class Upload(BaseModel):
    """One resumable upload."""

    id: str = Field(examples=[UPLOAD_ID])
    state: Literal["uploading", "accepted"]
    name: str = Field(examples=["holiday.mov"])
    offset: int = Field(description="How much of it is safe: go on here.", examples=[67_108_864])
    size_bytes: int | None = Field(description="Null as long as its sender has not said it.")
    created_at: datetime
    expires_at: datetime = Field(description="It is given up then, unless someone goes on with it.")
    accepted: Accepted | None = Field(description="The medium that it has become, and its transcode.")
    links: UploadLinks
