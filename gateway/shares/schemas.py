"""Links as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.auth.passwords import LEAST, MOST
from gateway.json_types import Exact, Number


class ShareOrder(Exact):
    """A link to be made."""

    days: Number = Field(7, gt=0, le=365, description="How long it is good for.")
    password: str | None = Field(None, min_length=LEAST, max_length=MOST, description="Asked for, if given.")


class Share(BaseModel):
    """A link, without what makes it one."""

    id: str
    media_id: str
    by: str
    has_password: bool
    created_at: datetime
    expires_at: datetime


class NewShare(Share):
    """A link with its secret: it is shown this once."""

    link: str = Field(description="To hand on; whoever has it may look.", examples=["sls_0198c9a2…"])


class Shares(BaseModel):
    """The links to a medium."""

    items: list[Share]


class Opening(Exact):
    """Shows a link, and its password."""

    link: str = Field(min_length=1, max_length=200)
    password: str | None = Field(None, max_length=MOST)


class Opened(BaseModel):
    """A link was good: its medium may be looked at for a while."""

    media_id: str
    access_token: str = Field(description="For the header Authorization; good for this medium alone.")
    expires_in: int = Field(description="Seconds; show the link again after that.", examples=[3600])
