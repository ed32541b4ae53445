"""Media as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.jobs.schemas import Job
from gateway.viewings.schemas import ViewingState

Status = Literal["uploaded", "quarantined", "ready", "rejected", "deleted"]

MEDIA_ID = "0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e"
PERSON_ID = "9b2f4c52-0d5a-5a53-8f0b-6f1d2a3b4c5d"


class Stream(BaseModel):
    """One stream in a container."""

    index: int
    kind: str = Field(examples=["video"])
    codec: str = Field(examples=["h264"])
    width: int | None = None
    height: int | None = None
    pixel_format: str | None = None
    frame_rate: str | None = Field(None, examples=["24000/1001"])
    frames: int | None = None
    duration_ms: int | None = None
    rotation: int = 0
    sample_rate: int | None = None
    channels: int | None = None
    language: str | None = None
    is_default: bool = False
    is_attached_picture: bool = False


class Probe(BaseModel):
    """What a look into the file found."""

    container: str = Field(examples=["mp4"])
    duration_ms: int = Field(examples=[60_500])
    bit_rate: int | None = None
    streams: list[Stream]
    tags: dict[str, str] = {}


class Rejection(BaseModel):
    """Why a file was not accepted."""

    code: str = Field(examples=["not-media"])
    reason: str = Field(examples=["The file is text, whatever its name says."])


class Damage(BaseModel):
    """What a scrub found wrong with a medium's bytes."""

    what: str = Field(description="changed, missing or unreadable.", examples=["changed"])
    since: datetime = Field(description="When it was found.")


class Shelf(BaseModel):
    """Where a medium's file is while it is archived."""

    storage: str = Field(
        description="archive, where files are kept in folders; in a bucket, what S3 calls the class.",
        examples=["GLACIER_IR"],
        max_length=40,
    )
    since: datetime
    readable: bool = Field(description="Whether it can be read at once, or has to be asked back before.")


class Held(BaseModel):
    """Why a medium is in quarantine: nobody gets its bytes before an administrator has decided."""

    finding: str = Field(
        description="What the virus scanner calls it.", examples=["Win.Test.EICAR_HDB-1"], max_length=1000
    )
    since: datetime


class Image(BaseModel):
    """One picture of a medium, or what tells where on a sheet which is."""

    kind: str = Field(
        description="poster, thumbnails or waveform; backdrop, banner, logo or thumb.", examples=["poster"]
    )
    name: str = Field(examples=["poster-640.jpg"])
    url: str = Field(description="It may be kept for ever: a new picture has a new address.")
    type: str = Field(examples=["image/jpeg"])
    size_bytes: int
    width: int | None = Field(description="In pixels; none for what is no picture.")
    height: int | None


class ImageFailure(BaseModel):
    """A kind of picture that could not be drawn."""

    kind: str = Field(examples=["thumbnails"])
    code: str = Field(examples=["nothing_shown"])
    reason: str = Field(examples=["ffmpeg: not one picture of it can be decoded"])


class MediaPlace(BaseModel):
    """Where a medium stands among others, by what people said, or else by NFO files, tags and names."""

    kind: str | None = Field(description="movie, episode, track, extra or other.", examples=["episode"])
    title: str | None = Field(description="Of the film, episode or track itself.")
    year: int | None
    series: str | None = Field(examples=["Show"])
    series_year: int | None = Field(examples=[2019])
    season: int | None = Field(examples=[1])
    episode: int | None = Field(examples=[2])
    episode_end: int | None
    air_date: str | None
    artist: str | None
    album_artist: str | None
    album: str | None
    disc: int | None
    track: int | None


class Credit(BaseModel):
    """Somebody who had a part in it, as a file beside it says."""

    id: str = Field(description="What their photo is got by: GET /api/v1/people/{id}.", examples=[PERSON_ID])
    name: str = Field(examples=["Ada"])
    kind: str = Field(description="actor or director.", examples=["actor"])
    role: str | None = Field(None, examples=["Herself"])


class MediaLinks(BaseModel):
    """Where to go from here."""

    self: str
    content: str
    transcode: str
    jobs: str


class Media(BaseModel):
    """One medium."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": MEDIA_ID,
                    "name": "holiday.mov",
                    "title": "Summer in Kraków",
                    "description": None,
                    "categories": ["Travel"],
                    "tags": ["holiday", "Ada"],
                    "released": "1999-07",
                    "rating": 8.5,
                    "custom": {"camera": "Super 8"},
                    "version": 0,
                    "kind": None,
                    "status": "uploaded",
                    "owner_id": "admin",
                    "size_bytes": 73_400_320,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "content_type": "video/quicktime",
                    "created_at": "2026-05-01T12:00:00Z",
                    "probe": None,
                    "rejection": None,
                    "quarantine": None,
                    "images": [
                        {
                            "kind": "poster",
                            "name": "poster-640.jpg",
                            "url": f"/api/v1/media/{MEDIA_ID}/images/poster-640.jpg?v=0c6de1cb17bb2db1",
                            "type": "image/jpeg",
                            "size_bytes": 48_213,
                            "width": 640,
                            "height": 360,
                        }
                    ],
                    "image_failures": [],
                    "links": {
                        "self": f"/api/v1/media/{MEDIA_ID}",
                        "content": f"/api/v1/media/{MEDIA_ID}/content",
                        "transcode": f"/api/v1/media/{MEDIA_ID}/transcode",
                        "jobs": f"/api/v1/jobs?media_id={MEDIA_ID}",
                    },
                }
            ]
        }
    )

    id: str
    name: str = Field(description="What its file is called: as it was uploaded, or as it was renamed.")
    title: str | None
    description: str | None
    categories: list[str]
    tags: list[str]
    released: str | None = Field(description="A year, a month or a day.")
    rating: float | None
    custom: dict[str, int | float | str] = Field(description="Fields of people's own.")
    place: MediaPlace | None = Field(
        None, description="Its place in the hierarchy; null where nothing is known."
    )
    people: list[Credit] = Field([], description="Who had a part in it.")
    version: int = Field(description="Which of its versions is shown: 0 is the first.")
    kind: str | None = Field(description="video or audio, once it was looked at.")
    status: Status
    owner_id: str
    size_bytes: int
    sha256: str = Field(description="Of its bytes; of a file in a folder, of its size, beginning and end.")
    content_type: str | None
    created_at: datetime
    probe: Probe | None
    rejection: Rejection | None
    damaged: Damage | None = Field(
        None, description="What is wrong with its bytes; null unless a scrub has found something."
    )
    archived: Shelf | None = Field(None, description="Where its file is archived; null where it is not.")
    quarantine: Held | None = Field(None, description="Why it is held, while it is.")
    viewing: ViewingState | None = Field(
        None,
        description="One's own state of it; null where there is none, and in answers to commands.",
    )
    images: list[Image] = Field(description="Its still pictures, as far as they are drawn.")
    image_failures: list[ImageFailure] = Field(description="The pictures that it will not get, and why.")
    links: MediaLinks


class Accepted(BaseModel):
    """A file was taken in."""

    media: Media
    job: Job | None = Field(description="The transcode that was asked for with it.")
    token: str = Field(description="Send it with a read to see this command's effect.")


class Deletion(BaseModel):
    """A medium is being deleted."""

    id: str = Field(examples=[MEDIA_ID])
    token: str
