"""Looking at the event log: events, topics, and read models built from it anew."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from deploy.local.commands.options import HomeOption, JsonOption, LimitOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.event_log import Seen
    from schemas.topics import Topic

app = typer.Typer()

_NOISE = "service.beat"


@app.command()
def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes from now on.")] = False,
    topic: Annotated[
        list[str] | None, typer.Option(help="This topic alone; may be repeated.", show_default=False)
    ] = None,
    limit: LimitOption = 50,
    beats: Annotated[bool, typer.Option("--all", help="Show the processes' beats too.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show the last events, decoded, or with -f those that come."""
    from deploy.local import event_log, reach

    output = Output(as_json=json)
    names, brokers = _topics(topic, beats), reach.brokers(reach.home_at(home))
    if not follow:
        for seen in event_log.last(brokers, names, limit):
            _write(seen, output)
        return
    with event_log.tail(brokers, names) as tail:
        while True:
            for seen in tail.new(within_s=0.5):
                _write(seen, output)


@app.command()
def topics(home: HomeOption = None, json: JsonOption = False) -> None:
    """List the topics, with how many records each holds where the stack is up."""
    from deploy.local import event_log, reach
    from schemas.topics import BY_NAME

    output = Output(as_json=json)
    brokers = reach.known_brokers(reach.home_at(home))
    live = event_log.counts(brokers, list(BY_NAME)) if brokers else {}
    rows = []
    for one in BY_NAME.values():
        partitions, records = live.get(one.name, (one.partitions, None))
        rows.append((one.name, partitions, records, one.key, _kept(one), one.about))
    names = ("topic", "partitions", "records", "key", "kept", "about")
    if not output.emit_all(dict(zip(names, row, strict=True)) for row in rows):
        shown = [["" if cell is None else cell for cell in row] for row in rows]
        output.table(("TOPIC", ">PARTITIONS", ">RECORDS", "KEY", "KEPT", "~ABOUT"), shown)


@app.command()
def rebuild(home: HomeOption = None, json: JsonOption = False) -> None:
    """Build the read models from the event log anew, beside those that are served, and swap them."""
    from deploy.local import reach
    from deploy.local.settings import ROOT, read

    found = reach.expect_running(reach.home_at(home))
    output = Output(as_json=json)
    done = subprocess.run(
        [sys.executable, "-m", "processors", "rebuild"],
        env={**read().environ, **found.told, "SLUICE_INSTANCE": "rebuild"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"the rebuild ended with status {done.returncode}; the old read models still serve.")
    result = orjson.loads(done.stdout.splitlines()[-1])
    if json:
        output.emit(result)
        return
    output.line(f"{result['documents']} documents from {result['events']} events are served now.")
    if not result["identical"]:
        output.line(f"They differ from the old ones: {', '.join(result['differing'])}", style="yellow")


def _kept(topic: Topic) -> str:
    if topic.compacted:
        return "the last of each key"
    return "for ever" if topic.retention is None else f"{topic.retention.total_seconds() / 3600:g} h"


def _topics(wanted: list[str] | None, beats: bool) -> list[str]:
    from schemas.topics import BY_NAME

    for name in wanted or []:
        if name not in BY_NAME:
            raise Failure(f"there is no topic {name}: see `sluice topics`.", Exit.NOT_FOUND)
    return wanted or [name for name in BY_NAME if beats or name != _NOISE]


def _write(seen: Seen, output: Output) -> None:
    from rich.text import Text

    from deploy.local import event_log

    if output.json:
        output.emit(event_log.as_object(seen))
        return
    clock = seen.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    output.out.print(
        Text.assemble(
            (clock, "dim"),
            " ",
            (f"{seen.topic}", "cyan"),
            (f" {seen.partition}/{seen.offset} ", "dim"),
            event_log.key_text(seen),
            " ",
            event_log.said(seen),
        )
    )
