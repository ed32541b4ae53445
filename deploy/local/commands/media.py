"""Taking media in, listing them, getting results back, removing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output, clean, size_text, span_text, state_text, time_text
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.client import Gateway

app = typer.Typer()

_PROFILE = "web"
COLUMNS = ("ID", "STATUS", "~NAME", ">SIZE", ">LENGTH", "ADDED")


@app.command()
def add(
    files: Annotated[list[Path], typer.Argument(help="The files to upload.", metavar="FILE…")],
    profile: Annotated[str, typer.Option(help="What to make of them.")] = _PROFILE,
    transcode: Annotated[bool, typer.Option("--transcode/--no-transcode", help="Ask for a job too.")] = True,
    priority: Annotated[str, typer.Option(help="high, normal or low.")] = "normal",
    watch: Annotated[
        bool, typer.Option("--watch", "--wait", "-w", help="Follow the jobs to their ends.")
    ] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Upload files, and ask for each to be transcoded."""
    from deploy.local import reach, watching

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        wanted = profile if transcode else None
        answers = [_upload(gateway, file, output, wanted, priority) for file in files]
        jobs = [answer["job"]["id"] for answer in answers if answer.get("job")]
        if not watch:
            return
        ended = watching.watch(gateway, jobs, output)
        output.emit_all(ended)
        watching.ended_well(ended)


@app.command()
def media(
    status: Annotated[
        str | None,
        typer.Option(help="Only uploaded, quarantined, ready, rejected or deleted ones.", show_default=False),
    ] = None,
    limit: LimitOption = 20,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List media, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/media", limit, status=status))
    if not output.emit_all(items):
        output.table(COLUMNS, [row(item) for item in items])


@app.command()
def remove(
    id: Annotated[str, typer.Argument(help="A medium's id.", metavar="ID")],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Remove a medium."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.delete(at("media", id))
    if json:
        output.emit(answer or {"id": id})
    output.line(f"{id} is being removed")


@app.command()
def get(
    id: Annotated[str, typer.Argument(help="A job's id for its result, or a medium's.", metavar="ID")],
    file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write it (default: its own name, here).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Download a job's result, or a medium as it was uploaded."""
    from deploy.local import reach, transfers

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        path, name, size = _source(gateway, id)
        target = _target(file, transfers.local_name(name, id))
        if target.exists() and not force:
            raise Failure(f"{target} is there already: say --force to replace it.", Exit.CONFLICT)
        with transfers.progress_bar(output, target.name, size) as bar:
            task = bar.task_ids[0]
            written = transfers.download(
                gateway, path, target, lambda done, total: bar.update(task, completed=done, total=total)
            )
    if json:
        output.emit({"file": target.absolute(), "size_bytes": written})
    output.line(f"{target} ({size_text(written)})")


def _upload(
    gateway: Gateway, file: Path, output: Output, profile: str | None, priority: str
) -> dict[str, Any]:
    from deploy.local import transfers

    if not file.is_file():
        raise Failure(f"{file} is no file.", Exit.USAGE)
    with transfers.progress_bar(output, file.name, file.stat().st_size) as bar:
        task = bar.task_ids[0]
        answer = _send(gateway, file, profile, priority, lambda sent: bar.advance(task, sent))
    if output.json:
        output.emit(answer)
    job = answer.get("job")
    output.line(f"media {answer['media']['id']}{'  job ' + job['id'] if job else ''}  {clean(file.name)}")
    return answer


def _send(
    gateway: Gateway, file: Path, profile: str | None, priority: str, advance: Callable[[int], None]
) -> dict[str, Any]:
    """A large file so that it can go on after a cut, a small one at once."""
    from deploy.local import reach, resuming, transfers

    if file.stat().st_size <= resuming.FROM_BYTES:
        return transfers.upload(gateway, file, advance, profile=profile, priority=priority)
    return resuming.Sending(gateway, file, profile, priority, reach.begun(), advance).run()


def row(item: dict[str, Any]) -> tuple[object, ...]:
    """A medium in a table."""
    length_ms = (item.get("probe") or {}).get("duration_ms")
    return (
        item["id"],
        state_text(item.get("status", "")),
        item.get("name", ""),
        size_text(item.get("size_bytes")),
        span_text(None if length_ms is None else length_ms / 1000),
        time_text(item.get("created_at")),
    )


def _source(gateway: Gateway, id: str) -> tuple[str, object, int | None]:
    """Where the bytes are, their name and size."""
    from deploy.local.client import at

    job = gateway.find("jobs", id)
    if job is None:
        medium = gateway.get(at("media", id))
        return at("media", id, "content"), medium.get("name"), medium.get("size_bytes")
    result = job.get("output")
    if result is None:
        from deploy.local.watching import outcome

        raise Failure(f"job {id} has no result to download; it is {outcome(job)}.", Exit.CONFLICT)
    return at("jobs", id, "output"), result.get("name"), result.get("size_bytes")


def _target(file: Path | None, name: str) -> Path:
    if file is None:
        return Path(name)
    return file / name if file.is_dir() else file
