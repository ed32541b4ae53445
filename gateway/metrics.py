"""Everything that the gateway measures: a closed set, in base units, with no id of anyone as a label."""

from __future__ import annotations

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from connectors.breaker import State

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.request_duration_seconds = Histogram(
            "sluice_http_request_duration_seconds",
            "From a request's head to the end of its answer, by the route's template",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.requests_in_flight = self._gauge("sluice_http_requests_in_flight", "Requests being answered")
        self.uploads = self._counter(
            "sluice_uploads_total", "Uploads that ended, by how: accepted or the problem's code", ("outcome",)
        )
        self.upload_bytes = self._counter("sluice_upload_bytes_total", "Bytes of files taken in, kept or not")
        self.uploads_in_flight = self._gauge("sluice_uploads_in_flight", "Uploads under way")
        self.events_published = self._counter(
            "sluice_events_published_total", "Events that Kafka acknowledged", ("topic",)
        )
        self.audit_lost = self._counter(
            "sluice_audit_lost_records_total", "Looks and refusals that the audit log had no room to tell of"
        )
        self.live_clients = self._gauge("sluice_live_clients", "Open live connections", ("transport",))
        self.live_messages = self._counter(
            "sluice_live_messages_total",
            "Messages for live clients, by what became of them",
            ("outcome",),
        )
        self.live_delay_seconds = Histogram(
            "sluice_live_delay_seconds",
            "From an event's own time to its being put up for live clients",
            buckets=_SECONDS,
            registry=self.registry,
        )

        self.stored_bytes = self._gauge(
            "sluice_stored_bytes", "Bytes in the store, by its areas, when they were last listed", ("area",)
        )
        self.turned_away = self._counter(
            "sluice_requests_turned_away_total",
            "Requests answered with 503 for want of room, by why",
            ("why",),
        )
        self.breakers = self._gauge(
            "sluice_breaker_state",
            "1 for the state that a dependency's breaker is in",
            ("dependency", "state"),
        )

    def breaker(self, dependency: str, state: State) -> None:
        """Notes the state of a dependency's breaker."""
        for each in get_args(State):
            self.breakers.labels(dependency, each).set(each == state)

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, about, labels, registry=self.registry)
