"""Where the gateway is put together: the ports, the parts between them, and the routes over those."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware

from connectors.background import Duty, running
from connectors.beat import Beat
from connectors.blobs import open_store
from connectors.breaker import Breaker
from connectors.clock import SystemClock
from connectors.guarded import GuardedDatabase, GuardedStore
from connectors.kafka import KafkaPublisher, KafkaTail
from connectors.kafka_feed import KafkaFeed
from connectors.mongo import MongoDatabase
from connectors.ports import BrokerUnavailable, Clock, Database, DatabaseUnavailable, Feed, StoreUnavailable
from connectors.read_models import ReadModels
from connectors.registry import open_registry
from connectors.sealing import Secret, read_secret_file
from connectors.version import version
from gateway import docs_page, errors, following, openapi
from gateway.access.gate import Gate
from gateway.access.libraries import Libraries
from gateway.accounts import endpoints as accounts
from gateway.audit import endpoints as audit
from gateway.audit.addresses import Addresses
from gateway.audit.trail import new_trail
from gateway.audit.witness import Witness
from gateway.auth.access_tokens import AccessTokens
from gateway.auth.cookies import Cookies
from gateway.auth.directory import Directory
from gateway.auth.gatekeeper import Gatekeeper
from gateway.auth.identity import Identity
from gateway.auth.links import Links
from gateway.auth.live_tickets import LiveTickets
from gateway.auth.passwords import Passwords
from gateway.auth.principal import read_token_file
from gateway.auth.sessions import Lifetimes, Sessions
from gateway.broker import Broker
from gateway.claims import Claims
from gateway.client_address import BehindProxies
from gateway.compat import farm, farm_worker, transcoder, uploader
from gateway.events import endpoints as events
from gateway.events.audience import Audience
from gateway.events.live import Hub
from gateway.events.messages import LIVE_TOPICS
from gateway.files import Files
from gateway.following import Following
from gateway.graphql import endpoints as graphql
from gateway.idempotency.answers import Answers
from gateway.idempotency.middleware import KeepAnswers
from gateway.inflight import CountInFlight, InFlight
from gateway.invitations import endpoints as invitations
from gateway.jobs import endpoints as jobs
from gateway.keys import endpoints as keys
from gateway.libraries import endpoints as libraries
from gateway.limits import endpoints as limits_endpoints
from gateway.limits.counting import Counting
from gateway.limits.headers import tell_standings
from gateway.limits.limits import Limits
from gateway.limits.own import OwnLimits
from gateway.linger import Linger
from gateway.media import endpoints as media
from gateway.metrics import Metrics
from gateway.middleware import BodyGuard, Measure, RequestContext
from gateway.openapi import problems
from gateway.playback import endpoints as playback
from gateway.playback import older
from gateway.playback.arrivals import Arrivals
from gateway.playback.cors import OpenToPages
from gateway.playback.streams import Streams
from gateway.playback.tickets import Tickets
from gateway.profiles import endpoints as profile_endpoints
from gateway.profiles.catalog import Profiles
from gateway.providers import endpoints as providers
from gateway.providers.asking import Asking
from gateway.providers.known import read_providers_file
from gateway.registry import endpoints as registry
from gateway.safe_headers import SafeHeaders
from gateway.services import Services
from gateway.sessions import endpoints as sessions
from gateway.settings import Settings
from gateway.shares import endpoints as shares
from gateway.shedding import Load, Shed
from gateway.system import endpoints as system
from gateway.system.presence import LOOK_BACK, Presence
from gateway.system.readiness import looks
from gateway.ui import endpoints as ui
from gateway.working_state import WorkingState
from schemas.codec import Codec
from schemas.events import ServiceBeat
from schemas.topics import BY_RECORD

API = "/api/v1"

_STREAMED = frozenset({("POST", f"{API}/media"), ("POST", "/upload")})
"""The requests whose bodies are streamed."""
_LIVE = frozenset({f"{API}/events", f"{API}/ws"})
"""The addresses whose connections last."""

_FAILURES = {"kafka": BrokerUnavailable, "mongodb": DatabaseUnavailable, "blobs": StoreUnavailable}
"""What of each dependency's errors says that it does not answer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The services of an application, and what keeps them going."""

    services: Services
    duties: Mapping[str, Duty] = field(default_factory=dict)
    """What runs as long as the application does."""
    farewells: tuple[Duty, ...] = ()
    """What is done, in this order, when it stops."""


