"""A copy has the source's own packets at their own times, or it says why there is none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest

from connectors.codec_strings import codec_string
from connectors.copy_tools import NotCopyable, Piece
from schemas.copies import CopiedPicture
from schemas.events import Stream
from tests.clips import run
from tests.copying import Copied, copied, film
from tests.sources import made

HALF_A_PICTURE_S = 0.5 / 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


def shown(pieces: list[Piece]) -> list[tuple[bytes, float]]:
    """Each packet, and the second at which it is shown."""
    return [
        (piece.content[sample.begin : sample.begin + sample.size], sample.shown_at / piece.timescale)
        for piece in pieces
        if piece.shape is not None
        for sample in piece.shape.samples
    ]


def stored(source: Path, stream: int, start_s: float) -> list[tuple[bytes, float]]:
    """The same of a file."""
    with av.open(str(source)) as container:
        base = float(container.streams[stream].time_base or 0)
        found = [p for p in container.demux(container.streams[stream]) if p.size and p.pts is not None]
        return [(memoryview(p).tobytes(), (p.pts or 0) * base - start_s) for p in found]


COPIED = (
    "film_24",
    "one_a_second",
    "vfr_gaps",
    "vfr_quickens",
    "video_late_mkv",
    "sound_gap",
    "sound_longer",
    "one_picture",
    "open_gop_mkv",
    "b_pyramid",
    "languages",
    "no_sound",
    "cover_mkv",
    "vp9_opus",
    "av1",
    "hdr10",
    "surround_ac3",
    "fragmented",
    "unknown_length",
    "torn_mkv",
)


@pytest.mark.parametrize("name", COPIED)
async def test_every_packet_is_copied_at_its_own_time(name: str, folder: Path) -> None:
    source = made(name, folder)
    done = await copied(source)
    for track in done.made.tracks:
        stream = next(s for s in done.medium.streams if s.index == track.stream)
        ours, theirs = shown(done.pieces[track.key]), _kept(source, done, stream)
        assert [packet for packet, _ in ours] == [packet for packet, _ in theirs]
        late = isinstance(track, CopiedPicture) and (stream.start_us or 0) > 0
        pairs = list(zip(ours, theirs, strict=True))[1 if late else 0 :]
        assert all(abs(mine[1] - its[1]) < HALF_A_PICTURE_S for mine, its in pairs)
        assert min(at for _, at in ours) < HALF_A_PICTURE_S


def _kept(source: Path, done: Copied, stream: Stream) -> list[tuple[bytes, float]]:
    """What is in the source, but for the packets that only prime the decoder."""
    found = stored(source, stream.index, done.medium.start_us / 1_000_000)
    return found if stream.kind == "video" else [(packet, at) for packet, at in found if at > -0.02]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".flv"])
async def test_segments_follow_each_other_without_a_gap_and_begin_with_key_frames(
    suffix: str, folder: Path
) -> None:
    done = await copied(film(folder / f"gapless{suffix}"))
    picture, sound = (done.segments(track.key) for track in done.made.tracks)
    for pieces in (picture, sound):
        shapes = [piece.shape for piece in pieces if piece.shape]
        assert all(one.begin + one.ticks == two.begin for one, two in pairwise(shapes))
        lengths = [shape.ticks / pieces[0].timescale for shape in shapes]
        assert all(3.8 < length < 5.6 for length in lengths[:-1])
        assert abs(sum(lengths) - 14) < 0.1
    assert all(piece.shape and piece.shape.samples[0].is_key for piece in picture)
    assert len(picture) == 3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("cut_by_edit_list", "in the middle of a group of pictures"),
        ("before_zero", "in the middle of a group of pictures"),
        ("clock_restarts", "its clock goes back"),
        ("size_change", "its picture changes"),
    ],
)
async def test_what_only_packets_tell_is_noticed(name: str, why: str, folder: Path) -> None:
    with pytest.raises(NotCopyable, match=why):
        await copied(made(name, folder))


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
async def test_pictures_that_need_what_was_before_are_no_beginning(suffix: str, folder: Path) -> None:
    """Chrome begins at none of them, so a seek would never end."""
    closed = film(folder / f"open-group{suffix}", coded=("-x264-params", "open-gop=1:bframes=3"))
    with pytest.raises(NotCopyable, match="its groups of pictures are open"):
        await copied(closed)


async def test_what_cannot_be_entered_for_long_is_not_copied(folder: Path) -> None:
    source = film(folder / "long-group.mkv", seconds=40, group=5000)
    with pytest.raises(NotCopyable, match="no key frame for more than 30 s"):
        await copied(source)


@pytest.mark.parametrize(
    ("coded", "strings"),
    [
        (("-c:v", "libx264", "-profile:v", "main", "-level", "3.1"), ["avc1.4d401f", "mp4a.40.2"]),
        (("-c:v", "libx264", "-profile:v", "baseline"), ["avc1.42c00c", "mp4a.40.2"]),
        (("-c:v", "libx265", "-preset", "ultrafast"), ["hvc1.1.6.L60.90", "mp4a.40.2"]),
        (("-c:v", "libvpx-vp9", "-deadline", "realtime"), ["vp09.00.11.08", "mp4a.40.2"]),
        (("-c:v", "libsvtav1", "-preset", "12"), ["av01.0.00M.08", "mp4a.40.2"]),
        (("-c:a", "libopus"), ["avc1.64000c", "opus"]),
        (("-c:a", "ac3"), ["avc1.64000c", "ac-3"]),
        (("-c:a", "eac3"), ["avc1.64000c", "ec-3"]),
    ],
)
async def test_players_are_told_the_codec_with_its_profile_and_level(
    coded: tuple[str, ...], strings: list[str], folder: Path
) -> None:
    picture, tone = "testsrc2=size=320x180:rate=25:duration=1", "sine=duration=1"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-c:a", "aac")
    name = "-".join(coded).strip("-").replace(":", "").replace(".", "")
    source = run(*inputs, "-pix_fmt", "yuv420p", *coded, to=folder / f"{name}.mkv")
    done = await copied(source)
    assert [codec_string(done.pieces[track.key][0].content) for track in done.made.tracks] == strings
