"""The options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_HOME_HELP = "The folder with all of the stack's state (default: SLUICE_HOME, or your own)."
_URL_HELP = "The gateway's address (default: SLUICE_URL, or the stack's own)."

HomeOption = Annotated[Path | None, typer.Option("--home", help=_HOME_HELP, show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, one object a line.")]
UrlOption = Annotated[str | None, typer.Option("--url", help=_URL_HELP, show_default=False)]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show at most.")]
