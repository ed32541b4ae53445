"""Events as they really come, for tests that need some."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas import artwork, events, pictures
from schemas.events import Meta

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def meta(**more: Any) -> Meta:
    """The first event of a correlation, by a user."""
    return Meta.first(more.pop("actor", "user:admin"), more.pop("now", WHEN), **more)


def uploaded(media_id: str = "m1", **more: Any) -> events.MediaUploaded:
    said: dict[str, Any] = {
        "owner_id": "admin",
        "name": "film.mp4",
        "size_bytes": 1000,
        "sha256": "ab" * 32,
        "location": f"raw/ab/{'ab' * 32}",
        "content_type": "video/mp4",
        "origin": "api",
    }
    return events.MediaUploaded(**{"meta": meta(), "media_id": media_id, **said, **more})


def video_stream(**more: Any) -> events.Stream:
    said: dict[str, Any] = {
        "index": 0,
        "kind": "video",
        "codec": "h264",
        "width": 1280,
        "height": 720,
        "pixel_format": "yuv420p",
        "frame_rate": "30/1",
        "frames": 300,
        "duration_ms": 10_000,
        "is_default": True,
    }
    return events.Stream(**{**said, **more})


def audio_stream(**more: Any) -> events.Stream:
    said: dict[str, Any] = {
        "index": 1,
        "kind": "audio",
        "codec": "aac",
        "sample_rate": 48_000,
        "channels": 2,
        "language": "eng",
        "is_default": True,
    }
    return events.Stream(**{**said, **more})


def probed(media_id: str = "m1", **more: Any) -> events.MediaProbed:
    said: dict[str, Any] = {
        "location": f"raw/ab/{'ab' * 32}",
        "container": "mov",
        "duration_ms": 10_000,
        "bit_rate": 800_000,
        "size_bytes": 1000,
        "sha256": "ab" * 32,
        "streams": [video_stream(), audio_stream()],
        "tags": {"title": "Film"},
    }
    return events.MediaProbed(**{"meta": meta(), "media_id": media_id, **said, **more})


def rejected(media_id: str = "m1", **more: Any) -> events.MediaRejected:
    said: dict[str, Any] = {"code": "corrupt", "reason": "it cannot be read"}
    return events.MediaRejected(**{"meta": meta(), "media_id": media_id, **said, **more})


def changed(media_id: str = "m1", **more: Any) -> events.MediaChanged:
    said: dict[str, Any] = {"version": 1, "change": "record"}
    return events.MediaChanged(**{"meta": meta(), "media_id": media_id, **said, **more})


def deleted(media_id: str = "m1", **more: Any) -> events.MediaChanged:
    said: dict[str, Any] = {"version": 1, "change": "deleted"}
    return events.MediaChanged(**{"meta": meta(), "media_id": media_id, **said, **more})


def item_changed(item: str = "folder/media/Show", **more: Any) -> events.ItemChanged:
    said: dict[str, Any] = {"version": 1, "change": artwork.WANTED, "values": wanted()}
    return events.ItemChanged(**{"meta": meta(), "item": item, **said, **more})


def wanted(by: str = artwork.GIVEN, kind: str = artwork.POSTER) -> dict[str, str]:
    """An image that somebody gave, or that was found, as events name it."""
    image = artwork.Wanted(location=f"raw/cd/{'cd' * 32}", source="cd" * 16)
    return {artwork.field_of(by, kind): artwork.told(image)}


def held(
    media_id: str = "m1", finding: str = "Own-Test-Signature.UNOFFICIAL", **more: Any
) -> events.MediaChanged:
    values = {"finding": finding, "location": f"quarantine/ab/{'ab' * 32}"}
    return deleted(media_id, change="quarantined", values=values, **more)


def drawn(kind: str = pictures.POSTER, *images: pictures.Image, **more: Any) -> pictures.Drawn:
    """A set of pictures; of no kind in particular where no images are given."""
    some = images or (pictures.Image(name=f"{kind}.jpg", size_bytes=9, width=320, height=180),)
    said: dict[str, Any] = {"source": "ab" * 16, "key": pictures.recipe_key(kind), "images": some}
    return pictures.Drawn(**{**said, **more})


def pictured(
    said: pictures.Drawn | pictures.NotDrawn | None = None,
    kind: str = pictures.POSTER,
    media_id: str = "m1",
    **more: Any,
) -> events.MediaChanged:
    values = {kind: pictures.written(said or drawn(kind))}
    change: dict[str, Any] = {"version": 1, "change": pictures.CHANGE, "values": values}
    return events.MediaChanged(**{"meta": meta(), "media_id": media_id, **change, **more})


def requested(job_id: str = "j1", **more: Any) -> events.TranscodeRequested:
    said: dict[str, Any] = {
        "run": 1,
        "media_id": "m1",
        "owner_id": "admin",
        "profile": "phone",
        "priority": "normal",
        "name": "film",
    }
    return events.TranscodeRequested(**{"meta": meta(), "job_id": job_id, **said, **more})


def chore_requested(job_id: str = "j1", **more: Any) -> events.ChoreRequested:
    said: dict[str, Any] = {
        "run": 1,
        "kind": "cleanup",
        "owner_id": "admin",
        "priority": "low",
        "options": "{}",
    }
    return events.ChoreRequested(**{"meta": meta(), "job_id": job_id, **said, **more})


def usage_sampled(by: str = "user", **more: Any) -> events.UsageSampled:
    """What the store holds of someone."""
    amounts = [events.UsageAmount(key="u1", files=2, size_bytes=1000)]
    return events.UsageSampled(**{"meta": meta(), "by": by, "day": "2026-01-02", "amounts": amounts, **more})


def chore_progressed(job_id: str = "j1", **more: Any) -> events.JobProgress:
    said: dict[str, Any] = {
        "run": 1,
        "task_id": "t1",
        "worker": "worker-1",
        "done": 1,
        "total": 10,
        "units_per_s": 10.0,
    }
    return events.JobProgress(**{"meta": meta(), "job_id": job_id, **said, **more})


def progressed(job_id: str = "j1", **more: Any) -> events.TranscodeProgress:
    said: dict[str, Any] = {
        "run": 1,
        "media_id": "m1",
        "task_id": "t1",
        "worker": "worker-1",
        "frames_done": 100,
        "frames_total": 300,
        "speed": 3.5,
        "eta_ms": 2000,
    }
    return events.TranscodeProgress(**{"meta": meta(), "job_id": job_id, **said, **more})


def processed(job_id: str = "j1", **more: Any) -> events.MediaProcessed:
    said: dict[str, Any] = {
        "media_id": "m1",
        "run": 1,
        "processing_type": "transcode",
        "status": "completed",
        "output_location": f"processed/cd/{'cd' * 32}.mp4",
        "output_name": "film.phone.mp4",
        "metrics": events.Metrics(processing_time_ms=2000, output_size_bytes=500),
    }
    return events.MediaProcessed(**{"meta": meta(), "job_id": job_id, **said, **more})


def controlled(command: str = "cancel", job_id: str = "j1", **more: Any) -> events.JobControlled:
    said: dict[str, Any] = {"run": 1, "command": command}
    return events.JobControlled(**{"meta": meta(), "job_id": job_id, **said, **more})


def plan(**more: Any) -> events.TaskPlan:
    said: dict[str, Any] = {
        "index": 0,
        "media_id": "m1",
        "owner_id": "admin",
        "priority": "normal",
        "cpu": 1.0,
        "memory_mb": 100,
        "tools": ["ffmpeg"],
        "max_attempts": 3,
        "order": "{}",
    }
    return events.TaskPlan(**{**said, **more})


def task_changed(state: str = "planned", task_id: str = "t1", **more: Any) -> events.TaskChanged:
    said: dict[str, Any] = {
        "job_id": "j1",
        "run": 1,
        "kind": "transcode",
        "epoch": 0,
        "incarnation": "",
        "attempts": 0,
        "plan": plan() if state == "planned" else None,
    }
    return events.TaskChanged(**{"meta": meta(), "task_id": task_id, "state": state, **said, **more})


def beat(**more: Any) -> events.ServiceBeat:
    said: dict[str, Any] = {
        "service": "worker",
        "instance": "worker-1",
        "host": "here",
        "pid": 1,
        "version": "0",
        "started_at": WHEN,
        "state": "up",
        "interval_ms": 5000,
        "details": {"slots": "1", "tools": "ffmpeg"},
    }
    return events.ServiceBeat(**{"meta": meta(), **said, **more})


def playback(state: str = "waiting", session_id: str = "s1", **more: Any) -> events.PlaybackChanged:
    said: dict[str, Any] = {"media_id": "m1", "viewer_id": "admin", "method": "transcode", "profile": "web"}
    return events.PlaybackChanged(
        **{"meta": meta(), "session_id": session_id, "state": state, **said, **more}
    )


def viewing(change: str = "position", user_id: str | None = "u1", **more: Any) -> events.ViewingChanged:
    said: dict[str, Any] = {"viewing": f"{change}/u1", "work_id": "m1", "media_id": "m1"}
    return events.ViewingChanged(**{"meta": meta(), "change": change, "user_id": user_id, **said, **more})


def resource(kind: str = "profile", id: str = "film-night", **more: Any) -> events.ResourceChanged:
    said: dict[str, Any] = {"version": 1, "value": "{}"}
    return events.ResourceChanged(
        **{"meta": meta(), "resource": f"{kind}/{id}", "kind": kind, "id": id, **said, **more}
    )


def user(user_id: str = "u1", version: int = 1, **more: Any) -> events.UserChanged:
    said: dict[str, Any] = {
        "change": "created",
        "role": "viewer",
        "state": "active",
        "groups": ["family"],
        "created_at": WHEN,
        "valid_from": WHEN,
        "personal": b"sealed",
    }
    return events.UserChanged(meta=meta(), user_id=user_id, version=version, **(said | more))


def credential(kind: str = "password", id: str = "u1", **more: Any) -> events.CredentialChanged:
    said: dict[str, Any] = {"version": 1, "user_id": "u1", "value": b"sealed"}
    return events.CredentialChanged(meta=meta(), credential=f"{kind}/{id}", kind=kind, id=id, **(said | more))


def session(session_id: str = "s1", **more: Any) -> events.SessionChanged:
    said: dict[str, Any] = {"user_id": "u1", "state": "opened", "method": "password", "expires_at": WHEN}
    return events.SessionChanged(meta=meta(), session_id=session_id, **(said | more))


def audited(number: int = 1, **more: Any) -> events.AuditRecorded:
    said: dict[str, Any] = {
        "chain": "gateway-1/c1",
        "previous": "",
        "hash": "ab" * 32,
        "action": "media.deleted",
        "outcome": "allowed",
        "actor_id": "u1",
        "came_by": "session",
        "target_kind": "media",
        "target_id": "m1",
        "request_id": "r-12345678",
        "method": "DELETE",
        "route": "/api/v1/media/{media_id}",
        "address": b"\x01sealed",
        "details": {"code": "not-yours"},
        "heads": [events.Head(chain="gateway-2/c2", number=3, hash="cd" * 32)],
    }
    return events.AuditRecorded(**{"meta": meta(), "number": number, **said, **more})


def dead_letter(**more: Any) -> events.DeadLetter:
    said: dict[str, Any] = {
        "stage": "transcode",
        "code": "undecodable",
        "reason": "the record is cut short",
        "attempts": 1,
        "topic": "transcode.requested",
        "partition": 2,
        "offset": 17,
        "key": b"j1",
        "value": b"\x00",
        "headers": [events.Header(name="ce_id", value=b"x")],
    }
    return events.DeadLetter(**{"meta": meta(actor="service:transcode"), **said, **more})


def one_of_each() -> list[events.Event]:
    """An event of every kind."""
    return [
        uploaded(),
        probed(),
        rejected(),
        deleted(),
        item_changed(),
        requested(),
        progressed(),
        chore_requested(),
        chore_progressed(),
        usage_sampled(),
        processed(),
        controlled(),
        task_changed(),
        playback(),
        viewing(),
        resource(),
        user(),
        credential(),
        session(),
        audited(),
        beat(),
        dead_letter(),
    ]
