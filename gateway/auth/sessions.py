"""Sessions: opened by signing in, kept going by refresh tokens of which each counts once.

A refresh token is nothing but the session's id, a number and a signature over both: only the number that
comes next is kept. Whoever shows an older number has a stolen token, or was stolen from: the session ends.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.ports import Database, Document
from connectors.sealing import Secret
from gateway.errors import Unauthorized
from schemas.events import new_id, to_millis

COLLECTION = "sessions"
EXPIRES = "expires_at"

_MARK = "slr_"
_FORM = struct.Struct(">16sI32s")
_SAME_MOMENT = timedelta(seconds=10)
"""Two tabs of one browser renew at the same moment: the second gets what the first got."""
_MOST_OF_ONE = 200


class Reused(Unauthorized):
    """A refresh token was shown that had been used: the session must end."""

    def __init__(self, session: Session) -> None:
        super().__init__("This refresh token was used before: the session is ended, sign in again.")
        self.session = session


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in, for as long as it is kept going."""

    id: str
    user_id: str
    generation: int
    method: str
    client: str
    address: str
    opened_at: datetime
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long sessions last."""

    unused: timedelta
    at_most: timedelta


class Sessions:
    """Working state: when it is lost, everyone signs in again. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, secret: Secret, lifetimes: Lifetimes) -> None:
        self._database = database
        self._keys = secret.every("refresh tokens")
        self.lifetimes = lifetimes

    async def open(self, user_id: str, now: datetime, *, method: str, client: str, address: str) -> Session:
        """A new session."""
        session = Session(
            id=new_id(),
            user_id=user_id,
            generation=1,
            method=method,
            client=client,
            address=address,
            opened_at=to_millis(now),
            used_at=to_millis(now),
            expires_at=to_millis(now + min(self.lifetimes.unused, self.lifetimes.at_most)),
        )
        await self._database.insert(COLLECTION, _written(session))
        return session

    async def renew(self, token: str, now: datetime) -> Session:
        """The session that a refresh token belongs to, one generation on.

        Raises Unauthorized, and Reused for a token that was used before.
        """
        session_id, generation = self._read(token)
        for _ in range(3):  # whoever loses a race sees what the winner did
            session = await self.get(session_id)
            if session is None or session.expires_at <= now:
                raise Unauthorized("The session has ended: sign in again.")
            if generation == session.generation - 1 and now - session.used_at < _SAME_MOMENT:
                return session
            if generation != session.generation:
                raise Reused(session)
            if (renewed := await self._step(session, now)) is not None:
                return renewed
        raise Unauthorized("The session is being renewed elsewhere: try again.")

    async def _step(self, session: Session, now: datetime) -> Session | None:
        ends = min(now + self.lifetimes.unused, session.opened_at + self.lifetimes.at_most)
        changes = {
            "generation": session.generation + 1,
            "used_at": to_millis(now),
            EXPIRES: to_millis(ends),
        }
        where = {"generation": session.generation}
        done = await self._database.change(COLLECTION, session.id, where, changes)
        return await self.get(session.id) if done else None

    def token(self, session: Session) -> str:
        """The refresh token of the session's present generation."""
        id = uuid.UUID(session.id).bytes
        said = _FORM.pack(id, session.generation, _signature(self._keys[0], id, session.generation))
        return _MARK + base64.urlsafe_b64encode(said).decode().rstrip("=")

    def _read(self, token: str) -> tuple[str, int]:
        try:
            text = token.removeprefix(_MARK)
            said = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            id, generation, signature = _FORM.unpack(said)
        except (ValueError, binascii.Error, struct.error) as error:
            raise Unauthorized("This is no refresh token of ours.") from error
        good = [hmac.compare_digest(signature, _signature(key, id, generation)) for key in self._keys]
        if not token.startswith(_MARK) or not any(good):
            raise Unauthorized("This is no refresh token of ours.")
        return str(uuid.UUID(bytes=id)), generation

    async def get(self, session_id: str) -> Session | None:
        """One session, if it is kept."""
        document = await self._database.get(COLLECTION, session_id)
        return _session(document) if document else None

    async def shown(self, token: str) -> Session | None:
        """The session that a refresh token is or was of, if it is kept."""
        try:
            return await self.get(self._read(token)[0])
        except Unauthorized:
            return None

    async def of(self, user_id: str, now: datetime) -> list[Session]:
        """Someone's sessions, the one used last first."""
        found = await self._database.select(COLLECTION, {"user_id": user_id}, _MOST_OF_ONE)
        sessions = [session for session in map(_session, found) if session.expires_at > now]
        return sorted(sessions, key=lambda session: session.used_at, reverse=True)

    async def forget(self, session_id: str) -> None:
        """Ends a session as far as it is kept here; the log tells everyone."""
        await self._database.remove(COLLECTION, session_id)


def _signature(key: bytes, id: bytes, generation: int) -> bytes:
    return hmac.new(key, id + generation.to_bytes(4), hashlib.sha256).digest()


def _written(session: Session) -> Document:
    fields = {name: getattr(session, name) for name in Session.__slots__ if name != "id"}
    return {"_id": session.id, **fields}


def _session(document: Document) -> Session:
    return Session(id=document["_id"], **{name: document[name] for name in Session.__slots__ if name != "id"})
