"""What probes and checks are asked and what they answer; pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from connectors.rooted.located import is_in_root
from schemas.events import MediaUploaded, TaskPlan

PROBE, CHECK = "probe", "check"
AFTER_UPLOAD, AFTER_RELEASE = 0, 1
"""Which of a medium's probes."""
_ATTEMPTS = 3
_MEMORY_MB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOrder:
    """What a worker is asked."""

    location: str
    size_bytes: int
    sha256: str
    name: str = ""
    """What the file is called: its bytes must not be of quite another kind."""
    released: bool = False
    """Whether someone has looked at what the scanner found: it is not scanned again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """What a worker answers: the medium's description, or with `code` why it cannot be taken, or with
    `finding` what the scanner found in it.
    """

    location: str
    size_bytes: int = 0
    sha256: str = ""
    container: str = ""
    duration_ms: int = 0
    start_us: int = 0
    bit_rate: int | None = None
    streams: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    code: str | None = None
    reason: str | None = None
    finding: str | None = None
    held_at: str | None = None
    """Where the bytes are now that something was found in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOrder:
    """What bytes there should be, and where."""

    location: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """Whether they are there."""

    location: str
    sound: bool


def probe_plan(uploaded: MediaUploaded, order: ProbeOrder) -> TaskPlan:
    """A short task that goes before transcodes: everything waits for it, but for what a scan found."""
    priority = "background" if is_in_root(uploaded.location) else "high"
    return _plan(uploaded.media_id, uploaded.owner_id, order, priority=priority, cpu=0.25)


def released_plan(probe: TaskPlan) -> TaskPlan:
    """The task that comes after the one that found something, once someone let the medium in."""
    order = replace(ProbeOrder(**orjson.loads(probe.order)), released=True)
    return replace(probe, index=AFTER_RELEASE, order=orjson.dumps(asdict(order)).decode())


def check_plan(media_id: str, owner_id: str, order: CheckOrder) -> TaskPlan:
    """A task that nobody waits for: it reads all of a medium, on what others leave of the machine."""
    return _plan(media_id, owner_id, order, priority="low", cpu=0.0)


def _plan(
    media_id: str, owner_id: str, order: ProbeOrder | CheckOrder, *, priority: str, cpu: float
) -> TaskPlan:
    return TaskPlan(
        index=AFTER_UPLOAD,
        media_id=media_id,
        owner_id=owner_id,
        priority=priority,
        cpu=cpu,
        memory_mb=_MEMORY_MB,
        tools=[],
        max_attempts=_ATTEMPTS,
        order=orjson.dumps(asdict(order)).decode(),
    )
