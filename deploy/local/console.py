"""How the command speaks: tables and lines for people, one JSON object a line for machines."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.console import Console, JustifyMethod, OverflowMethod
from rich.table import Table
from rich.text import Text

_PIPE_WIDTH = 400


def clean(text: object) -> str:
    """The text without what would steer a terminal: names come from strangers."""
    return "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def as_json(value: Any) -> bytes:
    """The value as one line of JSON; bytes, which JSON does not have, as text."""
    return orjson.dumps(value, default=_plain)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value).decode().strip('"')


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return str(value)


class Output:
    """Where a command's words go: results to standard output, everything else to standard error."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.json = as_json
        # Into a pipe, a table is as wide as it must be.
        self.out = Console(
            highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH
        )
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def emit(self, value: Any) -> None:
        """One JSON object, on a line of its own."""
        sys.stdout.write(as_json(value).decode() + "\n")
        sys.stdout.flush()

    def emit_all(self, values: Iterable[Any]) -> bool:
        """The same of each, where machines listen; False, and nothing said, where people do."""
        if self.json:
            for value in values:
                self.emit(value)
        return self.json

    def line(self, text: str, style: str = "") -> None:
        """A line of the result, for people."""
        if not self.json:
            self.out.print(Text(text, style=style))

    def note(self, text: str, style: str = "") -> None:
        """A line beside the result."""
        self.err.print(Text(text, style=style))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table. Columns that start with `>` are set to the right, those with `~` may be folded."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            right, folds = column.startswith(">"), column.startswith("~")
            overflow: OverflowMethod = "fold" if folds else "ellipsis"
            justify: JustifyMethod = "right" if right else "left"
            table.add_column(column.lstrip(">~"), justify=justify, overflow=overflow, no_wrap=not folds)
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
        self.out.print(table, soft_wrap=False)

    def pairs(self, said: Mapping[str, Any]) -> None:
        """Names and values, a line each; what has no value is left out."""
        width = max(map(len, said))
        for name, value in said.items():
            if value not in (None, ""):
                self.out.print(Text.assemble((f"{name:<{width}}  ", "bold"), clean(_words(value))))

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Waiting]:
        """Says what is being waited for: in one changing line on a terminal, else in plain lines."""
        if not self.err.is_terminal:
            yield Waiting(self.note)
            return
        with self.err.status("") as status:
            yield Waiting(lambda text: status.update(Text(text)))


class Waiting:
    """Says each thing that is waited for once."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._last = ""

    def __call__(self, text: str) -> None:
        if text != self._last:
            self._last = text
            self._show(text)


STATE_STYLES = {
    "running": "green",
    "up": "green",
    "completed": "green",
    "ready": "green",
    "processing": "cyan",
    "failed": "red",
    "refused": "red",
    "rejected": "red",
    "quarantined": "red",
    "cancelled": "yellow",
    "waiting": "yellow",
    "held": "yellow",
    "paused": "yellow",
    "draining": "yellow",
    "drained": "yellow",
}


def state_text(state: object) -> Text:
    """A state in its colour."""
    return Text(clean(state), style=STATE_STYLES.get(str(state), ""))


def size_text(size_bytes: float | None) -> str:
    """A size that people read: 1.5 MB."""
    if size_bytes is None:
        return ""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size_bytes < 1000 or unit == "TB":
            break
        size_bytes /= 1000
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"


def span_text(seconds: float | None) -> str:
    """A length of time that people read: 1:02:03."""
    if seconds is None:
        return ""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def time_text(value: object) -> str:
    """An instant (ISO text or a datetime) as the local time."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return clean(value)
    if not isinstance(value, datetime):
        return ""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone().isoformat(sep=" ", timespec="seconds")[:19]
