"""Takes a file in: from the socket to the store in constant memory, and nothing stays of a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from connectors.ports import BlobStore, BlobWriter
from gateway.errors import ClientTimeout, Invalid, TooLarge
from gateway.metrics import Metrics

_FORM_OVERHEAD_BYTES = 1024 * 1024
"""What boundaries, headers and fields may add to a form around its file."""


def declared_bytes(request: Request) -> int | None:
    """The length that the request's head promises, if it does."""
    said = request.headers.get("content-length")
    return int(said) if said is not None and said.isascii() and said.isdigit() else None


def least_bytes(request: Request, *, is_form: bool) -> int:
    """How long the file is at least, by what the request's head promises."""
    declared = declared_bytes(request) or 0
    return max(0, declared - _FORM_OVERHEAD_BYTES) if is_form else declared


def refuse_oversize(request: Request, max_bytes: int) -> None:
    """Raises TooLarge for a body that says up front that it is over the limit."""
    said = declared_bytes(request)
    if said is not None and said > max_bytes + _FORM_OVERHEAD_BYTES:
        raise too_large(max_bytes)


def too_large(max_bytes: int) -> TooLarge:
    """The file is over the limit."""
    return TooLarge("too-large", f"Files of up to {max_bytes} bytes are taken in.", max_bytes=max_bytes)


async def body_of(
    request: Request, stall_s: float, kept: str = "nothing of the file was kept"
) -> AsyncIterator[bytes]:
    """The body as it comes; `kept` says what becomes of it where it ends too soon.

    Raises ClientTimeout for a client that sends nothing for so long, ClientDisconnect for one that is gone.
    """
    received = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(stall_s):
                chunk = await anext(stream, b"")
        except TimeoutError:
            reason = f"Nothing arrived for {stall_s:g} s; {kept}."
            raise ClientTimeout("stalled", reason, headers={"Connection": "close"}) from None
        if not chunk:
            break
        received += len(chunk)
        yield chunk
    if declared_bytes(request) not in (None, received):
        raise ClientDisconnect


async def counted_bytes(metrics: Metrics, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes, counted as they come."""
    async for chunk in chunks:
        metrics.upload_bytes.inc(len(chunk))
        yield chunk


@asynccontextmanager
async def writing(store: BlobStore) -> AsyncIterator[BlobWriter]:
    """A writer of whose bytes nothing stays unless they were committed."""
    writer = store.writer()
    try:
        yield writer
    finally:
        await writer.abort()


async def fill(writer: BlobWriter, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
    """Writes all of a file. Raises TooLarge, and Invalid for a file without a byte."""
    async for chunk in chunks:
        if writer.size_bytes + len(chunk) > max_bytes:
            raise too_large(max_bytes)
        await writer.write(chunk)
    if not writer.size_bytes:
        raise Invalid("empty", "The file is empty: there is nothing to keep.")
