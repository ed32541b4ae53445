"""Still images from media: posters, sheets of thumbnails for the seek bar, and waveforms.

ffmpeg says what it sees (times, scores, levels) in lines of text; what follows from them is decided here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import ffmpeg
import orjson

from connectors.process import OnLine, ToolFailed, ToolRunner
from connectors.sandbox import Confinement

_BASE_CPU_S, _CPU_PER_S, _LONGEST_S = 600, 10, 48 * 3600
"""An honest medium needs less: so much in any case, and so much for each second that it plays."""
_FILE_BYTES = 64 << 20
_EARLY_MS = 300_000
_LOOKED_AT = 24
_GOOD_SCORE = 60
"""Of 219: about what an evenly lit picture has."""
_TALLEST = 4
_TILE_WIDTH, _SHEET_SIDE, _MAX_TILES = 160, 10, 600
_SHORT_MS, _SHORT_STEP_MS, _STEP_MS = 300_000, 2_000, 10_000
_FAR_STEPS, _FAR_SHARE = 1.2, 0.1
"""Key frames are too rare where more than a tenth of the time lies between ones that are so far apart."""
_POINTS, _MAX_POINTS, _POINTS_PER_S = 3_600, 4_000, 50
_WAVE_SIZE, _WAVE_COLOUR = (1800, 240), "0x5b8def"
_WAVE_DATA, _WAVE_PICTURE, _WAVE_DRAFT = "waveform.json", "waveform.png", "waveform.u8"
_WEBP, _JPEG = "libwebp", {"c:v": "mjpeg"}
_QUICK = {"skip_frame": "noref", "skip_loop_filter": "all"}
"""Half the time, and what is worse for it cannot be seen in a tile."""
_MOMENT = re.compile(r"pts_time:([-+.e\d]+)")
_DARK, _BRIGHT = "lavfi.signalstats.YLOW", "lavfi.signalstats.YHIGH"
_TONE_MAP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("zscale", {"pin": "bt2020", "min": "bt2020nc", "t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)

OnFraction = Callable[[float], None]
"""Takes how much is done, from 0 to 1."""
Pair = tuple[int, int]
"""The lowest and the highest level, in 8 bits."""


class NoPictures(ToolFailed):
    """The medium has no video."""

    def __init__(self) -> None:
        super().__init__("no_pictures", "it has no video to take pictures of")


class NoSound(ToolFailed):
    """The medium has no audio."""

    def __init__(self) -> None:
        super().__init__("no_sound", "it has no sound to draw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What to take pictures of, as the probe describes it."""

    source: Path
    demuxer: str
    duration_ms: int
    video_stream: int | None
    width: int = 2
    height: int = 2
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    is_hdr: bool = False
    is_cover: bool = False
    """The stream is an attached picture."""
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What to draw the waveform of."""

    source: Path
    demuxer: str
    duration_ms: int
    audio_stream: int | None
    sample_rate: int
    memory_bytes: int

    @property
    def samples_per_point(self) -> int:
        """So many that points are neither closer nor more numerous than can be drawn."""
        spread = math.ceil(self.sample_rate * self.duration_ms / 1000 / _POINTS)
        return max(1, self.sample_rate // _POINTS_PER_S, spread)


@dataclass(frozen=True, slots=True)
class Size:
    """In square pixels; both are even."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made."""

    path: Path
    size: Size


@dataclass(frozen=True, slots=True)
class TilePlan:
    """Which moments the tiles stand for, and how they lie on their sheets."""

    duration_ms: int
    step_ms: int
    count: int
    tile: Size

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return min(_SHEET_SIDE, self.count)

    @property
    def rows(self) -> int:
        """Rows on a sheet."""
        return min(_SHEET_SIDE, math.ceil(self.count / self.columns))

    @property
    def sheets(self) -> tuple[str, ...]:
        """The sheets' file names."""
        return tuple(f"sheet-{n:03}.jpg" for n in range(math.ceil(self.count / (self.columns * self.rows))))


