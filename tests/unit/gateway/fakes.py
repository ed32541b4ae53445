"""A gateway over ports made of memory, in reach from all sides, and the real server around it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.routing import BaseRoute, Route

from connectors.background import Duty
from connectors.blobs import FileStore
from connectors.ports import BlobStore, DirectUploads
from connectors.read_models import POINTER, STATE, ReadModels
from connectors.rooted.named import roots_named
from connectors.rooted.store import RootedStore
from connectors.sealing import Secret
from gateway.access.gate import Gate
from gateway.access.libraries import Libraries
from gateway.app import identity_of, limits_of
from gateway.application import Parts, assemble
from gateway.audit.addresses import Addresses
from gateway.audit.trail import new_trail
from gateway.auth.gatekeeper import Gatekeeper
from gateway.events.audience import Audience
from gateway.events.live import Hub
from gateway.files import Files
from gateway.idempotency.answers import Answers
from gateway.inflight import InFlight
from gateway.media.whereabouts import Moves
from gateway.metrics import Metrics
from gateway.playback.arrivals import Arrivals
from gateway.playback.streams import Patience, Streams
from gateway.playback.tickets import Tickets
from gateway.profiles.catalog import Profiles
from gateway.providers.asking import Asking
from gateway.providers.known import Providers
from gateway.quotas.quotas import Quotas
from gateway.schedules.catalog import Schedules
from gateway.services import Services
from gateway.settings import Settings
from gateway.signed.permits import Permits
from gateway.system.presence import Presence
from gateway.system.readiness import Look
from gateway.uploads.kept import Uploads
from gateway.viewings.recorder import Recorder
from schemas.events import Event
from schemas.registry import file_registry
from tests.fakes import MemoryDatabase
from tests.unit.gateway.doubles import GENERATION, START, FakeClock, FakePublisher, FakeTail

TOKEN = "the-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
SECRET = Secret(["what only this installation knows"])
NO_PROVIDERS = Providers()
QUICK = Patience(probed_s=0.2, segment_s=20, ask_again_s=0.02)


@dataclass
class World:
    """A gateway with everything around it in reach."""

    app: FastAPI
    client: httpx.AsyncClient
    services: Services
    database: MemoryDatabase
    publisher: FakePublisher
    audited: FakePublisher
    """What the audit log is written to, apart from all else."""
    live: FakeTail
    beats: FakeTail
    clock: FakeClock
    folder: Path

    def files(self) -> list[str]:
        """What is in the blob folder, half-written files included."""
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file())

    async def happened(self, *events: Event) -> None:
        """As if other processes had published these, and the views and this replica had seen them."""
        positions = await self.publisher.publish(events)
        assert await self.services.identity.following.heard(positions, 20)

    def metric(self, name: str, **labels: str) -> float:
        """A metric's value; 0 where it has none."""
        return self.services.metrics.registry.get_sample_value(name, labels) or 0.0


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings whose waits are short."""
    said: dict[str, Any] = {
        "bootstrap": "127.0.0.1:9",
        "mongodb_url": "mongodb://127.0.0.1:9",
        "blobs": folder.as_uri(),
        "token_file": folder / "token",
        "secret_file": folder / "secret",
        "bcrypt_rounds": 4,
        "read_your_write_s": 0.2,
        "registration_step_s": 0,
        "stop_grace_s": 0.2,
    }
    return Settings(**(said | more))


def make_private_files(folder: Path) -> None:
    """The token's file and the secret's, as a gateway wants them."""
    for name, text in (("token", TOKEN), ("secret", "s" * 43)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)


@asynccontextmanager
async def world(
    folder: Path,
    store: BlobStore | None = None,
    looks: Mapping[str, Look] | None = None,
    patience: Patience = QUICK,
    providers: Providers = NO_PROVIDERS,
    database: MemoryDatabase | None = None,
    direct: Callable[[BlobStore], DirectUploads] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A gateway whose background tasks run, behind an HTTP client that holds the token."""
    clock, metrics = FakeClock(), Metrics()
    database = database or MemoryDatabase(clock)
    database.collections[STATE][POINTER] = {"_id": POINTER, "generation": GENERATION}
    publisher, live, beats = FakePublisher(database), FakeTail(), FakeTail()
    given, arrivals, read_models = settings_for(folder, **settings), Arrivals(), ReadModels(database)
    roots = roots_named(given.roots, given.roots_writable, None)
    blobs = RootedStore(store or FileStore(folder, "test"), roots, Moves(read_models))
    libraries = Libraries()
    gate = Gate(libraries)
    audience = Audience(read_models, gate)
    identity = identity_of(given, SECRET, database, publisher.feed, clock, libraries)
    limits = limits_of(given, SECRET, database, clock)
    identity.following.tell(limits.own.hear)
    gatekeeper = Gatekeeper(TOKEN, identity, clock, given.second_factor_roles)
    addresses, audited = Addresses(SECRET, identity.directory), FakePublisher(database)
    trail = new_trail("gateway-1", SECRET, addresses, audited, read_models, clock, metrics.audit_lost)
    profiles = Profiles(identity.following)
    identity.following.tell(profiles.hear)
    schedules = Schedules(identity.following)
    identity.following.tell(schedules.hear)
    streams = Streams(read_models, profiles, blobs, publisher, clock, arrivals, patience)
    heard = (arrivals.hear, streams.deletions.hear, audience.hear)
    hub = Hub(live, clock, metrics, given.live_queue, *heard)
    identity.following.tell(lambda _: hub.let_go(gatekeeper.still_good))
    every_s, directory = given.viewing_every_s, identity.directory
    viewings = Recorder(read_models, publisher, directory, clock, every_s, trail.note)
    services = Services(
        settings=given,
        version="1.2.3",
        started_at=START,
        clock=clock,
        authenticator=gatekeeper,
        identity=identity,
        limits=limits,
        quotas=Quotas(database, read_models, limits.own, given.limit_storage),
        answers=Answers(database, SECRET),
        asking=Asking(providers),
        gate=gate,
        audience=audience,
        publisher=publisher,
        trail=trail,
        addresses=addresses,
        trace=publisher,
        read_models=read_models,
        store=blobs,
        direct=direct(blobs) if direct else None,
        uploads=Uploads(database, given.instance, timedelta(seconds=given.upload_lasts_s)),
        viewings=viewings,
        files=Files(blobs, given.accel_redirect),
        roots=roots,
        schemas=file_registry().schemas,
        tickets=Tickets(SECRET.derive("playback")),
        permits=Permits(SECRET.derive("files")),
        profiles=profiles,
        schedules=schedules,
        streams=streams,
        hub=hub,
        presence=Presence(beats, clock),
        in_flight=InFlight(metrics),
        metrics=metrics,
        looks=looks or {},
        breakers={},
    )
    duties: dict[str, Duty] = {
        "live": services.hub.run,
        "live sweep": partial(hub.sweep, gatekeeper.still_good),
        "presence": services.presence.run,
        "following": identity.following.run,
        "viewings": viewings.run,
        "trail": trail.run,
    }
    app = _assembled(Parts(services, duties, (viewings.close, trail.close)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sluice", headers=AUTHORIZED) as client,
    ):
        yield World(app, client, services, database, publisher, audited, live, beats, clock, folder)


_WORKED_OUT: list[BaseRoute] = []
"""The first application's routes: what FastAPI works out at their first request takes it some 50 ms."""


def _assembled(parts: Parts) -> FastAPI:
    """The application, over routes that all worlds share; only those of FastAPI itself know their own one."""
    app = assemble(parts)
    own = [route for route in app.routes if isinstance(route, Route)]
    ours = [route for route in app.routes if not isinstance(route, Route)]
    if not _WORKED_OUT:
        _WORKED_OUT.extend(ours)
    assert len(ours) == len(_WORKED_OUT)
    app.router.routes[:] = [*own, *_WORKED_OUT]
    return app


@asynccontextmanager
async def served(app: FastAPI, **tls: Any) -> AsyncIterator[int]:
    """The application behind the real server, on a free port of this machine."""
    port = free_port()
    server = Server(
        app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_level=LogLevels.error, **tls
    )
    serving = asyncio.create_task(server.serve())
    await until(lambda: _answers(port))
    try:
        yield port
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await serving


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(holds: Any, deadline_s: float = 20) -> None:
    """Returns once the condition holds; fails after the deadline."""
    async with asyncio.timeout(deadline_s):
        while not holds():
            await asyncio.sleep(0.005)
