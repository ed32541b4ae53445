"""Routers that know at a glance which paths are none of theirs: a request is not held against every route."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Depends, params
from starlette.routing import Match
from starlette.types import Scope

from gateway.allowed_methods import READS
from gateway.auth.dependencies import Bearer, OfRequest
from gateway.idempotency.dependencies import OnceBySomeone, once_by_anyone
from gateway.json_bodies import refuse_half_characters


class Admits(enum.Enum):
    """Whom the routes of a router let in before they look for themselves."""

    SOMEONE = "someone"
    """Who has shown who they are; a command is done once for each Idempotency-Key."""
    ANYONE = "anyone"
    """Who wants to show it, or needs not; commands are done once too."""
    ALL = "all"
    """Whoever comes."""


class Router(APIRouter):
    """An APIRouter whose routes are all there before the first request. They are for someone unless it says
    otherwise, and the JSON that they are sent is looked at first.
    """

    def __init__(self, *, admits: Admits = Admits.SOMEONE, **given: Any) -> None:
        super().__init__(**given)
        self._admits = admits

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        """See APIRouter."""
        own = list(given.get("dependencies") or [])
        is_read = READS.issuperset(given.get("methods") or ["GET"])
        given["dependencies"] = [*(self._of_reads(own) if is_read else self._of_commands()), *own]
        super().add_api_route(path, endpoint, **given)

    def _of_reads(self, own: Sequence[params.Depends]) -> list[params.Depends]:
        asks_already = any(isinstance(each.dependency, Bearer) for each in own)
        return [] if self._admits is not Admits.SOMEONE or asks_already else [Depends(OfRequest())]

    def _of_commands(self) -> list[params.Depends]:
        first = {Admits.SOMEONE: [Depends(OnceBySomeone())], Admits.ANYONE: [Depends(once_by_anyone)]}
        return [*first.get(self._admits, []), Depends(refuse_half_characters)]

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
