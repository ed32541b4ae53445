"""Every record that rides a topic, as a frozen dataclass beside its Avro file.

The Avro files are the source of truth; a contract test holds these classes against them, field by field.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uuid_utils

_NAMESPACE = uuid.UUID("6ba9e1f4-6f0e-5d0c-9f25-5b9d2f7c7a10")
_SAME = uuid_utils.UUID(str(_NAMESPACE))


def new_id() -> str:
    """A fresh id; later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


def derived_id(*parts: object) -> str:
    """The same id for the same parts, so that what is done twice is recognised."""
    return str(uuid_utils.uuid5(_SAME, "/".join(map(str, parts))))


def seeded_id(seed: str, number: int) -> str:
    """The same id for the same seed, which is an id itself, and number; it sorts where the seed does."""
    head, tail = uuid.UUID(seed).bytes[:8], uuid.uuid5(_NAMESPACE, f"{seed}/{number}").bytes[8:]
    return str(uuid.UUID(bytes=head + tail))


def to_millis(when: datetime) -> datetime:
    """The instant as the wire and the database keep it: UTC, in whole milliseconds."""
    return when.astimezone(UTC).replace(microsecond=when.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What every event says about itself."""

    event_id: str
    occurred_at: datetime
    correlation_id: str
    causation_id: str | None
    actor: str

    @classmethod
    def first(cls, actor: str, now: datetime, correlation_id: str | None = None) -> Meta:
        """For an event that no other event led to."""
        event_id = new_id()
        return cls(
            event_id=event_id,
            occurred_at=to_millis(now),
            correlation_id=correlation_id or event_id,
            causation_id=None,
            actor=actor,
        )

    def then(self, actor: str, now: datetime, *parts: object) -> Meta:
        """For an event that this one led to: doing it again gives the same id for the same parts."""
        return self.decided(actor, now, self.event_id, *parts)

    def decided(self, actor: str, now: datetime, *parts: object) -> Meta:
        """For an event that this one led to, and that says the same whatever else may lead to it.

        Its id comes from `parts` alone.
        """
        return Meta(
            event_id=derived_id(*parts),
            occurred_at=to_millis(now),
            correlation_id=self.correlation_id,
            causation_id=self.event_id,
            actor=actor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaUploaded:
    meta: Meta
    media_id: str
    owner_id: str
    name: str
    size_bytes: int
    sha256: str
    location: str
    content_type: str | None = None
    origin: str
    library_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    index: int
    kind: str
    codec: str
    width: int | None = None
    height: int | None = None
    pixel_format: str | None = None
    frame_rate: str | None = None
    frames: int | None = None
    duration_ms: int | None = None
    rotation: int = 0
    sample_rate: int | None = None
    channels: int | None = None
    language: str | None = None
    is_default: bool = False
    is_attached_picture: bool = False
    bit_rate: int | None = None
    start_us: int | None = None
    end_us: int | None = None
    aspect: str | None = None
    interlaced: bool = False
    variable_rate: bool = False
    bits: int | None = None
    transfer: str | None = None
    profile: str | None = None
    level: int | None = None
    layout: str | None = None
    title: str | None = None
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProbed:
    meta: Meta
    media_id: str
    location: str
    container: str
    duration_ms: int
    bit_rate: int | None = None
    size_bytes: int
    sha256: str
    streams: list[Stream]
    tags: dict[str, str]
    start_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRejected:
    meta: Meta
    media_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaChanged:
    meta: Meta
    media_id: str
    version: int
    change: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChanged:
    meta: Meta
    item: str
    version: int
    change: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeRequested:
    meta: Meta
    job_id: str
    run: int
    media_id: str
    owner_id: str
    profile: str
    priority: str
    name: str
    options: dict[str, str] = field(default_factory=dict)
    profile_json: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    rendition: str
    segment: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeProgress:
    meta: Meta
    job_id: str
    run: int
    media_id: str
    task_id: str
    worker: str
    frames_done: int
    frames_total: int
    speed: float
    eta_ms: int | None = None
    stored: list[StoredSegment] = field(default_factory=list)
    units_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    processing_time_ms: int
    output_size_bytes: int | None = None
    cost_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProcessed:
    meta: Meta
    media_id: str
    job_id: str
    run: int
    processing_type: str
    status: str
    output_location: str | None = None
    output_name: str | None = None
    metrics: Metrics
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobControlled:
    meta: Meta
    job_id: str
    run: int
    command: str
    priority: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoreRequested:
    meta: Meta
    job_id: str
    run: int
    kind: str
    owner_id: str
    priority: str
    options: str
    schedule: str | None = None
    due_at: datetime | None = None
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    meta: Meta
    job_id: str
    run: int
    task_id: str
    worker: str
    done: int
    total: int
    units_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlan:
    index: int
    media_id: str | None = None
    owner_id: str
    priority: str
    deadline_at: datetime | None = None
    cpu: float
    memory_mb: int
    tools: list[str]
    max_attempts: int
    order: str
    makes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged:
    meta: Meta
    task_id: str
    job_id: str
    run: int
    kind: str
    state: str
    epoch: int
    incarnation: str
    plan: TaskPlan | None = None
    worker: str | None = None
    attempts: int
    outcome: str | None = None
    code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackChanged:
    meta: Meta
    session_id: str
    media_id: str
    viewer_id: str
    state: str
    method: str
    profile: str | None = None
    makes: str | None = None
    rendition: str | None = None
    segment: int | None = None
    position_ms: int | None = None
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingChanged:
    meta: Meta
    viewing: str
    change: str
    user_id: str | None = None
    work_id: str | None = None
    media_id: str | None = None
    position_ms: int = 0
    duration_ms: int | None = None
    on: bool = False
    times: int = 0
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanged:
    meta: Meta
    resource: str
    kind: str
    id: str
    version: int
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged:
    meta: Meta
    user_id: str
    version: int
    change: str
    role: str
    state: str
    groups: list[str] = field(default_factory=list)
    created_at: datetime
    valid_from: datetime
    personal: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChanged:
    meta: Meta
    credential: str
    kind: str
    id: str
    user_id: str | None = None
    version: int
    value: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChanged:
    meta: Meta
    session_id: str
    user_id: str
    state: str
    method: str
    reason: str | None = None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecorded:
    meta: Meta
    chain: str
    number: int
    previous: str
    hash: str
    action: str
    outcome: str
    actor_id: str
    came_by: str
    target_kind: str | None = None
    target_id: str | None = None
    request_id: str | None = None
    method: str | None = None
    route: str | None = None
    address: bytes | None = None
    address_mark: str | None = None
    count: int = 1
    details: dict[str, str] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAmount:
    key: str
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSampled:
    meta: Meta
    by: str
    day: str
    amounts: list[UsageAmount]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceBeat:
    meta: Meta
    service: str
    instance: str
    host: str
    pid: int
    version: str
    started_at: datetime
    state: str
    interval_ms: int
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    name: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    meta: Meta
    stage: str
    code: str
    reason: str
    attempts: int
    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = None
    headers: list[Header]


Event = (
    MediaUploaded
    | MediaProbed
    | MediaRejected
    | MediaChanged
    | ItemChanged
    | TranscodeRequested
    | TranscodeProgress
    | MediaProcessed
    | JobControlled
    | ChoreRequested
    | JobProgress
    | TaskChanged
    | PlaybackChanged
    | ViewingChanged
    | ResourceChanged
    | UserChanged
    | CredentialChanged
    | SessionChanged
    | AuditRecorded
    | UsageSampled
    | ServiceBeat
    | DeadLetter
)
"""Anything that can be published."""
