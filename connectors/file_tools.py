"""Makes whole files: joined from segments without encoding, encoded in one go where segments are wrong, or
copied where the clock is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.drawn_text import DrawnText
from connectors.encoders import in_band_tag, video_settings
from connectors.hardware import HardwareEncoder, Settings
from connectors.media_tools import BOUNDS, Follower, Impatient, OnProgress
from connectors.pipes import into_tool
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.segment_tools import VideoRun, device_flags, given, on_grid, opened, quietly
from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import VideoRendition, renditions

_FORMATS = {"mkv": "matroska", "m4a": "ipod"}
_TEXT_IN = {"mp4": "mov_text", "mkv": "srt", "webm": "webvtt"}
_KEPT_IN_MKV = frozenset(
    {"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
)
_AUDIO_ENCODERS = {"aac": "aac", "opus": "libopus", "mp3": "libmp3lame", "flac": "flac", "copy": "copy"}
_CHANNELS = {"mono": 1, "stereo": 2, "surround": 8}
_BOUNDS = [word for name, value in BOUNDS.items() for word in (f"-{name}", str(value))]
_COPY_MEMORY = 1 << 30
_LOUDEST = 0.9
_INTEGRATED = re.compile(r"^\s+I:\s+(-?\d+(\.\d+)?) LUFS", re.MULTILINE)
_SILENCE_LUFS = -70.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Segments to one file, with what the source had beside pictures and sound."""

    source: Path
    medium: Medium
    profile: Profile
    video: Sequence[Path]
    """The initialisation segment, then all others; empty without a picture."""
    audio: Sequence[Sequence[Path]]
    audio_streams: Sequence[int]
    """Which stream of the source each track was."""
    self_contained: bool = False
    """Whether each segment brings its own parameter sets."""
    target: Path
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A medium to one file."""

    source: Path
    medium: Medium
    profile: Profile
    target: Path
    text: DrawnText | None = None
    memory_bytes: int | None = None
    hardware: HardwareEncoder | None = None

    @property
    def rung(self) -> VideoRendition | None:
        """The size of the picture; None where there is none to encode. Raises CannotRender."""
        video = self.profile.video
        if video is None or video.codec == "copy" or self.medium.main("video") is None:
            return None
        made = renditions(self.medium, replace(self.profile, audio=None)).video
        return made[0] if made else None


@dataclass(frozen=True, slots=True)
class FileTools:
    """Runs ffmpeg behind the sandbox's walls."""

    runner: ToolRunner
    ffmpeg_path: Path

    async def join(self, order: Join) -> None:
        """Writes the target. Raises ToolFailed."""
        walls = self._walls(order)
        with into_tool([*([order.video] if order.video else []), *order.audio]) as pipes:
            argv = join_command(self.ffmpeg_path, order, pipes.names)
            await self.runner.run(argv, walls, None, pipes)

    async def whole(self, order: Whole, on_progress: OnProgress) -> None:
        """Writes the target, in two passes where that is asked for. Raises ToolFailed, CannotRender."""
        gain = await self._gain(order)
        rung = order.rung
        passes = (1, 2) if rung and rung.bit_rate and not _in_hardware(order) else (0,)
        for number in passes:
            argv = whole_command(order, gain, number).compile(cmd=str(self.ffmpeg_path))
            heard = on_progress if number == passes[-1] else _unheard
            follower = Follower(Impatient(heard) if _in_hardware(order) else heard)
            await self.runner.run(argv, self._walls(order), follower)

    async def straighten(self, source: Path, demuxer: str, target: Path) -> None:
        """Writes the same medium with a clock that only goes forward, as Matroska. Raises ToolFailed."""
        walls = Confinement(read=(source,), write=target.parent, memory_bytes=_COPY_MEMORY)
        try:
            await self.runner.run(straight_command(self.ffmpeg_path, source, demuxer, target, "vas"), walls)
        except ToolFailed:  # there are subtitles that Matroska does not hold
            await self.runner.run(straight_command(self.ffmpeg_path, source, demuxer, target, "va"), walls)

    async def _gain(self, order: Whole) -> float:
        """How many decibels bring the main track to the loudness that is asked for."""
        audio, stream = order.profile.audio, order.medium.main("audio")
        if audio is None or audio.loudness_lufs is None or stream is None:
            return 0.0
        heard = _opened(order)[str(stream.index)].filter("ebur128", framelog="quiet")
        made = ffmpeg.output(heard, "-", format="null").global_args("-v", "info", "-nostdin", "-nostats")
        done = await self.runner.run(made.compile(cmd=str(self.ffmpeg_path)), self._walls(order))
        found = _INTEGRATED.search(done.stderr)
        if found is None:
            raise ToolFailed("loudness_unknown", "ffmpeg did not say how loud it is", done.stderr)
        loudness = float(found[1])
        return audio.loudness_lufs - loudness if loudness > _SILENCE_LUFS else 0.0

    def _walls(self, order: Join | Whole) -> Confinement:
        text = order.text if isinstance(order, Whole) else None
        return Confinement(
            read=(order.source, *(text.needs if text else ())),
            write=order.target.parent,
            memory_bytes=order.memory_bytes,
            hardware=_in_hardware(order),
        )


