"""Bytes as boto3 is given them to send."""

from __future__ import annotations

from io import BytesIO

_BLOCK_BYTES = 512 * 1024


class Sent(BytesIO):
    """Goes out in larger blocks than are asked for, which takes less time; and in blocks still: each has to
    be sent within the time for a connection, and all of a part would not be on a slow line.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        return super().read(size if size is None or size < 0 else max(size, _BLOCK_BYTES))
