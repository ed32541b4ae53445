"""What can go wrong, as exceptions that carry their HTTP status, and as documents.

Every error leaves as a problem document (RFC 9457); `code` is the stable name that clients may test.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Scope

from connectors.ports import (
    BadCursor,
    BlobArchived,
    BlobMissing,
    BrokerUnavailable,
    DatabaseUnavailable,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    Transient,
)
from connectors.read_models import NotBuilt

log = structlog.get_logger()

RETRY_AFTER_S = 2

TELL_ERROR = "tell_error"
"""Set in the state of a request whose client looks for what is wrong in a member `error`."""


_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    460: "Checksum Mismatch",
}
"""What RFC 9110 calls them, which Python does from 3.13 on; and tus its own."""


class Problem(Exception):
    """An answer that is not success. `more` becomes further members of the document."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = self.status if status is None else status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


class BadRequest(Problem):
    """The request makes no sense; sending it again won't help."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorized(Problem):
    """The request carries no token, or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str) -> None:
        super().__init__("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="sluice"'})


class Forbidden(Problem):
    """Whoever asks may not have it."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """There is no such thing, or not yet."""

    status = HTTPStatus.NOT_FOUND


class Hidden(NotFound):
    """It is there, and none of the business of whoever asks: said as if it were not."""


class ClientTimeout(Problem):
    """The client went silent in the middle of its request."""

    status = HTTPStatus.REQUEST_TIMEOUT


class Conflict(Problem):
    """The thing's present state does not allow this."""

    status = HTTPStatus.CONFLICT


class Gone(Problem):
    """It was there, and is no more."""

    status = HTTPStatus.GONE


class TooLarge(Problem):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Invalid(Problem):
    """The request is well formed, but what it says can't be done."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class UnsupportedType(Problem):
    """The body is of a type that the route does not read."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__("unsupported-media-type", "Send JSON, and say so: Content-Type: application/json.")


class Unavailable(Problem):
    """Something that we need is away; it may be back in a moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, code: str = "unavailable") -> None:
        super().__init__(code, detail, headers={"Retry-After": str(RETRY_AFTER_S)})


class Replayed(Exception):
    """This was done before, and is answered as it was then."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class Archived(Conflict):
    """The bytes are where they can't be read before they were asked back."""

    def __init__(self, what: str = "The file") -> None:
        super().__init__(
            "archived",
            f"{what} is in an archive that has to give it back before it can be read. Ask for it with POST "
            "/api/v1/media/{id}/unarchive: that may take hours, and its job says when it is back.",
        )


def problem_response(problem: Problem) -> Response:
    """The document of a problem."""
    body = {
        "type": f"urn:sluice:problem:{problem.code}",
        "title": title(problem.status),
        "status": int(problem.status),
        "code": problem.code,
        "detail": problem.detail,
        **problem.more,
    }
    return Response(
        orjson.dumps(body), int(problem.status), problem.headers, media_type="application/problem+json"
    )


def unexpected(instance: str) -> Response:
    """The answer to an error of ours: nothing but the id under which it was logged."""
    return problem_response(unexpected_problem(instance))


def unexpected_problem(instance: str) -> Problem:
    """An error of ours, as clients may know of it."""
    detail = "Something went wrong on our side; the log has the details under this id."
    return Problem("unexpected", detail, instance=f"urn:sluice:request:{instance}")


def problem_of(error: Exception) -> Problem | None:
    """The problem that an error of ours is; None for what nobody expected."""
    match error:
        case Problem():
            return error
        case StoreFull():
            return Problem("store-full", said_openly(error), status=HTTPStatus.INSUFFICIENT_STORAGE)
        case StoreReadOnly():
            return Unavailable(said_openly(error), "store-read-only")
        case BadCursor():
            return BadRequest("bad-cursor", str(error))
        case BlobMissing():
            return Gone("blob-missing", str(error))
        case BlobArchived():
            return Archived()
        case Transient() | NotBuilt():
            log.warning("something that we need is away", error=str(error))
            return Unavailable(said_openly(error))
    return None


def said_openly(error: Exception) -> str:
    """What anyone may know of an error: the log has the addresses and the rest."""
    match error:
        case BrokerUnavailable():
            return "Kafka does not answer."
        case DatabaseUnavailable():
            return "MongoDB does not answer."
        case StoreUnavailable():
            return "The store does not answer."
        case StoreFull() | StoreReadOnly() | NotBuilt() | Problem():
            return str(error)
        case OSError():
            return error.strerror or type(error).__name__
    return type(error).__name__


def answered_with(scope: Scope) -> Problem | None:
    """What a request was answered with, where that was no success."""
    found: Problem | None = scope.get("state", {}).get("problem")
    return found


def title(status: int) -> str:
    """What a status is called: the same whichever Python runs, for codes derive from it."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase
