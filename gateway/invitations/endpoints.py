"""The routes of invitations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Response

from gateway.accounts import changes
from gateway.auth import handed_out
from gateway.auth.accounts import INVITATION
from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.errors import NotFound
from gateway.invitations import schemas
from gateway.invitations.kept import MARK, Invitation
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf
from schemas.events import to_millis

router = Router(prefix="/invitations", tags=["users"], responses=problems(401, 403, 422, 429, 503))

_PATH = "/api/v1/invitations"


@router.post("", status_code=201, dependencies=[allow("users:write")])
async def invite(
    command: Commanded, response: Response, order: schemas.InvitationOrder
) -> schemas.NewInvitation:
    """Invites someone: hand them what is answered, it is not shown again."""
    secret, now = handed_out.new_secret(), to_millis(command.now)
    made = Invitation(
        id=command.new_id(),
        role=order.role,
        note=order.note,
        digest=handed_out.digest_of(secret),
        created_at=now,
        expires_at=to_millis(now + timedelta(days=order.days)),
    )
    event = changes.credential(command, INVITATION, made.id, None, made.written())
    await command.publish([event], f"{_PATH}/{made.id}")
    response.headers["Cache-Control"] = "no-store"
    return schemas.NewInvitation(**_said(made), invitation=handed_out.written(MARK, made.id, secret))


@router.get("", dependencies=[allow("users:read")])
async def list_invitations(services: ServicesOf) -> schemas.Invitations:
    """Lists those that nobody has used yet, the newest first."""
    now, kept = services.clock.now(), services.identity.directory.credentials(INVITATION)
    found = [invitation for invitation in map(Invitation.read, kept) if invitation.expires_at > now]
    found.sort(key=lambda invitation: invitation.id, reverse=True)
    return schemas.Invitations(items=[schemas.Invitation(**_said(invitation)) for invitation in found])


@router.delete(
    "/{invitation_id}", status_code=204, dependencies=[allow("users:write")], responses=problems(404)
)
async def withdraw_invitation(command: Commanded, invitation_id: str) -> None:
    """Withdraws an invitation that nobody has used yet."""
    if command.services.identity.directory.credential(INVITATION, invitation_id) is None:
        raise NotFound("invitation-not-found", "There is no such invitation, or it was used.")
    await command.publish([changes.credential(command, INVITATION, invitation_id, None, None)], _PATH)


def _said(invitation: Invitation) -> dict[str, Any]:
    return {name: getattr(invitation, name) for name in schemas.Invitation.model_fields}
