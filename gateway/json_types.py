"""Numbers and truth values as JSON has them: `"7"` is no number, and `1` and `"yes"` are not `true`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, StrictBool


def _a_number(said: object) -> object:
    if isinstance(said, bool | str):
        raise ValueError("has to be a number")
    return said


Whole = Annotated[int, BeforeValidator(_a_number)]
"""1.0 is one too: JSON does not tell them apart."""
Number = Annotated[float, BeforeValidator(_a_number)]
Truth = StrictBool
