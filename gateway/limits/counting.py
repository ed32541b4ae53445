"""Counts what is spent in windows of time, over all replicas.

A replica takes a small part of what is left from the shared count, by compare-and-set, and spends that
without asking again. So the whole is never more than the budget, a request rarely costs a question, and what
is lost is a part that a replica took and did not need. While the database is away each counts for itself.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from connectors.ports import Clock, Database, DatabaseUnavailable
from gateway.limits.budgets import Budget

log = structlog.get_logger()

COLLECTION = "spent"
EXPIRES = "expires_at"

_PARTS = 50
"""A replica takes at most one of so many parts of a budget at once."""
_MOST_WINDOWS = 20_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How someone stands with a budget."""

    budget: Budget
    left: int
    resets_in_s: int


@dataclass(slots=True)
class _Held:
    """What one replica has of one window."""

    ends_at: float
    own: int = 0
    """Taken and not spent."""
    left: int | None = None
    """What the shared count had left when it was last asked."""
    alone: int = 0
    """Spent while the shared count could not be asked."""


class Counting:
    """The windows that this replica has to do with."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._taking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def spend(self, name: str, budget: Budget, amount: int) -> Standing | None:
        """Where this leaves them; None, and nothing spent, where less than the amount is left."""
        window, held = self._window(name, budget)
        if held.own < amount:
            async with self._taking[window]:
                if held.own < amount:
                    await self._take(window, held, budget, amount)
        if held.own < amount:
            return None
        held.own -= amount
        return self._standing(held, budget)

    def give_back(self, name: str, budget: Budget, amount: int) -> None:
        """Takes a spending back."""
        _, held = self._window(name, budget)
        held.own += amount

    async def standing(self, name: str, budget: Budget) -> Standing:
        """How they stand, by the shared count as it is now."""
        window, held = self._window(name, budget)
        try:
            used = await self._used(window)
        except DatabaseUnavailable:
            used = budget.amount - (held.left if held.left is not None else budget.amount)
        held.left = budget.amount - (used or 0)
        return self._standing(held, budget)

    def _window(self, name: str, budget: Budget) -> tuple[str, _Held]:
        now = self._clock.now().timestamp()
        start = int(now // budget.window_s)
        window = f"{name}/{budget.amount}/{budget.window_s}/{start}"
        held = self._held.get(window)
        if held is None:
            self._forget(now)
            held = self._held[window] = _Held(ends_at=float((start + 1) * budget.window_s))
        return window, held

    def _forget(self, now: float) -> None:
        """Lets go of windows that are over; of all, where there are too many: they are counted elsewhere."""
        if len(self._held) < _MOST_WINDOWS:
            return
        self._held = {window: held for window, held in self._held.items() if held.ends_at > now}
        if len(self._held) >= _MOST_WINDOWS:
            self._held.clear()
        self._taking.clear()

    async def _take(self, window: str, held: _Held, budget: Budget, amount: int) -> None:
        try:
            await self._take_shared(window, held, budget, amount - held.own)
        except DatabaseUnavailable as error:
            log.info("counted by this replica alone", error=str(error))
            free = budget.amount - held.alone
            if free >= amount:
                held.alone += amount
                held.own, held.left = held.own + amount, free - amount

    async def _take_shared(self, window: str, held: _Held, budget: Budget, lacking: int) -> None:
        while True:
            used = await self._used(window)
            held.left = budget.amount - (used or 0)
            part = min(max(lacking, budget.amount // _PARTS), held.left)
            if part < lacking:
                return
            if await self._set(window, held, used, (used or 0) + part):
                held.own, held.left = held.own + part, held.left - part
                return

    async def _used(self, window: str) -> int | None:
        document = await self._database.get(COLLECTION, window)
        return int(document["used"]) if document else None

    async def _set(self, window: str, held: _Held, was: int | None, used: int) -> bool:
        if was is None:
            expires = datetime.fromtimestamp(held.ends_at, UTC) + timedelta(minutes=1)
            return await self._database.insert(COLLECTION, {"_id": window, "used": used, EXPIRES: expires})
        return await self._database.change(COLLECTION, window, {"used": was}, {"used": used})

    def _standing(self, held: _Held, budget: Budget) -> Standing:
        resets_in_s = max(1, round(held.ends_at - self._clock.now().timestamp()))
        return Standing(budget, held.own + (held.left or 0), resets_in_s)
