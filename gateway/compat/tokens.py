"""Sessions in the words of the older systems."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError

from gateway.auth.principal import ADMIN
from gateway.auth.sessions import Session
from gateway.commands import Command
from gateway.errors import Unauthorized
from gateway.sessions import schemas, signing_in


class OlderUser(BaseModel):
    """Who has signed in."""

    id: str
    username: str
    role: Literal["admin", "user"] = Field(description="They knew these two; /api/v1/auth/whoami says more.")


class OlderTokens(BaseModel):
    """What a session goes on with."""

    token: str = Field(description="For the header Authorization: Bearer.")
    access_token: str = Field(description="The same as token.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int = Field(description="Seconds that it is good for.", examples=[900])
    refresh_token: str = Field(description="Good once, at /api/v1/auth/refresh.")
    user: OlderUser


async def signed_in(
    command: Command, request: Request, response: Response, login: str, password: str
) -> OlderTokens:
    """Opens a session. Raises Unauthorized."""
    session = await signing_in.sign_in(command, request, _said(login, password))
    given = signing_in.tokens(command, session, response, cookies=False)
    assert given.access_token is not None
    assert given.refresh_token is not None
    return OlderTokens(
        token=given.access_token,
        access_token=given.access_token,
        expires_in=given.expires_in,
        refresh_token=given.refresh_token,
        user=_user(command, session, login),
    )


def _said(login: str, password: str) -> schemas.SignIn:
    try:
        return schemas.SignIn(login=login, password=password)
    except ValidationError as error:
        raise Unauthorized("Nobody has such a name or password.") from error


def _user(command: Command, session: Session, login: str) -> OlderUser:
    directory = command.services.identity.directory
    user, personal = directory.user(session.user_id), directory.personal(session.user_id)
    return OlderUser(
        id=session.user_id,
        username=personal.login if personal else login,
        role="admin" if user and user.role == ADMIN else "user",
    )
