"""Timelines as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Happening(BaseModel):
    """One event, in words."""

    at: datetime
    topic: str = Field(description="Where it is in the log; audit.recorded for what was let happen.")
    place: str = Field(description="The event's id on streams of events.", examples=["task.changed/2/1017"])
    event_id: str
    by: str = Field(
        description="you, someone, user:<id> for who may see accounts, service:<name> or worker:<name>.",
        examples=["worker:worker-1"],
    )
    text: str = Field(examples=["The task video (0198c9a2) was completed by worker-1."])
    why: list[str] = Field(description="The reasons that it carries.", examples=[["h264_nvenc"]])
    job_id: str | None
    media_id: str | None


class Timeline(BaseModel):
    """What happened, the oldest first."""

    items: list[Happening]
    next: str | None = Field(None, description="The cursor of the next page; null at the end.")
