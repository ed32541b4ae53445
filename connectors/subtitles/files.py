"""A file's bytes, unless it is larger than any subtitles are."""

from __future__ import annotations

from pathlib import Path

from connectors.subtitles.refusal import MOST_BYTES, SubtitleRefused


def bytes_of(path: Path) -> bytes:
    """All of a file; what is too large is not read at all. Raises SubtitleRefused, OSError."""
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        reason = f"it is larger than the {MOST_BYTES} bytes that are read; is it the right file?"
        raise SubtitleRefused("too_large", reason)
    return raw