def create_app(settings: Settings) -> FastAPI:
    """The gateway. It comes up, and stays up, whether or not Kafka and MongoDB are there.

    Raises TokenFileUnusable, and ValueError for settings that make no sense.
    """
    return assemble(connect(settings))


def connect(settings: Settings) -> Parts:
    """The parts of a gateway, wired to the outside world."""
    token, secret = read_token_file(settings.token_file), read_secret_file(settings.secret_file)
    known = open_registry(settings.schema_registry_url, settings.schema_registry_ca_file)
    clock, codec, metrics, now_version = SystemClock(), Codec(known), Metrics(), version()
    breakers = {name: Breaker(name, failure, tell=metrics.breaker) for name, failure in _FAILURES.items()}
    mongodb = MongoDatabase(settings.mongodb_url, settings.database)
    database = GuardedDatabase(mongodb, breakers["mongodb"])
    read_models = ReadModels(database)
    store = GuardedStore(open_store(settings.blobs, settings.instance), breakers["blobs"])
    kafka = KafkaPublisher(settings.kafka, codec, timeout=timedelta(seconds=settings.publish_timeout_s))
    broker = Broker(kafka, kafka, metrics, breakers["kafka"])
    arrivals = Arrivals()
    live = KafkaTail(settings.kafka, codec, LIVE_TOPICS, clock=clock)
    shared = Libraries()
    feed = KafkaFeed(settings.kafka, codec, following.TOPICS)
    identity = identity_of(settings, secret, database, feed, clock, shared)
    profiles = Profiles(identity.following)
    identity.following.tell(profiles.hear)
    streams = Streams(read_models, profiles, store, broker, clock, arrivals)
    gate = Gate(shared)
    audience = Audience(read_models, gate)
    heard = (arrivals.hear, streams.deletions.hear, audience.hear)
    hub = Hub(live, clock, metrics, settings.live_queue, *heard)
    beats = KafkaTail(settings.kafka, codec, [BY_RECORD[ServiceBeat].name], clock=clock, since=LOOK_BACK)
    presence = Presence(beats, clock)
    started_at = clock.now()
    beat = Beat(
        service="gateway",
        instance=settings.instance,
        every_s=settings.beat_s,
        publisher=broker,
        clock=clock,
        started_at=started_at,
        details=lambda: {"address": f"{settings.scheme}://{settings.host}:{settings.port}"},
    )

    limits = limits_of(settings, secret, database, clock)
    identity.following.tell(limits.own.hear)
    addresses = Addresses(secret, identity.directory)
    trail = new_trail(settings.instance, secret, addresses, broker, read_models, clock, metrics.audit_lost)
    gatekeeper = Gatekeeper(token, identity, clock)
    identity.following.tell(lambda _: hub.let_go(gatekeeper.still_good))

    async def close_database() -> None:
        mongodb.close()

    services = Services(
        settings=settings,
        version=now_version,
        started_at=started_at,
        clock=clock,
        authenticator=gatekeeper,
        identity=identity,
        limits=limits,
        answers=Answers(database, secret),
        asking=Asking(read_providers_file(settings.providers_file)),
        gate=gate,
        publisher=broker,
        trail=trail,
        addresses=addresses,
        read_models=read_models,
        store=store,
        files=Files(store, settings.accel_redirect),
        schemas=known.schemas,
        tickets=Tickets(secret.derive("playback")),
        profiles=profiles,
        streams=streams,
        hub=hub,
        audience=audience,
        presence=presence,
        in_flight=InFlight(metrics),
        metrics=metrics,
        looks=looks(broker, beat, settings.beat_s, database, read_models, store, identity.following),
        breakers=breakers,
    )
    duties: dict[str, Duty] = {
        "kafka": broker.run,
        "live": hub.run,
        "live sweep": partial(hub.sweep, gatekeeper.still_good),
        "presence": presence.run,
        "beat": beat.run,
        "following": identity.following.run,
        "trail": trail.run,
        "working state": WorkingState(database).run,
    }
    return Parts(services, duties, (trail.close, beat.last, close_database))


