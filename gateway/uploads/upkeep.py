"""Ends what nobody comes back for: uploads that are whole become media, and those that were left go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from fastapi import Request, Response

from connectors.ports import Transient
from connectors.read_models import NotBuilt
from gateway.auth.principal import Principal
from gateway.commands import Command
from gateway.errors import Problem
from gateway.services import Services
from gateway.uploads.finishing import finish
from gateway.uploads.upload import Upload
from schemas.events import new_id

log = structlog.get_logger()

_EVERY_S = 10.0
_SPARE = timedelta(hours=1)
"""How long bytes stay after their upload is forgotten: whoever goes on with one now still finds them."""


class Upkeep:
    """Does so, as long as the gateway runs. Each replica may do all of it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self) -> None:
        """Never ends. What is away is tried again."""
        while True:
            try:
                await self.once()
            except (Transient, NotBuilt) as error:
                log.warning("uploads not looked after", error=str(error))
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        """Looks after all of them. Raises Transient."""
        services = self._services
        for upload in await services.uploads.left_whole():
            await finish_for_owner(services, upload)
        unused = timedelta(seconds=services.settings.upload_lasts_s) + _SPARE
        await services.store.forget_unused(unused)
        if services.direct is not None:
            await services.direct.forget_unused(unused)


async def finish_for_owner(services: Services, upload: Upload) -> None:
    """Makes a medium of an upload that is whole, as its owner would. Raises Transient."""
    command = _command(services, upload)
    try:
        async with services.uploads.holding(upload.id, upload.owner_id) as held:
            if held.upload.accepted is None:
                await finish(command, held)
    except Problem as problem:
        log.info("upload not finished", upload=upload.id, code=problem.code)


def _command(services: Services, upload: Upload) -> Command:
    """What its owner would ask for, who has gone."""
    scope = {
        "type": "http",
        "method": "PATCH",
        "path": f"/api/v1/uploads/{upload.id}",
        "headers": [],
        "state": {"request_id": new_id()},
    }
    owner = Principal(upload.owner_id, role="", may=frozenset())
    return Command(services, owner, Request(scope), Response())
