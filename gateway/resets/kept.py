"""A reset as it is kept: a hash of it, and how long it is good for. There is one for each account at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from gateway.auth import handed_out
from gateway.auth.accounts import RESET, Credential, User
from gateway.auth.directory import Directory
from gateway.errors import Forbidden

MARK = "slr_"
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reset:
    """Lets someone set a new password, once."""

    digest: str
    expires_at: datetime

    def written(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps({"digest": self.digest, "expires_at": self.expires_at})

    @classmethod
    def read(cls, credential: Credential) -> Reset:
        """From what was kept."""
        said = orjson.loads(credential.value)
        return cls(said["digest"], datetime.fromisoformat(said["expires_at"]))

    def is_good(self, secret: str, now: datetime) -> bool:
        """Whether this is the reset's secret, and the reset in its time."""
        return handed_out.is_it(secret, self.digest) and now < self.expires_at


def whose(directory: Directory, text: str, now: datetime) -> User:
    """The account that a reset is for. Raises Forbidden for one that is not good."""
    user_id, secret = handed_out.read(MARK, text)
    user, kept = directory.active(user_id), directory.credential(RESET, user_id)
    if user is None or kept is None or not Reset.read(kept).is_good(secret, now):
        raise Forbidden("bad-reset", "This reset is not known here, used, or too old: ask for another.")
    return user
