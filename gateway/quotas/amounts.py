"""How an amount of bytes is written: 50GiB, 4096 or off."""

from __future__ import annotations

from typing import Any

from gateway.limits.budgets import AMOUNT, OFF, parse

PATTERN = f"^({OFF}|{AMOUNT})$"
"""How an amount is written."""
_UNITS = (("TiB", 1024**4), ("GiB", 1024**3), ("MiB", 1024**2))


def amount(text: str) -> int | None:
    """The bytes that are written so; None for no limit. Raises ValueError."""
    try:
        budget = parse(text if text == OFF else f"{text}/1s")
    except ValueError as error:
        raise ValueError(f"{text!r} is no amount of bytes: write 50GiB, 500MiB or {OFF}") from error
    return None if budget is None else budget.amount


def read(said: Any) -> Any:
    """For pydantic: a text as the amount that it means, anything else as it is."""
    return amount(said) if isinstance(said, str) else said


def written(size_bytes: int | None) -> str:
    """As people write it."""
    if size_bytes is None:
        return OFF
    unit, factor = next((each for each in _UNITS if size_bytes % each[1] == 0), ("", 1))
    return f"{size_bytes // factor}{unit}"
