"""The room in the store that an unfinished upload holds, by its id: any replica goes on with it."""

from __future__ import annotations

from datetime import timedelta

from gateway.commands import Command
from gateway.quotas.reservation import Reservation
from gateway.uploads.upload import Upload


def room_for(command: Command, upload: Upload) -> Reservation:
    """Held for as long as nobody has to go on with the upload."""
    services = command.services
    lasts = timedelta(seconds=services.settings.upload_lasts_s)
    return Reservation(services.quotas, upload.owner_id, upload.id, lasts)
