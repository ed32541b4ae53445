"""What the processes of a stack warned of, or failed at, since a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

_LINE = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT[\d:.]+Z) \[(?P<level>\w+)")
_MOST = 40


def complaints(logs: Path, since: float) -> str:
    """The last warnings and errors of each log, tracebacks included."""
    begun = datetime.fromtimestamp(since, UTC).isoformat()
    found = []
    for log in sorted(logs.glob("*.log")):
        lines = _complaints(log.read_text(errors="replace").splitlines(), begun)
        found += [f"{log.stem}: {line}" for line in lines[-_MOST:]]
    return "\n".join(found) or "none"


def _complaints(lines: list[str], begun: str) -> list[str]:
    found, heeded = [], False
    for line in lines:
        if (head := _LINE.match(line)) is not None:
            heeded = head["level"] in ("warning", "error", "critical") and head["at"] >= begun
        if heeded:
            found.append(line)
    return found
