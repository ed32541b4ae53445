"""GraphQL errors that say what the problem documents say: a stable code, the status, and nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from gateway.errors import Problem, problem_of, unexpected_problem

log = structlog.get_logger()

_BAD_DOCUMENT, _BAD_REQUEST = "bad-document", 400
_ELSEWHERE = {
    OperationType.SUBSCRIPTION: "Subscriptions are followed over a WebSocket at this address.",
    OperationType.QUERY: "Send queries by POST.",
    OperationType.MUTATION: "Send mutations by POST.",
}


def explained(errors: Iterable[GraphQLError], request_id: str) -> list[GraphQLError]:
    """The same errors as clients may see them. What nobody expected is logged under the request's id."""
    return [_explained(error, request_id) for error in errors]


def cause_of(error: GraphQLError) -> Exception | None:
    """What went wrong below what GraphQL says of it; None where the document itself is wrong."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _explained(error: GraphQLError, request_id: str) -> GraphQLError:
    cause = cause_of(error)
    if cause is None or _is_of_the_document(error):
        return _with(error, error.message, {"code": _BAD_DOCUMENT, "status": _BAD_REQUEST})
    if (why := _why_not_run(cause)) is not None:
        return _with(error, why, {"code": _BAD_DOCUMENT, "status": _BAD_REQUEST})
    problem = problem_of(cause)
    if problem is None:
        log.error("unexpected error", request_id=request_id, exc_info=cause)
        problem = unexpected_problem(request_id)
    return _with(error, problem.detail, _extensions(problem))


def _why_not_run(cause: Exception) -> str | None:
    """What is wrong with a document none of whose operations can be run here."""
    match cause:
        case InvalidOperationTypeError():
            return _ELSEWHERE[cause.operation_type]
        case CannotGetOperationTypeError():
            return cause.as_http_error_reason()
        case MissingQueryError():
            return "The document is empty."
    return None


def _is_of_the_document(error: GraphQLError) -> bool:
    """A value that is none of its type: found before anything ran, at a place in the document."""
    return error.path is None and bool(error.nodes) and not isinstance(error.original_error, Problem)


def _extensions(problem: Problem) -> dict[str, object]:
    return {"code": problem.code, "status": int(problem.status), **problem.more}


def _with(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
