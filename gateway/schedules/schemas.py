"""Schedules as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.jobs.schemas import Job
from gateway.json_types import Exact, Truth
from schemas.chores import CHORES

NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
_NIGHTLY: dict[str, Any] = {
    "cron": "0 3 * * *",
    "zone": "Europe/Berlin",
    "chore": "cleanup",
    "options": {"delete": True},
}


class ScheduleOrder(Exact):
    """A schedule as someone wants it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NIGHTLY]})

    cron: str = Field(
        max_length=200,
        description="Minute, hour, day, month and weekday, as cron has them, or @hourly, @daily, @weekly, "
        "@monthly or @yearly.",
        examples=["0 3 * * *"],
    )
    zone: str = Field(
        "UTC",
        max_length=64,
        description="Whose clock that is: an IANA time zone.",
        examples=["Europe/Berlin"],
    )
    chore: str = Field(
        max_length=40, description="What is to be done.", json_schema_extra={"enum": [*sorted(CHORES)]}
    )
    options: dict[str, Any] = Field(
        {}, max_length=20, description="What the chore is told, as its own route takes it."
    )
    paused: Truth = False


class NewSchedule(ScheduleOrder):
    """A schedule to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "nightly", **_NIGHTLY}]})

    name: str = Field(pattern=NAME, examples=["nightly"])


class Schedule(BaseModel):
    """One schedule."""

    name: str
    version: int
    cron: str
    zone: str
    chore: str
    options: dict[str, Any]
    paused: bool
    owner_id: str
    next_due: datetime | None = Field(description="When it is due next; null while it is paused.")


class Schedules(BaseModel):
    """All schedules, by name."""

    items: list[Schedule]


class ScheduleChanged(BaseModel):
    """A schedule as it will be; null where it was removed."""

    schedule: Schedule | None
    token: str = Field(description="Send it with a read to see this command's effect.")


class Run(BaseModel):
    """One time that a schedule was heeded."""

    due_at: datetime | None = Field(description="When it was due; null where someone ran it by hand.")
    missed: int = Field(description="How many moments before had passed while nobody was there.")
    job: Job
