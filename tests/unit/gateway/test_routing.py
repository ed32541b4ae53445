"""What each request costs before its route is reached: few comparisons, and no hop to another thread."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute

from gateway.app import create_app
from gateway.routing import Router
from tests.unit.gateway.fakes import make_private_files, settings_for


async def nothing() -> None:
    """A route."""


def test_a_router_knows_which_paths_are_none_of_its_own() -> None:
    router = Router(prefix="/media")
    for path in ("", "/{media_id}", "/{media_id}/content"):
        router.add_api_route(path, nothing)
    assert router._heads == ("/media",)
    several = Router()
    for path in ("/limits", "/users/{user_id}/limits", "/users"):
        several.add_api_route(path, nothing)
    assert several._heads == ("/limits", "/users")


def routes(router: Any) -> Iterator[APIRoute]:
    """All routes of ours, also those of routers that were included."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from routes(included)


def called(dependant: Dependant) -> Iterator[Any]:
    """All that is called for a request."""
    for each in dependant.dependencies:
        yield each.call
        yield from called(each)


def test_no_request_hops_to_another_thread(tmp_path: Path) -> None:
    """What is no coroutine FastAPI runs in a thread, at a tenth of a millisecond each."""
    make_private_files(tmp_path)
    found = list(routes(create_app(settings_for(tmp_path)).router))
    assert len(found) > 80
    for route in found:
        for call in (route.endpoint, *called(get_dependant(path=route.path, call=route.endpoint))):
            inner = call if inspect.isroutine(call) else type(call).__call__
            assert inspect.iscoroutinefunction(inner), f"{route.path}: {call} is no coroutine"
