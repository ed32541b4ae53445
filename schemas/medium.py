"""What is known of a source: its streams, as the probe told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from schemas.events import MediaProbed, Stream

HDR = frozenset({"smpte2084", "arib-std-b67"})
_TEXT_CODECS = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text"})
_PICTURE_CODECS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """What is known of a source."""

    location: str
    container: str
    sha256: str
    duration_ms: int
    start_us: int = 0
    """The container's own time at its start, which all other times are counted from."""
    bit_rate: int | None = None
    """Of all that is in it, as the container says."""
    streams: tuple[Stream, ...]

    @classmethod
    def of(cls, event: MediaProbed) -> Medium:
        """The medium that a probe tells of."""
        return cls(**{name: getattr(event, name) for name in cls.__slots__} | {"streams": (*event.streams,)})

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Medium:
        """The medium in a document."""
        streams = tuple(Stream(**stream) for stream in document["streams"])
        known = {name: document[name] for name in cls.__slots__ if name in document}
        return cls(**known | {"streams": streams})

    def written(self) -> dict[str, Any]:
        """The document."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "streams": [asdict(stream) for stream in self.streams]
        }

    @property
    def source(self) -> str:
        """The identity of its bytes."""
        return self.sha256[:32]

    def main(self, kind: str) -> Stream | None:
        """The default stream of a kind, else the first; never a cover picture."""
        return min(self.of_kind(kind), key=lambda s: (not s.is_default, s.index), default=None)

    @property
    def texts(self) -> list[Stream]:
        """The subtitles that are text."""
        return [stream for stream in self.of_kind("subtitle") if stream.codec in _TEXT_CODECS]

    @property
    def drawn_texts(self) -> list[Stream]:
        """The subtitles that are pictures of text, as discs and broadcasters have them."""
        return [stream for stream in self.of_kind("subtitle") if stream.codec in _PICTURE_CODECS]

    def of_kind(self, kind: str) -> list[Stream]:
        """The streams of a kind, without cover pictures."""
        return [s for s in self.streams if s.kind == kind and not s.is_attached_picture]


def is_hdr(stream: Stream) -> bool:
    """Whether a stream's pictures are brighter than a plain screen's."""
    return stream.transfer in HDR
