"""HandBrakeCLI as a second engine: its presets by name, typed orders, and progress as it goes."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from connectors.ports import DiskFull
from connectors.process import DISK_FULL, NO_ROOM, ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.sniff import sniff

Container = Literal["av_mp4", "av_mkv", "av_webm"]
Subtitles = Literal["none", "all", "burn_first"]
Phase = Literal["scanning", "encoding", "muxing"]

_BOTH_AS_ONE = ("/bin/sh", "-c", 'exec "$@" 2>&1', "sh")
"""Presets and some failures are told on standard error alone. The shell hands on what follows, unread."""
_NEEDS_DEVICES = "Hardware"
"""The category of the presets that encode in hardware."""
_LINKS = Path("/etc/alternatives")
"""Debian's libblas, which HandBrake loads, is a link through here."""
_SUBTITLES: dict[Subtitles | None, tuple[str, ...]] = {
    None: (),
    "none": ("--subtitle", "none"),
    "all": ("--all-subtitles", "--subtitle-burned=none"),
    "burn_first": ("--subtitle", "1", "--subtitle-burned=1"),
}
_SIDES, _TRACKS, _WORST_QUALITY = {None, *range(32, 20_481)}, set(range(1, 100)), 63
_LIST_WALL_S, _LIST_MEMORY = 60, 1 << 30
_LOG_LINES, _SHOWN_LINES, _OBJECT_LINES = 500, 40, 64
_LOGGED = re.compile(r"\[\d\d:\d\d:\d\d\] .*\n?")
_TREE = re.compile(r"^((?:    )*)(\S.*)$", re.MULTILINE)
_VIDEO = re.compile(r"Stream #.*: Video: (?!.*attached pic)")
_PHASES: dict[str, Phase] = {"SCANNING": "scanning", "WORKING": "encoding", "MUXING": "muxing"}
_DISK_FULL = "disk_full"
_SIGNS = {
    "No title found.": "unreadable_source",
    "Failed to initialize job": "impossible_order",
    NO_ROOM: _DISK_FULL,
    "Failure to initialise thread": "encoder_failed",
}


class OrderRefused(ValueError):
    """This cannot be asked of HandBrake, and nothing has run: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Preset:
    """One of HandBrake's presets."""

    category: str
    name: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandbrakeEncode:
    """One film to one file; what is None is as the preset says. Raises OrderRefused for what cannot be."""

    source: Path
    target: Path
    """In a folder of the attempt's own: scratch files, and after a failure half a film, stay in it."""
    preset: str
    container: Container
    memory_bytes: int
    max_height: int | None = None
    """In place of the preset's bound, above it too; nothing becomes larger than the source."""
    max_width: int | None = None
    quality: float | None = None
    """0 to 63, less is better; what a number means depends on the preset's encoder."""
    audio: tuple[int, ...] | Literal["all"] | None = None
    """Tracks, from 1; () is silence. Chosen tracks become AAC (in WebM Opus), whatever the preset says."""
    subtitles: Subtitles | None = None
    """`burn_first` makes the first track part of the picture; without any it changes nothing."""
    chapters: bool = True

    def __post_init__(self) -> None:
        tracks = set() if self.audio is None or self.audio == "all" else set(self.audio)
        kept = (self.container, self.subtitles) != ("av_webm", "all")
        for holds, code, reason in (
            (self.source.is_absolute() and self.target.is_absolute(), "bad_path", "paths must be absolute"),
            (self.container in get_args(Container), "bad_container", "HandBrake has no such container"),
            ({self.max_height, self.max_width} <= _SIDES, "bad_size", "a side is 32 to 20480 pixels"),
            (0 <= (self.quality or 0) <= _WORST_QUALITY, "bad_quality", "a quality is 0 to 63"),
            (tracks <= _TRACKS, "bad_audio", "audio tracks are numbers from 1 to 99"),
            (self.subtitles in _SUBTITLES, "bad_subtitles", "subtitles are none, all or burn_first"),
            (kept, "bad_subtitles", "WebM holds no subtitles: burn one in, or choose Matroska"),
        ):
            if not holds:
                raise OrderRefused(code, reason)


@dataclass(frozen=True, slots=True)
class HandbrakeProgress:
    """How far an encode has come."""

    fraction: float
    """Of all passes, 0 to 1: never less than before, and 1 only once the target is there."""
    fps: float
    eta_s: int | None
    """Of the pass under way; None while HandBrake cannot tell, as in its first four seconds."""
    phase: Phase


@dataclass(frozen=True, slots=True)
class HandbrakeTools:
    """Runs HandBrakeCLI behind the sandbox's walls."""

    runner: ToolRunner
    path: Path
    _known: list[Preset] = field(default_factory=list, init=False, repr=False, compare=False)

    async def presets(self) -> list[Preset]:
        """What this HandBrake offers; it is asked once. Raises ToolFailed."""
        if not self._known:
            said: list[str] = []
            walls = Confinement(read=self._readable(), wall_s=_LIST_WALL_S, memory_bytes=_LIST_MEMORY)
            await self.runner.run([*_BOTH_AS_ONE, str(self.path), "--preset-list"], walls, said.append)
            self._known[:] = parse_presets(said)
        return list(self._known)

    async def encode(self, order: HandbrakeEncode, on_progress: Callable[[HandbrakeProgress], None]) -> None:
        """Writes the target. Raises OrderRefused for a preset that is not among `presets`, and ToolFailed."""
        preset = next((each for each in await self.presets() if each.name == order.preset), None)
        if preset is None:
            raise OrderRefused("unknown_preset", f"HandBrake has no preset {order.preset!r}")
        if not order.source.is_file() or sniff(order.source) is None:  # it would open discs and playlists too
            raise ToolFailed("unreadable_source", "its first bytes are those of no video format we read")
        order.target.unlink(missing_ok=True)
        read, write = self._readable(order.source), order.target.parent
        walls = Confinement(
            read=read,
            write=write,
            memory_bytes=order.memory_bytes,
            hardware=preset.category == _NEEDS_DEVICES,
        )
        follower = Follower(on_progress)
        try:
            await self.runner.run(encode_command(self.path, order), walls, follower)
            if not (order.target.is_file() and order.target.stat().st_size):
                raise ToolFailed("nothing_written", "HandBrake ended well and wrote nothing")
        except ToolFailed as error:
            order.target.unlink(missing_ok=True)  # it may have begun to write before it was ended
            why = explain(follower.log, error)
            raise (DiskFull(DISK_FULL) if why.code == _DISK_FULL else why) from None
        on_progress(HandbrakeProgress(1.0, 0.0, 0, "muxing"))

    def _readable(self, *sources: Path) -> tuple[Path, ...]:
        return (*sources, self.path, self.path.resolve(), _LINKS)


