"""Which profiles can be played while they are made."""

from __future__ import annotations

from gateway.errors import Invalid
from schemas.profiles import Profile
from schemas.renditions import Medium, Renditions, renditions


def streamed(medium: Medium, profile: Profile) -> Renditions:
    """What a profile gives in segments. Raises Invalid, CannotRender."""
    video = profile.video
    if profile.engine != "ffmpeg" or (video and (video.codec == "copy" or video.two_pass)):
        raise Invalid(
            "not-streamable", f"The profile {profile.name} makes whole files, and nothing to stream."
        )
    return renditions(medium, profile)
