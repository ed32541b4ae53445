"""Signing in as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.auth.passwords import LEAST, MOST
from gateway.auth.roles import Permission
from gateway.json_types import Exact, FactorCode, Truth


class SignIn(Exact):
    """Who someone says they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"login": "ada", "password": "correct horse battery"}]}
    )

    login: str = Field(min_length=1, max_length=254, description="A name or e-mail address.")
    password: str = Field(min_length=1, max_length=MOST)
    code: FactorCode | None = Field(
        None,
        description="Of the authenticator app, or a recovery code, for who has a second factor.",
    )
    cookies: Truth = Field(False, description="Keep the tokens in cookies: for pages, and not for programs.")


class Registration(Exact):
    """A new account of one's own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"login": "grace", "password": "correct horse battery"}]}
    )

    login: str = Field(min_length=1, max_length=254, description="A name or e-mail address to sign in with.")
    password: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})
    email: str | None = Field(None, max_length=254)
    name: str | None = Field(None, max_length=200, description="How to be called.")
    invitation: str | None = Field(None, max_length=200, description="Needed where one must be invited.")


class Registered(BaseModel):
    """A registration was taken in. The answer is the same whether or not the name was free."""

    status: Literal["registered"] = "registered"


class Renewal(Exact):
    """Asks for a new access token."""

    refresh_token: str | None = Field(
        None, max_length=200, description="The newest one; left out where it is in a cookie."
    )


class Tokens(BaseModel):
    """What a session goes on with."""

    access_token: str | None = Field(
        description="For the header Authorization; null where it is in a cookie."
    )
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int = Field(description="Seconds that the access token is good for.", examples=[900])
    refresh_token: str | None = Field(
        description="Good once, for the next tokens; null where it is in a cookie."
    )
    csrf_token: str | None = Field(
        None, description="To send as X-CSRF-Token with what changes something, where cookies are used."
    )
    session_id: str


class PasswordChange(Exact):
    """Sets a new password and ends all other sessions."""

    current: str = Field(min_length=1, max_length=MOST)
    new: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})


class Whoami(BaseModel):
    """Who a token belongs to, and what may be done with it."""

    id: str
    role: str
    groups: list[str]
    permissions: list[Permission]
    session_id: str | None = Field(description="Of who is signed in; null for keys and the like.")
    csrf_token: str | None = Field(
        description="To send as X-CSRF-Token with what changes something, where cookies are used."
    )


class Session(BaseModel):
    """One sign-in."""

    id: str
    method: str = Field(examples=["password"])
    client: str = Field(description="What the client said that it is.")
    address: str = Field(description="Where it came from.")
    opened_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool = Field(description="The one that asks.")


class Sessions(BaseModel):
    """Someone's sessions, the one used last first."""

    items: list[Session]


class Ticket(BaseModel):
    """Opens one live connection, soon, once."""

    ticket: str = Field(description="Send it as ?ticket=…, in place of a token.")
    expires_in: int = Field(examples=[30])
