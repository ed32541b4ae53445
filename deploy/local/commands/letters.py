"""Looking at dead letters, and sending them through again once their cause is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption
from deploy.local.console import Output, clean, time_text
from deploy.local.failures import Exit, Failure

if TYPE_CHECKING:
    from deploy.local.letters import Letter

app = typer.Typer(help="Dead letters: list, show and replay what a stage gave up.", no_args_is_help=True)

TopicArgument = Annotated[str, typer.Argument(help="A topic, or its dead-letter topic.")]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Show those that were replayed too.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the dead letters that were not replayed yet."""
    from deploy.local import letters, reach

    output = Output(as_json=json)
    found = letters.read(reach.brokers(reach.home_at(home)), letters.topics())
    shown = [letter for letter in found if every or not letter.replayed]
    if not output.emit_all(map(_about, shown)):
        columns = ("TOPIC", ">OFFSET", "STAGE", "CODE", "~REASON", "TIME", "REPLAYED")
        output.table(columns, [_row(letter) for letter in shown])


@app.command()
def show(
    topic: TopicArgument,
    offset: Annotated[int, typer.Argument(min=0)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a dead letter whole, with the record that it is about."""
    from deploy.local import letters, reach

    output = Output(as_json=json)
    letter = letters.find(reach.brokers(reach.home_at(home)), topic, offset)
    about = {**_about(letter), "attempts": letter.letter.attempts, **_original(letter)}
    if json:
        output.emit(about)
        return
    output.pairs(about)


@app.command()
def replay(
    topic: TopicArgument,
    offset: Annotated[int | None, typer.Argument(min=0, help="One letter.", show_default=False)] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All of the topic that were not replayed yet.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Publish the original record again, where it came from."""
    from deploy.local import letters, reach

    if (offset is None) is not every:
        raise Failure("name one letter by its offset, or all of the topic with --all.", Exit.USAGE)
    output, brokers = Output(as_json=json), reach.brokers(reach.home_at(home))
    if offset is not None:
        chosen = [letters.find(brokers, topic, offset)]
    else:
        chosen = [one for one in letters.read(brokers, letters.topics(topic)) if not one.replayed]
    done = letters.replay(brokers, chosen)
    if json:
        output.emit({"replayed": done, "letters": [letter.place for letter in chosen]})
    output.line(f"{done} replayed")


def _about(letter: Letter) -> dict[str, Any]:
    dead = letter.letter
    return {
        "topic": letter.topic,
        "offset": letter.offset,
        "stage": dead.stage,
        "code": dead.code,
        "reason": dead.reason,
        "time": letter.at,
        "replayed": letter.replayed,
        "from": f"{dead.topic}/{dead.partition}/{dead.offset}",
    }


def _original(letter: Letter) -> dict[str, Any]:
    """The record that could not be handled, decoded where it can be."""
    from deploy.local.event_log import codec
    from schemas.codec import Undecodable

    dead = letter.letter
    raw = {"key": dead.key, "headers": {header.name: header.value for header in dead.headers}}
    try:
        return {**raw, "event": codec().decode(dead.topic, dead.value)}
    except Undecodable as error:
        return {**raw, "value": dead.value, "problem": str(error)}


def _row(letter: Letter) -> tuple[object, ...]:
    dead = letter.letter
    return (
        letter.topic,
        letter.offset,
        dead.stage,
        dead.code,
        clean(dead.reason),
        time_text(letter.at),
        "yes" if letter.replayed else "",
    )
