"""Invitations as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.auth.roles import Role
from gateway.json_types import Exact, Number


class InvitationOrder(Exact):
    """Lets someone make an account."""

    role: Role = "viewer"
    note: str | None = Field(None, max_length=200, description="Whom it is for, to tell them apart later.")
    days: Number = Field(7, gt=0, le=90, description="How long it is good for.")


class Invitation(BaseModel):
    """An invitation that nobody has used yet."""

    id: str
    role: str
    note: str | None
    created_at: datetime
    expires_at: datetime


class NewInvitation(Invitation):
    """An invitation with what is to be handed on: it is shown this once."""

    invitation: str = Field(examples=["sli_0198c9a2…"])


class Invitations(BaseModel):
    """The invitations that nobody has used yet."""

    items: list[Invitation]
