"""What is personal in the trail: sealed with a key that goes with the account, or unreadable at once."""

from __future__ import annotations

import hashlib
import hmac

from connectors.sealing import CannotOpen, Secret, open_sealed, seal
from gateway.auth.accounts import USER_KEY, folded
from gateway.auth.directory import Directory

_MARK_DIGITS = 16


class Addresses:
    """Clients' addresses as an eternal log may have them."""

    def __init__(self, secret: Secret, directory: Directory) -> None:
        self._mark_key = secret.derive("audit marks")
        self._directory = directory

    def written(self, user_id: str, address: str | None, about: str) -> tuple[bytes | None, str | None]:
        """The address, sealed for whoever has an account; else a mark that tells equal ones alone."""
        if address is None:
            return None, None
        key = self._directory.credential(USER_KEY, user_id)
        if key is None:
            return None, self.mark(address)
        return seal(key.value, address.encode(), _about(about)), None

    def read(self, user_id: str, sealed: bytes | None, about: str) -> str | None:
        """The address; None for one that was erased with its account."""
        key = self._directory.credential(USER_KEY, user_id)
        if sealed is None or key is None:
            return None
        try:
            return open_sealed(key.value, sealed, _about(about)).decode()
        except CannotOpen:
            return None

    def mark(self, text: str) -> str:
        """The same for the same text, and nothing else about it to who has not the secret."""
        return hmac.new(self._mark_key, folded(text).encode(), hashlib.sha256).hexdigest()[:_MARK_DIGITS]


def _about(event_id: str) -> str:
    return f"audit/{event_id}"
