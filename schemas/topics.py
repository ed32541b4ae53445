"""The one table of topics: their creation, the README's table and `/asyncapi.json` derive from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from schemas import events
from schemas.events import Event
from schemas.registry import stem_of

MAX_RECORD_BYTES = 512 * 1024
"""Anything larger is a blob, and the event says where it is."""

BATCH_BYTES = MAX_RECORD_BYTES // 2
"""What a client sends to one partition at a time: a broker holds a batch against the limit of a record."""

_GONE_AFTER_MS = 24 * 60 * 60 * 1000
"""What was replaced or withdrawn on a compacted topic is gone from the disk soon after this."""

DLQ_SUFFIX = ".dlq"
_DLQ_RECORD_BYTES = 2 * MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `retention` None keeps every record for ever; `compacted` keeps the last of each key.

    Both together keep the last of each key for that long.
    """

    name: str
    record: type[Event]
    key: str
    about: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int = 4
    retention: timedelta | None = None
    compacted: bool = False
    max_record_bytes: int = MAX_RECORD_BYTES

    @property
    def schema(self) -> str:
        """The stem of the record's Avro files: media_uploaded for MediaUploaded."""
        return stem_of(self.record.__name__)

    @property
    def subject(self) -> str:
        """The registry's name for the value's schema."""
        return f"{self.name}-value"

    @property
    def dlq(self) -> Topic:
        """Where records of this topic go that a stage cannot handle."""
        return replace(
            self,
            name=self.name + DLQ_SUFFIX,
            record=events.DeadLetter,
            about=f"Records of {self.name} that a stage could not handle, whole, with the reason.",
            producers=self.consumers,
            consumers=("operators (sluice dlq)",),
            partitions=1,
            retention=None,
            compacted=False,
            max_record_bytes=_DLQ_RECORD_BYTES,
        )

    def creation_settings(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        kept_ms = -1 if self.retention is None else int(self.retention.total_seconds() * 1000)
        policies = {"compact": self.compacted, "delete": not self.compacted or self.retention is not None}
        settings = {
            "cleanup.policy": ",".join(name for name, applies in policies.items() if applies),
            "retention.ms": str(kept_ms),
            "max.message.bytes": str(self.max_record_bytes),
        }
        if self.compacted:
            settings["max.compaction.lag.ms"] = str(_GONE_AFTER_MS)
        if self.retention is not None:
            settings["segment.ms"] = str(kept_ms // 4)
        return settings


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="media.uploaded",
        record=events.MediaUploaded,
        key="media_id",
        about="A file was taken in and its bytes are safe, or one was found in a library's folder.",
        producers=("gateway", "folders"),
        consumers=("ingest", "hierarchy", "views"),
    ),
    Topic(
        name="media.probed",
        record=events.MediaProbed,
        key="media_id",
        about="A medium was sniffed, probed and accepted.",
        producers=("ingest",),
        consumers=("transcode", "pictures", "hierarchy", "views"),
    ),
    Topic(
        name="media.rejected",
        record=events.MediaRejected,
        key="media_id",
        about="A medium was looked at and not accepted.",
        producers=("ingest",),
        consumers=("transcode", "views"),
    ),
    Topic(
        name="media.changed",
        record=events.MediaChanged,
        key="media_id",
        about="A medium's record was changed: by people, by rules, or by what was found in it or drawn.",
        producers=("gateway", "ingest", "pictures", "hierarchy", "care", "folders"),
        consumers=("ingest", "transcode", "pictures", "hierarchy", "views"),
    ),
    Topic(
        name="item.changed",
        record=events.ItemChanged,
        key="item",
        about="Something is known of a folder, a node of the hierarchy or a person: a description, an image.",
        producers=("gateway", "folders", "pictures"),
        consumers=("pictures", "views"),
    ),
    Topic(
        name="transcode.requested",
        record=events.TranscodeRequested,
        key="job_id",
        about="Someone asked for a medium in another form.",
        producers=("gateway",),
        consumers=("transcode", "views"),
    ),
    Topic(
        name="transcode.progress",
        record=events.TranscodeProgress,
        key="job_id",
        about="How far a task of a transcode has come.",
        producers=("worker",),
        consumers=("views", "ledger", "gateway"),
        retention=timedelta(days=1),
    ),
    Topic(
        name="chore.requested",
        record=events.ChoreRequested,
        key="job_id",
        about="Someone, or a schedule, asked for work on the installation itself: a cleanup, a scrub.",
        producers=("gateway", "ledger"),
        consumers=("care", "views", "gateway"),
    ),
    Topic(
        name="job.progress",
        record=events.JobProgress,
        key="job_id",
        about="How far a task of a job is that transcodes nothing.",
        producers=("worker",),
        consumers=("views", "gateway"),
        retention=timedelta(days=1),
    ),
    Topic(
        name="media.processed",
        record=events.MediaProcessed,
        key="job_id",
        about="The one terminal event of every run of every kind of job.",
        producers=("transcode", "care"),
        consumers=("views", "gateway"),
    ),
    Topic(
        name="job.controlled",
        record=events.JobControlled,
        key="job_id",
        about="Someone steered a job: cancel, retry, pause, resume or priority.",
        producers=("gateway",),
        consumers=("transcode", "care", "views", "ledger", "worker"),
    ),
    Topic(
        name="task.changed",
        record=events.TaskChanged,
        key="job_id",
        about="A task was planned, or a worker or the leader moved it on.",
        producers=("ingest", "transcode", "pictures", "care", "ledger", "worker"),
        consumers=("ledger", "ingest", "transcode", "pictures", "care", "views", "worker"),
    ),
    Topic(
        name="playback.changed",
        record=events.PlaybackChanged,
        key="session_id",
        about="Someone watches: began, waits for a segment, is at a position, or stopped.",
        producers=("gateway",),
        consumers=("ledger", "worker", "gateway"),
        retention=timedelta(days=7),
    ),
    Topic(
        name="viewing.changed",
        record=events.ViewingChanged,
        key="viewing",
        about="Someone's own state of a work: position, played, favourite; the last word on each is kept.",
        producers=("gateway",),
        consumers=("views",),
        compacted=True,
    ),
    Topic(
        name="resource.changed",
        record=events.ResourceChanged,
        key="resource",
        about="What people configure: profiles, orders to workers, …; the last of each is kept.",
        producers=("gateway",),
        consumers=("views", "worker", "ledger"),
        compacted=True,
    ),
    Topic(
        name="user.changed",
        record=events.UserChanged,
        key="user_id",
        about="An account was made or changed. What is personal in it is sealed with a key of its own.",
        producers=("gateway",),
        consumers=("gateway", "views"),
    ),
    Topic(
        name="credential.changed",
        record=events.CredentialChanged,
        key="credential",
        about="What it takes to check who someone is: hashes and keys, sealed. Access to it is to be narrow.",
        producers=("gateway",),
        consumers=("gateway",),
        compacted=True,
    ),
    Topic(
        name="session.changed",
        record=events.SessionChanged,
        key="session_id",
        about="Someone signed in, or a session ended before its time.",
        producers=("gateway",),
        consumers=("gateway",),
        retention=timedelta(days=100),
        compacted=True,
    ),
    Topic(
        name="audit.recorded",
        record=events.AuditRecorded,
        key="chain",
        about="Who was let do what, or refused; each record is chained to the one before.",
        producers=("gateway",),
        consumers=("views",),
    ),
    Topic(
        name="usage.sampled",
        record=events.UsageSampled,
        key="by",
        about="How much the store holds, by what and of whom.",
        producers=("gateway",),
        consumers=("views",),
        partitions=1,
    ),
    Topic(
        name="service.beat",
        record=events.ServiceBeat,
        key="instance",
        about="A process says that it is alive.",
        producers=("gateway", "processors", "worker"),
        consumers=("ledger", "gateway"),
        partitions=1,
        retention=timedelta(hours=1),
    ),
)

BY_NAME: dict[str, Topic] = {t.name: t for topic in TOPICS for t in (topic, topic.dlq)}
BY_RECORD: dict[type[Event], Topic] = {topic.record: topic for topic in TOPICS}


def topic_of(event: Event) -> Topic:
    """Where an event is published; a dead letter goes beside the topic that it came from."""
    if isinstance(event, events.DeadLetter):
        return BY_NAME[event.topic + DLQ_SUFFIX]
    return BY_RECORD[type(event)]
