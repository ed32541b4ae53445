"""People's own state as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool

from gateway.json_types import A_NUMBER, Exact, Truth
from gateway.moments import Instant

MOST_AT_ONCE = 500
_Position = Annotated[int, Field(ge=1, le=10**12), A_NUMBER]
_Plays = Annotated[int, Field(ge=1, le=2**31 - 1), A_NUMBER]

States = Literal["in-progress", "played", "favourite"]


class ViewingState(BaseModel):
    """One's own state of a work."""

    work_id: str = Field(description="What it belongs to: the same for all versions of the work.")
    position_ms: int = Field(description="Where to go on; 0 where there is nothing to go on with.")
    viewed_at: datetime | None = Field(description="When the position was last moved.")
    played: bool
    plays: int = Field(description="How often it was played to its end.")
    played_at: datetime | None
    favourite: bool
    favourite_at: datetime | None


class ViewingOrder(Exact):
    """What someone says of their own state; what is left out stays as it is."""

    position_ms: Annotated[int, Field(ge=0, le=10**12), A_NUMBER] | None = Field(
        None,
        description="Where they are. Beyond 90% of the length the work counts as played; before 5% of it, "
        "or a minute, it counts as not begun.",
    )
    played: StrictBool | None = Field(None, description="Either way there is no position any more.")
    favourite: StrictBool | None = None


class EarlierState(Exact):
    """What another system knew of someone's state of a medium; what it did not know is left out."""

    user_id: str = Field(max_length=64, examples=["0198c9a2-5b1e-7c3d-8e4f-1a2b3c4d5e6f"])
    media_id: str = Field(max_length=64)
    position_ms: _Position | None = Field(None, description="Where they were; beyond its end it is dropped.")
    viewed_at: Instant = Field(None, description="When they were there.")
    plays: _Plays | None = Field(None, description="How often they played it, if they did.")
    played_at: Instant = Field(None, description="When they did last.")
    favourite: Truth = False
    favourite_at: Instant = Field(None, description="Since when it is one.")


class EarlierStates(Exact):
    """What another system knew. Without a time a word counts as old as its medium is here."""

    items: list[EarlierState] = Field(min_length=1, max_length=MOST_AT_ONCE)
    dry_run: Truth = Field(False, description="Only tell what would become of each.")


class EarlierResult(BaseModel):
    """What became of one of them."""

    user_id: str
    media_id: str
    outcome: Literal["set", "unchanged", "newer", "refused"] = Field(
        description="unchanged: it was so already; newer: what was said here since stands."
    )
    code: str | None = Field(None, description="Why it was refused.", examples=["user-not-found"])
    detail: str | None = None


class TakenOver(BaseModel):
    """What became of each, in the order that they were named in."""

    results: list[EarlierResult]
    token: str = Field(description="Send it with a read to see this command's effect.")
