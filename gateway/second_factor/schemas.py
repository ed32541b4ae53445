"""Second factors as JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from gateway.auth.passwords import MOST
from gateway.json_types import Exact, FactorCode

_CODE = Field(description="Of the app, or a recovery code.", examples=["123456"])


class SecondFactor(BaseModel):
    """Whether there is one."""

    on: bool
    recovery_codes: int = Field(description="How many of them are not used yet.")


class Proof(Exact):
    """Who is asking, once more."""

    current: str | None = Field(
        None, max_length=MOST, description="The password, unless one signed in just now."
    )


class Offer(BaseModel):
    """A second factor to take up with an authenticator app."""

    offer: str = Field(description="To be sent back with the app's code.")
    secret: str = Field(description="To be typed into the app.")
    uri: str = Field(description="The same for an app that reads a picture.", examples=["otpauth://totp/…"])
    expires_in: int = Field(examples=[600])


class TakenUp(Exact):
    """The offer, and the first code that the app shows."""

    offer: str = Field(min_length=1, max_length=1000)
    code: FactorCode = _CODE


class RecoveryCodes(BaseModel):
    """What to sign in with when the app is lost, each once. They are shown once."""

    recovery_codes: list[str]


class GivenUp(Exact):
    """A code, to show that it is one's own."""

    code: FactorCode = _CODE
