"""Sheets of thumbnails, and the track that says which tile is when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.pictures.orders import Footage, NoPictures, Size, shown_size
from connectors.pictures.tool import (
    JPEG,
    Moments,
    OnFraction,
    Tool,
    all_there,
    for_jpeg,
    framed,
    opened,
    plain,
)
from connectors.process import ToolFailed
from schemas.pictures import Tiles

_TILE_WIDTH, _SHEET_SIDE, _MAX_TILES = 160, 10, 600
_SHORT_MS, _SHORT_STEP_MS, _STEP_MS = 300_000, 2_000, 10_000
_FAR_STEPS, _FAR_SHARE = 1.2, 0.1
"""Key frames are too rare where more than a tenth of the time lies between ones that are so far apart."""
_QUICK = {"skip_frame": "noref", "skip_loop_filter": "all"}
"""Half the time, and what is worse for it cannot be seen in a tile."""


@dataclass(frozen=True, slots=True)
class Sheets:
    """Thumbnails that were made."""

    tiles: Tiles
    paths: tuple[Path, ...]
    by_key_frames: bool


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Takes thumbnails."""

    tool: Tool

    async def draw(self, footage: Footage, folder: Path, on_progress: OnFraction) -> Sheets:
        """Sheets of tiles.

        A tile shows the last picture up to the middle of its time: of all pictures or, where that does, of
        key frames, then at most half a step or one key-frame distance earlier. Raises NoPictures, ToolFailed.
        """
        if footage.video_stream is None or footage.is_cover:
            raise NoPictures
        tiles = tile_plan(footage)
        by_key_frames = await self._from_key_frames(footage, folder, tiles, on_progress)
        if not by_key_frames:
            command = sheets_command(footage, tiles, key_frames=False)
            await self.tool.run(command, footage, folder, Moments(footage.duration_ms, on_progress))
        return Sheets(tiles, all_there(folder, tiles.sheets), by_key_frames)

    async def _from_key_frames(
        self, footage: Footage, folder: Path, tiles: Tiles, on_progress: OnFraction
    ) -> bool:
        """False where they are too rare, which shows early, or where it cannot be done with them."""
        seen = KeyFrames(tiles, on_progress)
        try:
            await self.tool.run(sheets_command(footage, tiles, key_frames=True), footage, folder, seen)
            seen.end()
        except TooRare:
            return False
        except ToolFailed as error:
            if error.code != "tool_error":
                raise
            return False
        return all((folder / name).exists() for name in tiles.sheets)


def tile_plan(footage: Footage) -> Tiles:
    """Steps of ten seconds; of two for what is short, and so long that there are never too many."""
    duration_ms = footage.duration_ms
    spread = math.ceil(duration_ms / _MAX_TILES / 1000) * 1000
    step_ms = _SHORT_STEP_MS if duration_ms <= _SHORT_MS else max(_STEP_MS, spread)
    count = max(1, math.ceil(duration_ms / step_ms))
    columns = min(_SHEET_SIDE, count)
    size = shown_size(footage, _TILE_WIDTH)
    return Tiles(
        duration_ms=duration_ms,
        step_ms=step_ms,
        count=count,
        columns=columns,
        rows=min(_SHEET_SIDE, math.ceil(count / columns)),
        width=size.width,
        height=size.height,
    )


def vtt(tiles: Tiles, sheets: Sequence[str]) -> str:
    """The WebVTT track of the thumbnails; `sheets` are the sheets' names or addresses."""
    return "\n\n".join(["WEBVTT", *(_cue(tiles, sheets, number) for number in range(tiles.count))]) + "\n"


def _cue(tiles: Tiles, sheets: Sequence[str], number: int) -> str:
    sheet, place = divmod(number, tiles.per_sheet)
    row, column = divmod(place, tiles.columns)
    begin = number * tiles.step_ms
    end = max(begin + 1, min(begin + tiles.step_ms, tiles.duration_ms))
    area = (column * tiles.width, row * tiles.height, tiles.width, tiles.height)
    return f"{_clock(begin)} --> {_clock(end)}\n{sheets[sheet]}#xywh={','.join(map(str, area))}"


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def sheets_command(footage: Footage, tiles: Tiles, *, key_frames: bool) -> Any:
    """Writes the sheets, and tells the moment of each key frame or else of each tile on the way."""
    # a picture that changes its size midway must not begin the filters' count anew; turning needs it to
    options = {} if footage.rotation else {"reinit_filter": 0}
    stream = opened(footage, **options, **(_only_keys(footage, tiles.step_ms) if key_frames else _QUICK))
    stream = _telling(stream) if key_frames else stream
    stream = stream.filter("fps", f"1000/{tiles.step_ms}", start_time=0)
    stream = stream if key_frames else _telling(stream)
    stream = plain(framed(stream, Size(tiles.width, tiles.height)), footage)
    stream = stream.filter("tpad", stop=tiles.count, stop_mode="clone").filter("trim", end_frame=tiles.count)
    stream = for_jpeg(stream.filter("tile", f"{tiles.columns}x{tiles.rows}"))
    return ffmpeg.output(stream, "sheet-%03d.jpg", format="image2", start_number=0, **JPEG, **{"q:v": 5})


def _only_keys(footage: Footage, step_ms: int) -> dict[str, Any]:
    """Drops packets before they are decoded: all but key frames, and of these what is closer than needed.

    Registers hold the last kept one's time, and whether there was one. A medium's times may be missing or
    fall back: then the frame is kept.
    """
    due = f"not(ld(1))+eq(dts,nopts)+gte(abs(dts*tb-ld(0)),{step_ms / 4000:g})"
    return {f"bsf:{footage.video_stream}": f"noise=drop='if(key*({due}),st(1,1)*0+st(0,dts*tb)*0,1)'"}


def _telling(stream: Any) -> Any:
    """Prints each picture's moment; nothing that the medium itself says is printed."""
    stream = stream.filter("metadata", "delete").filter("metadata", "add", key="at", value="1")
    return stream.filter("metadata", "print", file="-", direct=1)


class TooRare(Exception):
    """Key frames are so rare that each must stand for several tiles."""


class KeyFrames(Moments):
    """Raises TooRare as soon as the key frames are."""

    def __init__(self, tiles: Tiles, on_progress: OnFraction) -> None:
        super().__init__(tiles.duration_ms, on_progress)
        self._far_s = _FAR_STEPS * tiles.step_ms / 1000
        self._last_s = self._bare_s = 0.0

    def at(self, moment_s: float) -> None:
        """Takes a key frame's moment."""
        super().at(moment_s)
        self.until(moment_s)

    def end(self) -> None:
        """There is no other one."""
        self.until(self.duration_s)

    def until(self, moment_s: float) -> None:
        """There is no other one before this moment."""
        gap_s = moment_s - self._last_s
        self._bare_s += gap_s if gap_s > self._far_s else 0.0
        self._last_s = moment_s
        if self._bare_s > _FAR_SHARE * self.duration_s:
            raise TooRare