@dataclass(frozen=True, slots=True)
class Sheets:
    """Thumbnails that were made."""

    plan: TilePlan
    paths: tuple[Path, ...]
    track: Path
    by_key_frames: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """A waveform that was made: data as audiowaveform's JSON (version 2), and a picture of it."""

    data: Path
    picture: Path
    points: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """Makes still images behind the sandbox's walls, all of them inside `folder`; raises ToolFailed."""

    runner: ToolRunner
    ffmpeg_path: Path

    async def poster(
        self, footage: Footage, folder: Path, widths: Sequence[int] = (320, 640, 1280)
    ) -> list[Picture]:
        """The best of a few moments, in each width, never scaled up: as JPEG, and WebP if this ffmpeg can.

        Raises NoPictures, ToolFailed.
        """
        if footage.video_stream is None:
            raise NoPictures
        suffixes = await self._suffixes()
        files = {f"poster-{size.width}{s}": size for size in poster_sizes(footage, widths) for s in suffixes}
        await self._shoot(footage, folder, files)
        return [Picture(path, files[path.name]) for path in _made(folder, list(files))]

    async def _shoot(self, footage: Footage, folder: Path, files: dict[str, Size]) -> None:
        scores: dict[int, float] = {}
        for at_ms in moments(footage):
            scores[at_ms] = await self._scored(footage, folder, files, at_ms)
            if scores[at_ms] >= _GOOD_SCORE:
                return
        best = max(scores, key=lambda at_ms: scores[at_ms])
        await self._run(poster_command(self.ffmpeg_path, footage, files, best), footage, folder, _ignore)

    async def _scored(self, footage: Footage, folder: Path, files: dict[str, Size], at_ms: int) -> float:
        said: list[str] = []
        try:
            command = poster_command(self.ffmpeg_path, footage, files, at_ms)
            await self._run(command, footage, folder, said.append)
        except ToolFailed as error:
            if error.code != "tool_error":
                raise
        return score(said)

    async def _suffixes(self) -> tuple[str, ...]:
        said: list[str] = []
        command = [str(self.ffmpeg_path), "-v", "error", "-encoders"]
        await self.runner.run(command, Confinement(read=(), cpu_s=60, wall_s=120), said.append)
        return (".jpg", ".webp") if any(f" {_WEBP} " in line for line in said) else (".jpg",)

    async def thumbnails(self, footage: Footage, folder: Path, on_progress: OnFraction) -> Sheets:
        """Sheets of tiles and the WebVTT track that says which tile is when.

        A tile shows the last picture up to the middle of its cue: of all pictures or, where that does, of
        key frames, then at most half a step or one key-frame distance earlier. Raises NoPictures, ToolFailed.
        """
        if footage.video_stream is None or footage.is_cover:
            raise NoPictures
        plan = tile_plan(footage)
        by_key_frames = await self._from_key_frames(footage, folder, plan, on_progress)
        if not by_key_frames:
            command = sheets_command(self.ffmpeg_path, footage, plan, key_frames=False)
            await self._run(command, footage, folder, _Moments(footage.duration_ms, on_progress))
        track = folder / "thumbnails.vtt"
        track.write_text(vtt(plan, plan.sheets))
        return Sheets(plan, tuple(_made(folder, plan.sheets)), track, by_key_frames)

    async def _from_key_frames(
        self, footage: Footage, folder: Path, plan: TilePlan, on_progress: OnFraction
    ) -> bool:
        """False where they are too rare, which shows early, or where it cannot be done with them."""
        seen = KeyFrames(plan, on_progress)
        try:
            command = sheets_command(self.ffmpeg_path, footage, plan, key_frames=True)
            await self._run(command, footage, folder, seen)
            seen.end()
        except TooRare:
            return False
        except ToolFailed as error:
            if error.code != "tool_error":
                raise
            return False
        return all((folder / name).exists() for name in plan.sheets)

    async def waveform(self, sound: Sound, folder: Path, on_progress: OnFraction) -> Wave:
        """The lowest and the highest level at each point. Memory does not grow with the sound's length.

        Raises NoSound, ToolFailed.
        """
        if sound.audio_stream is None:
            raise NoSound
        levels = Levels(sound, on_progress)
        await self._run(levels_command(self.ffmpeg_path, sound), sound, folder, levels)
        levels.close()
        if not levels.pairs:
            raise ToolFailed("nothing_heard", "not one sound of it can be decoded")
        (folder / _WAVE_DATA).write_bytes(orjson.dumps(levels.document()))
        (folder / _WAVE_DRAFT).write_bytes(draft(levels.pairs))
        await self._run(wave_picture_command(self.ffmpeg_path, folder), sound, folder, _ignore)
        (folder / _WAVE_DRAFT).unlink()
        data, picture = _made(folder, (_WAVE_DATA, _WAVE_PICTURE))
        return Wave(data, picture, len(levels.pairs))

    async def _run(self, argv: list[str], order: Footage | Sound, folder: Path, on_line: OnLine) -> None:
        seconds = min(order.duration_ms / 1000, _LONGEST_S)
        cpu_s = _BASE_CPU_S + round(_CPU_PER_S * seconds)
        walls = Confinement(
            read=(order.source,),
            write=folder,
            cpu_s=cpu_s,
            file_bytes=_FILE_BYTES,
            memory_bytes=order.memory_bytes,
            wall_s=2 * cpu_s,
        )
        await self.runner.run(argv, walls, on_line)


