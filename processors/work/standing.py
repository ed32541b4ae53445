"""What a worker was ordered to do, however long ago: it holds until something else is ordered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from connectors.ports import History, Transient
from schemas.events import ResourceChanged
from schemas.topics import BY_RECORD
from schemas.workers import KIND, STARTING, STATES, WORK, Order, read

log = structlog.get_logger()

_AGAIN_S = 0.5

LastOrder = Callable[[], Awaitable[ResourceChanged | None]]


async def never_ordered() -> ResourceChanged | None:
    """For a worker that nobody orders about."""
    return None


async def last_order(history: History, worker: str) -> ResourceChanged | None:
    """The last thing that a worker was ordered; None where it never was. Raises BrokerUnavailable."""
    found: ResourceChanged | None = None
    async for deliveries in history.read({}, await history.ends([BY_RECORD[ResourceChanged].name])):
        for delivery in deliveries:
            event = delivery.event
            if isinstance(event, ResourceChanged) and (event.kind, event.id) == (KIND, worker):
                found = event
    return found


@dataclass(slots=True)
class Standing:
    """What people want of one worker."""

    worker: str
    order: Order = WORK
    _version: int = 0
    _known: bool = False

    @property
    def state(self) -> str:
        """What the worker calls itself in its beats."""
        return STATES[self.order] if self._known else STARTING

    @property
    def takes_work(self) -> bool:
        """Whether it may claim something; not before it knows."""
        return self._known and self.order == WORK

    async def learn(self, last: LastOrder) -> None:
        """Takes in what was ordered before the worker started; tries until that is known."""
        while True:
            try:
                ordered = await last()
            except Transient as error:
                log.warning("the worker does not know yet whether it may work", error=str(error))
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        if ordered is not None:
            self.hear(ordered)
        self._known = True

    def hear(self, ordered: ResourceChanged) -> None:
        """Takes in an order, if it is for this worker; of two orders the later version stands."""
        if (ordered.kind, ordered.id) != (KIND, self.worker) or ordered.version < self._version:
            return
        self._version, self.order = ordered.version, read(ordered.value)
        log.info("ordered", order=self.order, by=ordered.meta.actor)
