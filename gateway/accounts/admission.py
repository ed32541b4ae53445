"""Who may have an account of their own, and as what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.accounts import changes
from gateway.auth.accounts import INVITATION
from gateway.commands import Command
from gateway.errors import Forbidden
from gateway.invitations.kept import accepted
from schemas.events import CredentialChanged


def refuse_uninvited(command: Command, invitation: str | None) -> None:
    """Raises Forbidden for who may not have one here, as far as that can be told before a look at theirs."""
    policy = command.services.settings.registration
    if policy == "closed":
        raise Forbidden("registration-closed", "Accounts are made by the administrator here.")
    if policy == "invited" and not invitation:
        raise Forbidden("invitation-needed", "One must be invited to have an account here.")


@asynccontextmanager
async def admitted(
    command: Command, invitation: str | None, role: str
) -> AsyncIterator[tuple[str, list[CredentialChanged]]]:
    """The role that someone new gets, which is `role` without an invitation, and what it uses up: an
    invitation is held meanwhile. Raises Forbidden for one that is not good, and Conflict.
    """
    if not invitation:
        yield role, []
        return
    identity = command.services.identity
    found = accepted(identity.directory, invitation, command.now)
    async with identity.claims.deciding(f"{INVITATION}/{found.id}"):
        yield found.role, [changes.credential(command, INVITATION, found.id, None, None)]
