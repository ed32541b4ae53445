"""What a command answered with can be sent with a read, which then waits a moment until the effect shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import Request

from connectors.ports import Position
from connectors.read_models import ReadModels
from gateway import tokens
from gateway.errors import BadRequest
from gateway.services import services_of

TOKEN_HEADER = "Sluice-Token"  # noqa: S105 - the name of a header
TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter


async def fresh(request: Request) -> None:
    """Waits for what the request's token promises. Raises BadRequest for what is no token."""
    given = request.headers.get(TOKEN_HEADER) or request.query_params.get(TOKEN_PARAMETER)
    if not given:
        return
    try:
        positions = tokens.read(given)
    except tokens.BadToken as error:
        raise BadRequest(
            "bad-token", f"{error}; leave it out, or send one that a command answered."
        ) from error
    services = services_of(request)
    within_s = services.settings.read_your_write_s
    await services.identity.following.heard(positions, within_s)
    await wait_for(services.read_models, positions, within_s)


async def wait_for(read_models: ReadModels, positions: Sequence[Position], within_s: float) -> bool:
    """Whether all of these records can be read back, after waiting so long at most."""
    try:
        async with asyncio.timeout(within_s + 0.1):
            return all(await asyncio.gather(*(read_models.caught_up(p, within_s) for p in positions)))
    except TimeoutError:
        return False
