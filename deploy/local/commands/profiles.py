"""Listing profiles, making them, and taking them away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

app = typer.Typer(help="Profiles: the forms that media can be given.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A profile's name.", metavar="NAME")]
_STANDARD_INPUT = Path("-")


@app.command("list")
def list_(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List all profiles, those that are always there first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = gateway.get("/profiles")["items"]
    if not output.emit_all(items):
        columns = ("NAME", ">VERSION", "IN", "PICTURE", "SOUND", "~ABOUT")
        output.table(columns, [_row(item) for item in items])


@app.command()
def show(
    name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Show a profile. With --json it is what `put` takes."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = gateway.get(at("profiles", name))
    if json:
        output.emit(found)
    else:
        output.pairs(_said(found))


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="The profile; - is standard input.", metavar="FILE.json")],
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make a profile, or its next version. Jobs that run go on with the one they were asked for with."""
    from deploy.local import reach
    from deploy.local.client import at

    output, profile = Output(as_json=json), _read(file)
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.put(at("profiles", profile["name"]), profile)["profile"]
    if json:
        output.emit(made)
    output.line(f"{made['name']} is version {made['version']} now")


@app.command()
def rm(name: NameArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Remove a profile that people made."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        answer = gateway.delete(at("profiles", name))
    if json:
        output.emit({"name": name, **answer})
    output.line(f"{name} is removed")


@app.command()
def presets(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """List the presets that a profile of the engine handbrake can name."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = gateway.get("/profiles/handbrake-presets")
    is_told = output.emit_all(found["items"])
    if not found["workers"]:
        output.note("no worker that runs has HandBrake, or none has listed its presets yet.")
    elif not is_told:
        rows = [(each["name"], each["category"], " ".join(each["workers"])) for each in found["items"]]
        output.table(("PRESET", "CATEGORY", "~WORKERS"), rows)


def _read(file: Path) -> dict[str, Any]:
    """The profile in a file: only that it is JSON with a name is looked at here."""
    import orjson

    try:
        text = sys.stdin.buffer.read() if file == _STANDARD_INPUT else file.read_bytes()
        said = orjson.loads(text)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", Exit.USAGE) from error
    except orjson.JSONDecodeError as error:
        raise Failure(f"{file} is no JSON: {error}.", Exit.USAGE) from error
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        raise Failure(f'{file} is no profile: it has no "name".', Exit.USAGE)
    return said


def _row(item: dict[str, Any]) -> tuple[object, ...]:
    return (item["name"], item["version"], item["container"], _picture(item), _sound(item), item["about"])


def _said(item: dict[str, Any]) -> dict[str, Any]:
    video, audio = item["video"] or {}, item["audio"] or {}
    return {
        "profile": item["name"],
        "about": item["about"],
        "version": item["version"],
        "container": item["container"],
        "engine": item["engine"],
        "preset": item["handbrake_preset"],
        "picture": video.get("codec"),
        **{f"  {rung['height']} high": _rung(rung) for rung in video.get("rungs", [])},
        "  made": _made(video) if video else None,
        "sound": _sound(item),
        "  channels": audio.get("channels"),
        "  tracks": audio.get("tracks"),
        "  loudness": f"{audio['loudness_lufs']} LUFS" if audio.get("loudness_lufs") else None,
        "subtitles": item["subtitles"],
    }


def _picture(item: dict[str, Any]) -> str:
    if item["engine"] == "handbrake":
        return f"handbrake: {item['handbrake_preset']}"
    video = item["video"]
    if video is None:
        return ""
    heights = " ".join(str(rung["height"]) for rung in video["rungs"])
    return " ".join(filter(None, (video["codec"], heights, "hardware" if video["hardware"] else "")))


def _sound(item: dict[str, Any]) -> str:
    audio = item["audio"]
    if audio is None:
        return ""
    whole = audio["codec"] in ("copy", "flac")
    return audio["codec"] if whole else f"{audio['codec']} {audio['bit_rate'] // 1000}k"


def _rung(rung: dict[str, Any]) -> str:
    if rung["bit_rate"]:
        return f"{rung['bit_rate'] // 1000}k in two passes"
    most = f", at most {rung['max_bit_rate'] // 1000}k" if rung["max_bit_rate"] else ""
    return f"quality {rung['crf']}{most}"


def _made(video: dict[str, Any]) -> str:
    where = "in hardware where that works" if video["hardware"] else "in software"
    return f"{video['speed']}, {where}, at most {video['max_frame_rate']} pictures a second"
