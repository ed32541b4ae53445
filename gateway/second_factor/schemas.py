"""Second factors as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gateway.auth.passwords import MOST

CODE = Field(min_length=1, max_length=40, description="Of the app, or a recovery code.", examples=["123456"])


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SecondFactor(BaseModel):
    """Whether there is one."""

    on: bool
    recovery_codes: int = Field(description="How many of them are not used yet.")


class Proof(_Strict):
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


class TakenUp(_Strict):
    """The offer, and the first code that the app shows."""

    offer: str = Field(min_length=1, max_length=1000)
    code: str = CODE


class RecoveryCodes(BaseModel):
    """What to sign in with when the app is lost, each once. They are shown once."""

    recovery_codes: list[str]


class GivenUp(_Strict):
    """A code, to show that it is one's own."""

    code: str = CODE
