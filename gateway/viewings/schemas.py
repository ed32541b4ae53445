"""People's own state as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool

from gateway.json_types import A_NUMBER, Exact

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
