"""API keys as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from gateway.auth.roles import Permission
from gateway.json_types import A_NUMBER, Exact


class KeyOrder(Exact):
    """A key to be made."""

    name: str = Field(
        min_length=1, max_length=100, description="What it is for.", examples=["nightly import"]
    )
    scopes: list[Permission] = Field(min_length=1, description="What may be done with it.")
    days: Annotated[float, Field(gt=0, le=3650), A_NUMBER] | None = Field(
        None, description="How long it is good for; until withdrawn."
    )


class Key(BaseModel):
    """A key, without what makes it one."""

    id: str
    name: str
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime | None


class NewKey(Key):
    """A key with its secret: it is shown this once."""

    key: str = Field(examples=["slk_0198c9a2…"])


class Keys(BaseModel):
    """Someone's keys."""

    items: list[Key]
