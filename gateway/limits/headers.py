"""Tells each client how it stands with its budgets, in the headers RateLimit and RateLimit-Policy."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope

from gateway.limits.counting import Standing
from gateway.limits.limits import STANDINGS


def tell_standings(scope: Scope, message: Message) -> None:
    """Hears of answers as they start, and does so."""
    if told := scope["state"].get(STANDINGS):
        _tell(MutableHeaders(scope=message), told)


def _tell(headers: MutableHeaders, told: dict[str, Standing]) -> None:
    headers["RateLimit-Policy"] = ", ".join(
        f'"{kind}";q={each.budget.amount};w={each.budget.window_s}' for kind, each in told.items()
    )
    headers["RateLimit"] = ", ".join(
        f'"{kind}";r={each.left};t={each.resets_in_s}' for kind, each in told.items()
    )
