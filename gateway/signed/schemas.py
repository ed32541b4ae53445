"""Addresses of files as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.json_types import A_NUMBER, Exact

MOST_S = 7 * 86_400
"""No address is good for longer: S3 signs for no longer either."""


class AddressOrder(Exact):
    """An address that someone wants."""

    expires_in_s: Annotated[int, Field(ge=1, le=MOST_S), A_NUMBER] | None = Field(
        None, description="How long it is good for; without it, for as long as is usual here."
    )


class FileAddress(BaseModel):
    """Where anyone may fetch the file, with no token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://media.example.org/signed/WyJtZWRpYSIs",
                    "expires_at": "2026-05-01T12:15:00Z",
                    "through": "gateway",
                }
            ]
        }
    )

    url: str
    expires_at: datetime
    through: Literal["gateway", "store"] = Field(
        description="Who sends the file. An address of the store's can't be taken back before it ends."
    )
