"""Where the gateway is wired to the outside world: the ports, and the parts between them."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from connectors.archive import open_kept
from connectors.background import Duty
from connectors.beat import Beat
from connectors.breached import BreachedPasswords
from connectors.breaker import Breaker
from connectors.clock import SystemClock
from connectors.direct import open_direct
from connectors.guarded import GuardedDatabase, GuardedDirect, GuardedStore
from connectors.kafka import KafkaPublisher, KafkaTail
from connectors.kafka_feed import KafkaFeed
from connectors.kafka_trace import KafkaTrace
from connectors.mongo import MongoDatabase
from connectors.ports import BrokerUnavailable, Clock, Database, DatabaseUnavailable, Feed, StoreUnavailable
from connectors.read_models import ReadModels
from connectors.registry import open_registry
from connectors.rooted.named import roots_named
from connectors.rooted.store import RootedStore
from connectors.sealing import Secret, read_secret_file
from connectors.version import version
from gateway import following
from gateway.access.gate import Gate
from gateway.access.libraries import Libraries
from gateway.application import Parts, assemble
from gateway.audit.addresses import Addresses
from gateway.audit.trail import new_trail
from gateway.auth.access_tokens import AccessTokens
from gateway.auth.cookies import Cookies
from gateway.auth.directory import Directory
from gateway.auth.gatekeeper import Gatekeeper
from gateway.auth.identity import Identity
from gateway.auth.links import Links
from gateway.auth.live_tickets import LiveTickets
from gateway.auth.passwords import Passwords
from gateway.auth.principal import read_token_file
from gateway.auth.second_factor import SecondFactors
from gateway.auth.sessions import Lifetimes, Sessions
from gateway.broker import Broker
from gateway.claims import Claims
from gateway.events.audience import Audience
from gateway.events.live import Hub
from gateway.events.messages import LIVE_TOPICS
from gateway.files import Files
from gateway.following import Following
from gateway.idempotency.answers import Answers
from gateway.inflight import InFlight
from gateway.limits.counting import Counting
from gateway.limits.limits import Limits
from gateway.limits.own import OwnLimits
from gateway.media.whereabouts import Moves
from gateway.metrics import Metrics
from gateway.playback.arrivals import Arrivals
from gateway.playback.streams import Streams
from gateway.playback.tickets import Tickets
from gateway.profiles.catalog import Profiles
from gateway.providers.asking import Asking
from gateway.providers.known import read_providers_file
from gateway.quotas.freeing import Freeing
from gateway.quotas.quotas import Quotas
from gateway.quotas.upkeep import Recounting
from gateway.roots.upkeep import Emptying
from gateway.schedules.catalog import Schedules
from gateway.services import Services
from gateway.settings import Settings
from gateway.signed.permits import Permits
from gateway.system.presence import LOOK_BACK, Presence
from gateway.system.readiness import looks
from gateway.uploads.kept import Uploads
from gateway.uploads.upkeep import Upkeep
from gateway.usage.sampling import Sampling
from gateway.viewings.recorder import Recorder
from gateway.working_state import WorkingState
from schemas.codec import Codec
from schemas.events import ServiceBeat
from schemas.topics import BY_RECORD

_FAILURES = {"kafka": BrokerUnavailable, "mongodb": DatabaseUnavailable, "blobs": StoreUnavailable}
"""What of each dependency's errors says that it does not answer."""


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
    roots = roots_named(settings.roots, settings.roots_writable, settings.blobs_folder, settings.archive)
    guard = partial(GuardedStore, breaker=breakers["blobs"])
    kept = open_kept(settings.blobs, settings.instance, settings.s3, settings.archive, guard)
    store = RootedStore(kept.blobs, roots, Moves(read_models))  # a disk that is away stops no other blob
    direct = open_direct(settings.blobs, settings.instance, settings.s3)
    kafka = KafkaPublisher(settings.kafka, codec, timeout=timedelta(seconds=settings.publish_timeout_s))
    broker = Broker(kafka, kafka, metrics, breakers["kafka"])
    arrivals = Arrivals()
    live = KafkaTail(settings.kafka, codec, LIVE_TOPICS, clock=clock)
    shared = Libraries()
    feed = KafkaFeed(settings.kafka, codec, following.TOPICS)
    identity = identity_of(settings, secret, database, feed, clock, shared)
    profiles = Profiles(identity.following)
    identity.following.tell(profiles.hear)
    schedules = Schedules(identity.following)
    identity.following.tell(schedules.hear)
    streams = Streams(read_models, profiles, store, broker, clock, arrivals)
    gate = Gate(shared)
    audience = Audience(read_models, gate)
    limits = limits_of(settings, secret, database, clock)
    identity.following.tell(limits.own.hear)
    quotas = Quotas(database, read_models, limits.own, settings.limit_storage)
    freeing = Freeing(quotas)
    heard = (arrivals.hear, streams.deletions.hear, audience.hear, freeing.hear)
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

    addresses = Addresses(secret, identity.directory)
    trail = new_trail(settings.instance, secret, addresses, broker, read_models, clock, metrics.audit_lost)
    gatekeeper = Gatekeeper(token, identity, clock, settings.second_factor_roles)
    identity.following.tell(lambda _: hub.let_go(gatekeeper.still_good))

    viewings = Recorder(read_models, broker, identity.directory, clock, settings.viewing_every_s, trail.note)

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
        quotas=quotas,
        answers=Answers(database, secret),
        asking=Asking(read_providers_file(settings.providers_file)),
        gate=gate,
        publisher=broker,
        trail=trail,
        addresses=addresses,
        trace=KafkaTrace(settings.kafka, codec),
        read_models=read_models,
        store=store,
        direct=GuardedDirect(direct, breakers["blobs"]) if direct else None,
        uploads=Uploads(database, settings.instance, timedelta(seconds=settings.upload_lasts_s)),
        viewings=viewings,
        files=Files(store, settings.accel_redirect),
        roots=roots,
        schemas=known.schemas,
        tickets=Tickets(secret.derive("playback")),
        permits=Permits(secret.derive("files")),
        profiles=profiles,
        schedules=schedules,
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
        "viewings": viewings.run,
        "trail": trail.run,
        "uploads": Upkeep(services).run,
        "quotas": Recounting(quotas, identity.claims).run,
        "freeing": freeing.run,
        "usage": Sampling(
            read_models,
            store,
            broker,
            identity.claims,
            clock,
            metrics,
            settings.instance,
            settings.usage_every_s,
        ).run,
        "trash": Emptying(roots, clock, timedelta(days=settings.trash_days)).run,
        "working state": WorkingState(database).run,
    }
    return Parts(services, duties, (viewings.close, trail.close, beat.last, close_database))


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
    breached = BreachedPasswords(settings.breached_passwords) if settings.breached_passwords else None
    lifetimes = Lifetimes(
        unused=timedelta(days=settings.session_unused_days), at_most=timedelta(days=settings.session_days)
    )
    return Identity(
        secret=secret,
        following=Following(feed, settings.revocation_patience_s, directory.hear, shared.hear),
        directory=directory,
        passwords=Passwords(secret, settings.bcrypt_rounds, breached),
        second_factors=SecondFactors(secret, claims, settings.issuer),
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
