"""What the routes of limits take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.json_types import Exact
from gateway.limits.budgets import PATTERN
from gateway.quotas.amounts import PATTERN as AMOUNT

_Written = Annotated[
    # Told and not enforced here: a budget that is none has a problem of its own.
    Annotated[str, Field(json_schema_extra={"pattern": PATTERN})] | None,
    Field(
        description="So much in each while, as in 6000/1m or 50GiB/1d; off for no limit; null for everyone's."
    ),
]

_Amount = Annotated[
    Annotated[str, Field(json_schema_extra={"pattern": AMOUNT})] | None,
    Field(description="So many bytes in the store, as in 50GiB; off for no limit; null for everyone's."),
]


class LimitsOrder(Exact):
    """The budgets of one account. What is left out is as for everyone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"requests": "12000/1m", "upload_bytes": "off"}]}
    )

    requests: _Written = None
    upload_bytes: _Written = None
    transcode_minutes: _Written = None
    storage: _Amount = None


class Limit(BaseModel):
    """One budget, and how the account stands with it."""

    limit: str
    left: int | None
    resets_in_s: int | None


class Limits(BaseModel):
    """The budgets of one account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"limits": {"requests": {"limit": "6000/1m", "left": 5990, "resets_in_s": 42}}}]
        }
    )

    limits: dict[str, Limit]


class LimitsChanged(BaseModel):
    """The budgets as they are from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"limits": {}, "token": "AAAA"}]})

    limits: dict[str, str]
    token: str
