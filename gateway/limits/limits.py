"""Spends from the budgets of whoever asks, and refuses what is beyond them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.requests import HTTPConnection

from gateway.auth.principal import ADMIN, Principal
from gateway.client_address import subscriber_of
from gateway.errors import Problem
from gateway.limits.budgets import Budget, Kind
from gateway.limits.counting import Counting, Standing
from gateway.limits.own import OwnLimits

STANDINGS = "limits"
"""Where a request's state has how whoever asks stands."""

_STEP_BYTES = 8 * 1024 * 1024
_NAMED_FACTOR = 5
"""One name may be tried from all addresses so many times as often as from one."""

_WORDS = {
    "logins": "attempts to sign in",
    "requests": "requests",
    "upload_bytes": "bytes to upload",
    "transcode_minutes": "minutes to transcode",
}


class OverBudget(Problem):
    """Whoever asks has had what they may have in this while."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, kind: Kind, standing: Standing) -> None:
        wait_s = standing.resets_in_s
        super().__init__(
            "over-budget",
            f"There are no more {_WORDS[kind]} for you now: {standing.budget} is what you have.",
            headers={"Retry-After": str(wait_s)},
            budget=kind,
            limit=str(standing.budget),
            retry_after_s=wait_s,
        )


class Limits:
    """The budgets of everyone and of those who have their own. The administrator's token has none."""

    def __init__(
        self,
        counting: Counting,
        everyone: Mapping[Kind, Budget | None],
        own: OwnLimits,
        key: bytes,
    ) -> None:
        self.own = own
        self.everyone = everyone
        self._counting = counting
        self._key = key

    def of(self, principal: Principal) -> dict[Kind, Budget | None]:
        """What someone may have."""
        if principal.id == ADMIN:
            return dict.fromkeys(self.everyone)
        return {**self.everyone, **self.own.of(principal.id)}

    async def request(self, connection: HTTPConnection, principal: Principal) -> None:
        """Spends one request. Raises OverBudget."""
        await self._spend(connection, "requests", self.of(principal)["requests"], principal.id)

    async def stranger(self, connection: HTTPConnection) -> None:
        """Spends one request of someone who has not said who they are. Raises OverBudget."""
        subject = self._secretly(subscriber_of(connection))
        await self._spend(connection, "requests", self.everyone["requests"], subject)

    async def transcode(self, connection: HTTPConnection, principal: Principal, minutes: int) -> None:
        """Spends minutes of media to transcode. Raises OverBudget."""
        budget = self.of(principal)["transcode_minutes"]
        await self._spend(connection, "transcode_minutes", budget, principal.id, minutes)

    @asynccontextmanager
    async def attempt(self, connection: HTTPConnection, name: str) -> AsyncIterator[None]:
        """Around one attempt to show who one is, as this name: it counts unless it succeeds.

        Raises OverBudget.
        """
        spent = await self.knock(connection, name)
        yield
        for subject, budget in spent.items():
            self._counting.give_back(subject, budget, 1)

    async def knock(self, connection: HTTPConnection, name: str) -> Mapping[str, Budget]:
        """Spends one attempt, of an address and under a name. Raises OverBudget."""
        budget = self.everyone["logins"]
        if budget is None:
            return {}
        address = subscriber_of(connection)
        spent = {
            f"logins/{self._secretly(address)}": budget,
            f"logins/{self._secretly(name.casefold())}": budget.times(_NAMED_FACTOR),
        }
        for subject, each in spent.items():
            await self._spend_named(connection, "logins", each, subject, 1)
        return spent

    async def upload(
        self,
        connection: HTTPConnection,
        principal: Principal,
        declared: int | None,
        chunks: AsyncIterator[bytes],
    ) -> AsyncIterator[bytes]:
        """The same bytes, spent as they come. Raises OverBudget, at once where too many are declared."""
        budget = self.of(principal)["upload_bytes"]
        if budget is not None:
            standing = await self._counting.standing(f"upload_bytes/{principal.id}", budget)
            if (declared or 0) > standing.left:
                raise OverBudget("upload_bytes", standing)
        owed = 0
        try:
            async for chunk in chunks:
                owed += len(chunk)
                if owed >= _STEP_BYTES:
                    due, owed = owed, 0
                    await self._spend(connection, "upload_bytes", budget, principal.id, due)
                yield chunk
        finally:  # what came before a cut may be kept
            await self._spend(connection, "upload_bytes", budget, principal.id, owed)

    async def upload_elsewhere(self, connection: HTTPConnection, principal: Principal, amount: int) -> None:
        """Spends bytes that won't come through here. Raises OverBudget."""
        budget = self.of(principal)["upload_bytes"]
        await self._spend(connection, "upload_bytes", budget, principal.id, amount)

    async def standings(self, principal: Principal) -> dict[Kind, Standing | None]:
        """How someone stands with each budget that is theirs."""
        found: dict[Kind, Standing | None] = {}
        for kind, budget in self.of(principal).items():
            name = f"{kind}/{principal.id}"
            found[kind] = await self._counting.standing(name, budget) if budget else None
        return found

    async def _spend(
        self, connection: HTTPConnection, kind: Kind, budget: Budget | None, subject: str, amount: int = 1
    ) -> None:
        if budget is not None and amount:
            await self._spend_named(connection, kind, budget, f"{kind}/{subject}", amount)

    async def _spend_named(
        self, connection: HTTPConnection, kind: Kind, budget: Budget, name: str, amount: int
    ) -> None:
        standing = await self._counting.spend(name, budget, amount)
        told = connection.scope["state"].setdefault(STANDINGS, {})
        told[kind] = standing or await self._counting.standing(name, budget)
        if standing is None:
            raise OverBudget(kind, told[kind])

    def _secretly(self, text: str) -> str:
        """A name for counting by that does not say what it is."""
        return hmac.new(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:32]
