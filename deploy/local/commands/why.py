"""Why something is as it is: what happened to it, with the reasons."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, clean, time_text

app = typer.Typer()


@app.command()
def why(
    id: Annotated[str, typer.Argument(help="A job's id, or a medium's.", metavar="ID")],
    progress: Annotated[bool, typer.Option("--progress", help="Tell of a job's progress too.")] = False,
    limit: LimitOption = 1000,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what happened to a job or a medium, the oldest first, and why."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        kind = "media" if gateway.find("jobs", id) is None else "jobs"
        asked = {"progress": "true"} if progress and kind == "jobs" else {}
        for item in gateway.pages(at(kind, id, "timeline"), limit, **asked):
            _write(item, output)


def _write(item: dict[str, Any], output: Output) -> None:
    if output.json:
        output.emit(item)
        return
    output.line(f"{time_text(item['at'])}  {clean(item['text'])}  [{clean(item['by'])}]")
    for reason in item["why"]:
        output.line(f"    because: {clean(reason)}")
