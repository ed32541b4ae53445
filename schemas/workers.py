"""What people order of a worker: the resources of the kind `worker`, by the worker's name."""

from __future__ import annotations

import json
from typing import Literal, cast

KIND = "worker"

Order = Literal["work", "pause", "drain"]
WORK: Order = "work"
PAUSE: Order = "pause"
"""Claim nothing, and leave what is under way."""
DRAIN: Order = "drain"
"""Claim nothing, and finish what is under way."""

STARTING = "starting"
"""What a worker calls itself that does not know yet what it was ordered."""
STATES: dict[Order, str] = {WORK: "up", PAUSE: "paused", DRAIN: "draining"}
"""What a worker that was ordered so calls itself in its beats."""


def written(order: Order) -> str | None:
    """The resource's value. A worker that is to work needs no order: it is removed."""
    return None if order == WORK else json.dumps({"order": order})


def read(value: str | None) -> Order:
    """The order in a resource's value; one that nobody here knows is taken for `drain`: it harms nothing."""
    if value is None:
        return WORK
    said = json.loads(value).get("order")
    return cast(Order, said) if said in STATES else DRAIN
