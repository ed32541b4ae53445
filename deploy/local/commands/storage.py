"""What the store holds, and addresses by which others fetch from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, size_text, time_text

app = typer.Typer()

ByOption = Annotated[
    Literal["user", "type", "library", "class", "total"],
    typer.Option("--by", help="What to count by; all but your own part takes an administrator."),
]


@app.command()
def usage(
    by: ByOption = "user",
    days: Annotated[int, typer.Option("--days", min=0, max=366, help="Show each of so many days too.")] = 0,
    limit: LimitOption = 50,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Say how much the store holds, as it was counted last."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/storage/usage", limit, by=by, days=days))
    if not output.emit_all(items):
        rows = [row for item in items for row in _rows(item)]
        output.table((by.upper(), "WHEN", ">FILES", ">SIZE"), rows)


@app.command()
def address(
    id: Annotated[str, typer.Argument(help="A medium's id; a job's with --output.", metavar="ID")],
    output_of_job: Annotated[bool, typer.Option("--output", help="Of what a job made.")] = False,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0.1, max=10_080, help="How long it is good for.", show_default=False),
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Print an address by which anyone may fetch a file for a while."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    path = at("jobs", id, "output", "address") if output_of_job else at("media", id, "address")
    order = {} if minutes is None else {"expires_in_s": round(minutes * 60)}
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.post(path, order)
    output.emit(made) if json else output.line(made["url"])


def _rows(item: dict[str, Any]) -> list[tuple[object, ...]]:
    """Each day, and how it stands now."""
    days = [(item["key"], day["day"], day["files"], size_text(day["size_bytes"])) for day in item["days"]]
    return [*days, (item["key"], time_text(item["at"]), item["files"], size_text(item["size_bytes"]))]
