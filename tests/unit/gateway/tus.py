"""A sender by tus, for tests: as plain as the protocol is."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx

from tests.unit.gateway.fakes import World

PATH = "/api/v1/uploads"
SPOKEN = {"Tus-Resumable": "1.0.0"}
PIECE = {**SPOKEN, "Content-Type": "application/offset+octet-stream"}


def metadata(**said: str) -> str:
    """As Upload-Metadata has it."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    """As Upload-Checksum has it."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


async def created(
    w: World, length: int | None, said: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    """The answer to a new upload of so many bytes."""
    how_long = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    about = {"Upload-Metadata": metadata(**(said or {"filename": "clip.mp4"}))}
    headers = {**SPOKEN, **how_long, **about, **more.pop("headers", {})}
    return await w.client.post(PATH, headers=headers, **more)


async def begun(w: World, length: int | None, **said: str) -> str:
    """Where a new upload is."""
    answer = await created(w, length, {"filename": "clip.mp4", **said})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def sent(w: World, at: str, offset: int, data: Any, **headers: str) -> httpx.Response:
    """The answer to a piece."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await w.client.patch(at, headers={**PIECE, "Upload-Offset": str(offset), **named}, content=data)


async def offset(w: World, at: str) -> int:
    """How far an upload has come."""
    answer = await w.client.head(at, headers=SPOKEN)
    assert answer.status_code == 200, answer.headers
    return int(answer.headers["upload-offset"])
