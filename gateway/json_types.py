"""JSON taken at its word: `"7"` is no number, `1` and `"yes"` are not `true`, and no field is passed over."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from schemas.chores import a_number

A_NUMBER = BeforeValidator(a_number)
"""For what may be null as well, behind its bounds: before them pydantic leaves them out of the document."""
Whole = Annotated[int, A_NUMBER]
"""1.0 is one too: JSON does not tell them apart."""
Number = Annotated[float, A_NUMBER]
Truth = StrictBool
FactorCode = Annotated[str, Field(min_length=1, max_length=40)]
"""What stands for a second factor, of an app or a recovery code."""


class Exact(BaseModel):
    """Takes nothing that it does not know: what is not named can't be set from outside."""

    model_config = ConfigDict(extra="forbid")
