"""What past jobs took, by class: the mean seconds of work for a second of the medium.

Working state: when it is lost, nobody knows how long a waiting job will take until some have run again.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.ports import Database

RATES = "work_rates"
_WEIGHT = 0.3
"""What the last task counts against all before it."""


@dataclass(frozen=True, slots=True)
class WorkRates:
    """The means, over a database. Raises DatabaseUnavailable."""

    database: Database

    async def get(self, workload: str) -> float | None:
        """Seconds of work for a second of the medium; None for a class nobody has seen."""
        document = await self.database.get(RATES, workload)
        return float(document["rate"]) if document else None

    async def learn(self, workload: str, rate: float) -> None:
        """Takes in what one task took. Of two at the same moment one may be lost: it is a mean."""
        if await self.database.insert(RATES, {"_id": workload, "rate": rate}):
            return
        known = await self.get(workload)
        if known is not None:
            mean = (1 - _WEIGHT) * known + _WEIGHT * rate
            await self.database.change(RATES, workload, {"rate": known}, {"rate": mean})
