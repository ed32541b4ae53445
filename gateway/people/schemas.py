"""People as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from gateway.media.schemas import PERSON_ID, Image


class Person(BaseModel):
    """Somebody who had a part in media."""

    id: str = Field(description="As the people of a medium have it.", examples=[PERSON_ID])
    images: list[Image] = Field(description="Their photo, in two sizes, where one was given.")
