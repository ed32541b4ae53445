"""Renders every error of ours and of the framework as a problem document."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from connectors.ports import BadCursor, BlobArchived, BlobMissing, StoreFull, Transient
from connectors.read_models import NotBuilt
from gateway.allowed_methods import allowed_methods
from gateway.content_types import says_json
from gateway.errors import (
    TELL_ERROR,
    BadRequest,
    Invalid,
    Problem,
    Replayed,
    UnsupportedType,
    problem_of,
    problem_response,
    title,
)


def install(app: FastAPI) -> None:
    """Renders every error of ours and of the framework as a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(StoreFull, _on_known)
    app.add_exception_handler(BadCursor, _on_known)
    app.add_exception_handler(BlobMissing, _on_known)
    app.add_exception_handler(BlobArchived, _on_known)
    app.add_exception_handler(Transient, _on_known)
    app.add_exception_handler(NotBuilt, _on_known)
    app.add_exception_handler(Replayed, _on_replayed)


def _answer(request: Request, problem: Problem) -> Response:
    if getattr(request.state, TELL_ERROR, False):
        problem.more.setdefault("error", problem.detail)
    return problem_response(problem)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    request.state.problem = error
    return _answer(request, error)


async def _on_replayed(_: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)
    return error.response


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed_methods(request)
    return _answer(request, Problem(_code(status), error.detail, status=status, headers=headers))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [{"at": [str(step) for step in e["loc"]], "reason": e["msg"]} for e in error.errors()]
    if any(e["type"] == "json_invalid" for e in error.errors()):
        return _answer(request, BadRequest("malformed-json", "The body is not valid JSON.", errors=said))
    if any(e["loc"] == ("body",) for e in error.errors()) and _is_no_json(request):
        return _answer(request, UnsupportedType())
    reasons = "; ".join(f"{'.'.join(e['at'])}: {e['reason']}" for e in said)
    return _answer(request, Invalid("invalid", reasons, errors=said))


def _is_no_json(request: Request) -> bool:
    """Whether something was sent that does not say that it is JSON."""
    sent = request.headers.get("content-length") not in (None, "0") or "transfer-encoding" in request.headers
    return sent and not says_json(request)


async def _on_disconnect(request: Request, _: Exception) -> Response:
    return _answer(request, BadRequest("cut-off", "The connection ended before the body did."))


async def _on_known(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    assert problem is not None
    return _answer(request, problem)


def _code(status: int) -> str:
    return title(status).lower().replace(" ", "-").replace("'", "")