def _made(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files that a run was to make: ffmpeg ends well even where there was nothing to show."""
    if not all((folder / name).exists() for name in names):
        raise ToolFailed("nothing_shown", "not one picture of it can be decoded")
    return [folder / name for name in names]


def moments(footage: Footage) -> tuple[int, ...]:
    """Where to look for a poster, the likeliest first; the last one is there in every video."""
    tenth_ms = 0 if footage.is_cover else footage.duration_ms // 1000 * 100
    first = min(tenth_ms, _EARLY_MS)
    return tuple(dict.fromkeys((first, 2 * first, 3 * first, 5 * first, 0)))


def score(said: Sequence[str]) -> float:
    """How much there is to see: the span of brightness without its extremes (so noise and a title count for
    little); -1 for no picture.
    """
    levels = dict(line.split("=", 1) for line in said if "=" in line)
    return float(levels[_BRIGHT]) - float(levels[_DARK]) if _BRIGHT in levels and _DARK in levels else -1


def poster_sizes(footage: Footage, widths: Sequence[int]) -> list[Size]:
    """The sizes without those that would be scaled up; the source's own width stands in for them."""
    return list(dict.fromkeys(shown_size(footage, width) for width in sorted(widths)))


def shown_size(footage: Footage, width: int) -> Size:
    """The size as shown (turned, with square pixels), at most so wide, and not absurdly tall."""
    across, down = max(1, footage.width) * footage.pixel_aspect, Fraction(max(1, footage.height))
    if footage.rotation in (90, 270):
        across, down = down, across
    fitting = max(2, int(min(Fraction(width), across)) // 2 * 2)
    return Size(fitting, min(max(2, round(fitting * down / across / 2) * 2), _TALLEST * fitting))


def tile_plan(footage: Footage) -> TilePlan:
    """Steps of ten seconds; of two for what is short, and so long that there are never too many."""
    duration_ms = footage.duration_ms
    spread = math.ceil(duration_ms / _MAX_TILES / 1000) * 1000
    step_ms = _SHORT_STEP_MS if duration_ms <= _SHORT_MS else max(_STEP_MS, spread)
    count = max(1, math.ceil(duration_ms / step_ms))
    return TilePlan(duration_ms, step_ms, count, shown_size(footage, _TILE_WIDTH))


def vtt(plan: TilePlan, sheets: Sequence[str]) -> str:
    """The WebVTT track of the thumbnails; `sheets` are the sheets' names or addresses."""
    return "\n\n".join(["WEBVTT", *(_cue(plan, sheets, number) for number in range(plan.count))]) + "\n"


def _cue(plan: TilePlan, sheets: Sequence[str], number: int) -> str:
    sheet, place = divmod(number, plan.columns * plan.rows)
    row, column = divmod(place, plan.columns)
    begin = number * plan.step_ms
    end = max(begin + 1, min(begin + plan.step_ms, plan.duration_ms))
    area = (column * plan.tile.width, row * plan.tile.height, plan.tile.width, plan.tile.height)
    return f"{_clock(begin)} --> {_clock(end)}\n{sheets[sheet]}#xywh={','.join(map(str, area))}"


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def poster_command(ffmpeg_path: Path, footage: Footage, files: Mapping[str, Size], at_ms: int) -> list[str]:
    """Writes the most usual of the pictures from a moment on, in each size, and says how much it shows."""
    largest = max(files.values(), key=lambda size: size.width)
    stream = _opened(footage, **({"ss": at_ms / 1000} if at_ms else {}))
    stream = stream if footage.is_cover else stream.filter("bwdif", mode="send_frame", deint="interlaced")
    stream = _toned(_framed(stream, largest), footage).filter("format", "yuv420p")
    stream = stream if footage.is_cover else stream.filter("thumbnail", _LOOKED_AT)
    stream = stream.filter("metadata", "delete").filter("signalstats").filter("metadata", "print", file="-")
    copies = stream.filter_multi_output("split", len(files))
    outputs = [_still(copies[number], name, size) for number, (name, size) in enumerate(files.items())]
    return _command(ffmpeg_path, ffmpeg.merge_outputs(*outputs))


def sheets_command(ffmpeg_path: Path, footage: Footage, plan: TilePlan, *, key_frames: bool) -> list[str]:
    """Writes the sheets, and tells the moment of each key frame or else of each tile on the way."""
    # a picture that changes its size midway must not begin the filters' count anew; turning needs it to
    options = {} if footage.rotation else {"reinit_filter": 0}
    stream = _opened(footage, **options, **(_only_keys(footage, plan.step_ms) if key_frames else _QUICK))
    stream = _telling(stream) if key_frames else stream
    stream = stream.filter("fps", f"1000/{plan.step_ms}", start_time=0)
    stream = stream if key_frames else _telling(stream)
    stream = _toned(_framed(stream, plan.tile), footage)
    stream = stream.filter("tpad", stop=plan.count, stop_mode="clone").filter("trim", end_frame=plan.count)
    stream = _for_jpeg(stream.filter("tile", f"{plan.columns}x{plan.rows}"))
    made = ffmpeg.output(stream, "sheet-%03d.jpg", format="image2", start_number=0, **_JPEG, **{"q:v": 5})
    return _command(ffmpeg_path, made)


def _only_keys(footage: Footage, step_ms: int) -> dict[str, Any]:
    """Drops packets before they are decoded: all but key frames, and of these what is closer than needed.

    Registers hold the last kept one's time, and whether there was one. A medium's times may be missing or
    fall back: then the frame is kept.
    """
    due = f"not(ld(1))+eq(dts,nopts)+gte(abs(dts*tb-ld(0)),{step_ms / 4000:g})"
    return {f"bsf:{footage.video_stream}": f"noise=drop='if(key*({due}),st(1,1)*0+st(0,dts*tb)*0,1)'"}


def _opened(footage: Footage, **options: Any) -> Any:
    source = ffmpeg.input(str(footage.source), format=footage.demuxer, protocol_whitelist="file", **options)
    return source[str(footage.video_stream)]


def _framed(stream: Any, size: Size) -> Any:
    """Exactly this size; a picture of another shape than was probed gets bars, not another shape."""
    width, height = size.width, size.height
    across = f"min({width},round({height + 1}*dar/2)*2)"
    down = f"min({height},round({width + 1}/dar/2)*2)"
    stream = stream.filter("scale", across, down).filter("setsar", "1")
    return stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2")


def _toned(stream: Any, footage: Footage) -> Any:
    for name, arguments in _TONE_MAP if footage.is_hdr else ():
        stream = stream.filter(name, **arguments)
    return stream


def _telling(stream: Any) -> Any:
    """Prints each picture's moment; nothing that the medium itself says is printed."""
    stream = stream.filter("metadata", "delete").filter("metadata", "add", key="at", value="1")
    return stream.filter("metadata", "print", file="-", direct=1)


def _still(stream: Any, name: str, size: Size) -> Any:
    scaled = stream.filter("scale", size.width, size.height)
    once = {"format": "image2", "update": 1, "frames:v": 1}
    if name.endswith(".webp"):
        return ffmpeg.output(scaled.filter("format", "bgra"), name, **once, **{"c:v": _WEBP, "quality": 80})
    return ffmpeg.output(_for_jpeg(scaled), name, **once, **_JPEG, **{"q:v": 3})


def _for_jpeg(stream: Any) -> Any:
    """The colours that JPEG means, whatever the source's are."""
    stream = stream.filter("scale", out_color_matrix="bt601", out_range="full")
    return stream.filter("format", "yuv420p")


def levels_command(ffmpeg_path: Path, sound: Sound) -> list[str]:
    """Says the lowest and the highest level of each point."""
    source = ffmpeg.input(str(sound.source), format=sound.demuxer, protocol_whitelist="file")
    mono = {"sample_fmts": "s16", "channel_layouts": "mono", "sample_rates": sound.sample_rate}
    stream = source[str(sound.audio_stream)].filter("aformat", **mono)
    stream = stream.filter("asetnsamples", sound.samples_per_point, pad=0).filter("ametadata", "delete")
    measured = {"measure_perchannel": "none", "measure_overall": "Min_level+Max_level"}
    stream = stream.filter("astats", metadata=1, reset=1, **measured)
    stream = stream.filter("ametadata", "print", file="-", direct=1)
    return _command(ffmpeg_path, ffmpeg.output(stream, "-", format="null"))


def wave_picture_command(ffmpeg_path: Path, folder: Path) -> list[str]:
    """Draws the draft: of the whole sound ffmpeg would hold every sample."""
    drafted = ffmpeg.input(str(folder / _WAVE_DRAFT), format="u8", ar=8000, protocol_whitelist="file")
    size = "x".join(map(str, _WAVE_SIZE))
    drawn = drafted.audio.filter("showwavespic", size, colors=_WAVE_COLOUR, filter="peak")
    return _command(
        ffmpeg_path, ffmpeg.output(drawn, _WAVE_PICTURE, format="image2", update=1, **{"frames:v": 1})
    )


def draft(pairs: Sequence[Pair]) -> bytes:
    """The points as a sound so short that it can be drawn: two samples for each of the picture's columns."""
    across, points = _WAVE_SIZE[0], len(pairs)
    starts = [column * points // across for column in range(across + 1)]
    columns = [_hull(pairs[begin : max(begin + 1, end)]) for begin, end in pairwise(starts)]
    return bytes(level + 128 for pair in columns for level in pair)


def _command(ffmpeg_path: Path, made: Any) -> list[str]:
    flags = ("-v", "error", "-nostdin", "-nostats")
    return list(made.global_args(*flags).overwrite_output().compile(cmd=str(ffmpeg_path)))


class TooRare(Exception):
    """Key frames are so rare that each must stand for several tiles."""


class _Moments:
    """Reads the moments that ffmpeg tells, and reports how far it has come."""

    def __init__(self, duration_ms: int, on_progress: OnFraction) -> None:
        self._duration_s = max(0.001, duration_ms / 1000)
        self._on_progress = on_progress

    def __call__(self, line: str) -> None:
        if found := _MOMENT.search(line):
            self.at(float(found[1]))

    def at(self, moment_s: float) -> None:
        """Takes a moment."""
        self._on_progress(max(0.0, min(1.0, moment_s / self._duration_s)))


class KeyFrames(_Moments):
    """Raises TooRare as soon as the key frames are."""

    def __init__(self, plan: TilePlan, on_progress: OnFraction) -> None:
        super().__init__(plan.duration_ms, on_progress)
        self._far_s = _FAR_STEPS * plan.step_ms / 1000
        self._last_s = self._bare_s = 0.0

    def at(self, moment_s: float) -> None:
        """Takes a key frame's moment."""
        super().at(moment_s)
        self.until(moment_s)

    def end(self) -> None:
        """There is no other one."""
        self.until(self._duration_s)

    def until(self, moment_s: float) -> None:
        """There is no other one before this moment."""
        gap_s = moment_s - self._last_s
        self._bare_s += gap_s if gap_s > self._far_s else 0.0
        self._last_s = moment_s
        if self._bare_s > _FAR_SHARE * self._duration_s:
            raise TooRare


class Levels(_Moments):
    """Gathers the points, merging neighbours whenever they become too many."""

    def __init__(self, sound: Sound, on_progress: OnFraction) -> None:
        super().__init__(sound.duration_ms, on_progress)
        self._sound = sound
        self._merged = 1
        self._open: list[Pair] = []
        self._lowest = 0
        self.pairs: list[Pair] = []

    def __call__(self, line: str) -> None:
        super().__call__(line)
        name, _, value = line.rpartition("=")
        if name.endswith("Min_level"):
            self._lowest = _byte(value)
        elif name.endswith("Max_level"):
            self.take((self._lowest, _byte(value)))

    def take(self, pair: Pair) -> None:
        """Takes the next pair."""
        if len(self.pairs) == _MAX_POINTS:
            self.pairs = [_hull(self.pairs[n : n + 2]) for n in range(0, _MAX_POINTS, 2)]
            self._merged *= 2
        self._open.append(pair)
        if len(self._open) == self._merged:
            self.close()

    def close(self) -> None:
        """What is open becomes a point."""
        if self._open:
            self.pairs.append(_hull(self._open))
            self._open = []

    def document(self) -> dict[str, Any]:
        """As audiowaveform writes it."""
        return {
            "version": 2,
            "channels": 1,
            "sample_rate": self._sound.sample_rate,
            "samples_per_pixel": self._sound.samples_per_point * self._merged,
            "bits": 8,
            "length": len(self.pairs),
            "data": [level for pair in self.pairs for level in pair],
        }


def _hull(pairs: Sequence[Pair]) -> Pair:
    return min(lowest for lowest, _ in pairs), max(highest for _, highest in pairs)


def _byte(level: str) -> int:
    """A 16-bit level in 8 bits."""
    return int(float(level) / 256)


def _ignore(_line: str) -> None:
    return None
