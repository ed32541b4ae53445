"""What whoever has a link to a medium goes on with: good for a while, for that medium alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from connectors.sealing import Secret
from gateway.access.libraries import Libraries, Share
from gateway.auth.directory import Directory
from gateway.auth.principal import ADMIN, Principal
from gateway.auth.roles import Permission
from gateway.errors import Unauthorized

MARK = "slv_"
LIFETIME = timedelta(hours=1)
MAY: frozenset[Permission] = frozenset({"media:read", "playback"})
"""What they may do."""


class Links:
    """Tells holders of links from others. Any replica knows those of any other."""

    def __init__(self, secret: Secret, libraries: Libraries, directory: Directory) -> None:
        self._signer = URLSafeSerializer(secret.every("links")[::-1], salt="link")
        self._libraries = libraries
        self._directory = directory

    def write(self, share: Share, now: datetime) -> str:
        """A token for whoever has shown the link."""
        return MARK + str(self._signer.dumps([share.id, (now + LIFETIME).timestamp()]))

    def principal(self, token: str, now: datetime) -> Principal:
        """Whoever has shown a link that is still good. Raises Unauthorized."""
        try:
            share_id, until = self._signer.loads(token.removeprefix(MARK))
        except (BadData, ValueError, TypeError) as error:
            raise Unauthorized("This token is not known here.") from error
        share = self.good(str(share_id), now)
        if now.timestamp() >= until or share is None:
            raise Unauthorized("The link is no longer good, or has to be shown again.")
        return Principal(f"share:{share.id}", "link", MAY, only=share.media_id)

    def good(self, share_id: str, now: datetime) -> Share | None:
        """A link in its time, whose maker is still among us."""
        share = self._libraries.share(share_id)
        if share is None or now >= share.expires_at:
            return None
        return share if share.by == ADMIN or self._directory.active(share.by) else None
