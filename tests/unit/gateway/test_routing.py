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
from gateway.auth.dependencies import Allowed, allow
from gateway.routing import Admits, Router
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


def dependencies_of(router: Router, method: str) -> list[str]:
    """What stands before a route of this method."""
    router.add_api_route("/x", nothing, methods=[method])
    route = router.routes[-1]
    assert isinstance(route, APIRoute)
    return [
        getattr(each.dependency, "__name__", type(each.dependency).__name__) for each in route.dependencies
    ]


def test_routes_are_for_someone_unless_their_router_says_otherwise() -> None:
    assert dependencies_of(Router(), "GET") == ["OfRequest"]
    assert dependencies_of(Router(), "POST") == ["OnceBySomeone", "refuse_half_characters"]
    by_anyone = dependencies_of(Router(admits=Admits.ANYONE), "POST")
    assert by_anyone == ["once_by_anyone", "refuse_half_characters"]
    assert dependencies_of(Router(admits=Admits.ALL), "POST") == ["refuse_half_characters"]
    assert dependencies_of(Router(admits=Admits.ALL), "GET") == []


def test_a_read_that_asks_who_may_is_not_asked_twice() -> None:
    router = Router()
    router.add_api_route("/x", nothing, dependencies=[allow("media:read")])
    route = router.routes[-1]
    assert isinstance(route, APIRoute)
    assert [type(each.dependency) for each in route.dependencies] == [Allowed]
