"""The routes of second factors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Response

from gateway.auth.accounts import User
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.principal import ADMIN
from gateway.auth.second_factor import OFFERED_FOR
from gateway.commands import Command, Commanded
from gateway.errors import Conflict, Forbidden, NotFound
from gateway.openapi import problems
from gateway.routing import Router
from gateway.second_factor import proving, schemas
from gateway.services import ServicesOf
from gateway.sessions import signing_in

router = Router(tags=["sessions"], responses=problems(401, 403, 422, 429, 503))

_OWN = [allow("account")]
_PATH = "/auth/second-factor"


@router.get(_PATH, dependencies=_OWN)
async def get_second_factor(services: ServicesOf, principal: CurrentPrincipal) -> schemas.SecondFactor:
    """Says whether whoever asks has a second factor."""
    factor = proving.factor_of(services.identity, principal.id)
    return schemas.SecondFactor(on=factor is not None, recovery_codes=len(factor.recovery) if factor else 0)


@router.post(_PATH, dependencies=_OWN, responses=problems(409))
async def offer_second_factor(
    command: Commanded, response: Response, said: Annotated[schemas.Proof | None, Body()] = None
) -> schemas.Offer:
    """Offers a second factor. It is asked for once it was taken up with a code of the app.

    It takes the password, or a session that was opened in the last ten minutes.
    """
    user, identity = _own(command), command.services.identity
    await signing_in.refuse_unproven(command, said.current if said else None)
    _refuse_second(command, user)
    personal = identity.directory.personal(user.id)
    offer = identity.second_factors.offer(user.id, personal.login if personal else user.id, command.now)
    response.headers["Cache-Control"] = "no-store"
    expires_in = int(OFFERED_FOR.total_seconds())
    return schemas.Offer(offer=offer.token, secret=offer.secret, uri=offer.uri, expires_in=expires_in)


@router.put(_PATH, dependencies=_OWN, responses=problems(409))
async def take_up_second_factor(
    command: Commanded, response: Response, said: schemas.TakenUp
) -> schemas.RecoveryCodes:
    """Takes up a second factor that was offered. From then on signing in takes a code of the app, too."""
    user, factors = _own(command), command.services.identity.second_factors
    _refuse_second(command, user)
    factor, codes = await factors.taken_up(said.offer, said.code, user.id, command.now)
    await proving.keep(command, user, factor, "second-factor")
    response.headers["Cache-Control"] = "no-store"
    return schemas.RecoveryCodes(recovery_codes=codes)


@router.post(f"{_PATH}/removal", dependencies=_OWN, status_code=204, responses=problems(404, 409))
async def give_up_second_factor(command: Commanded, said: schemas.GivenUp) -> None:
    """Gives up one's second factor. It takes a code of it."""
    user, identity = _own(command), command.services.identity
    factor = proving.factor_of(identity, user.id)
    if factor is None:
        raise _none()
    async with command.services.limits.attempt(command.request, user.id):
        right = await identity.second_factors.is_code(factor, user.id, said.code, command.now)
        if not right and factor.without(said.code) is None:
            raise Forbidden("wrong-code", "The code is another one, or was used before.")
    await proving.keep(command, user, None, "second-factor-removed")


@router.delete(
    "/users/{user_id}/second-factor",
    dependencies=[allow("users:write")],
    status_code=204,
    responses=problems(404, 409),
)
async def remove_second_factor(command: Commanded, user_id: str) -> None:
    """Takes someone's second factor away, who has lost the app and the recovery codes."""
    directory = command.services.identity.directory
    user = directory.user(user_id)
    if user is None:
        raise NotFound("user-not-found", f"There is no account {user_id}, or not yet.")
    if user.id == command.principal.id:
        raise Conflict("own-account", f"Give up your own at /api/v1{_PATH}/removal, with a code.")
    if proving.factor_of(command.services.identity, user.id) is None:
        raise _none()
    await proving.keep(command, user, None, "second-factor-removed")


def _own(command: Command) -> User:
    """The account of whoever asks. Raises Conflict."""
    user = command.services.identity.directory.user(command.principal.id)
    if user is None or command.principal.id == ADMIN:
        raise Conflict("no-account", "The administrator's token is no account: sign in as someone.")
    return user


def _refuse_second(command: Command, user: User) -> None:
    if proving.factor_of(command.services.identity, user.id) is not None:
        raise Conflict("second-factor-on", "You have a second factor: give that up first.")


def _none() -> NotFound:
    return NotFound("no-second-factor", "There is no second factor.")
