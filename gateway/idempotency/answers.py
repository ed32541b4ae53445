"""Keeps what was answered to commands with a key, so that the same command gets the same answer and nothing
is done twice. The first is told apart from the rest by compare-and-set, over all replicas.

Working state: when it is lost, what is sent again is done again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from connectors.ports import Database, Document
from connectors.sealing import CannotOpen, Secret
from gateway.errors import Conflict, Invalid
from schemas.events import new_id

COLLECTION = "answers"
EXPIRES = "expires_at"

_KEPT_FOR = timedelta(hours=24)
_UNDER_WAY_FOR = timedelta(minutes=2)
"""Longer than any command takes; who sends a file for longer, and again meanwhile, gets the same ids."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Once:
    """A command that is under way, and done once."""

    id: str
    seed: str
    """What the ids of all that it makes derive from: the same when it is done again after a crash."""


class Answers:
    """The commands with a key that were sent lately. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, secret: Secret) -> None:
        self._database = database
        self._secret = secret
        self._key = secret.derive("idempotency")

    def digest(self, *parts: bytes) -> str:
        """A name for all of these together that does not say what they are."""
        joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._key, joined, hashlib.sha256).hexdigest()

    async def begin(self, id: str, fingerprint: str) -> Once | Answer:
        """The answer of the same command, or leave to do it.

        Raises Conflict while it is under way, and Invalid where the key was another command's.
        """
        now = await self._database.now()
        new: Document = {
            "_id": id,
            "fingerprint": fingerprint,
            "seed": new_id(),
            "until": now + _UNDER_WAY_FOR,
            "answer": None,
            EXPIRES: now + _KEPT_FOR,
        }
        if await self._database.insert(COLLECTION, new):
            return Once(id, new["seed"])
        kept = await self._database.get(COLLECTION, id)
        if kept is None:
            raise _under_way()
        return await self._again(kept, fingerprint, new["until"])

    async def _again(self, kept: Document, fingerprint: str, until: Any) -> Once | Answer:
        if not hmac.compare_digest(kept["fingerprint"], fingerprint):
            raise Invalid("idempotency-key-reused", "This Idempotency-Key was sent with another request.")
        if kept["answer"] is not None:
            return self._read(kept)
        is_over = kept["until"] <= until - _UNDER_WAY_FOR
        if is_over and await self._database.change(
            COLLECTION, kept["_id"], {"until": kept["until"]}, {"until": until}
        ):
            return Once(kept["_id"], kept["seed"])
        raise _under_way()

    def _read(self, kept: Document) -> Answer:
        try:
            said = orjson.loads(self._secret.open(bytes(kept["answer"]), kept["_id"]))
        except CannotOpen as error:
            raise Conflict(
                "answered-before", "This was done, and its answer can't be read any more."
            ) from error
        headers = [(name, value) for name, value in said["headers"]]
        return Answer(said["status"], headers, said["body"].encode("latin-1"))

    async def keep(self, once: Once, answer: Answer) -> None:
        """Keeps the answer, sealed, for a day."""
        said = {"status": answer.status, "headers": answer.headers, "body": answer.body.decode("latin-1")}
        sealed = self._secret.seal(orjson.dumps(said), once.id)
        await self._database.change(COLLECTION, once.id, {}, {"answer": sealed})

    async def release(self, once: Once) -> None:
        """Forgets a command that came to nothing."""
        await self._database.remove(COLLECTION, once.id)


def _under_way() -> Conflict:
    return Conflict(
        "under-way", "The same request is being answered: wait for that.", headers={"Retry-After": "1"}
    )
