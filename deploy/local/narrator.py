"""Tells what happens to one medium while it happens, from its events on Kafka."""

from __future__ import annotations

import threading

from connectors.brokers import Brokers
from deploy.local import event_log
from deploy.local.console import Output, size_text, span_text
from deploy.local.failures import Failure
from schemas.events import (
    Event,
    JobControlled,
    MediaProbed,
    MediaProcessed,
    MediaRejected,
    MediaUploaded,
    TaskChanged,
    TranscodeRequested,
)
from schemas.topics import BY_NAME

_NOT_TOLD = frozenset({"service.beat", "transcode.progress"})
_NAMED_BY = ("media_id", "job_id")


class Narrator:
    """Tells each event about one medium or job as it comes by on Kafka, in a thread of its own."""

    def __init__(self, brokers: Brokers, output: Output) -> None:
        self._brokers = brokers
        self._output = output
        self._wanted: set[str] = set()
        self._early: list[event_log.Seen] = []
        self._lock = threading.Lock()
        self._placed = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="narrator", daemon=True)

    def __enter__(self) -> Narrator:
        self._thread.start()
        self._placed.wait(10)
        return self

    def __exit__(self, *reason: object) -> None:
        self._over.set()
        self._thread.join(5)

    def about(self, *ids: str) -> None:
        """Whose events to tell, those that came before this was known included."""
        with self._lock:
            self._wanted.update(ids)
            early, self._early = self._early, []
            for seen in early:
                self._tell(seen)

    def _read(self) -> None:
        names = [name for name in BY_NAME if name not in _NOT_TOLD]
        try:
            with event_log.tail(self._brokers, names) as tail:
                self._placed.set()
                while not self._over.is_set():
                    self._hear(tail.new(within_s=0.2))
                self._hear(tail.new(within_s=0.2))
        except Failure as failure:  # the tour goes on without its guide
            self._output.note(str(failure))
        finally:
            self._placed.set()

    def _hear(self, new: list[event_log.Seen]) -> None:
        with self._lock:
            for seen in new:
                if self._wanted:
                    self._tell(seen)
                else:
                    self._early.append(seen)

    def _tell(self, seen: event_log.Seen) -> None:
        event = seen.event
        if event is None or not self._wanted & {
            getattr(event, name, None) for name in ("media_id", "job_id")
        }:
            return
        clock = seen.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
        self._output.note(f"{clock}  {seen.topic:<20} {seen.partition}/{seen.offset:<5} {meaning(event)}")


def meaning(event: Event) -> str:
    """What an event says, in words."""
    match event:
        case MediaUploaded():
            return f"taken in: {size_text(event.size_bytes)}, sha256 {event.sha256[:12]}…"
        case MediaProbed():
            codecs = ", ".join(stream.codec for stream in event.streams)
            return (
                f"looked at and accepted: {event.container}, {span_text(event.duration_ms / 1000)}, {codecs}"
            )
        case MediaRejected():
            return f"not accepted: {event.reason}"
        case TranscodeRequested():
            return f"asked for as {event.profile}"
        case TaskChanged():
            by = f" by {event.worker}" if event.worker else ""
            return f"task {event.kind}: {event.state}{by}"
        case JobControlled():
            return f"steered: {event.command}"
        case MediaProcessed():
            return f"done: {event.status} in {event.metrics.processing_time_ms / 1000:.1f} s"
        case _:
            return event_log.summary(event)
