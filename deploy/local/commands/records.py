"""Saying what media are, and finding them by it."""

from __future__ import annotations

import contextlib
import math
from typing import Annotated, Any

import typer

from deploy.local.commands.media import COLUMNS, row
from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, clean
from deploy.local.failures import Exit, Failure

app = typer.Typer()

IdArgument = Annotated[str, typer.Argument(help="A medium's id.", metavar="ID")]
_SHOWN = ("id", "name", "title", "description", "categories", "tags", "released", "rating", "kind", "status")


@app.command()
def find(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words, or their beginnings, of titles, names, tags and categories."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", "-t", help="Only with this tag.")] = None,
    category: Annotated[list[str] | None, typer.Option("--category", help="Only of this category.")] = None,
    kind: Annotated[str | None, typer.Option(help="video or audio.", show_default=False)] = None,
    sort: Annotated[str, typer.Option(help="created, released, size or duration.")] = "created",
    ascending: Annotated[bool, typer.Option("--asc", help="The first or smallest first.")] = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Find media by words, tags and what they are."""
    from deploy.local import reach

    output = Output(as_json=json)
    wanted: dict[str, Any] = {"q": " ".join(words) if words else None, "tag": tag or None}
    wanted |= {
        "category": category or None,
        "kind": kind,
        "sort": sort,
        "order": "asc" if ascending else "desc",
    }
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/media", limit, **wanted))
    if not output.emit_all(items):
        output.table(COLUMNS, [row(item) for item in items])


@app.command()
def show(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Show what is known and said of a medium."""
    from deploy.local import reach
    from deploy.local.client import at

    with reach.gateway(reach.home_at(home), url) as gateway:
        _say(Output(as_json=json), gateway.get(at("media", id)))


@app.command()
def edit(
    id: IdArgument,
    name: Annotated[str | None, typer.Option(help="What its file is called.")] = None,
    title: Annotated[str | None, typer.Option(help="'' removes it, as with the others.")] = None,
    description: Annotated[str | None, typer.Option()] = None,
    released: Annotated[str | None, typer.Option(help="A year, a month or a day: 1999-12-31.")] = None,
    rating: Annotated[float | None, typer.Option(help="0 to 10.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", "-f", help="One of your own.", metavar="NAME=VALUE")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a medium is. What is left out stays."""
    from deploy.local import reach
    from deploy.local.client import at

    texts = {"name": name, "title": title, "description": description, "released": released}
    said: dict[str, Any] = {key: text or None for key, text in texts.items() if text is not None}
    said |= {"rating": rating} if rating is not None else {}
    said |= {"custom": dict(map(_field, field))} if field else {}
    if not said:
        raise Failure("say what to change: see `sluice edit --help`.", Exit.USAGE)
    with reach.gateway(reach.home_at(home), url) as gateway:
        _say(Output(as_json=json), gateway.patch(at("media", id), said)["media"])


@app.command()
def tag(
    ids: Annotated[list[str], typer.Argument(help="Media's ids, up to 500.", metavar="ID…")],
    add: Annotated[list[str] | None, typer.Option("--add", "-a", help="A tag that they get.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", "-r", help="A tag that they lose.")] = None,
    add_category: Annotated[list[str] | None, typer.Option(help="A category that they get.")] = None,
    remove_category: Annotated[list[str] | None, typer.Option(help="A category that they lose.")] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Give tags and categories to many media, or take them away. Exits with 1 where one was refused."""
    from deploy.local import reach

    output, order = (
        Output(as_json=json),
        {"media_ids": ids, "add_tags": add or [], "remove_tags": remove or []},
    )
    order |= {"add_categories": add_category or [], "remove_categories": remove_category or []}
    with reach.gateway(reach.home_at(home), url) as gateway:
        results = gateway.post("/media/bulk", order)["results"]
    for each in results:
        if json:
            output.emit(each)
        output.line(f"{each['id']}  {each['outcome']}  {clean(each['detail'] or '')}".rstrip())
    if any(each["outcome"] == "refused" for each in results):
        raise Failure("not all of them were changed.", Exit.FAILED)


def _field(said: str) -> tuple[str, Any]:
    """A field of one's own: a number where it is one, and nothing where it is to go."""
    name, equals, value = said.partition("=")
    if not name or not equals:
        raise Failure(f"{said!r} is no NAME=VALUE.", Exit.USAGE)
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if math.isfinite(number := kind(value)):
                return name, number
    return name, value or None


def _say(output: Output, media: dict[str, Any]) -> None:
    if output.json:
        output.emit(media)
        return
    labels = {name: ", ".join(media.get(name) or []) for name in ("tags", "categories")}
    said = {name: media.get(name) for name in _SHOWN} | labels | (media.get("custom") or {})
    output.pairs({clean(name): value for name, value in said.items()})
