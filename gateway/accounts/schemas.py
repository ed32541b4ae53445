"""Accounts as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.schemas import AuditItem
from gateway.auth.passwords import LEAST, MOST
from gateway.auth.roles import Role
from gateway.json_types import Exact, Truth

State = Literal["active", "disabled", "erased"]

_NAME = Field(None, max_length=200, description="How they are called.")
_EMAIL = Field(None, max_length=254)
Group = str


class User(BaseModel):
    """An account."""

    id: str
    login: str | None = Field(description="What they sign in as; null once it is erased.", examples=["ada"])
    email: str | None
    email_verified: bool
    name: str | None
    role: str = Field(examples=["editor"])
    groups: list[str] = Field(examples=[["family"]])
    state: str = Field(description="active, disabled or erased.", examples=["active"])
    created_at: datetime


class NewUser(Exact):
    """An account to be made for someone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"login": "linus", "password": "correct horse battery", "role": "editor"}]
        }
    )

    login: str = Field(min_length=1, max_length=254, description="A name or e-mail address to sign in with.")
    password: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})
    email: str | None = _EMAIL
    email_verified: Truth = Field(False, description="You have seen to it that the address is theirs.")
    name: str | None = _NAME
    role: Role = "viewer"
    state: Literal["active", "disabled"] = Field("active", description="disabled: they may not come in yet.")


class UserOrder(Exact):
    """What is to change about an account; what is left out stays."""

    role: Role | None = None
    groups: list[Group] | None = Field(None, max_length=100)
    state: Literal["active", "disabled"] | None = None


class OwnOrder(Exact):
    """What someone changes about themselves; what is left out stays."""

    login: str | None = Field(None, min_length=1, max_length=254)
    email: str | None = _EMAIL
    name: str | None = _NAME
    current: str | None = Field(
        None,
        min_length=1,
        max_length=MOST,
        description="The password, to change login or email; not needed by who signed in a moment ago.",
    )


class PasswordOrder(Exact):
    """A new password for someone else."""

    password: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})


class UserAccepted(BaseModel):
    """An account was made or changed."""

    user: User
    token: str = Field(description="Send it with a read to see this command's effect.")


class Export(BaseModel):
    """Everything that is kept about someone."""

    user: User
    sessions: list[dict[str, Any]]
    keys: list[dict[str, Any]]
    media: list[dict[str, Any]]
    viewing: list[dict[str, Any]]
    audit: list[AuditItem]
