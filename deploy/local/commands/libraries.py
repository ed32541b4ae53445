"""Libraries, and the folders that they are made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output

app = typer.Typer(
    help="Libraries: media that several people have together, of the operator's folders or of uploads.",
    no_args_is_help=True,
)

IdArgument = Annotated[str, typer.Argument(help="A library's id.", metavar="ID")]
FolderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--folder",
        help="A folder that it is made of, as ROOT or ROOT/PATH; several may be given.",
        show_default=False,
    ),
]


@app.command("list")
def list_(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List the libraries that you see."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get("/libraries")["items"]
    if not output.emit_all(items):
        output.table(("ID", "~NAME", "MAY", "~FOLDERS"), map(_row, items))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    folder: FolderOption = None,
    view: Annotated[
        list[str] | None,
        typer.Option(
            help="Who may see it: everyone, group:NAME or user:ID; several may be given.", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a library. What lies in its folders is taken in by itself, and stays where it is."""
    access = dict.fromkeys(view or (), "view")
    _say("post", "/libraries", {"name": name, "folders": folder or [], "access": access}, home, url, json)


@app.command()
def folders(
    id: IdArgument,
    folder: FolderOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Say anew which folders a library is made of; none without --folder. What is in it stays."""
    from deploy.local.client import at

    _say("patch", at("libraries", id), {"folders": folder or []}, home, url, json)


@app.command()
def scan(id: IdArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Look at all of a library's folders now; `sluice status` says how that goes."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.post(f"{at('libraries', id)}/scan", {})
    output.emit(answer) if json else output.line(f"{id}: a scan is asked for")


@app.command()
def show(
    id: Annotated[
        str, typer.Argument(help="A library's id, or own: your media that are in none.", metavar="ID")
    ],
    item: Annotated[
        str | None,
        typer.Argument(
            help="Of what to show the contents: a series', season's, artist's, album's or folder's id.",
            metavar="ITEM",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show at most.")] = 1000,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Show what is in a library: its series, films, artists and folders, or what is in one of these."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages(f"{at('libraries', id)}/items", limit, parent=item))
    if not output.emit_all(items):
        output.table(("ID", "KIND", "NO.", "~NAME", "YEAR"), map(_item, items))


def _say(verb: str, path: str, body: dict[str, Any], home: Any, url: str | None, json: bool) -> None:
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        library = getattr(gateway, verb)(path, body)["library"]
    if json:
        output.emit(library)
    else:
        output.line(f"{library['id']}: {library['name']}, of {', '.join(library['folders']) or 'no folders'}")


def _item(item: dict[str, Any]) -> tuple[object, ...]:
    number, year = (str(item[name]) if item[name] is not None else "-" for name in ("number", "year"))
    return (item["id"], item["kind"], number, item["name"], year)


def _row(library: dict[str, Any]) -> tuple[object, ...]:
    return (library["id"], library["name"], library["may"], ", ".join(library["folders"]) or "-")