def find_handbrake() -> Path | None:
    """The HandBrakeCLI on this machine's path."""
    found = shutil.which("HandBrakeCLI")
    return Path(found).absolute() if found else None


def encode_command(path: Path, order: HandbrakeEncode) -> list[str]:
    """HandBrakeCLI's arguments for an encode; what it keeps between passes goes beside the target."""
    numbers = {"--maxHeight": order.max_height, "--maxWidth": order.max_width, "--quality": order.quality}
    return [
        *(*_BOTH_AS_ONE, "/usr/bin/env", f"TMPDIR={order.target.parent}", str(path), "--json"),
        *("--input", str(order.source), "--output", str(order.target)),
        *("--preset", order.preset, "--format", order.container),
        *(part for name, value in numbers.items() if value is not None for part in (name, f"{value:g}")),
        *_audio(order),
        *_SUBTITLES[order.subtitles],
        "--markers" if order.chapters else "--no-markers",
    ]


def _audio(order: HandbrakeEncode) -> tuple[str, ...]:
    if not order.audio:
        return () if order.audio is None else ("--audio", "none")
    chosen = ("--all-audio",) if order.audio == "all" else ("--audio", ",".join(map(str, order.audio)))
    # HandBrake drops the preset's encoder for chosen tracks; left to itself it makes MP3 in Matroska.
    return (*chosen, "--aencoder", "opus" if order.container == "av_webm" else "av_aac")


def parse_presets(lines: Iterable[str]) -> list[Preset]:
    """The presets in the tree that HandBrake prints among its log. Raises ToolFailed where there is none."""
    found: list[Preset] = []
    folders: list[str] = []
    for indent, said in _TREE.findall(_LOGGED.sub("", "\n".join(lines))):
        depth = len(indent) // 4
        if found and depth == len(folders) + 1:
            found[-1] = replace(found[-1], about=f"{found[-1].about} {said}".strip())
        elif said.endswith("/"):
            folders[depth:] = [said[:-1]]
        elif depth:
            del folders[depth:]
            found.append(Preset("/".join(folders), said, ""))
    if not found:
        raise ToolFailed("no_presets", "HandBrake listed no presets")
    return found


class Follower:
    """Takes the lines of an encode: reports its progress, and keeps the end of its log."""

    def __init__(self, on_progress: Callable[[HandbrakeProgress], None]) -> None:
        self._report = on_progress
        self._object: list[str] = []
        self._fraction = 0.0
        self.log: deque[str] = deque(maxlen=_LOG_LINES)

    def __call__(self, line: str) -> None:
        """Raises ToolFailed for an audio track that is not there: HandBrake would go on without."""
        if line.endswith("Progress: {"):  # a library's words without an end of line can stand before it
            self._object = ["{"]
        elif self._object:
            self._gather(line)
        else:
            self.log.append(line)
            if line.startswith("Warning: Could not find audio track"):
                raise ToolFailed("no_such_track", line.removeprefix("Warning: "))

    def _gather(self, line: str) -> None:
        self._object.append(line)
        if line == "}" or len(self._object) == _OBJECT_LINES:
            with contextlib.suppress(orjson.JSONDecodeError):
                self._understand(orjson.loads("\n".join(self._object)))
            self._object = []

    def _understand(self, state: dict[str, Any]) -> None:
        phase, work = _PHASES.get(state.get("State", "")), state.get("Working", {})
        done = (work.get("Pass", 1) - 1 + work.get("Progress", 0.0)) / (work.get("PassCount") or 1)
        self._fraction = max(self._fraction, min(done, 0.999))
        left_s = (work.get("Hours", -1) * 60 + work.get("Minutes", 0)) * 60 + work.get("Seconds", 0)
        if phase:
            rate, eta_s = work.get("Rate", 0.0), left_s if left_s >= 0 else None
            self._report(HandbrakeProgress(self._fraction, rate, eta_s, phase))


def explain(log: Sequence[str], error: ToolFailed) -> ToolFailed:
    """The failure in HandBrake's own words; as it was where the walls or a signal ended it."""
    if error.code not in ("tool_error", "nothing_written") or error.stderr:
        return error
    text = "\n".join(log)
    errors = [line.removeprefix("ERROR: ") for line in log if line.startswith("ERROR: ")]
    code = next((code for sign, code in _SIGNS.items() if sign in text), error.code)
    message = errors[0] if errors else ": ".join([str(error), *[*log][-1:]])
    if code == "unreadable_source":
        message = "HandBrake found no film in it that it can read"
        if "Stream #" in text and not _VIDEO.search(text):
            code, message = "no_video", "it has no video, and HandBrake makes nothing else"
    return ToolFailed(code, message, "\n".join([*log][-_SHOWN_LINES:]))
