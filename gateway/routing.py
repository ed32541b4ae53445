"""Routers that know at a glance which paths are none of theirs: a request is not held against every route."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Depends
from starlette.routing import Match
from starlette.types import Scope

from gateway.json_bodies import refuse_half_characters

_BODILESS = frozenset({"GET", "HEAD"})


class Router(APIRouter):
    """An APIRouter whose routes are all there before the first request; their JSON is looked at first."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        """See APIRouter."""
        if not _BODILESS.issuperset(given.get("methods") or ["GET"]):
            first = [Depends(refuse_half_characters)]
            given["dependencies"] = first + list(given.get("dependencies") or [])
        super().add_api_route(path, endpoint, **given)

    @cached_property
    def _heads(self) -> tuple[str, ...]:
        """What the paths of its routes have before their first parameter; none begins with another."""
        heads = sorted({str(getattr(route, "path", "")).partition("{")[0] for route in self.routes})
        return tuple(head for n, head in enumerate(heads) if not head.startswith(tuple(heads[:n])))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See APIRouter. It may be included below another path, so a head may be anywhere in a request's."""
        path = scope["path"]
        if any(head in path for head in self._heads):
            return super().matches(scope)
        return Match.NONE, {}
