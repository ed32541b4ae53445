"""What every command shares: publish, answer with a token, and wait a moment for the read models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import Depends, Request, Response

from connectors.ports import BrokerUnavailable, DatabaseUnavailable, Position
from connectors.read_models import NotBuilt
from gateway import tokens
from gateway.audit import requests
from gateway.audit.acts import Act, acts_of
from gateway.audit.entry import FAILED, Entry, Target
from gateway.auth.dependencies import Bearer, current_principal
from gateway.auth.principal import NOBODY, Principal
from gateway.errors import Unavailable
from gateway.freshness import TOKEN_HEADER, wait_for
from gateway.idempotency.answers import Once
from gateway.idempotency.middleware import ONCE
from gateway.middleware import request_id, template
from gateway.services import Services, services_of
from schemas.events import Event, Meta, new_id, seeded_id
from schemas.topics import BY_NAME

log = structlog.get_logger()

_MADE = "made"
"""Where a request's state has how many ids were given out."""
VIEWS = "views"
"""The stage that reads of a topic what can be read back."""


class Command:
    """One request to change something: who asks, when, and the events that it comes to."""

    def __init__(
        self, services: Services, principal: Principal, request: Request, response: Response
    ) -> None:
        self.services = services
        self.principal = principal
        self.request = request
        self._response = response
        self._seed: str | None = None
        self._made = 0

    def repeatable(self, seed: str) -> Command:
        """The same command, whose ids derive from this: done again, it makes the same."""
        again = Command(self.services, self.principal, self.request, self._response)
        again._seed = seed
        return again

    def acting_as(self, user_id: str, session_id: str | None = None) -> Command:
        """The same request, by someone who has just shown who they are."""
        principal = replace(NOBODY, id=user_id, session_id=session_id)
        return Command(self.services, principal, self.request, self._response)

    def meta(self) -> Meta:
        """For an event of this command."""
        return Meta.first(self.principal.actor, self.now, request_id(self.request))

    def new_id(self) -> str:
        """For what this command makes; the same when it is sent again with its key after a crash."""
        if self._seed is not None:
            self._made += 1
            return seeded_id(self._seed, self._made)
        state = self.request.scope["state"]
        held: Once | None = state.get(ONCE)
        if held is None:
            return new_id()
        state[_MADE] = state.get(_MADE, 0) + 1
        return seeded_id(held.seed, state[_MADE])

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.services.clock.now()

    async def publish(
        self, events: Sequence[Event], location: str, *, at_once: bool = False, acts: Sequence[Act] = ()
    ) -> str:
        """Publishes all, puts the location into the answer, returns the token. Raises Unavailable.

        `at_once` leaves it to later reads to wait for the read models. `acts` are what it comes to, where its
        events by themselves would say something else.
        """
        entries = await asyncio.gather(*(self.written_down(act) for act in acts or acts_of(events)))
        try:
            positions = await self.services.publisher.publish(events)
        except BrokerUnavailable as error:
            for entry in entries:
                self.services.trail.note(replace(entry, at=self.now, outcome=FAILED))
            log.warning("command not confirmed", error=str(error))
            raise Unavailable(
                "Kafka did not confirm this in time. It may still happen: look first."
            ) from error
        shown = [each for each in positions if VIEWS in BY_NAME[each.topic].consumers]
        token = tokens.write(tokens.last_of_each(shown))
        self._response.headers[TOKEN_HEADER] = token
        self._response.headers["Location"] = location
        within_s = self.services.settings.read_your_write_s
        await self.services.identity.following.heard(positions, within_s)
        if not at_once:
            await self._shown(shown)
        return token

    def about(self, target: Target) -> None:
        """Says what the request is about, for the audit log, where its path does not tell."""
        requests.about(self.request.scope, target)

    async def written_down(self, act: Act) -> Entry:
        """Has the audit log say what is about to happen, if that changes something. Raises Unavailable."""
        scope, trail = self.request.scope, self.services.trail
        entry = requests.of_act(scope, template(scope), self.principal, act, self.now)
        if not act.changes:
            trail.note(entry)
            return entry
        try:
            await trail.confirm(entry)
        except BrokerUnavailable as error:
            trail.note(replace(entry, outcome=FAILED))
            raise Unavailable(
                "The audit log can't be written now, and nothing is done without it."
            ) from error
        return entry

    async def _shown(self, positions: Sequence[Position]) -> None:
        """Waits a moment for the read models; the command stands whether or not they follow."""
        try:
            within_s = self.services.settings.read_your_write_s
            await wait_for(self.services.read_models, positions, within_s)
        except (DatabaseUnavailable, NotBuilt) as error:
            log.info("read models don't follow", error=str(error))


class OfSomeone(Bearer):
    """A dependency: a command of someone who has said who they are."""

    async def __call__(self, request: Request, response: Response) -> Command:
        """See current_principal."""
        return Command(services_of(request), await current_principal(request), request, response)


async def of_anyone(request: Request, response: Response) -> Command:
    """A command of someone who has not said who they are. Raises OverBudget."""
    services = services_of(request)
    await services.limits.stranger(request)
    return Command(services, NOBODY, request, response)


Commanded = Annotated[Command, Depends(OfSomeone())]
CommandedByAnyone = Annotated[Command, Depends(of_anyone)]
