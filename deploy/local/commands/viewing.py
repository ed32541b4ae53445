"""One's own state of media, and what one did: where to go on, what was played, favourites."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, span_text, time_text
from deploy.local.failures import Exit, Failure

app = typer.Typer(help="Your own state of media: where to go on, what you played, your favourites.")
activity_app = typer.Typer()

_Id = Annotated[str, typer.Argument(help="A medium's id.", metavar="ID")]


@app.command("list")
def list_viewings(
    state: Annotated[str, typer.Option(help="in-progress, played or favourite.")] = "in-progress",
    limit: LimitOption = 20,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List what you have begun, played or marked, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = [item["media"] for item in gateway.pages("/viewing", limit, state=state)]
    if not output.emit_all(items):
        output.table(("ID", "~NAME", ">POSITION", ">PLAYS", "FAVOURITE"), [_row(item) for item in items])


@app.command("set")
def set_viewing(
    id: _Id,
    position: Annotated[
        float | None, typer.Option(min=0, help="Where you are, in seconds.", show_default=False)
    ] = None,
    played: Annotated[
        bool | None, typer.Option("--played/--not-played", help="Whether you have played it.")
    ] = None,
    favourite: Annotated[
        bool | None, typer.Option("--favourite/--no-favourite", help="Whether it is a favourite.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Set what you name of your state of a medium; the rest stays."""
    from deploy.local import reach
    from deploy.local.client import at

    moved_ms = None if position is None else round(position * 1000)
    asked = {"position_ms": moved_ms, "played": played, "favourite": favourite}
    order = {name: value for name, value in asked.items() if value is not None}
    if not order:
        raise Failure("say --position, --played, --not-played, --favourite or --no-favourite.", Exit.USAGE)
    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.put(at("media", id, "viewing"), order)
    if json:
        output.emit(answer)
    output.line(f"{id} is noted")


@app.command()
def forget(id: _Id, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Forget all of your state of a medium."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        gateway.delete(at("media", id, "viewing"))
    if json:
        output.emit({"id": id})
    output.line(f"{id} is forgotten")


@activity_app.command()
def activity(
    month: Annotated[
        str | None, typer.Option(help="Which month, as 2026-05; the present one without.", show_default=False)
    ] = None,
    user: Annotated[str, typer.Option(help="me; for administrators an account's id, or everyone.")] = "me",
    limit: LimitOption = 50,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List what was done with media in a month, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/activity", limit, month=month, user=user))
    if not output.emit_all(items):
        rows = [(time_text(i["at"]), i["user"], i["action"], i["target"] or "", i["count"]) for i in items]
        output.table(("AT", "WHO", "WHAT", "ID", ">TIMES"), rows)


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    viewing = item.get("viewing") or {}
    position_ms = viewing.get("position_ms") or 0
    return (
        item["id"],
        item.get("name", ""),
        span_text(position_ms / 1000) if position_ms else "",
        viewing.get("plays", 0),
        "yes" if viewing.get("favourite") else "",
    )
