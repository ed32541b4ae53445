"""An invitation as it is kept: a hash of it, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from gateway.auth import handed_out
from gateway.auth.accounts import INVITATION, Credential
from gateway.auth.directory import Directory
from gateway.errors import Forbidden

MARK = "sli_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Lets someone make an account with a role."""

    id: str
    role: str
    note: str | None
    digest: str
    created_at: datetime
    expires_at: datetime

    def written(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps(
            {name: getattr(self, name) for name in ("role", "note", "digest", "created_at", "expires_at")}
        )

    @classmethod
    def read(cls, credential: Credential) -> Invitation:
        """From what was kept."""
        said = orjson.loads(credential.value)
        times = {name: datetime.fromisoformat(said[name]) for name in ("created_at", "expires_at")}
        return cls(**{**said, **times, "id": credential.id})

    def is_good(self, secret: str, now: datetime) -> bool:
        """Whether this is the invitation's secret, and the invitation in its time."""
        return handed_out.is_it(secret, self.digest) and now < self.expires_at


def accepted(directory: Directory, text: str, now: datetime) -> Invitation:
    """The invitation that someone shows. Raises Forbidden for one that is not good."""
    id, secret = handed_out.read(MARK, text)
    kept = directory.credential(INVITATION, id)
    found = Invitation.read(kept) if kept else None
    if found is None or not found.is_good(secret, now):
        raise Forbidden("bad-invitation", "This invitation is not known here, used, or too old.")
    return found
