"""Baselines: plain applications on the gateway's own server, in processes of their own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.types import ASGIApp

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.ports import pick
from deploy.local.readiness import accepts
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.client import until

_CONNECTIONS = 16_384


@contextmanager
def quiet_stack() -> Iterator[Stack]:
    """A stack that makes nothing of its media, and whose gateway counts no requests."""
    options = Options(port=8760, workers=0, env={"SLUICE_LIMIT_REQUESTS": "off"})
    with (
        tempfile.TemporaryDirectory(prefix="sluice-bench-") as name,
        Stack.start(Home(Path(name)), options) as stack,
    ):
        yield stack


@contextmanager
def beside(stack: Stack, module: str, told: Mapping[str, str]) -> Iterator[str]:
    """Where a plain application listens, whose module calls `main`."""
    port = pick(set())
    command = [sys.executable, "-m", module, str(port)]
    process = subprocess.Popen(command, env={**stack.environ, **told}, cwd=ROOT)
    try:
        until(lambda: accepts(f"127.0.0.1:{port}") or None, f"{module} to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def main(serving: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Runs a plain application on the port that the command line names."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving(int(sys.argv[1])))


async def serve(app: ASGIApp, port: int) -> None:
    """Answers until the process is ended."""
    server = Server(
        app,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        backlog=1024,
        backpressure=_CONNECTIONS,
        log_level=LogLevels.error,
    )
    await server.serve()
