"""What tus says in headers (https://tus.io/protocols/resumable-upload), read and written. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway.errors import BadRequest, Invalid, Problem

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"
ALGORITHMS = ("sha256", "sha1", "md5")
PIECE = "application/offset+octet-stream"

RESUMABLE, OFFSET, LENGTH = "Tus-Resumable", "Upload-Offset", "Upload-Length"
DEFER, METADATA, CHECKSUM, EXPIRES = (
    "Upload-Defer-Length",
    "Upload-Metadata",
    "Upload-Checksum",
    "Upload-Expires",
)
OVERRIDE = "X-HTTP-Method-Override"

SENT = ("Content-Type", RESUMABLE, OFFSET, LENGTH, DEFER, METADATA, CHECKSUM, OVERRIDE, "X-Requested-With")
TOLD = (
    RESUMABLE,
    OFFSET,
    LENGTH,
    DEFER,
    METADATA,
    EXPIRES,
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
)
"""Headers that pages of other origins may send and read."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[!-+\--~]+")
_MOST_METADATA = 8192
_CHECKSUM_MISMATCH = 460

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece is to hash to."""

    algorithm: str
    digest: bytes

    def begin(self) -> _Hash:
        """What to feed the piece's bytes to."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def refuse_version(headers: Headers) -> None:
    """Raises Problem (412) for a version that is none of ours, or for none."""
    if headers.get(RESUMABLE) != VERSION:
        raise Problem(
            "tus-version",
            f"Say {RESUMABLE}: {VERSION}.",
            status=HTTPStatus.PRECONDITION_FAILED,
            headers={"Tus-Version": VERSION},
        )


def refuse_type(headers: Headers) -> None:
    """Raises Problem (415) for a body that is no piece of an upload."""
    if not is_piece(headers):
        raise Problem("not-a-piece", f"Send it as {PIECE}.", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def is_piece(headers: Headers) -> bool:
    """Whether a body says that it is a piece of an upload."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == PIECE


def number(headers: Headers, name: str) -> int | None:
    """A header that is a number; None where it is not sent. Raises BadRequest for what is none."""
    said = headers.get(name)
    if said is None:
        return None
    if not _NUMBER.fullmatch(said):
        raise BadRequest("bad-header", f"{name} is a number of bytes.")
    return int(said)


def offset(headers: Headers) -> int:
    """Where a piece begins. Raises BadRequest."""
    said = number(headers, OFFSET)
    if said is None:
        raise BadRequest("bad-header", f"Say {OFFSET}: where this piece begins.")
    return said


def length(headers: Headers) -> int | None:
    """How long a new upload will be; None where that is said later. Raises BadRequest, and Invalid for 0."""
    said, later = number(headers, LENGTH), headers.get(DEFER)
    if later not in (None, "1") or (said is None) == (later is None):
        raise BadRequest("bad-header", f"Say {LENGTH}, or {DEFER}: 1.")
    refuse_empty(said)
    return said


def refuse_empty(length: int | None) -> None:
    """Raises Invalid for an upload of nothing."""
    if length == 0:
        raise Invalid("empty", "The file is empty: there is nothing to keep.")


def metadata(said: str) -> dict[str, str]:
    """The pairs of Upload-Metadata. Raises BadRequest."""
    found: dict[str, str] = {}
    for pair in said.split(",") if said.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise BadRequest("bad-header", f"{METADATA} has keys, each once, with values in base64.")
        found[key] = _decoded(value.strip())
    if len(said) > _MOST_METADATA:
        raise BadRequest("bad-header", f"{METADATA} has up to {_MOST_METADATA} characters.")
    return found


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequest("bad-header", f"{METADATA} has values in base64, of UTF-8.") from error


def checksum(headers: Headers) -> Checksum | None:
    """What a piece is to hash to, where that is said. Raises BadRequest."""
    said = headers.get(CHECKSUM)
    if said is None:
        return None
    algorithm, _, value = said.partition(" ")
    try:
        found = Checksum(algorithm, base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadRequest("bad-header", f"{CHECKSUM} has a hash in base64.") from error
    if algorithm not in ALGORITHMS or len(found.digest) != found.begin().digest_size:
        raise BadRequest("bad-header", f"{CHECKSUM} is by one of {', '.join(ALGORITHMS)}.")
    return found


def mismatch() -> Problem:
    """A piece is not what its sender said: nothing of it is kept."""
    detail = "The piece arrived as another than was sent: send it again."
    return Problem("checksum-mismatch", detail, status=_CHECKSUM_MISMATCH)


def date(at: datetime) -> str:
    """A moment as headers have it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
