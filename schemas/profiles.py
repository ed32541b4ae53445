"""The forms that a medium can be asked for: typed, so that no string of a user's reaches a command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """H.264 and AAC in an MP4 that starts playing before it is whole."""

    name: str
    about: str
    max_height: int
    """Taller sources are scaled down to this; smaller ones are never scaled up."""
    crf: int
    """Constant quality: lower is better and larger."""
    preset: str
    """x264's trade of time for size."""
    audio_bit_rate: int
    suffix: str = ".mp4"


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="web",
            about="H.264 and AAC up to 720p, for any browser",
            max_height=720,
            crf=23,
            preset="veryfast",
            audio_bit_rate=128_000,
        ),
        Profile(
            name="phone",
            about="H.264 and AAC up to 480p, small",
            max_height=480,
            crf=25,
            preset="veryfast",
            audio_bit_rate=96_000,
        ),
        Profile(
            name="preview",
            about="H.264 and AAC up to 240p, quickly",
            max_height=240,
            crf=30,
            preset="ultrafast",
            audio_bit_rate=64_000,
        ),
    )
}

PRIORITIES = ("high", "normal", "low")
"""What people may ask for; what a viewer waits for goes before all of them."""
