"""The application over its parts: which routes there are, and what stands around each request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from connectors.background import Duty, running
from gateway import docs_page, error_handlers, openapi
from gateway.accounts import endpoints as accounts
from gateway.activity import endpoints as activity
from gateway.allowed_methods import METHODS
from gateway.archive import endpoints as archive
from gateway.artwork import endpoints as artwork
from gateway.audit import endpoints as audit
from gateway.audit.witness import Witness
from gateway.care import endpoints as care
from gateway.client_address import BehindProxies
from gateway.compat import farm, farm_worker, transcoder, uploader
from gateway.direct_uploads import endpoints as direct_uploads
from gateway.events import endpoints as events
from gateway.freshness import TOKEN_HEADER
from gateway.graphql import endpoints as graphql
from gateway.hierarchy import endpoints as hierarchy
from gateway.idempotency.middleware import KeepAnswers
from gateway.inflight import CountInFlight
from gateway.invitations import endpoints as invitations
from gateway.jobs import endpoints as jobs
from gateway.keys import endpoints as keys
from gateway.libraries import endpoints as libraries
from gateway.limits import endpoints as limits_endpoints
from gateway.limits.headers import tell_standings
from gateway.linger import Linger
from gateway.media import endpoints as media
from gateway.middleware import REQUEST_ID, BodyGuard, Measure, RequestContext
from gateway.openapi import problems
from gateway.people import endpoints as people
from gateway.playback import endpoints as playback
from gateway.playback import older
from gateway.playback.cors import OpenToPages
from gateway.profiles import endpoints as profile_endpoints
from gateway.providers import endpoints as providers
from gateway.quarantine import endpoints as quarantine
from gateway.records import endpoints as records
from gateway.registry import endpoints as registry
from gateway.resets import endpoints as resets
from gateway.roots import endpoints as files
from gateway.safe_headers import SafeHeaders
from gateway.schedules import endpoints as schedules
from gateway.second_factor import endpoints as second_factor
from gateway.services import Services
from gateway.sessions import endpoints as sessions
from gateway.settings import Settings
from gateway.shares import endpoints as shares
from gateway.shedding import Load, Shed
from gateway.signed import endpoints as signed
from gateway.system import endpoints as system
from gateway.timeline import endpoints as timeline
from gateway.ui import endpoints as ui
from gateway.uploads import endpoints as uploads
from gateway.uploads.override import MethodOverride
from gateway.uploads.protocol import SENT, TOLD
from gateway.uploads.render import MEDIA
from gateway.usage import endpoints as usage
from gateway.versions import endpoints as versions
from gateway.viewings import endpoints as viewings

API = "/api/v1"


_WHOLE_FILES = re.compile(
    rf"POST ({API}/media|/upload|{uploads.PATH})|PATCH {uploads.PATH}/.*|PUT {API}/files/[^/]*/content"
    rf"|PUT {API}/.*/images/[^/]+"
)


def _is_streamed(method: str, path: str) -> bool:
    """Whether a request's body is read as it comes, and looks after itself."""
    return _WHOLE_FILES.fullmatch(f"{method} {path}") is not None


_LIVE = frozenset({f"{API}/events", f"{API}/ws"})
"""The addresses whose connections last."""


_ASKED_WITH = (
    "Authorization",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Range",
    TOKEN_HEADER,
    REQUEST_ID,
    *SENT,
)
_ANSWERED_WITH = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    TOKEN_HEADER,
    REQUEST_ID,
    MEDIA,
    *TOLD,
)
"""Headers that pages of other origins may send and read."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The services of an application, and what keeps them going."""

    services: Services
    duties: Mapping[str, Duty] = field(default_factory=dict)
    """What runs as long as the application does."""
    farewells: tuple[Duty, ...] = ()
    """What is done, in this order, when it stops."""


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
    app.state.is_streamed = _is_streamed
    error_handlers.install(app)
    registry.install(app)
    openapi.install(app, services.version)
    _include(app)
    return app


def _include(app: FastAPI) -> None:
    """A request is held against one after another: what is asked for most comes first."""
    app.include_router(playback.streams)
    app.include_router(signed.router)
    app.include_router(system.probes)
    asked = problems(401, 403, 422, 429, 503)
    for routes in (
        jobs.router,
        media.router,
        records.router,
        artwork.router,
        hierarchy.router,
        people.router,
        versions.router,
        archive.router,
        signed.making,
        direct_uploads.router,
        uploads.router,
        files.router,
        quarantine.router,
        profile_endpoints.router,
        care.router,
        schedules.router,
        playback.router,
        viewings.router,
        timeline.router,
        accounts.router,
        second_factor.router,
        resets.router,
        invitations.router,
        keys.router,
        libraries.router,
        shares.router,
        limits_endpoints.router,
        usage.router,
        system.router,
        audit.router,
        activity.router,
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
    for by_itself in (
        sessions.router,
        resets.using,
        uploads.discovery,
        shares.opening,
        providers.router,
        events.router,
        graphql.sockets,
    ):
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
                uploads.say_version,
                Witness(services.trail, services.clock),
            ),
        ),
        Middleware(MethodOverride, below=f"{uploads.PATH}/"),
        Middleware(CountInFlight, in_flight=services.in_flight),
        Middleware(Shed, load=load, live=_LIVE),
        Middleware(Linger),
        Middleware(OpenToPages),
        *_pages_elsewhere(settings),
        Middleware(Measure, metrics=services.metrics),
        Middleware(KeepAnswers, answers=services.answers),
        Middleware(
            BodyGuard,
            max_bytes=settings.max_body_bytes,
            stall_s=settings.upload_stall_s,
            is_streamed=_is_streamed,
        ),
    ]


def _pages_elsewhere(settings: Settings) -> list[Middleware]:
    """What browsers are told of pages of other origins, where there are any to be let in."""
    if not settings.page_origins:
        return []
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.page_origins,
        allow_methods=METHODS,
        allow_headers=_ASKED_WITH,
        expose_headers=_ANSWERED_WITH,
        max_age=86_400,
    )
    return [cors]


def _lifespan(parts: Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(parts.duties):
            yield
            for farewell in parts.farewells:
                await farewell()

    return lifespan
