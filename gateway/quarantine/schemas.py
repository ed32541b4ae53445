"""The quarantine as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from gateway.json_types import Exact
from gateway.media.schemas import MEDIA_ID, Media

Reason = Annotated[str, StringConstraints(pattern=r"\S", max_length=500)]


class Alike(BaseModel):
    """Another medium of the same bytes."""

    id: str = Field(examples=[MEDIA_ID])
    name: str
    owner_id: str
    status: str = Field(
        description="quarantined, or ready for one that was accepted before the scanner knew.",
        examples=["ready"],
    )


class QuarantineItem(BaseModel):
    """One medium that waits for a decision."""

    media: Media
    same_bytes: list[Alike] = Field(description="Some of the other media of these bytes that can be had.")


class Review(Exact):
    """Why it is decided so."""

    reason: Reason = Field(
        description="Its owner reads it where the medium is rejected, and it is in the audit log.",
        examples=["A false alarm: our own test pattern."],
    )


class Reviewed(BaseModel):
    """A decision was made; what follows of it shows at the medium."""

    id: str = Field(examples=[MEDIA_ID])
    token: str = Field(description="Send it with a read to see this command's effect.")
