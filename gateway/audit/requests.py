"""From a request to the entry about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from starlette.types import Scope

from gateway.audit.actions import Action
from gateway.audit.acts import Act
from gateway.audit.entry import ALLOWED, Entry, Target, actor_of
from gateway.auth.principal import NOBODY, Principal

_PRINCIPAL, _ABOUT = "principal", "about"


def let_in(scope: Scope, principal: Principal) -> None:
    """Takes note of who asks, once that is known."""
    scope["state"][_PRINCIPAL] = principal


def about(scope: Scope, target: Target) -> None:
    """Takes note of what a request is about that its path does not tell."""
    scope["state"][_ABOUT] = target


def of_act(scope: Scope, route: str, principal: Principal, act: Act, now: datetime) -> Entry:
    """Someone is allowed to do something."""
    return _entry(scope, route, principal, act.action, ALLOWED, act.target, act.details, now)


def of_answer(
    scope: Scope, route: str, action: Action, outcome: str, details: Mapping[str, str], now: datetime
) -> Entry:
    """Someone was let through to something, or refused."""
    target = scope["state"].get(_ABOUT) or action.target(scope.get("path_params", {}))
    principal = scope["state"].get(_PRINCIPAL, NOBODY)
    return _entry(scope, route, principal, action.name, outcome, target, details, now)


def _entry(
    scope: Scope,
    route: str,
    principal: Principal,
    action: str,
    outcome: str,
    target: Target | None,
    details: Mapping[str, str],
    now: datetime,
) -> Entry:
    client = scope.get("client")
    return Entry(
        at=now,
        action=action,
        outcome=outcome,
        actor=actor_of(principal, client[0] if client else None),
        target=target,
        request_id=scope["state"]["request_id"],
        method=scope.get("method", "GET"),
        route=route,
        details=details,
    )
