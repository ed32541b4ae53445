"""Files below an operator's folders: listed, fetched, written, moved, copied, deleted and brought back."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, size_text
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.client import Gateway

app = typer.Typer(
    help="The files below the folders that SLUICE_ROOTS names. A path is written ROOT:PATH, as in "
    "films:Alien/alien.mkv.",
    no_args_is_help=True,
)

_PAGE = 1000

_File = Annotated[str, typer.Argument(metavar="ROOT:PATH", show_default=False)]
_To = Annotated[str, typer.Argument(metavar="ROOT:PATH", help="Where to; nothing may be there.")]
_Root = Annotated[str, typer.Argument(metavar="ROOT", show_default=False)]


@app.command("list")
def list_(
    place: Annotated[
        str | None, typer.Argument(metavar="[ROOT[:PATH]]", help="A folder; without it, the roots.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List the roots, or what is in a folder."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get("/files")["items"] if place is None else _folder(gateway, *_parted(place))
    if output.emit_all(items):
        return
    if place is None:
        output.table(("ROOT", "FOR"), [(i["name"], "writing" if i["writable"] else "reading") for i in items])
    else:
        rows = [(i["name"], i["kind"], size_text(i["size_bytes"]), i["modified_at"]) for i in items]
        output.table(("NAME", "KIND", ">SIZE", "MODIFIED"), rows)


@app.command()
def get(
    place: _File,
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it, of the same name.")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Download a file."""
    from deploy.local import reach
    from deploy.local.transfers import download, local_name, progress_bar

    output, (root, path) = Output(as_json=json), _parted(place)
    target = to or Path(local_name(PurePosixPath(path).name, "file"))
    with reach.gateway(reach.home_at(home), url) as gateway, progress_bar(output, target.name, None) as bar:

        def advance(written: int, total: int | None) -> None:
            bar.update(bar.task_ids[0], completed=written, total=total)

        size = download(gateway, _address(root, "content", path), target, advance)
    if json:
        output.emit({"path": target, "size_bytes": size})
    output.line(f"{target} ({size_text(size)})")


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="The file to send.", exists=True, dir_okay=False)],
    place: _File,
    replace: Annotated[
        bool, typer.Option("--replace", help="What is there goes to the trash; else nothing is replaced.")
    ] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Write a file: there whole, or not at all."""
    from deploy.local import reach
    from deploy.local.transfers import chunks, progress_bar

    output, (root, path) = Output(as_json=json), _parted(place)
    size = file.stat().st_size
    with (
        reach.gateway(reach.home_at(home), url) as gateway,
        progress_bar(output, file.name, size) as bar,
        file.open("rb") as source,
    ):
        sent = chunks(source.read, lambda count: bar.advance(bar.task_ids[0], count))
        address = _address(root, "content", path, replace=str(replace).lower())
        done = gateway.put_bytes(address, sent, size)
    if json:
        output.emit(done)
    if done["replaced"]:
        output.line(f"what was there is in the trash: sluice files restore {root} {done['replaced']}")
    output.line(f"{root}:{done['entry']['path']} ({size_text(size)})")


@app.command("mkdir")
def make_folder(
    place: _File, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Make a folder, in one that is there."""
    root, path = _parted(place)
    _order(root, "folders", {"path": path}, "made", home, url, json)


@app.command()
def move(
    place: _File, to: _To, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Move or rename a file or a folder."""
    root, way = _both(place, to)
    _order(root, "move", way, "moved", home, url, json)


@app.command()
def copy(
    place: _File, to: _To, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Copy a file."""
    root, way = _both(place, to)
    _order(root, "copy", way, "copied", home, url, json)


@app.command()
def delete(place: _File, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Put a file, or a folder with all that is in it, into the trash."""
    from deploy.local import reach

    output, (root, path) = Output(as_json=json), _parted(place)
    with reach.gateway(reach.home_at(home), url) as gateway:
        thrown = gateway.delete(_address(root, None, path))
    if json:
        output.emit(thrown)
    output.line(f"in the trash until {thrown['ends_at']}: sluice files restore {root} {thrown['id']}")


@app.command()
def trash(root: _Root, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List what was deleted or replaced, the latest first."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get(at("files", root, "trash"))["items"]
    if not output.emit_all(items):
        rows = [(i["id"], i["path"], i["kind"], i["why"], i["by"], i["at"], i["ends_at"]) for i in items]
        output.table(("ID", "~PATH", "KIND", "WHY", "BY", "AT", "ENDS"), rows)


@app.command()
def restore(
    root: _Root,
    id: Annotated[str, typer.Argument(help="What `trash` calls it.")],
    to: Annotated[str | None, typer.Option("--to", help="Another path than where it was.")] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Put something back from the trash."""
    _order(root, "trash", {"to": to}, "restored", home, url, json, id, "restore")


def _order(
    root: str, what: str, body: Any, word: str, home: Path | None, url: str | None, json: bool, *more: str
) -> None:
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        entry = gateway.post(at("files", root, what, *more), body)
    if json:
        output.emit(entry)
    output.line(f"{word} {root}:{entry['path']}")


def _folder(gateway: Gateway, root: str, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = gateway.get(_address(root, None, path, after=after, limit=str(_PAGE)))
        items += page["items"]
        after = page["next"]
    return items


def _address(root: str, what: str | None, path: str, **more: str) -> str:
    from urllib.parse import urlencode

    from deploy.local.client import at

    return f"{at('files', root, *([what] if what else []))}?{urlencode({'path': path, **more})}"


def _parted(place: str) -> tuple[str, str]:
    root, _, path = place.partition(":")
    return root, path


def _both(place: str, to: str) -> tuple[str, dict[str, str]]:
    """The root that both are in, and the way. Raises Failure."""
    (root, path), (other, target) = _parted(place), _parted(to)
    if root != other:
        raise Failure("both have to be in one root: get the file, and put it there.", Exit.USAGE)
    return root, {"path": path, "to": target}
