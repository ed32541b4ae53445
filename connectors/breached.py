"""The passwords that were stolen elsewhere, as the list of their hashes that Have I Been Pwned gives away.

It is a line for each SHA-1, in order, and tens of gigabytes: it is searched where it lies.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

_LONGEST_LINE = 80
_DIGITS = 40
_LINE = re.compile(rb"[0-9A-F]{40}(:\d+)?")


class BreachedFileUnusable(ValueError):
    """The list can't be read, or is not one."""


class BreachedPasswords:
    """The list in one file, which is held open: it may be replaced, and not written to.

    Raises BreachedFileUnusable.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._end = os.fstat(self._file).st_size
            _, first = self._line_from(0)
        except OSError as error:
            raise BreachedFileUnusable(f"the list of passwords {path} can't be read: {error}") from error
        if not _LINE.fullmatch(first):
            raise BreachedFileUnusable(
                f"{path} is no list of breached passwords: each line is a SHA-1, in order, as in 5BAA61…:42"
            )

    def has(self, password: str) -> bool:
        """Whether a password is in the list. Looks at some forty lines; raises OSError."""
        wanted = hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False)
        digits = wanted.hexdigest().upper().encode()
        low, high = 0, self._end  # between them begins the first line that is not before it
        while low < high:
            middle = (low + high) // 2
            after, line = self._line_from(middle)
            if line and line[:_DIGITS] < digits:
                low = after
            else:
                high = middle
        return self._line_from(low)[1][:_DIGITS] == digits

    def _line_from(self, place: int) -> tuple[int, bytes]:
        """The first line that begins here or later, and where the next one does; nothing at the end."""
        begin = max(0, place - 1)
        read = os.pread(self._file, 2 * _LONGEST_LINE, begin)
        if place:
            skipped, _, read = read.partition(b"\n")
            begin += len(skipped) + 1
        line = read.partition(b"\n")[0]
        return min(begin + len(line) + 1, self._end), line.rstrip(b"\r")
