"""Says how far long work is: one changing line on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.text import Text

from deploy.local.console import Output, clean, size_text

_EVERY_S = 5.0


@dataclass(slots=True)
class Pace:
    """What is being done, and how much was sent."""

    show: Callable[[str], None]
    every_s: float = _EVERY_S
    clock: Callable[[], float] = time.monotonic
    _sent: int = 0
    _said: str = ""
    _at: float = 0.0

    def __call__(self, text: str) -> None:
        """Says it, unless something of the same kind was said a moment ago."""
        kind, now = text.partition(":")[0], self.clock()
        if kind != self._said or now - self._at >= self.every_s:
            self._said, self._at = kind, now
            self.show(clean(f"{text} ({size_text(self._sent)} sent)" if self._sent else text))

    def advance(self, count: int) -> None:
        """So many bytes were sent."""
        self._sent += count


@contextlib.contextmanager
def pacing(output: Output) -> Iterator[Pace]:
    """While it lasts, what is said is shown."""
    if not output.err.is_terminal:
        yield Pace(output.note)
        return
    with output.err.status("") as status:
        yield Pace(lambda text: status.update(Text(text)), every_s=0.0)
