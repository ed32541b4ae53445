"""Profiles as JSON."""

from __future__ import annotations

from pydantic import BaseModel

from schemas.profiles import Profile


class Profiles(BaseModel):
    """All profiles."""

    items: list[Profile]


class ProfileChanged(BaseModel):
    """A profile as it will be; null where it was removed."""

    profile: Profile | None
    token: str
