"""Runs the gateway as a process: `python -m gateway`.

Granian is embedded, so that one process is the whole gateway: killing it leaves nothing behind, and a stop
can first let live clients go and uploads end.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import socket
import sys

import structlog
import uvloop
from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from pydantic import ValidationError

from connectors import logs
from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Settings
from gateway.tls import check_tls, tls_of

log = structlog.get_logger()

_CONNECTIONS = 16_384
"""How many requests may be under way at once: each live client is one, for as long as it stays."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _OWN_PAGES_BYTES = 32 << 20, 8 << 20


def main() -> int:
    """The process's exit code: 0 after a stop, 2 for settings that can't work, 1 for anything else."""
    _keep_freed_memory()
    try:
        settings = Settings()
        logs.configure(settings.log, instance=settings.instance)
        check_tls(settings)
        settings.kafka.checked()
        app = create_app(settings)
        _refuse_taken_port(settings)
    except (ValueError, OSError) as error:
        print(f"the gateway can't start: {_said(error)}", file=sys.stderr)
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(app, settings))


def _keep_freed_memory() -> None:
    """Files are sent in large pieces. glibc gives each back to the system and gets it anew, page by page:
    a fifth of what sending costs.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _OWN_PAGES_BYTES)


def _said(error: Exception) -> str:
    """The error for people; pydantic's own words would show the settings' values, passwords included."""
    if isinstance(error, ValidationError):
        return "; ".join(f"setting {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return str(error)


async def _serve(app: FastAPI, settings: Settings) -> int:
    asked = _stop_signal()
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=1024,
        backpressure=_CONNECTIONS,
        **tls_of(settings),
        log_level=LogLevels.error,
        log_dictconfig=logs.SERVER,
    )
    serving = asyncio.create_task(server.serve())
    log.info(
        "listening",
        scheme=settings.scheme,
        host=settings.host,
        port=settings.port,
        instance=settings.instance,
    )
    await asyncio.wait([serving, asyncio.create_task(asked.wait())], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        log.error("the server ended by itself", error=repr(serving.exception()))
        return 1
    await _stop(app.state.services, server, serving)
    return 0


async def _stop(services: Services, server: Server, serving: asyncio.Task[None]) -> None:
    """Lets live clients go, lets requests end, then ends what is left."""
    log.info("stopping")
    services.hub.close()
    grace_s = services.settings.stop_grace_s
    await services.in_flight.drain(grace_s)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait([serving], timeout=grace_s + 5)
    log.info("stopped")


def _stop_signal() -> asyncio.Event:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    return asked


def _refuse_taken_port(settings: Settings) -> None:
    """Raises OSError where something listens already: the server shares its port, and would not notice."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise OSError(
                f"{settings.host}:{settings.port} can't be listened on: {error.strerror}"
            ) from error


if __name__ == "__main__":
    sys.exit(main())
