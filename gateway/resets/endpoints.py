"""The routes of resets: whoever looks after accounts makes one, and learns no password by it."""

from __future__ import annotations

from fastapi import Response

from gateway.accounts import changes
from gateway.audit.entry import Target
from gateway.auth import handed_out
from gateway.auth.accounts import ACTIVE, RESET
from gateway.auth.dependencies import allow
from gateway.commands import Commanded, CommandedByAnyone
from gateway.errors import Conflict, NotFound
from gateway.openapi import problems
from gateway.resets import kept, schemas
from gateway.resets.kept import GOOD_FOR, MARK, Reset
from gateway.routing import Admits, Router
from gateway.second_factor import proving
from gateway.sessions import signing_in
from schemas.events import to_millis

router = Router(tags=["users"], responses=problems(401, 403, 422, 429, 503))
using = Router(admits=Admits.ANYONE, tags=["sessions"], responses=problems(401, 403, 422, 429, 503))


@router.post(
    "/users/{user_id}/password-reset",
    status_code=201,
    dependencies=[allow("users:write")],
    responses=problems(404, 409),
)
async def make_reset(command: Commanded, response: Response, user_id: str) -> schemas.NewReset:
    """Makes what lets someone set a new password, once, within a day, in place of any earlier one."""
    user = command.services.identity.directory.user(user_id)
    if user is None:
        raise NotFound("user-not-found", f"There is no account {user_id}, or not yet.")
    if user.id == command.principal.id:
        raise Conflict("own-account", "Change your own password at /api/v1/auth/password.")
    if user.state != ACTIVE:
        raise Conflict("account-closed", f"This account is {user.state}: nobody can sign in to it.")
    secret, until = handed_out.new_secret(), to_millis(command.now + GOOD_FOR)
    made = Reset(handed_out.digest_of(secret), until)
    event = changes.credential(command, RESET, user.id, user.id, made.written())
    await command.publish([event], f"{changes.PATH}/{user.id}")
    response.headers["Cache-Control"] = "no-store"
    return schemas.NewReset(reset=handed_out.written(MARK, user.id, secret), expires_at=until)


@using.post("/auth/password-reset", status_code=204)
async def use_reset(command: CommandedByAnyone, said: schemas.ResetOrder) -> None:
    """Sets a new password by a reset. All sessions end; a second factor is asked for as ever."""
    identity = command.services.identity
    identity.following.refuse_stale()
    whom, _secret = handed_out.read(MARK, said.reset)
    async with command.services.limits.attempt(command.request, whom):
        user = kept.whose(identity.directory, said.reset, command.now)
        command.about(Target("user", user.id))
        acting = command.acting_as(user.id)
        if said.code is not None:
            user = await proving.prove(acting, user, said.code)
    proving.refuse_without(identity, user, said.code)
    used = changes.credential(command, RESET, user.id, user.id, None)
    await signing_in.set_password(acting, user, said.new, used)