def identity_of(
    settings: Settings,
    secret: Secret,
    database: Database,
    feed: Feed,
    clock: Clock,
    shared: Libraries,
) -> Identity:
    """What has to do with who someone is, over these ports."""
    claims, directory = Claims(database), Directory(secret, clock)
    lifetimes = Lifetimes(
        unused=timedelta(days=settings.session_unused_days), at_most=timedelta(days=settings.session_days)
    )
    return Identity(
        secret=secret,
        following=Following(feed, settings.revocation_patience_s, directory.hear, shared.hear),
        directory=directory,
        passwords=Passwords(secret, settings.bcrypt_rounds),
        tokens=AccessTokens(secret, settings.issuer, clock, timedelta(seconds=settings.access_token_s)),
        sessions=Sessions(database, secret, lifetimes),
        cookies=Cookies(secret, settings.origin),
        tickets=LiveTickets(secret, claims),
        links=Links(secret, shared, directory),
        claims=claims,
    )


def limits_of(settings: Settings, secret: Secret, database: Database, clock: Clock) -> Limits:
    """The budgets of everyone, over these ports."""
    counting = Counting(database, clock)
    return Limits(counting, settings.limits, OwnLimits(), secret.derive("limits"))


def assemble(parts: Parts) -> FastAPI:
    """The application over these parts."""
    services = parts.services
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
        lifespan=_lifespan(parts),
        middleware=_middleware(services),
    )
    app.state.services = services
    app.state.streamed = _STREAMED
    errors.install(app)
    registry.install(app)
    openapi.install(app, services.version)
    _include(app)
    return app


def _include(app: FastAPI) -> None:
    """A request is held against one after another: what is asked for most comes first."""
    app.include_router(playback.streams)
    app.include_router(system.probes)
    asked = problems(401, 403, 422, 429, 503)
    for routes in (
        jobs.router,
        media.router,
        profile_endpoints.router,
        playback.router,
        accounts.router,
        invitations.router,
        keys.router,
        libraries.router,
        shares.router,
        limits_endpoints.router,
        system.router,
        audit.router,
        graphql.router,
    ):
        app.include_router(routes, prefix=API, responses=asked)
    for kept in (
        transcoder.router,
        farm.router,
        farm_worker.router,
        uploader.router,
        transcoder.opening,
        farm.opening,
    ):
        app.include_router(kept, responses=asked)
    for by_itself in (sessions.router, shares.opening, providers.router, events.router, graphql.sockets):
        app.include_router(by_itself, prefix=API)
    for open_to_all in (
        older.router,
        ui.router,
        docs_page.router,
        sessions.keys,
        registry.router,
        registry.documents,
    ):
        app.include_router(open_to_all)


def _middleware(services: Services) -> list[Middleware]:
    """From the outside in."""
    settings = services.settings
    load = Load(
        most_requests=settings.max_requests,
        most_live=settings.max_live,
        most_bytes=settings.max_memory_bytes,
        turned_away=services.metrics.turned_away,
    )
    return [
        *([Middleware(BehindProxies, proxies=settings.trusted_proxies)] if settings.trusted_proxies else []),
        Middleware(
            RequestContext,
            at_start=(
                SafeHeaders(settings),
                tell_standings,
                Witness(services.trail, services.clock),
            ),
        ),
        Middleware(CountInFlight, in_flight=services.in_flight),
        Middleware(Shed, load=load, live=_LIVE),
        Middleware(Linger),
        Middleware(OpenToPages),
        Middleware(Measure, metrics=services.metrics),
        Middleware(KeepAnswers, answers=services.answers),
        Middleware(
            BodyGuard,
            max_bytes=settings.max_body_bytes,
            stall_s=settings.upload_stall_s,
            streamed=_STREAMED,
        ),
    ]


def _lifespan(parts: Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(parts.duties):
            yield
            for farewell in parts.farewells:
                await farewell()

    return lifespan
