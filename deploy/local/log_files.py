"""Showing the children's logs: one or all, the last lines or what is written from now on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from deploy.local.children import tail
from deploy.local.console import Output, clean
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home

_LOOK_AGAIN_S = 0.2
_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red")


@dataclass(slots=True)
class LogFile:
    """One growing file, read from where it was left."""

    path: Path
    offset: int = 0
    inode: int = 0
    _half: bytes = b""

    @property
    def name(self) -> str:
        return self.path.stem

    def seek_end(self) -> None:
        """From now on only what is new."""
        about = self.path.stat()
        self.offset, self.inode = about.st_size, about.st_ino

    def new_lines(self) -> Iterator[str]:
        """The whole lines written since the last look; a file that was rotated is read from its start."""
        try:
            about = self.path.stat()
            if about.st_ino != self.inode or about.st_size < self.offset:
                self.offset, self.inode, self._half = 0, about.st_ino, b""
            with self.path.open("rb") as file:
                file.seek(self.offset)
                new = file.read()
        except FileNotFoundError:
            return
        self.offset += len(new)
        *whole, self._half = (self._half + new).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def show(home: Home, name: str | None, *, lines: int, follow: bool, output: Output) -> None:
    """Writes the lines, each with its log's name where there are several."""
    files = _find(home, name)
    width = max((len(file.name) for file in files), default=0)
    for file in files:
        file.seek_end()
        for line in tail(file.path, lines) if lines else []:
            _write(output, file.name, line, width if name is None else 0)
    while follow:
        time.sleep(_LOOK_AGAIN_S)
        files = _with_new(files, home, name)
        for file in files:
            for line in file.new_lines():
                _write(output, file.name, line, width if name is None else 0)


def _find(home: Home, name: str | None) -> list[LogFile]:
    found = sorted(home.logs.glob("*.log"))
    wanted = [path for path in found if name in (None, path.stem)]
    if wanted or name is None:
        return [LogFile(path) for path in wanted]
    there = ", ".join(path.stem for path in found) or "none"
    raise Failure(f"there is no log {name}; there are: {there}.", Exit.NOT_FOUND)


def _with_new(files: list[LogFile], home: Home, name: str | None) -> list[LogFile]:
    known = {file.path for file in files}
    return [*files, *(file for file in _find(home, name) if file.path not in known)]


def _write(output: Output, name: str, line: str, width: int) -> None:
    if output.json:
        output.emit({"log": name, "line": line})
        return
    colour = _COLOURS[sum(name.encode()) % len(_COLOURS)]
    prefix = Text(f"{name:<{width}} | ", style=colour) if width else Text()
    output.out.print(prefix + Text(clean(line)))
