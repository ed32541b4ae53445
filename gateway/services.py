"""Everything that a route may use, in one typed value that `app.py` fills and tests fill with fakes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from connectors.breaker import Breaker
from connectors.ports import BlobStore, Clock, DirectUploads, Publisher, Trace
from connectors.read_models import ReadModels
from connectors.rooted.root import Root
from gateway.access.gate import Gate
from gateway.audit.addresses import Addresses
from gateway.audit.trail import Trail
from gateway.auth.identity import Identity
from gateway.auth.principal import Authenticator
from gateway.events.audience import Audience
from gateway.events.live import Hub
from gateway.files import Files
from gateway.idempotency.answers import Answers
from gateway.inflight import InFlight
from gateway.limits.limits import Limits
from gateway.metrics import Metrics
from gateway.playback.streams import Streams
from gateway.playback.tickets import Tickets
from gateway.profiles.catalog import Profiles
from gateway.providers.asking import Asking
from gateway.quotas.quotas import Quotas
from gateway.schedules.catalog import Schedules
from gateway.settings import Settings
from gateway.signed.permits import Permits
from gateway.system.presence import Presence
from gateway.system.readiness import Look
from gateway.uploads.kept import Uploads
from gateway.viewings.recorder import Recorder
from schemas.registry import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The gateway's ports and parts."""

    settings: Settings
    version: str
    started_at: datetime
    clock: Clock
    authenticator: Authenticator
    gate: Gate
    identity: Identity
    limits: Limits
    quotas: Quotas
    answers: Answers
    asking: Asking
    publisher: Publisher
    trail: Trail
    addresses: Addresses
    trace: Trace
    read_models: ReadModels
    store: BlobStore
    direct: DirectUploads | None
    """Where senders put bytes into the store by themselves."""
    uploads: Uploads
    viewings: Recorder
    files: Files
    roots: Mapping[str, Root]
    schemas: Collection[Schema]
    tickets: Tickets
    permits: Permits
    profiles: Profiles
    schedules: Schedules
    streams: Streams
    hub: Hub
    audience: Audience
    presence: Presence
    in_flight: InFlight
    metrics: Metrics
    looks: Mapping[str, Look]
    breakers: Mapping[str, Breaker]


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that serves this request."""
    return cast(Services, connection.app.state.services)


async def _of_request(connection: HTTPConnection) -> Services:
    return services_of(connection)


ServicesOf = Annotated[Services, Depends(_of_request)]
