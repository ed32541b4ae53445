"""Which jobs take alike: the class of a job, by which what past ones took is remembered."""

from __future__ import annotations

from schemas.medium import Medium

_HEIGHTS = (0, 288, 576, 720, 1080, 1440, 2160, 4320)


def class_of(profile: str, medium: Medium) -> str:
    """The class of a job: its profile, about how high its source is, and the source's codec."""
    video = medium.main("video")
    sound = medium.main("audio")
    height = (video.height or 0) if video else 0
    bucket = next((each for each in _HEIGHTS if height <= each), _HEIGHTS[-1])
    source = video or sound
    return f"{profile}/{bucket}/{source.codec if source else 'none'}"
