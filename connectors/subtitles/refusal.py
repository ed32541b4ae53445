"""What is not read, or not done: one exception, which says where and what one can do; and the limits."""

from __future__ import annotations

from typing import Any

MOST_BYTES = 32 << 20
"""Of a file. With fonts inside, the largest that people have are below it."""
MOST_CUES = 100_000
MOST_LINE = 1 << 20
"""Characters of a line, where lines mean something."""
MOST_TEXT = 1 << 18
"""Characters of one cue. Drawings are long."""
MOST_EDITS = MOST_CUES
MOST_REMARKS = 1000
MOST_MS = 10_000 * 3600 * 1000
"""No time is further than this from zero."""


class SubtitleRefused(Exception):
    """A file is not read, or a change is not made: the message says what one can do."""

    def __init__(self, code: str, reason: str, line: int = 1) -> None:
        super().__init__(f"line {line}: {reason}")
        self.code = code
        self.reason = reason
        self.line = line

    def as_object(self) -> dict[str, Any]:
        """The same for a program."""
        return {"code": self.code, "reason": self.reason, "line": self.line}
