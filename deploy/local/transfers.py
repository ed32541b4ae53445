"""Moving files to and from the gateway: streamed, with progress, never half-written."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from deploy.local.client import Gateway, at
from deploy.local.console import Output, clean
from deploy.local.failures import Exit, Failure

_CHUNK_BYTES = 1024 * 1024
_NAME_CHARACTERS = 120

Advance = Callable[[int], None]


def upload(
    gateway: Gateway,
    file: Path,
    advance: Advance,
    *,
    profile: str | None,
    priority: str,
    key: str | None = None,
) -> dict[str, Any]:
    """Sends a file and returns the answer: medium, job and token. Raises Failure.

    With the same key it is taken in once, however often it is sent.
    """
    asked = {"name": file.name, "profile": profile, "priority": priority if profile else None}
    try:
        size = file.stat().st_size
        with file.open("rb") as source:
            answer: dict[str, Any] = gateway.post(
                "/media",
                params={name: value for name, value in asked.items() if value is not None},
                content=chunks(source.read, advance),
                headers={
                    "Content-Type": _type_of(file),
                    "Content-Length": str(size),
                    **({"Idempotency-Key": key} if key else {}),
                },
            )
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror or error}.", Exit.USAGE) from error
    return answer


def replace(gateway: Gateway, id: str, file: Path, advance: Advance) -> dict[str, Any]:
    """Sends a file that is to be what a medium is, and returns the answer. Raises Failure."""
    path = f"{at('media', id, 'content')}?{urlencode({'name': file.name})}"
    try:
        size = file.stat().st_size
        with file.open("rb") as source:
            pieces = chunks(source.read, advance)
            answer: dict[str, Any] = gateway.put_bytes(path, pieces, size, _type_of(file))
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror or error}.", Exit.USAGE) from error
    return answer


def _type_of(file: Path) -> str:
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def download(gateway: Gateway, path: str, file: Path, advance: Callable[[int, int | None], None]) -> int:
    """Writes a resource to a file, under another name until it is whole; returns its size."""
    part = file.with_name(f".{file.name}.part-{os.getpid()}")
    written = 0
    try:
        with gateway.stream(path) as answer, part.open("wb") as target:
            total = answer.headers.get("Content-Length")
            for chunk in answer.iter_bytes(_CHUNK_BYTES):
                target.write(chunk)
                written += len(chunk)
                advance(written, int(total) if total else None)
        part.replace(file)
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return written


def local_name(name: object, otherwise: str) -> str:
    """A name for the current folder from one that a stranger chose: no folders, nothing hidden."""
    last = clean(name or "").replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
    return last[-_NAME_CHARACTERS:].lstrip(".") or otherwise


@contextmanager
def progress_bar(output: Output, title: str, total: int | None) -> Iterator[Progress]:
    """A bar for bytes on a terminal; nothing elsewhere. Its one task has the id 0."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=output.err, disable=not output.err.is_terminal, transient=True) as bar:
        bar.add_task(clean(title), total=total)
        yield bar


def chunks(read: Callable[[int], bytes], advance: Advance) -> Iterator[bytes]:
    """What `read` gives, piece by piece, each told of once it is sent."""
    while chunk := read(_CHUNK_BYTES):
        yield chunk
        advance(len(chunk))
