"""A plain application that writes what it is sent into a file, and answers once that is on the disk.

`python -m tests.bench.bare_upload PORT`, with the folder in BENCH_FOLDER.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.bench.bare import main, serve

FOLDER = "BENCH_FOLDER"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes any request as a file."""
    if scope["type"] != "http":
        return
    path = Path(os.environ[FOLDER]) / uuid.uuid4().hex
    with path.open("wb", buffering=0) as file:
        async for chunk in Request(scope, receive).stream():
            file.write(chunk)
        await asyncio.to_thread(os.fsync, file.fileno())
    await JSONResponse({"name": path.name}, 202)(scope, receive, send)


if __name__ == "__main__":
    main(lambda port: serve(app, port))
