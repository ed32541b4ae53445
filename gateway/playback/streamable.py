"""Which profiles can be played while they are made."""

from __future__ import annotations

from gateway.errors import Invalid
from schemas.copies import Copies, copies
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import Renditions, renditions

_CUT_WITHOUT_A_SEAM = frozenset({"aac", "opus"})


def streamed(medium: Medium, profile: Profile) -> Renditions | Copies:
    """What a profile gives in segments. Raises Invalid, CannotRender."""
    if profile.is_remux:
        return copies(medium, profile)
    if not comes_in_segments(profile):
        raise Invalid(
            "not-streamable", f"The profile {profile.name} makes whole files, and nothing to stream."
        )
    return renditions(medium, profile)


def comes_in_segments(profile: Profile) -> bool:
    """Whether what the profile makes is there piece by piece, long before the whole of it."""
    video, audio = profile.video, profile.audio
    if profile.is_remux:
        return True
    if profile.engine != "ffmpeg" or (video and (video.codec == "copy" or video.two_pass)):
        return False
    return audio is None or (audio.codec in _CUT_WITHOUT_A_SEAM and audio.loudness_lufs is None)
