"""Files with secrets: they are read only where nobody but their owner may, and written so."""

from __future__ import annotations

import os
import stat
import tempfile
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


def write_private(path: Path, content: bytes) -> None:
    """Gives a file this content, for its owner's eyes alone: complete, or as it was. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, near = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(near).replace(path)
    except BaseException:
        Path(near).unlink(missing_ok=True)
        raise
