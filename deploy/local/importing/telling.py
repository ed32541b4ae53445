"""Tells the gateway of people's states, many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from deploy.local.importing import states
from deploy.local.importing.door import Door
from deploy.local.importing.states import Order

_PATH = "/viewing/import"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of states."""

    outcomes: Counter[str]
    refused: Sequence[Mapping[str, Any]]


def tell(door: Door, orders: Sequence[Order], done: Callable[[int], None], *, dry_run: bool) -> Told:
    """Has them set where nothing newer was said here. Raises Failure."""
    told = Told(Counter(), refused := [])
    for some in states.batches(orders):
        body = {"items": list(some), "dry_run": dry_run}
        for each in door.ask(partial(door.gateway.post, _PATH, body))["results"]:
            told.outcomes[each["outcome"]] += 1
            refused += [each] if each["outcome"] == "refused" else []
        done(len(some))
    return told
