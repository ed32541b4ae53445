"""Files with secrets: they are read only where nobody but their owner may."""

from __future__ import annotations

import stat
from pathlib import Path


def read_private(path: Path, what: str, unusable: type[ValueError]) -> str:
    """The text of a file that only its owner may read. Raises `unusable`, with the reason."""
    try:
        mode, text = path.stat().st_mode, path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(f"the {what} file {path} can't be read: {error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise unusable(f"others may read the {what} file {path}: run chmod 600 on it")
    return text
