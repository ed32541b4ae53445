"""Profiles as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from schemas.profiles import Profile


class Profiles(BaseModel):
    """All profiles."""

    items: list[Profile]


class ProfileChanged(BaseModel):
    """A profile as it will be; null where it was removed."""

    profile: Profile | None
    token: str


class HandbrakePreset(BaseModel):
    """One of HandBrake's presets."""

    name: str = Field(description="What a profile says as handbrake_preset.", examples=["Fast 480p30"])
    category: str = Field(examples=["General"])
    workers: list[str] = Field(description="Who has it.", examples=[["worker-1"]])


class HandbrakePresets(BaseModel):
    """The presets of all workers that live and have HandBrake."""

    workers: list[str] = Field(
        description="Who was asked: empty where nobody has HandBrake.", examples=[["worker-1"]]
    )
    items: list[HandbrakePreset]
