"""Looks at everything that the gateway needs, all at once and for a bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from connectors.beat import Beat
from connectors.breaker import Breaker
from connectors.ports import BlobStore, Database, StoreFull, StoreReadOnly
from connectors.read_models import ReadModels
from gateway.broker import Broker
from gateway.errors import said_openly
from gateway.following import Following
from gateway.system.schemas import Check, Readiness

Look = Callable[[], Awaitable[str]]
"""Looks at one dependency: what there is to say about it, or an exception that says what is wrong."""

NO_BREAKERS: Mapping[str, Breaker] = {}


async def readiness(
    looks: Mapping[str, Look],
    stopping: bool,
    patience_s: float = 2.0,
    breakers: Mapping[str, Breaker] = NO_BREAKERS,
) -> Readiness:
    """What each look found. Never raises, and takes no longer than the patience for one."""
    found = await asyncio.gather(*(_check(look, patience_s) for look in looks.values()))
    checks = dict(zip(looks, found, strict=True))
    for name in checks.keys() & breakers.keys():
        checks[name].breaker = breakers[name].state
    if stopping:
        checks["gateway"] = Check(ok=False, detail="stopping", latency_ms=0)
    return Readiness(ready=all(check.ok for check in checks.values()), checks=checks)


async def _check(look: Look, patience_s: float) -> Check:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(patience_s):
            ok, detail = True, await look()
    except TimeoutError:
        ok, detail = False, f"no answer in {patience_s:g} s"
    except Exception as error:  # whatever is wrong with a dependency is what this is here to say
        ok, detail = False, said_openly(error)
    return Check(ok=ok, detail=detail, latency_ms=round((time.perf_counter() - began) * 1000, 2))


def looks(
    broker: Broker,
    beat: Beat,
    beat_s: float,
    database: Database,
    read_models: ReadModels,
    store: BlobStore,
    following: Following,
) -> dict[str, Look]:
    """How to look at each of the gateway's dependencies."""

    async def kafka() -> str:
        """A beat that was acknowledged a moment ago is proof enough; otherwise another one is."""
        if not broker.acknowledged_within(beat_s):
            await beat.send("up")
        return "acknowledges"

    async def mongodb() -> str:
        await database.ping()
        return "answers"

    async def models() -> str:
        return f"generation {await read_models.generation()}"

    async def blobs() -> str:
        """What is there is sent where nothing more can be taken in: no replica is better off elsewhere."""
        try:
            await store.ping()
        except (StoreFull, StoreReadOnly) as error:
            return str(error)
        return "writable"

    async def accounts() -> str:
        following.refuse_stale()
        return f"known as of {following.age_s:.1f} s ago"

    return {
        "kafka": kafka,
        "mongodb": mongodb,
        "read_models": models,
        "blobs": blobs,
        "accounts": accounts,
    }
