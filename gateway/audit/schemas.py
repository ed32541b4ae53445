"""The trail as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class AuditItem(BaseModel):
    """One decision."""

    id: str
    at: datetime
    action: str = Field(examples=["media.deleted"])
    outcome: str = Field(description="allowed, refused or failed.", examples=["allowed"])
    actor: str = Field(description="An account's id, admin, share:<id>, service:<name>, or anyone.")
    came_by: str = Field(description="session, key, link, admin-token, sign-in, itself or nothing.")
    kind: str | None = Field(description="What kind of thing it was about.", examples=["media"])
    target: str | None = Field(description="Which one of them.")
    count: int = Field(description="How many alike, within a minute, it stands for.", examples=[1])
    details: dict[str, str]
    request_id: str | None
    method: str | None
    route: str | None = Field(examples=["/api/v1/media/{media_id}"])
    address: str | None = Field(description="Where it came from; null where that is not known, or erased.")
    address_mark: str | None = Field(
        description="The same for equal addresses of those who have no account, in place of the address."
    )
    chain: str = Field(description="The chain that it is a link of: one for each run of a gateway.")
    number: int = Field(description="Its place there.")
    intact: bool = Field(description="Whether it is as it was written.")
