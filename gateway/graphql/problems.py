"""GraphQL errors that say what the problem documents say: a stable code, the status, and nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from graphql import GraphQLError

from gateway.errors import Problem, problem_of, unexpected_problem

log = structlog.get_logger()

_BAD_DOCUMENT, _BAD_REQUEST = "bad-document", 400


def explained(errors: Iterable[GraphQLError], request_id: str) -> list[GraphQLError]:
    """The same errors as clients may see them. What nobody expected is logged under the request's id."""
    return [_explained(error, request_id) for error in errors]


def _explained(error: GraphQLError, request_id: str) -> GraphQLError:
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None or _is_of_the_document(error):
        return _with(error, error.message, {"code": _BAD_DOCUMENT, "status": _BAD_REQUEST})
    problem = problem_of(cause)
    if problem is None:
        log.error("unexpected error", request_id=request_id, exc_info=cause)
        problem = unexpected_problem(request_id)
    return _with(error, problem.detail, _extensions(problem))


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
