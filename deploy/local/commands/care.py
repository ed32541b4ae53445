"""Ordering what keeps the store in order, and showing what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, size_text

app = typer.Typer(
    help="Care of the store: what nobody needs, what was kept or unwatched for long, and reading all again.",
    no_args_is_help=True,
)

WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Wait for it, and show its report.")]

_FIRST = 20


@app.command()
def cleanup(
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove it; without this, it is only told.")
    ] = False,
    grace: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Leave what is there for fewer seconds than this (default: a day).",
            show_default=False,
        ),
    ] = None,
    watch: WatchOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Find what nothing refers to any more, and with --delete remove it."""
    _order("cleanup", {"delete": delete, "grace_s": grace}, watch, home, url, json)


@app.command()
def scrub(
    outputs: Annotated[bool, typer.Option(help="Read what jobs made too, and not media alone.")] = True,
    watch: WatchOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Read all bytes again, and say which are not what they were. Nothing is removed."""
    _order("scrub", {"outputs": outputs}, watch, home, url, json)


@app.command()
def retention(
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete it; without this, it is only told.")
    ] = False,
    versions_kept: Annotated[
        int | None, typer.Option(min=0, help="Keep so many of the latest old versions.", show_default=False)
    ] = None,
    versions_days: Annotated[
        int | None, typer.Option(min=1, help="Keep old versions for so many days.", show_default=False)
    ] = None,
    media_days: Annotated[
        int | None, typer.Option(min=1, help="Keep media for so many days.", show_default=False)
    ] = None,
    rejected_days: Annotated[
        int | None, typer.Option(min=1, help="Keep refused media for so many days.", show_default=False)
    ] = None,
    library: Annotated[str | None, typer.Option(help="Only media of this library.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only media with this tag or category.")] = None,
    except_tag: Annotated[str | None, typer.Option(help="No media with this tag or category.")] = None,
    watch: WatchOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Find media and versions that were kept for long enough, and with --delete delete them."""
    asked = {
        "delete": delete,
        "versions_kept": versions_kept,
        "versions_days": versions_days,
        "media_days": media_days,
        "rejected_days": rejected_days,
        "library": library,
        "tag": tag,
        "except_tag": except_tag,
    }
    _order("retention", asked, watch, home, url, json)


@app.command()
def archival(
    archive: Annotated[
        bool, typer.Option("--archive", help="Archive it; without this, it is only told.")
    ] = False,
    media_days: Annotated[
        int | None, typer.Option(min=1, help="Media that are there for so many days.", show_default=False)
    ] = None,
    unviewed_days: Annotated[
        int | None, typer.Option(min=1, help="Media nobody has watched for so many days.", show_default=False)
    ] = None,
    versions_days: Annotated[
        int | None, typer.Option(min=1, help="Old versions of so many days and more.", show_default=False)
    ] = None,
    min_bytes: Annotated[
        int | None, typer.Option(min=0, help="Only files of so many bytes and more.", show_default=False)
    ] = None,
    library: Annotated[str | None, typer.Option(help="Only media of this library.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only media with this tag or category.")] = None,
    except_tag: Annotated[str | None, typer.Option(help="No media with this tag or category.")] = None,
    watch: WatchOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Find media and versions that hardly anyone asks for, and with --archive archive them."""
    asked = {
        "archive": archive,
        "media_days": media_days,
        "unviewed_days": unviewed_days,
        "versions_days": versions_days,
        "min_bytes": min_bytes,
        "library": library,
        "tag": tag,
        "except_tag": except_tag,
    }
    _order("archival", asked, watch, home, url, json)


@app.command()
def report(
    id: Annotated[str, typer.Argument(help="The id of one of these jobs that has completed.", metavar="ID")],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Show what came of one."""
    from deploy.local import reach

    with reach.gateway(reach.home_at(home), url) as gateway:
        show(gateway, id, Output(as_json=json))


def _order(
    chore: str, options: dict[str, Any], watch: bool, home: Path | None, url: str | None, json: bool
) -> None:
    """Asks for a chore, with the options that were given."""
    from deploy.local import reach

    given = {name: value for name, value in options.items() if value is not None}
    with reach.gateway(reach.home_at(home), url) as gateway:
        job = gateway.post(f"/care/{chore}", given)["job"]
        follow(gateway, job, chore, watch, Output(as_json=json))


def follow(gateway: Any, job: dict[str, Any], what: str, watch: bool, output: Output) -> None:
    """Says that a job was asked for, or watches it to its end and shows what came of it. Raises Failure."""
    from deploy.local import watching

    if not watch:
        output.emit(job) if output.json else output.line(f"{job['id']}: {what} is asked for")
        return
    watching.ended_well(watching.watch(gateway, [job["id"]], output))
    show(gateway, job["id"], output)


def show(gateway: Any, id: str, output: Output) -> None:
    from deploy.local.client import at

    found = gateway.get(at("jobs", id, "output"))
    if output.json:
        output.emit(found)
    elif found.get("chore") == "cleanup":
        _show_cleanup(found, output)
    elif found.get("chore") == "retention":
        _show_retention(found, output)
    elif found.get("chore") == "archival":
        _show_archival(found, output)
    elif found.get("chore") == "unarchival":
        rows = [(each["id"], each["name"], size_text(each["size_bytes"])) for each in found["files"]]
        output.table(("BACK", "~NAME", ">SIZE"), rows)
    else:
        _show_scrub(found, output)


def _show_cleanup(found: dict[str, Any], output: Output) -> None:
    columns = ("AREA", ">BLOBS", ">SIZE", ">NEEDLESS", ">SIZE", ">TOO YOUNG", ">REMOVED")
    output.table(
        columns, [_row(area, each) for area, each in {**found["areas"], "all": found["total"]}.items()]
    )
    if not found["deleted"] and found["total"]["orphans"]:
        output.note("nothing was removed; --delete does that.")


def _show_retention(found: dict[str, Any], output: Output) -> None:
    size = size_text(found["going_bytes"])
    output.pairs({"looked at": f"{found['media']} media", "to go": f"{found['going']} ({size})"})
    rows = [(each["kind"], each["id"], each["name"], each["why"]) for each in found["first"]]
    if rows:
        output.table(("WHAT", "ID", "~NAME", "~WHY"), rows[:_FIRST])
    if found["left"]:
        output.note(f"{found['left']} more go with the next one.")
    if found["going"] and not found["deleted"]:
        output.note("nothing was deleted; --delete does that.")


def _show_archival(found: dict[str, Any], output: Output) -> None:
    size = size_text(found["going_bytes"])
    output.pairs(
        {
            "looked at": f"{found['media']} media",
            "to go": f"{found['going']} ({size})",
            "others have the same bytes": found["shared"],
            "jobs work on them": found["busy"],
            "archived": size_text(found["moved_bytes"]),
        }
    )
    if found["first"]:
        rows = [
            (each["id"], each["name"], size_text(each["size_bytes"]), each["why"]) for each in found["first"]
        ]
        output.table(("ID", "~NAME", ">SIZE", "~WHY"), rows[:_FIRST])
    for each in found["failed"][:_FIRST]:
        output.note(f"{each['id']} stayed: {each['why']}")
    if found["left"]:
        output.note(f"{found['left']} more go with the next one.")
    if found["going"] and not found["archived"]:
        output.note("nothing was archived; --archive does that.")


def _row(area: str, each: dict[str, Any]) -> tuple[object, ...]:
    sizes = size_text(each["size_bytes"]), size_text(each["orphan_bytes"])
    return (area, each["blobs"], sizes[0], each["orphans"], sizes[1], each["young"], each["removed"])


def _show_scrub(found: dict[str, Any], output: Output) -> None:
    output.pairs(
        {
            "read": f"{found['read']} of {found['expected']}",
            "size": size_text(found["read_bytes"]),
            **({"archived, and not read": found["archived"]} if found.get("archived") else {}),
            **(found["damaged"] or {"damaged": 0}),
        }
    )
    if found["findings"]:
        rows = [(each["what"], each["kind"], each["id"], each["location"]) for each in found["findings"]]
        output.table(("WHAT", "OF", "ID", "~AT"), rows[:_FIRST])
    if found["untrusted"]:
        output.note(f"{len(found['untrusted'])} renditions are of bytes that changed, and not to be trusted.")
