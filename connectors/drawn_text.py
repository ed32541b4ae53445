"""Subtitles that become part of the pictures: text is set in a font, pictures of text are laid over."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from connectors import fonts

_LONGEST_S = 120
"""How long one picture of text may be shown, and still be seen by a run that begins in the middle of it."""

_IN_TIME = "PTS-0.001/TB"
"""What begins together with a picture would be laid over the next one only."""


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A file with one track, whose times are counted from the start of the medium."""

    file: Path
    """ASS, or Matroska with pictures."""
    shown_on: tuple[int, int] | None = None
    """The size of what such pictures are laid over; None for ASS."""

    @property
    def needs(self) -> tuple[Path, ...]:
        """What is read when it is drawn."""
        return (self.file,) if self.shown_on else (self.file, fonts.FOLDER)

    def on(self, pictures: Any, begin: int, rate: Fraction) -> Any:
        """The pictures, of which the first has that number, with the text that belongs to their times."""
        if self.shown_on is None:
            return pictures.filter("subtitles", str(self.file), fontsdir=str(fonts.FOLDER))
        # Discs are cropped, and their subtitles are not: these keep their shape, and the bottom their place.
        text = self._opened(float(begin / rate))["0"].filter("setpts", _IN_TIME)
        text = text.filter("scale", *self.shown_on, force_original_aspect_ratio="decrease")
        finely = pictures.filter("settb", "AVTB")
        over = ffmpeg.overlay(finely, text, x="(W-w)/2", y="H-h", eof_action="pass")
        return over.filter("settb", str(1 / rate))

    def _opened(self, begin_s: float) -> Any:
        """As an input whose times are left as they are, also where ffmpeg would count them from its first."""
        since = max(0.0, begin_s - _LONGEST_S)
        return ffmpeg.input(
            str(self.file), format="matroska", protocol_whitelist="file", ss=f"{since:.6f}", seek_timestamp=1
        )
