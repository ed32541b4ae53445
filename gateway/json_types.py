"""Numbers and truth values as JSON has them: `"7"` is no number, and `1` and `"yes"` are not `true`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, StrictBool


def _a_number(said: object) -> object:
    if isinstance(said, bool | str):
        raise ValueError("has to be a number")
    return said


A_NUMBER = BeforeValidator(_a_number)
"""For what may be null as well, behind its bounds: before them pydantic leaves them out of the document."""
Whole = Annotated[int, A_NUMBER]
"""1.0 is one too: JSON does not tell them apart."""
Number = Annotated[float, A_NUMBER]
Truth = StrictBool
