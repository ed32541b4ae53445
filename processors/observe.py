"""The closed set of metrics of processors and workers; base units, and never a user, job or media id.

Autoscalers read `sluice_tasks`: once offsets are committed at planning, Kafka's lag says nothing about work.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from processors.folders.keeping import STATES
from processors.folders.ports import Outcome


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


class FolderMetrics:
    """See folders.scanner.FolderObserver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._folders = Gauge(
            "sluice_folders",
            "Libraries' folders by state, as the process that scans them sees them.",
            ["state"],
            registry=registry,
        )
        self._files = Gauge("sluice_folder_files", "Files in libraries' folders.", registry=registry)
        self._found = Counter(
            "sluice_folder_changes_total",
            "What scans came upon: new, moved, deleted, and what can't be read.",
            ["what"],
            registry=registry,
        )
        self._seconds = Histogram(
            "sluice_folder_scan_seconds",
            "How long one look at a folder took.",
            buckets=(0.01, 0.1, 1, 10, 60, 600, 3600),
            registry=registry,
        )

    def folders(self, states: Mapping[str, int], files: int) -> None:
        """See folders.scanner.FolderObserver."""
        for state in STATES:
            self._folders.labels(state).set(states.get(state, 0))
        self._files.set(files)

    def scanned(self, outcome: Outcome, took_s: float) -> None:
        """See folders.scanner.FolderObserver."""
        for what in ("new", "moved", "deleted", "troubles"):
            self._found.labels(what).inc(getattr(outcome, what))
        self._seconds.observe(took_s)


class WorkMetrics:
    """See work.observer.WorkObserver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tasks = Gauge(
            "sluice_tasks", "Tasks by state, as the leader sees them.", ["state"], registry=registry
        )
        self._oldest = Gauge(
            "sluice_oldest_ready_seconds", "How long the oldest ready task is ready.", registry=registry
        )
        self._expired = Counter("sluice_leases_expired_total", "Leases that ran out.", registry=registry)
        self._stuck = Gauge(
            "sluice_jobs_stuck", "Open jobs that no waiting will move; the log says why.", registry=registry
        )
        self._aside = Gauge(
            "sluice_workers_set_aside", "Workers kept from work, for they fail at it.", registry=registry
        )
        self._attempts = Counter(
            "sluice_attempts_total", "Attempts at tasks that ended.", ["kind", "outcome"], registry=registry
        )

    def tasks(self, by_state: Mapping[str, int], oldest_ready_s: float) -> None:
        """See WorkObserver."""
        for state, count in by_state.items():
            self._tasks.labels(state).set(count)
        self._oldest.set(oldest_ready_s)

    def expired(self) -> None:
        """See WorkObserver."""
        self._expired.inc()

    def stuck(self, jobs: int) -> None:
        """See WorkObserver."""
        self._stuck.set(jobs)

    def set_aside(self, workers: int) -> None:
        """See WorkObserver."""
        self._aside.set(workers)

    def attempt(self, kind: str, outcome: str) -> None:
        """See WorkObserver."""
        self._attempts.labels(kind, outcome).inc()


class CareMetrics:
    """See care.handle.CareObserver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._damaged = Counter(
            "sluice_scrub_damaged_total",
            "Blobs that a scrub found damaged: changed, missing or unreadable.",
            ["what"],
            registry=registry,
        )

    def damaged(self, what: str, count: int) -> None:
        """See CareObserver."""
        self._damaged.labels(what).inc(count)


class ScanMetrics:
    """See ingest.scanning.ScanObserver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._scans = Counter(
            "sluice_scans_total", "Scans for malware that ended.", ["outcome"], registry=registry
        )
        self._up = Gauge("sluice_scanner_up", "1 while the virus scanner answers, else 0.", registry=registry)

    def scanned(self, outcome: str) -> None:
        """See ScanObserver."""
        self._scans.labels(outcome).inc()

    def scanner(self, answers: bool) -> None:
        """See ScanObserver."""
        self._up.set(answers)
