"""Keeps calls from what does not answer: they fail at once, and not each after its own wait."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import structlog

from connectors.ports import Transient

T = TypeVar("T")
State = Literal["closed", "open", "half-open"]
CLOSED: State = "closed"
OPEN: State = "open"
HALF_OPEN: State = "half-open"

log = structlog.get_logger()

_FAILURES = 3
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 2.0


class Breaker:
    """Stands before one dependency. It is closed while that answers; some failures in a row open it for a
    pause, in which nobody asks; then one call is let through for all, and its end decides.

    Only `failure` counts: any other exception is an answer too. `refusal` makes what is raised meanwhile.
    """

    def __init__(
        self,
        name: str,
        failure: type[Transient],
        *,
        tell: Callable[[str, State], None] = lambda _name, _state: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._failure = failure
        self._tell = tell
        self._monotonic = monotonic
        self._failed = 0
        self._pause_s = _FIRST_PAUSE_S
        self._opened_at = 0.0
        self._trouble = ""
        self.state = CLOSED
        tell(name, CLOSED)

    async def run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers. Raises the failure at once, and does not ask, while this is open."""
        trial = self._enter()
        try:
            answer = await ask()
        except self._failure as error:
            self._note_failure(str(error))
            raise
        except Exception:
            self._note_answer()
            raise
        except BaseException:
            if trial:
                self._open()
            raise
        self._note_answer()
        return answer

    def _enter(self) -> bool:
        """Whether this call is the one that finds out for all."""
        if self.state == CLOSED:
            return False
        if self.state == HALF_OPEN or self._monotonic() - self._opened_at < self._pause_s:
            raise self._failure(self._trouble)
        self._become(HALF_OPEN)
        return True

    def _note_failure(self, trouble: str) -> None:
        self._failed += 1
        self._trouble = trouble
        if self.state == HALF_OPEN or self._failed >= _FAILURES:
            self._open()

    def _open(self) -> None:
        longer = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self._pause_s = longer if self.state == HALF_OPEN else _FIRST_PAUSE_S
        self._opened_at = self._monotonic()
        self._become(OPEN)

    def _note_answer(self) -> None:
        self._failed = 0
        self._become(CLOSED)

    def _become(self, state: State) -> None:
        if state != self.state:
            if CLOSED in (state, self.state):
                log.warning("breaker", dependency=self.name, state=state, trouble=self._trouble)
            self.state = state
            self._tell(self.name, state)
