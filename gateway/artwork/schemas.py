"""Given images, as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from gateway.media.schemas import MEDIA_ID


class ImageAccepted(BaseModel):
    """An image was taken in, and is shown once it was looked at; or it was taken away."""

    id: str = Field(description="Of what it is an image.", examples=[MEDIA_ID])
    kind: str = Field(examples=["poster"])
    token: str = Field(description="Send it with a read to see this command's effect.")
