"""From a token to the person behind it: the administrator's token, a key, or a session's access token."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime

from connectors.ports import Clock
from gateway.auth import handed_out, keys, links
from gateway.auth.accounts import API_KEY, PASSWORD, SECOND_FACTOR, User
from gateway.auth.identity import Identity
from gateway.auth.keys import ApiKey
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import Permission, permissions_of
from gateway.errors import Unauthorized

_TO_SET_ONE_UP: frozenset[Permission] = frozenset({"account"})
_UNKNOWN = "This token is not known here."


class Gatekeeper:
    """See principal.Authenticator. Nothing is asked of a database: what it needs is in memory."""

    def __init__(
        self, admin_token: str, identity: Identity, clock: Clock, second_factor_roles: Collection[str] = ()
    ) -> None:
        self._admin = _bytes(admin_token)
        self._directory = identity.directory
        self._tokens = identity.tokens
        self._links = identity.links
        self._lifetimes = identity.sessions.lifetimes
        self._following = identity.following
        self._clock = clock
        self._second_factor_roles = second_factor_roles

    async def principal(self, token: str) -> Principal:
        """See principal.Authenticator."""
        if hmac.compare_digest(_bytes(token), self._admin):
            return Principal(ADMIN)
        self._following.refuse_stale()
        if token.startswith(links.MARK):
            return self._links.principal(token, self._clock.now())
        return self._by_key(token) if token.startswith(keys.MARK) else self._by_session(token)

    def still_good(self, principal: Principal) -> bool:
        """See principal.Authenticator."""
        if principal.id == ADMIN:
            return True
        user = self._directory.active(principal.id)
        if user is None or user.role != principal.role:
            return False
        if principal.key_id is not None:
            kept = self._directory.credential(API_KEY, principal.key_id)
            return kept is not None and ApiKey.read(kept).is_in_time(self._clock.now())
        if principal.issued_at is not None and self._is_over(principal.issued_at):
            return False
        return self._directory.counts(user, principal.session_id, principal.issued_at)

    def _is_over(self, issued_at: datetime) -> bool:
        """Whether a session of which nothing else was seen since would have ended by its age."""
        longest = min(self._lifetimes.unused, self._lifetimes.at_most)
        return self._clock.now() - issued_at >= longest

    def _by_key(self, token: str) -> Principal:
        id, secret = handed_out.read(keys.MARK, token)
        kept = self._directory.credential(API_KEY, id)
        key = ApiKey.read(kept) if kept else None
        if key is None or not key.is_good(secret, self._clock.now()):
            raise Unauthorized(_UNKNOWN)
        user = self._active(key.user_id)
        may = permissions_of(user.role) & key.scopes
        return Principal(user.id, user.role, may, user.groups, key_id=key.id)

    def _by_session(self, token: str) -> Principal:
        claims = self._tokens.read(token)
        user = self._active(claims.user_id)
        if not self._directory.counts(user, claims.session_id, claims.issued_at):
            raise Unauthorized("The session has ended: sign in again.")
        lacks = self._lacks_second_factor(user)
        may = permissions_of(user.role) & _TO_SET_ONE_UP if lacks else permissions_of(user.role)
        return Principal(
            user.id,
            user.role,
            may,
            user.groups,
            claims.session_id,
            claims.issued_at,
            lacks_second_factor=lacks,
        )

    def _lacks_second_factor(self, user: User) -> bool:
        """Whether someone must have a second factor and has none. Where there is no password, it is for the
        provider to ask for one.
        """
        if user.role not in self._second_factor_roles:
            return False
        has = self._directory.credential
        return has(PASSWORD, user.id) is not None and has(SECOND_FACTOR, user.id) is None

    def _active(self, user_id: str) -> User:
        user = self._directory.active(user_id)
        if user is None:
            raise Unauthorized(_UNKNOWN)
        return user


def _bytes(token: str) -> bytes:
    return token.encode(errors="surrogatepass")
