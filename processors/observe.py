"""The closed set of metrics of processors and workers; base units, and never a user, job or media id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class Metrics:
    """See runtime.Observer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._handled = Counter(
            "sluice_stage_events_total", "Events that a stage is through with.", ["stage"], registry=registry
        )
        self._seconds = Histogram(
            "sluice_stage_batch_seconds",
            "From a batch's first handling to the broker's word.",
            ["stage"],
            registry=registry,
        )
        self._retries = Counter(
            "sluice_stage_retries_total", "Transient errors met.", ["stage"], registry=registry
        )
        self._dead = Counter(
            "sluice_dead_letters_total", "Records given up.", ["stage", "topic"], registry=registry
        )

    def handled(self, stage: str, count: int, seconds: float) -> None:
        """See runtime.Observer."""
        self._handled.labels(stage).inc(count)
        self._seconds.labels(stage).observe(seconds)

    def retried(self, stage: str) -> None:
        """See runtime.Observer."""
        self._retries.labels(stage).inc()

    def dead_lettered(self, stage: str, topic: str) -> None:
        """See runtime.Observer."""
        self._dead.labels(stage, topic).inc()