def join_command(ffmpeg_path: Path, order: Join, sources: Sequence[str]) -> list[str]:
    """ffmpeg's arguments for a join. The source is its first input, for what is kept of it.

    Put together by hand: ffmpeg-python leaves out an input of which no stream is used.
    """
    texts = _texts(order.medium, order.profile)
    opened = ["-f", order.medium.container, *_BOUNDS, "-i", str(order.source)]
    for each in sources:
        opened += ["-f", "mp4", "-protocol_whitelist", "pipe", "-i", each]
    maps = [f"{number}:0" for number in range(1, len(sources) + 1)]
    maps += [f"0:{stream.index}" for stream in texts]
    settings = {
        "c": "copy",
        **_text_settings(texts, order.profile),
        **_kept(order.profile),
        **{f"map_metadata:s:a:{n}": f"0:s:{stream}" for n, stream in enumerate(order.audio_streams)},
        **_joined_video(order),
        **{name: value for name, value in _container(order.profile).items() if name != "format"},
        "f": _container(order.profile)["format"],
    }
    flags = ["-v", "error", "-nostdin", "-nostats", "-y"]
    said = [part for name, value in settings.items() for part in (f"-{name}", str(value))]
    mapped = [part for one in maps for part in ("-map", one)]
    return [str(ffmpeg_path), *flags, *opened, *mapped, *said, str(order.target)]


def _joined_video(order: Join) -> Settings:
    """Fragments keep B-frames with times that begin after zero when they are read as a file."""
    if not order.video or order.profile.video is None:
        return {}
    return {"bsf:v": "setts=pts=PTS-STARTPTS:dts=DTS-STARTPTS", **_tag(order, order.profile.video.codec)}


def _tag(order: Join, codec: str) -> Settings:
    if order.profile.container != "mp4":
        return {}
    return in_band_tag(codec) if order.self_contained else {"tag:v": "hvc1"} if codec == "hevc" else {}


def straight_command(ffmpeg_path: Path, source: Path, demuxer: str, target: Path, kinds: str) -> list[str]:
    """ffmpeg's arguments: by itself it puts what comes after a jump of the clock behind what came before.

    Put together by hand: ffmpeg-python takes one map alone.
    """
    read = ["-f", demuxer, *_BOUNDS, "-i", str(source)]
    kept = [part for kind in kinds for part in ("-map", f"0:{kind}?")]
    made = ["-c", "copy", "-fflags", "+bitexact", "-f", "matroska", str(target)]
    return [str(ffmpeg_path), "-v", "error", "-nostdin", "-nostats", "-y", *read, *kept, *made]


