"""Streams: many channels, many languages, covers, subtitles, chapters, and sound or pictures alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.clips import run
from tests.sources.source import SAMPLE_RATE, Source, film, graphs, sound, tone
from tests.sources.steps import with_text

_COVER = ("testsrc=size=200x200,trim=end_frame=1",)
_AS_COVER = ("-disposition:v:0", "attached_pic")
_MJPEG = ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")
_LANGUAGES = ("eng", "deu", "jpn")
_SRT = "1\n00:00:00,200 --> 00:00:01,000\nGrüße\n\n2\n00:00:01,200 --> 00:00:01,900\n<i>Again</i>\n"
_CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 1000}\ntitle={title}\n"
    for start, title in ((0, "One"), (1000, "Two"))
)


def _tones(hertz: tuple[int, ...], layout: str) -> str:
    """Each channel with a tone of its own, so that none can be lost or swapped unheard."""
    waves = "|".join(f"sin(2*PI*{each}*t)/8" for each in hertz)
    return f"aevalsrc='{waves}':c={layout}:s={SAMPLE_RATE}:d=2"


def _picture(folder: Path) -> str:
    return str(run(*graphs(*_COVER), *_MJPEG, "-update", "1", to=folder / "cover.jpg"))


def _cover_in_mp4(whole: Path, path: Path) -> Path:
    inputs = ("-i", str(whole), "-i", _picture(path.parent), "-map", "0", "-map", "1")
    return run(*inputs, "-c", "copy", "-disposition:v:1", "attached_pic", to=path)


def _cover_in_mkv(whole: Path, path: Path) -> Path:
    """Matroska carries it as an attached file."""
    attached = ("-attach", _picture(path.parent), "-metadata:s:t", "mimetype=image/jpeg")
    return run("-i", str(whole), "-map", "0", "-c", "copy", *attached, to=path)


def _surround(name: str, *audio: str, hertz: tuple[int, ...], layout: str) -> Source:
    sounds = (_tones(hertz, layout),)
    return film(name, ".mkv", sounds=sounds, audio=audio, channels=len(hertz), tags="surround")


def _in_languages(name: str, suffix: str) -> Source:
    """The second of three is the default."""
    said = [part for at, tag in enumerate(_LANGUAGES) for part in (f"-metadata:s:a:{at}", f"language={tag}")]
    default = ("-disposition:a:0", "0", "-disposition:a:1", "default", "-disposition:a:2", "0")
    sounds = tuple(tone(Fraction(2), hertz) for hertz in (440, 660, 880))
    return film(name, suffix, sounds=sounds, output=(*said, *default), tags="languages")


_SIX = (300, 400, 500, 60, 700, 800)

SOURCES: tuple[Source, ...] = (
    _surround("surround_ac3", "-c:a", "ac3", hertz=_SIX, layout="5.1"),
    _surround("surround_aac", "-c:a", "aac", hertz=_SIX, layout="5.1"),
    _surround("surround_flac", "-c:a", "flac", hertz=(*_SIX, 900, 1000), layout="7.1"),
    _surround("surround_opus", "-c:a", "libopus", hertz=(*_SIX, 900, 1000), layout="7.1"),
    _in_languages("languages", ".mkv"),
    _in_languages("languages_mp4", ".mp4"),
    film("no_sound", audio=()),
    film("cover_mp4", then=_cover_in_mp4, tags="cover"),
    film("cover_mkv", ".mkv", then=_cover_in_mkv, tags="cover"),
    sound("sound_mp3", ".mp3", "-c:a", "libmp3lame", *_MJPEG, *_AS_COVER, covers=_COVER, tags="cover"),
    sound("sound_m4a", ".m4a", "-c:a", "aac", "-c:v", "png", *_AS_COVER, covers=_COVER, tags="cover"),
    sound("sound_flac", ".flac", "-c:a", "flac", *_MJPEG, *_AS_COVER, covers=_COVER, tags="cover"),
    sound("sound_opus", ".ogg", "-c:a", "libopus"),
    sound("sound_vorbis", ".ogg", "-c:a", "libvorbis"),
    sound("sound_wav", ".wav", "-c:a", "pcm_s16le", sample_rate=44_100, channels=1),
    sound("sound_aiff", ".aiff", "-c:a", "pcm_s16be"),
    sound("sound_aac", ".aac", "-c:a", "aac", sample_rate=44_100),
    film(
        "subtitles",
        ".mkv",
        then=with_text("subs.srt", _SRT, "-map", "1", "-c:s", "srt", "-metadata:s:s:0", "language=deu"),
        tags="subtitles",
    ),
    film(
        "subtitles_mp4",
        then=with_text("subs.srt", _SRT, "-map", "1", "-c:s", "mov_text", "-metadata:s:s:0", "language=deu"),
        tags="subtitles",
    ),
    film(
        "chapters", ".mkv", then=with_text("chapters.txt", _CHAPTERS, "-map_metadata", "1"), tags="chapters"
    ),
    film("chapters_mp4", then=with_text("chapters.txt", _CHAPTERS, "-map_metadata", "1"), tags="chapters"),
)
