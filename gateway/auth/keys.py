"""API keys: for programs that act for someone. Only a hash of each is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from gateway.auth import handed_out
from gateway.auth.accounts import Credential
from gateway.auth.roles import Permission

MARK = "slk_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept."""

    id: str
    user_id: str
    name: str
    scopes: frozenset[Permission]
    digest: str
    created_at: datetime
    expires_at: datetime | None

    def written(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps(
            {
                "name": self.name,
                "scopes": sorted(self.scopes),
                "digest": self.digest,
                "created_at": self.created_at,
                "expires_at": self.expires_at,
            }
        )

    @classmethod
    def read(cls, credential: Credential) -> ApiKey:
        """From what was kept."""
        said = orjson.loads(credential.value)
        return cls(
            id=credential.id,
            user_id=credential.user_id or "",
            name=said["name"],
            scopes=frozenset(said["scopes"]),
            digest=said["digest"],
            created_at=datetime.fromisoformat(said["created_at"]),
            expires_at=datetime.fromisoformat(said["expires_at"]) if said["expires_at"] else None,
        )

    def is_good(self, secret: str, now: datetime) -> bool:
        """Whether this is the key's secret, and the key in its time."""
        return handed_out.is_it(secret, self.digest) and self.is_in_time(now)

    def is_in_time(self, now: datetime) -> bool:
        """Whether it has not ended by itself."""
        return self.expires_at is None or now < self.expires_at
