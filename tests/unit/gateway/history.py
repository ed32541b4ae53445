"""Events of other processes, short to write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.events import (
    JobControlled,
    MediaProbed,
    MediaProcessed,
    MediaRejected,
    MediaUploaded,
    Metrics,
    ServiceBeat,
    Stream,
    TaskChanged,
    TaskPlan,
    TranscodeProgress,
    TranscodeRequested,
)
from tests.unit.gateway.doubles import START, meta


def uploaded(media_id: str = "m1", at: datetime = START, **more: Any) -> MediaUploaded:
    said: dict[str, Any] = {
        "owner_id": "admin",
        "name": "clip.mp4",
        "size_bytes": 5,
        "sha256": "ab" * 32,
        "location": f"raw/ab/{'ab' * 32}",
        "content_type": "video/mp4",
        "origin": "api",
    }
    return MediaUploaded(meta=meta(at), media_id=media_id, **(said | more))


def probed(media_id: str = "m1", **more: Any) -> MediaProbed:
    said: dict[str, Any] = {
        "container": "mp4",
        "duration_ms": 4000,
        "bit_rate": None,
        "size_bytes": 5,
        "sha256": "ab" * 32,
        "location": f"raw/ab/{'ab' * 32}",
        "streams": [Stream(index=0, kind="video", codec="h264", width=640, height=360, frames=100)],
        "tags": {"title": "A clip"},
    }
    return MediaProbed(meta=meta(), media_id=media_id, **(said | more))


def rejected(media_id: str = "m1") -> MediaRejected:
    return MediaRejected(meta=meta(), media_id=media_id, code="not-media", reason="The file is text.")


def requested(job_id: str = "j1", run: int = 1, at: datetime = START, **more: Any) -> TranscodeRequested:
    said: dict[str, Any] = {
        "media_id": "m1",
        "owner_id": "admin",
        "profile": "web",
        "priority": "normal",
        "name": "clip",
    }
    return TranscodeRequested(meta=meta(at), job_id=job_id, run=run, **(said | more))


def progressed(
    done: int, total: int = 100, run: int = 1, task_id: str = "t1", **more: Any
) -> TranscodeProgress:
    said: dict[str, Any] = {"job_id": "j1", "media_id": "m1", "worker": "w1", "speed": 2.0, "eta_ms": 900}
    return TranscodeProgress(
        meta=meta(), run=run, task_id=task_id, frames_done=done, frames_total=total, **(said | more)
    )


def processed(status: str = "completed", run: int = 1, **more: Any) -> MediaProcessed:
    said: dict[str, Any] = {
        "media_id": "m1",
        "job_id": "j1",
        "processing_type": "transcode",
        "metrics": Metrics(processing_time_ms=1234, output_size_bytes=77),
    }
    if status == "completed":
        said |= {"output_location": f"processed/ab/{'ab' * 32}.mp4", "output_name": "clip.mp4"}
    return MediaProcessed(meta=meta(), run=run, status=status, **(said | more))


def task_changed(state: str = "running", run: int = 1) -> TaskChanged:
    plan = TaskPlan(
        index=0,
        media_id="m1",
        owner_id="admin",
        priority="normal",
        cpu=1.0,
        memory_mb=100,
        tools=["ffmpeg"],
        max_attempts=3,
        order="a",
    )
    return TaskChanged(
        meta=meta(),
        task_id="t1",
        job_id="j1",
        run=run,
        kind="transcode",
        state=state,
        epoch=0,
        incarnation="i",
        plan=plan,
        attempts=0,
    )


def controlled(command: str = "cancel", run: int = 1, priority: str | None = None) -> JobControlled:
    return JobControlled(meta=meta(), job_id="j1", run=run, command=command, priority=priority)


def beat(instance: str = "worker-1", state: str = "up", at: datetime = START, **details: str) -> ServiceBeat:
    return ServiceBeat(
        meta=meta(at),
        service=instance.rpartition("-")[0],
        instance=instance,
        host="here",
        pid=1,
        version="1.2.3",
        started_at=START,
        state=state,
        interval_ms=5000,
        details=details,
    )
