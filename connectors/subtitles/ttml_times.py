"""How TTML says times: clocks with fractions or frames, and numbers of hours, seconds, frames or ticks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import clock
from connectors.subtitles.one_line import half_up

_FRAMES = re.compile(r"(\d{2,9}):(\d{2}):(\d{2}):(\d{2,6})(?:\.\d{1,6})?")
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_NUMBER = re.compile(r"\d{1,9}")
_USUAL_RATE = Fraction(30)


@dataclass(frozen=True, slots=True)
class Rates:
    """Frames and ticks a second."""

    frames: Fraction = _USUAL_RATE
    ticks: Fraction = Fraction(1)

    def read(self, said: str) -> int | None:
        """Milliseconds; None for what is no time that is read."""
        if found := _FRAMES.fullmatch(said):
            hours, minutes, seconds, frame = map(int, found.groups())
            return (hours * 3600 + minutes * 60 + seconds) * 1000 + _ms(Fraction(frame) / self.frames)
        if found := _COUNT.fullmatch(said):
            return _ms(Fraction(found[1]) * self._unit(found[2]))
        return None if said.startswith("-") else clock.read(said)

    def written(self, ms: int, like: str) -> str:
        """A time in the form of another."""
        if _FRAMES.fullmatch(like):
            seconds, rest = divmod(ms, 1000)
            frame = int(Fraction(rest, 1000) * self.frames + Fraction(1, 2))
            if frame >= self.frames:
                seconds, frame = seconds + 1, 0
            digits = len(like.partition(":")[0])
            return f"{clock.stamp(seconds * 1000, digits, '.', 0)}:{frame:02}"
        found = _COUNT.fullmatch(like)
        if found is None:
            return clock.written(ms, like, 3)
        if found[2] in ("f", "t"):
            rate = self._per_s(found[2])
            return f"{half_up(ms * rate.numerator, 1000 * rate.denominator)}{found[2]}"
        return f"{ms}ms" if found[2] == "ms" else f"{seconds_text(ms)}s"

    def _unit(self, name: str) -> Fraction:
        return 1 / self._per_s(name) if name in ("f", "t") else _SECONDS[name]

    def _per_s(self, name: str) -> Fraction:
        return self.frames if name == "f" else self.ticks


def seconds_text(ms: int) -> str:
    """Seconds with as many digits as they need."""
    return f"{ms // 1000}.{ms % 1000:03}".rstrip("0").rstrip(".")


def rates_of(attributes: Mapping[str, str], said: Fraction | None) -> Rates:
    """What a document says of its rates; `said` is for one that does not."""
    whole = attributes.get("frameRate", "")
    frames = Fraction(int(whole)) if _NUMBER.fullmatch(whole) and int(whole) else said or _USUAL_RATE
    parts = re.split(r"[\s:]+", attributes.get("frameRateMultiplier", "1 1").strip())
    if len(parts) == 2 and all(_NUMBER.fullmatch(part) and int(part) for part in parts):
        frames *= Fraction(int(parts[0]), int(parts[1]))
    ticks = attributes.get("tickRate", "")
    if _NUMBER.fullmatch(ticks) and int(ticks):
        return Rates(frames, Fraction(int(ticks)))
    return Rates(frames, frames if whole else Fraction(1))


def _ms(seconds: Fraction) -> int:
    return half_up(seconds.numerator * 1000, seconds.denominator)
