"""Sees how every request is answered, and has the trail know of what was refused or handed out."""

from __future__ import annotations

from starlette.types import Message, Scope

from connectors.ports import Clock
from gateway.audit import requests
from gateway.audit.actions import action_of
from gateway.audit.entry import ALLOWED, REFUSED
from gateway.audit.trail import Trail
from gateway.errors import Forbidden, Hidden, Unauthorized, answered_with
from gateway.middleware import template

REFUSALS = (Forbidden, Hidden, Unauthorized)
_ERRORS = 400


class Witness:
    """The one place that writes answers down; what changes something is written before, by `Command`."""

    def __init__(self, trail: Trail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock

    def __call__(self, scope: Scope, message: Message) -> None:
        """Hears of answers as they start."""
        route = template(scope)
        action = action_of(scope.get("method", "GET"), route)
        problem = answered_with(scope)
        if action is None:
            return
        now = self._clock.now()
        if isinstance(problem, REFUSALS):
            code = {"code": problem.code}
            self._trail.note(requests.of_answer(scope, route, action, REFUSED, code, now))
        elif action.when_allowed and message["status"] < _ERRORS:
            self._trail.note(requests.of_answer(scope, route, action, ALLOWED, {}, now))
