"""Resets as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.auth.passwords import LEAST, MOST
from gateway.json_types import Exact, FactorCode


class NewReset(BaseModel):
    """To be handed to its owner, who sets a new password with it."""

    reset: str = Field(description="It is not shown again.", examples=["slr_…"])
    expires_at: datetime


class ResetOrder(Exact):
    """A new password, by a reset."""

    reset: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})
    code: FactorCode | None = Field(None, description="As for signing in, for who has a second factor.")
