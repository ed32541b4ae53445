"""The one command for a first look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.local.commands.options import HomeOption, JsonOption
from deploy.local.console import Output

if TYPE_CHECKING:
    from deploy.local.home import Home
    from deploy.local.state import StackState

app = typer.Typer()


@app.command()
def demo(
    stop: Annotated[bool, typer.Option("--down", help="Stop the stack afterwards.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Start the stack, send a real clip through it, and tell every event on its way."""
    from deploy.local import demo as tour
    from deploy.local import reach
    from deploy.local.stopping import stop_running

    output, where = Output(as_json=json), reach.home_at(home)
    found = _started(where, output)
    try:
        with reach.gateway(where, found.url) as gateway:
            result = tour.run(where, gateway, reach.brokers(where), output)
    finally:
        if stop:
            with output.waiting() as waiting:
                stop_running(where, waiting)
    if json:
        output.emit(result)
        return
    tour.show(result, output)
    took = f"{result['seconds']} s from the clip to the checked file."
    output.line(took if stop else f"{took} The stack is still up at {found.url}; `sluice down` stops it.")


def _started(where: Home, output: Output) -> StackState:
    """The stack that runs, or a new one."""
    from deploy.local import parts, starting

    return starting.find_running(where) or starting.detached(where, parts.Options(), output)
