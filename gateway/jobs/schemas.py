"""Jobs as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.json_types import Exact

State = Literal["pending", "processing", "paused", "completed", "failed", "cancelled"]
Priority = Literal["high", "normal", "low"]
ShownPriority = Literal["high", "normal", "low", "background"]
"""What only viewers ask for is background work, once nobody waits for it."""

JOB_ID = "0198c9a2-8f31-7a55-8b1c-0a9b8c7d6e5f"
_MEDIA_ID = "0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e"


class Progress(BaseModel):
    """How far the present run is. It never goes backwards within one run."""

    fraction: float = Field(ge=0, le=1, description="At most 0.99 until the job has completed.")
    frames_done: int | None
    frames_total: int | None
    speed: float | None = Field(description="Seconds of media for each second of work.")
    eta_ms: int | None


class Output(BaseModel):
    """What a completed job made."""

    location: str
    name: str
    size_bytes: int | None
    url: str


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    reason: str


class JobLinks(BaseModel):
    """Where to go from here."""

    self: str
    media: str
    output: str
    cancel: str
    retry: str
    pause: str
    resume: str
    priority: str
    events: str


class Job(BaseModel):
    """One job, as of its present run."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": JOB_ID,
                    "media_id": _MEDIA_ID,
                    "kind": "transcode",
                    "run": 1,
                    "state": "processing",
                    "profile": "web",
                    "priority": "normal",
                    "name": "holiday",
                    "owner_id": "admin",
                    "requested_at": "2026-05-01T12:00:00Z",
                    "finished_at": None,
                    "progress": {
                        "fraction": 0.42,
                        "frames_done": 609,
                        "frames_total": 1451,
                        "speed": 6.1,
                        "eta_ms": 5_700,
                    },
                    "eta_ms": 5_700,
                    "waits_for": None,
                    "output": None,
                    "error": None,
                    "processing_time_ms": None,
                    "links": {
                        "self": f"/api/v1/jobs/{JOB_ID}",
                        "media": f"/api/v1/media/{_MEDIA_ID}",
                        "output": f"/api/v1/jobs/{JOB_ID}/output",
                        "cancel": f"/api/v1/jobs/{JOB_ID}/cancel",
                        "retry": f"/api/v1/jobs/{JOB_ID}/retry",
                        "pause": f"/api/v1/jobs/{JOB_ID}/pause",
                        "resume": f"/api/v1/jobs/{JOB_ID}/resume",
                        "priority": f"/api/v1/jobs/{JOB_ID}/priority",
                        "events": f"/api/v1/events?job_id={JOB_ID}",
                    },
                }
            ]
        }
    )

    id: str
    media_id: str = Field(description="What it is about; empty for a chore, which is about no medium.")
    kind: str = Field(description="transcode, or the name of a chore: cleanup, scrub.")
    run: int
    state: State
    profile: str = Field(description="Empty for a chore.")
    priority: ShownPriority
    name: str
    owner_id: str
    requested_at: datetime
    finished_at: datetime | None
    progress: Progress | None
    eta_ms: int | None = Field(
        description="How long it still takes: by what works on it now, or else by what past jobs took, "
        "from when its turn has come. Null where nobody can say."
    )
    waits_for: str | None = Field(
        description="What is away or full, and keeps it from going on; it does by itself once that is back."
    )
    output: Output | None
    error: JobError | None
    processing_time_ms: int | None
    links: JobLinks


class TranscodeOrder(Exact):
    """A transcode that someone wants."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"profile": "web"}]})

    profile: str = Field(description="The name of a profile.", examples=["web"])
    priority: Priority = "normal"


class JobOrder(TranscodeOrder):
    """A transcode of some medium that someone wants."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"media_id": _MEDIA_ID, "profile": "web"}]})

    media_id: str


class PriorityOrder(Exact):
    """Another priority."""

    priority: Priority = Field(examples=["high"])


class JobAccepted(BaseModel):
    """A job was ordered, or steered."""

    job: Job
    token: str = Field(description="Send it with a read to see this command's effect.")
