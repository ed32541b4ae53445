"""From a job's document, or from the event that will become one, to its JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.ports import Document
from gateway.documents import part
from gateway.jobs import eta
from gateway.jobs.schemas import Job, JobError, JobLinks, Output, Progress
from schemas.events import ChoreRequested, TranscodeRequested
from schemas.versions import work_of

ENDED = frozenset({"completed", "failed", "cancelled"})
PAUSED = "paused"
_MOST_BEFORE_THE_END = 0.99
_TRANSCODE = "transcode"
_NO_FRAMES: dict[str, Any] = {"frames_done": None, "frames_total": None}
"""What else is done is counted in units of its own."""


def job_path(job_id: str) -> str:
    """Where a job is."""
    return f"/api/v1/jobs/{job_id}"


def is_paused(document: Document) -> bool:
    """Whether the present run is held back; the end of a run ends its pause."""
    pause, state = part(document, "pause"), part(document, "state")
    return bool(pause.get("on")) and pause["run"] == state.get("run") and state["name"] not in ENDED


def render(document: Document, now: datetime) -> Job | None:
    """The job at this moment; None while its request has not been seen, whatever else has."""
    request = part(document, "request")
    if not request:
        return None
    job_id, state, outcome = document["_id"], part(document, "state"), _outcome(document)
    progress = _progress(document, now)
    return Job(
        id=job_id,
        **_asked(request),
        run=state["run"],
        state=PAUSED if is_paused(document) else state["name"],
        priority=part(document, "priority").get("value") or request["priority"],
        requested_at=request["at"],
        finished_at=outcome.get("at"),
        progress=progress,
        eta_ms=progress.eta_ms if progress else None,
        waits_for=_waits_for(document),
        output=_output(job_id, outcome),
        error=_error(outcome),
        processing_time_ms=part(outcome, "metrics").get("processing_time_ms"),
        links=_links(job_id, request["media_id"]),
    )


def render_requested(event: TranscodeRequested) -> Job:
    """The job as it is right after its request."""
    about = {"media_id": work_of(event.media_id), "profile": event.profile, "name": event.name}
    return _begun(event, kind="transcode", **about)


def render_chore(event: ChoreRequested) -> Job:
    """The chore as it is right after its request: it is about no medium, in no profile."""
    return _begun(event, kind=event.kind, media_id="", profile="", name=event.kind)


def _begun(event: TranscodeRequested | ChoreRequested, **asked: Any) -> Job:
    return Job(
        id=event.job_id,
        **asked,
        owner_id=event.owner_id,
        run=event.run,
        state="pending",
        priority=event.priority,
        requested_at=event.meta.occurred_at,
        finished_at=None,
        progress=None,
        eta_ms=None,
        waits_for=None,
        output=None,
        error=None,
        processing_time_ms=None,
        links=_links(event.job_id, asked["media_id"]),
    )


def _asked(request: Document) -> dict[str, Any]:
    return {name: request[name] for name in ("media_id", "kind", "profile", "name", "owner_id")}


def _waits_for(document: Document) -> str | None:
    waits, state = part(document, "waits"), part(document, "state")
    if waits.get("run") != state["run"] or state["name"] in ENDED:
        return None
    why: str | None = waits["why"]
    return why


def _outcome(document: Document) -> Document:
    """How the shown run ended; empty while it has not, even where an earlier run has."""
    outcome, state = part(document, "outcome"), part(document, "state")
    shown = state["name"] in ENDED and outcome.get("run") == state["run"]
    return outcome if shown else {}


def _progress(document: Document, now: datetime) -> Progress | None:
    state = part(document, "state")
    done, total = _frames_done(document), _frames_total(document)
    frames = part(document, "request")["kind"] == _TRANSCODE
    if state["name"] == "completed":
        done = total or done
    elif state["name"] in ENDED or done is None:
        return None
    known: dict[str, Any] = {"frames_done": done, "frames_total": total} if frames else _NO_FRAMES
    if state["name"] == "completed":
        return Progress(fraction=1, **known, speed=None, eta_ms=0)
    speed, eta_ms = _pace(document, max(0, (total or 0) - (done or 0)), now)
    fraction = min((done or 0) / total, _MOST_BEFORE_THE_END) if total else 0
    return Progress(fraction=fraction, **known, speed=speed if frames else None, eta_ms=eta_ms)


def _pace(document: Document, left: int, now: datetime) -> tuple[float | None, int | None]:
    """Speed and time to finish of all that runs; nothing where nothing does."""
    run = part(document, "state")["run"]
    if is_paused(document):
        return None, None
    rates = part(part(document, "rates"), str(run)).values()
    if any(rate["per_s"] for rate in rates):
        found = eta.speed(rates, now)
        return (round(found.media_s_per_s, 3), eta.from_speed(left, found)) if found else (None, None)
    pace = part(document, "pace")  # of a worker that tells no more than this
    return (pace.get("speed"), pace.get("eta_ms")) if pace.get("run") == run else (None, None)


def _frames_done(document: Document) -> int | None:
    """The frames that all tasks of the present run have done; None before the first word of any."""
    tasks = part(part(document, "progress"), str(part(document, "state")["run"]))
    return sum(tasks.values()) if tasks else None


def _frames_total(document: Document) -> int | None:
    total = part(document, "frames_total")
    return total["value"] if total.get("run") == part(document, "state")["run"] else None


def _output(job_id: str, outcome: Document) -> Output | None:
    location = outcome.get("output_location")
    if outcome.get("status") != "completed" or not location:
        return None
    return Output(
        location=location,
        name=outcome.get("output_name") or job_id,
        size_bytes=part(outcome, "metrics").get("output_size_bytes"),
        url=f"{job_path(job_id)}/output",
    )


def _error(outcome: Document) -> JobError | None:
    if outcome.get("status") != "failed":
        return None
    return JobError(
        code=outcome.get("code") or "failed", reason=outcome.get("reason") or "No reason was given."
    )


def _links(job_id: str, media_id: str) -> JobLinks:
    path = job_path(job_id)
    return JobLinks(
        self=path,
        media=f"/api/v1/media/{media_id}" if media_id else "/api/v1/media",
        output=f"{path}/output",
        cancel=f"{path}/cancel",
        retry=f"{path}/retry",
        pause=f"{path}/pause",
        resume=f"{path}/resume",
        priority=f"{path}/priority",
        events=f"/api/v1/events?job_id={job_id}",
    )
