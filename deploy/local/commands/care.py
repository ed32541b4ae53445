"""Ordering what keeps the store in order, and showing what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output, size_text

app = typer.Typer(
    help="Care of the store: look for what nobody needs, and read all again.", no_args_is_help=True
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
    options: dict[str, Any] = {"delete": delete} | ({} if grace is None else {"grace_s": grace})
    _order("cleanup", options, watch, home, url, json)


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
def report(
    id: Annotated[
        str, typer.Argument(help="The id of a cleanup or a scrub that has completed.", metavar="ID")
    ],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Show what came of a cleanup or a scrub."""
    from deploy.local import reach

    with reach.gateway(reach.home_at(home), url) as gateway:
        _show(gateway, id, Output(as_json=json))


def _order(
    chore: str, options: dict[str, Any], watch: bool, home: Path | None, url: str | None, json: bool
) -> None:
    from deploy.local import reach, watching

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        job = gateway.post(f"/care/{chore}", options)["job"]
        if not watch:
            output.emit(job) if json else output.line(f"{job['id']}: {chore} is asked for")
            return
        ended = watching.watch(gateway, [job["id"]], output)
        watching.ended_well(ended)
        _show(gateway, job["id"], output)


def _show(gateway: Any, id: str, output: Output) -> None:
    from deploy.local.client import at

    found = gateway.get(at("jobs", id, "output"))
    if output.json:
        output.emit(found)
    elif found.get("chore") == "cleanup":
        _show_cleanup(found, output)
    else:
        _show_scrub(found, output)


def _show_cleanup(found: dict[str, Any], output: Output) -> None:
    columns = ("AREA", ">BLOBS", ">SIZE", ">NEEDLESS", ">SIZE", ">TOO YOUNG", ">REMOVED")
    output.table(
        columns, [_row(area, each) for area, each in {**found["areas"], "all": found["total"]}.items()]
    )
    if not found["deleted"] and found["total"]["orphans"]:
        output.note("nothing was removed; --delete does that.")


def _row(area: str, each: dict[str, Any]) -> tuple[object, ...]:
    sizes = size_text(each["size_bytes"]), size_text(each["orphan_bytes"])
    return (area, each["blobs"], sizes[0], each["orphans"], sizes[1], each["young"], each["removed"])


def _show_scrub(found: dict[str, Any], output: Output) -> None:
    output.pairs(
        {
            "read": f"{found['read']} of {found['expected']}",
            "size": size_text(found["read_bytes"]),
            **(found["damaged"] or {"damaged": 0}),
        }
    )
    if found["findings"]:
        rows = [(each["what"], each["kind"], each["id"], each["location"]) for each in found["findings"]]
        output.table(("WHAT", "OF", "ID", "~AT"), rows[:_FIRST])
    if found["untrusted"]:
        output.note(f"{len(found['untrusted'])} renditions are of bytes that changed, and not to be trusted.")
