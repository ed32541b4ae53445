"""Who asks by GraphQL, and what the resolvers of one document share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import strawberry
from starlette.requests import HTTPConnection
from starlette.types import Scope
from strawberry.dataloader import DataLoader

from gateway.auth.dependencies import refuse_unless
from gateway.auth.principal import Principal
from gateway.auth.roles import Permission
from gateway.commands import Command
from gateway.errors import BadRequest
from gateway.graphql import joined
from gateway.graphql.limits import Limits
from gateway.jobs.schemas import Job
from gateway.media import several
from gateway.media.schemas import Media
from gateway.pages import MAX_LIMIT, Paging
from gateway.services import Services


@dataclass(slots=True)
class Asking:
    """One document's context."""

    services: Services
    principal: Principal
    request_id: str
    command: Command | None = None
    """What changes anything goes through this; there is none over a WebSocket."""
    connection: HTTPConnection | None = None
    """The WebSocket, each of whose subscriptions counts as a request."""
    operation: str | None = None
    """Which operation of the document the client named."""
    media: DataLoader[str, Media | None] = field(init=False)
    _jobs: dict[int, DataLoader[str, list[Job]]] = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Reads anew from now on: something has changed, or is about to."""
        self.media = DataLoader(partial(several.seen, self.services, self.principal))
        self._jobs = {}

    def allowed(self, permission: Permission) -> Asking:
        """The same, for who may do this. Raises Forbidden."""
        refuse_unless(self.principal, permission)
        return self

    def commanded(self, permission: Permission) -> Command:
        """The command that a mutation is, for who may do so. Raises Forbidden."""
        self.allowed(permission)
        if self.command is None:
            raise BadRequest("not-here", "Send mutations by POST.")
        self.forget()
        return self.command

    async def spend(self) -> None:
        """Spends one request of whoever asks. Raises OverBudget."""
        if self.connection is not None:
            await self.services.limits.request(self.connection, self.principal)

    async def jobs_of(self, media_id: str, first: int) -> list[Job]:
        """The newest jobs of a medium that is theirs to see. Raises BadRequest."""
        most = paging(first, None).limit
        if most not in self._jobs:
            self._jobs[most] = DataLoader(partial(joined.jobs, self.services, most))
        return await self._jobs[most].load(media_id)

    @property
    def scope(self) -> Scope:
        """That of the request, or of the WebSocket."""
        connection = self.connection if self.command is None else self.command.request
        assert connection is not None
        return connection.scope

    @property
    def limits(self) -> Limits:
        """How large a document may be."""
        said = self.services.settings
        return Limits(said.graphql_depth, said.graphql_cost, said.graphql_aliases, said.graphql_tokens)


Info = strawberry.Info[Asking, Any]


def paging(first: int, after: str | None) -> Paging:
    """The page that is wanted. Raises BadRequest."""
    if not 1 <= first <= MAX_LIMIT:
        raise BadRequest("bad-first", f"first is a number from 1 to {MAX_LIMIT}.")
    return Paging(first, after)