def whole_command(order: Whole, gain_db: float, number: int) -> Any:
    """ffmpeg's arguments: for one pass, or for the first or second of two."""
    source, profile, rung = _opened(order), order.profile, order.rung
    streams: list[Any] = []
    settings: Settings = {**_container(profile), **_kept(profile)}
    if rung is not None:
        run = VideoRun(
            source=order.source,
            demuxer="",
            rungs=(rung,),
            first=0,
            count=rung.grid.segments,
            text=order.text,
        )
        streams.append(given(on_grid(source, run), rung, order.hardware))
        made = video_settings(rung, None, order.hardware)
        settings |= {**made, "fps_mode": "passthrough", **_pass(rung, order, number)}
    elif profile.video is not None and (video := order.medium.main("video")) is not None:
        streams.append(source[str(video.index)])
        settings["c:v"] = "copy"
    if number == 1:
        return quietly(ffmpeg.output(*streams, "-", **{**settings, "format": "null"}))
    streams += _sounds(source, order, gain_db)
    settings |= _sound_settings(order)
    texts = _texts(order.medium, profile)
    streams += [source[str(stream.index)] for stream in texts]
    output = ffmpeg.output(*streams, str(order.target), **settings, **_text_settings(texts, profile))
    return quietly(output, *device_flags(order.hardware))


def _in_hardware(order: Join | Whole) -> bool:
    return isinstance(order, Whole) and order.hardware is not None


def _pass(rung: VideoRendition, order: Whole, number: int) -> Settings:
    if number == 0:
        return {}
    log = str(order.target.parent / "passes")
    if rung.codec == "hevc":
        return {"x265-params": f"log-level=error:info=0:pass={number}:stats={log}"}
    return {"pass": number, "passlogfile": log}


def _tracks(order: Whole) -> list[Stream]:
    main = order.medium.main("audio")
    if order.profile.audio is None or main is None:
        return []
    return order.medium.of_kind("audio") if order.profile.audio.tracks == "all" else [main]


def _sounds(source: Any, order: Whole, gain_db: float) -> list[Any]:
    tracks = [source[str(stream.index)] for stream in _tracks(order)]
    if not gain_db:
        return tracks
    louder = (track.filter("volume", f"{gain_db:.2f}dB") for track in tracks)
    return [track.filter("alimiter", limit=_LOUDEST, level="disabled") for track in louder]


def _sound_settings(order: Whole) -> Settings:
    audio = order.profile.audio
    if audio is None:
        return {}
    settings: Settings = {"c:a": _AUDIO_ENCODERS[audio.codec]}
    if audio.codec == "copy":
        return settings
    for number, stream in enumerate(_tracks(order)):
        channels = min(_CHANNELS[audio.channels], stream.channels or 2)
        settings[f"ac:a:{number}"] = min(channels, 2) if audio.codec == "mp3" else channels
        if audio.codec != "flac":
            settings[f"b:a:{number}"] = round(audio.bit_rate * max(1.0, channels / 2))
    return settings


def _texts(medium: Medium, profile: Profile) -> list[Stream]:
    """The subtitle streams that are carried along."""
    if profile.subtitles != "carry" or profile.container not in _TEXT_IN:
        return []
    if profile.container != "mkv":
        return medium.texts
    pictures = [stream for stream in medium.drawn_texts if stream.codec in _KEPT_IN_MKV]
    return sorted([*medium.texts, *pictures], key=lambda stream: stream.index)


def _text_settings(texts: Sequence[Stream], profile: Profile) -> Settings:
    said = _TEXT_IN.get(profile.container, "")
    kept = _KEPT_IN_MKV if profile.container == "mkv" else frozenset()
    return {f"c:s:{n}": "copy" if stream.codec in kept else said for n, stream in enumerate(texts)}


def _container(profile: Profile) -> Settings:
    name = _FORMATS.get(profile.container, profile.container)
    return {"format": name, **({"movflags": "+faststart"} if name in ("mp4", "ipod") else {})}


def _kept(profile: Profile) -> Settings:
    return {
        "map_metadata": 0 if profile.keep_metadata else -1,
        "map_chapters": 0 if profile.keep_chapters else -1,
    }


def _opened(order: Join | Whole) -> Any:
    return opened(order.source, order.medium.container)


def _unheard(_report: object) -> None:
    return None
