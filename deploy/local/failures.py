"""How the command ends: one exit code for each kind of failure, and the exception that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """What the exit code says; documented in `sluice --help`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    NOT_FOUND = 4
    CONFLICT = 5
    REFUSED = 6
    INTERRUPTED = 130


ERROR = "error: "
"""What the line about a failure begins with."""


class Failure(Exception):
    """Ends the command with one clear line. The message says what the caller can do."""

    def __init__(
        self,
        message: str,
        code: Exit = Exit.FAILED,
        problems: Sequence[str] = (),
        *,
        problem: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.problem = problem
        """The gateway's own name for it, where it was the gateway that refused."""
        self.problems = tuple(problems)
        """Where several things are wrong: each, for a line of its own."""
