"""What a budget is, and how people write it: 20/5m is twenty in every five minutes, 1TiB/1d, or off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["logins", "requests", "upload_bytes", "transcode_minutes"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OFF = "off"
_WRITTEN = re.compile(r"(?P<amount>\d{1,15})(?P<unit>[KMGT]iB)?/(?P<count>\d{1,6})(?P<span>[smhd])")
_UNITS = {None: 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Budget:
    """So much in each window of so many seconds."""

    amount: int
    window_s: int

    def __str__(self) -> str:
        span = next(s for s in "dhms" if self.window_s % _SPANS[s] == 0)
        unit = next((u for u in ("TiB", "GiB", "MiB") if self.amount % _UNITS[u] == 0), None)
        return f"{self.amount // _UNITS[unit]}{unit or ''}/{self.window_s // _SPANS[span]}{span}"

    def times(self, factor: int) -> Budget:
        """So many times as much."""
        return Budget(self.amount * factor, self.window_s)


def parse(text: str) -> Budget | None:
    """The budget that is written so; None for none. Raises ValueError."""
    if text == OFF:
        return None
    found = _WRITTEN.fullmatch(text)
    amount = int(found["amount"]) * _UNITS[found["unit"]] if found else 0
    window_s = int(found["count"]) * _SPANS[found["span"]] if found else 0
    if not amount or not window_s:
        raise ValueError(f"{text!r} is no budget: write 600/1m, 50GiB/1d (s, m, h, d) or {OFF}")
    return Budget(amount, window_s)


def read(said: Any) -> Any:
    """For pydantic: a text as the budget that it means, anything else as it is."""
    return parse(said) if isinstance(said, str) else said


def written(budgets: Mapping[Kind, Budget | None]) -> dict[str, str]:
    """As people write them."""
    return {kind: str(budget) if budget else OFF for kind, budget in budgets.items()}
