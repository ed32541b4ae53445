"""Playback as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gateway.json_types import A_NUMBER, Exact, Truth, Whole

Method = Literal["direct", "remux", "transcode"]


class Abilities(Exact):
    """What a client can play; the defaults are those of a plain browser."""

    containers: frozenset[str] = Field(
        frozenset({"mp4", "webm", "mp3", "ogg", "flac", "wav"}),
        max_length=50,
        description="Files that it plays by themselves.",
    )
    video_codecs: frozenset[str] = Field(frozenset({"h264", "vp9", "av1", "vp8"}), max_length=50)
    audio_codecs: frozenset[str] = Field(frozenset({"aac", "mp3", "opus", "flac", "vorbis"}), max_length=50)
    max_height: Annotated[int, Field(ge=64, le=10_000), A_NUMBER] | None = Field(
        None, description="The tallest picture it takes."
    )
    max_bit_rate: Annotated[int, Field(ge=10_000, le=10**12), A_NUMBER] | None = Field(
        None, description="Bits a second that its line bears."
    )
    ten_bit: Truth = Field(False, description="Whether it takes pictures of more than 8 bits a colour.")
    hdr: Truth = Field(False, description="Whether it shows HDR.")
    max_channels: Whole = Field(8, ge=1, le=64)


class PlaybackOrder(Exact):
    """A client that wants to play something."""

    abilities: Abilities = Abilities()
    profile: str | None = Field(
        None,
        max_length=40,
        description="What to transcode to, where the file doesn't play as it is. Where this is given, "
        "nothing is copied instead; where it isn't, it is chosen.",
    )
    start_ms: Whole = Field(0, ge=0, description="Where it begins.")
    method: Method | None = Field(None, description="Only this way; refused where it can't be.")


class PlaybackLinks(BaseModel):
    """Where to go from here; the addresses need no token, and end."""

    heartbeat: str
    stop: str
    thumbnails: str = Field(description="The WebVTT track of its thumbnails, once they are drawn.")


class Playback(BaseModel):
    """How to play it."""

    session_id: str
    media_id: str
    method: Method
    reasons: list[str] = Field(
        description="Why not in a simpler way.",
        examples=[["the container matroska is not among the client's"]],
    )
    url: str = Field(description="The file, or the HLS master playlist.")
    mime_type: str
    profile: str | None
    job_id: str | None = Field(description="The job that encodes what is still missing.")
    duration_ms: int
    expires_at: datetime
    links: PlaybackLinks


class Heartbeat(Exact):
    """A player that is still there."""

    position_ms: Whole = Field(ge=0, le=10**12)
    paused: Truth = False
