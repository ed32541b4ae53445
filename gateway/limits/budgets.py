"""What a budget is, and how people write it: 20/5m is twenty in every five minutes, 1TiB/1d, or off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["logins", "requests", "upload_bytes", "transcode_minutes"]
KINDS: tuple[Kind, ...] = get_args(Kind)

OFF = "off"
AMOUNT = "([1-9][0-9]{0,14}|[1-9][0-9]{0,10}KiB|[1-9][0-9]{0,11}MiB|[1-9][0-9]{0,8}GiB|[1-9][0-9]{0,5}TiB)"
_WINDOW = "[1-9][0-9]{0,5}[smhd]"
PATTERN = f"^(off|{AMOUNT}/{_WINDOW})$"
"""How a budget is written. What is more would not fit into a number of the database's."""
_PARTS = re.compile(r"(?P<amount>[0-9]+)(?P<unit>[KMGT]iB)?/(?P<count>[0-9]+)(?P<span>[smhd])")
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
    found = _PARTS.fullmatch(text)
    if found is None or not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is no budget: write 600/1m, 50GiB/1d (s, m, h, d) or {OFF}")
    return Budget(int(found["amount"]) * _UNITS[found["unit"]], int(found["count"]) * _SPANS[found["span"]])


def read(said: Any) -> Any:
    """For pydantic: a text as the budget that it means, anything else as it is."""
    return parse(said) if isinstance(said, str) else said


def written(budgets: Mapping[Kind, Budget | None]) -> dict[str, str]:
    """As people write them."""
    return {kind: str(budget) if budget else OFF for kind, budget in budgets.items()}
