"""Everyone who may come in, kept in memory by each replica from the log: to ask it costs nothing, and what
was revoked anywhere is revoked here a moment later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from connectors.ports import Clock
from connectors.sealing import CannotOpen, Secret, open_sealed
from gateway.auth.accounts import ACTIVE, USER_KEY, Credential, Personal, User, folded
from schemas.events import CredentialChanged, Event, SessionChanged, UserChanged

log = structlog.get_logger()

_SWEEP_EVERY = timedelta(minutes=5)


class Directory:
    """The accounts, their credentials, and the sessions that were closed before their time."""

    def __init__(self, secret: Secret, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._users: dict[str, User] = {}
        self._credentials: dict[tuple[str, str], Credential] = {}
        self._versions: dict[str, int] = {}
        self._personal: dict[str, Personal] = {}
        self._names: dict[str, set[str]] = {}
        self._closed: dict[str, datetime] = {}
        self._sweep_at = clock.now() + _SWEEP_EVERY

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        match event:
            case UserChanged():
                self._user(event)
            case CredentialChanged():
                self._credential(event)
            case SessionChanged(state="closed"):
                self._closed[event.session_id] = event.expires_at
                self._sweep()

    def user(self, user_id: str) -> User | None:
        """An account, whatever its state."""
        return self._users.get(user_id)

    def active(self, user_id: str) -> User | None:
        """The account of someone who may come in."""
        user = self._users.get(user_id)
        return user if user is not None and user.state == ACTIVE else None

    def counts(self, user: User, session_id: str | None, since: datetime | None) -> bool:
        """Whether someone's session, or what was issued to them then, was not ended before its time."""
        is_old = since is not None and since < user.valid_from
        return not is_old and session_id not in self._closed

    def find(self, name: str) -> User | None:
        """The account that someone signs in to by this name; of several, the one that had it first."""
        found = [self._users[id] for id in self._names.get(folded(name), ())]
        return min(found, key=lambda user: (user.created_at, user.id), default=None)

    def personal(self, user_id: str) -> Personal | None:
        """What is personal about someone; None once that is erased."""
        return self._personal.get(user_id)

    def credential(self, kind: str, id: str) -> Credential | None:
        """One credential that was not withdrawn."""
        return self._credentials.get((kind, id))

    def credentials(self, kind: str, user_id: str | None = None) -> Iterable[Credential]:
        """All of a kind, or those of one person."""
        return [
            each
            for (of_kind, _), each in self._credentials.items()
            if of_kind == kind and user_id in (None, each.user_id)
        ]

    def version_of(self, kind: str, id: str) -> int:
        """How often a credential was changed."""
        return self._versions.get(f"{kind}/{id}", 0)

    def _user(self, event: UserChanged) -> None:
        known = self._users.get(event.user_id)
        if known is not None and known.version >= event.version:
            return
        self._users[event.user_id] = User(
            id=event.user_id,
            version=event.version,
            role=event.role,
            state=event.state,
            groups=frozenset(event.groups),
            created_at=event.created_at,
            valid_from=event.valid_from,
            sealed=event.personal,
        )
        self._index(event.user_id)

    def _credential(self, event: CredentialChanged) -> None:
        if self._versions.get(event.credential, 0) >= event.version:
            return
        self._versions[event.credential] = event.version
        key = (event.kind, event.id)
        self._credentials.pop(key, None)
        if event.value is not None and (value := self._opened(event.value, event.credential)) is not None:
            self._credentials[key] = Credential(
                kind=event.kind, id=event.id, user_id=event.user_id, version=event.version, value=value
            )
        if event.kind == USER_KEY:
            self._index(event.id)

    def _opened(self, sealed: bytes, about: str) -> bytes | None:
        try:
            return self._secret.open(sealed, about)
        except CannotOpen as error:
            log.error("a credential can't be used", error=str(error))
            return None

    def _index(self, user_id: str) -> None:
        """Knows someone's names anew: their account and the key to what is personal come in any order."""
        for name in getattr(self._personal.pop(user_id, None), "names", ()):
            self._names[name].discard(user_id)
        user, key = self._users.get(user_id), self._credentials.get((USER_KEY, user_id))
        if user is None or key is None or user.sealed is None:
            return
        try:
            personal = Personal.read(open_sealed(key.value, user.sealed, f"user/{user_id}"))
        except CannotOpen as error:
            log.error("an account can't be read", error=str(error))
            return
        self._personal[user_id] = personal
        for name in personal.names:
            self._names.setdefault(name, set()).add(user_id)

    def _sweep(self) -> None:
        """Forgets sessions that have ended by themselves meanwhile."""
        now = self._clock.now()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_EVERY
            self._closed = {id: until for id, until in self._closed.items() if until > now}
