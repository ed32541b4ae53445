"""What lets senders put their bytes straight into the store, where there is such a store."""

from __future__ import annotations

from connectors.ports import DirectUploads
from gateway.errors import Conflict
from gateway.services import Services


def direct_of(services: Services) -> DirectUploads:
    """Raises Conflict where there is none."""
    if services.direct is None:
        raise Conflict(
            "no-direct-uploads",
            "Clients do not reach the store of this installation: send the file by tus, to /api/v1/uploads.",
        )
    return services.direct
