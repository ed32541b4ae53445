"""Makes addresses: the store's own where clients reach it, and else ours."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from connectors.ports import BlobMissing
from gateway.audit.acts import Act
from gateway.audit.entry import Target
from gateway.commands import Command
from gateway.errors import Archived
from gateway.files import UNKNOWN_TYPE
from gateway.names import clean
from gateway.signed.permits import Kind, Permit
from gateway.signed.schemas import AddressOrder, FileAddress
from gateway.signed.sending import Sendable
from schemas.events import to_millis


async def make(command: Command, kind: Kind, id: str, file: Sendable, order: AddressOrder) -> FileAddress:
    """An address of a file; who made it is in the audit log before it is answered. Raises Unavailable,
    and Archived where the store would refuse it.
    """
    settings = command.services.settings
    lasts_s = settings.address_s if order.expires_in_s is None else order.expires_in_s
    expires_at = to_millis(command.now + timedelta(seconds=lasts_s)).replace(microsecond=0)
    said = {"expires_at": expires_at.isoformat()}
    await command.written_down(Act("address.made", Target(kind, id), said))
    of_store = await _of_store(command, file, lasts_s) if settings.s3_public_endpoint else None
    if of_store is not None:
        return FileAddress(url=of_store, expires_at=expires_at, through="store")
    return FileAddress(url=_ours(command, kind, id, expires_at), expires_at=expires_at, through="gateway")


async def _of_store(command: Command, file: Sendable, lasts_s: int) -> str | None:
    content_type, store = file.content_type or UNKNOWN_TYPE, command.services.store
    with contextlib.suppress(BlobMissing):
        if not (await store.stat(file.location)).readable:
            raise Archived
    return await store.address(file.location, clean(file.name), content_type, lasts_s)


def _ours(command: Command, kind: Kind, id: str, expires_at: datetime) -> str:
    services = command.services
    permit = Permit(kind, id, command.principal.id, int(expires_at.timestamp()))
    origin = services.settings.origin or str(command.request.base_url).rstrip("/")
    return f"{origin}/signed/{services.permits.write(permit)}"
