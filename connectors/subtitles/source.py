"""A file's bytes beside its text: what is patched in the text is patched in the bytes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from connectors.subtitles.refusal import SubtitleRefused


class Patch(NamedTuple):
    """Puts a text in the place of what is between two offsets."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file. Its encoding writes a character in as many bytes as it read, so offsets can be found."""

    raw: bytes
    mark: bytes
    """The byte-order mark that it begins with, or nothing."""
    encoding: str
    text: str
    """All after the mark. Bytes that are none of the encoding are surrogates, and go back as they were."""

    @property
    def errors(self) -> str:
        """How bytes that are none of the encoding are carried."""
        return errors_of(self.encoding)

    def patched(self, patches: Iterable[Patch]) -> bytes:
        """The bytes with patches in them. Raises SubtitleRefused."""
        out, at, byte = [self.mark], 0, len(self.mark)
        for patch in sorted(patches, key=lambda patch: patch[:2]):
            if patch.start < at:
                reason = "two changes are to be made in one place; make one after the other"
                raise SubtitleRefused("overlap", reason, line_at(self.text, patch.start))
            start = byte + self._size(at, patch.start)
            out += (self.raw[byte:start], self._encoded(patch))
            byte, at = start + self._size(patch.start, patch.end), patch.end
        return b"".join((*out, self.raw[byte:]))

    def _size(self, start: int, end: int) -> int:
        if len(self.text) + len(self.mark) == len(self.raw):
            return end - start
        return len(self.text[start:end].encode(self.encoding, self.errors))

    def _encoded(self, patch: Patch) -> bytes:
        try:
            return patch.text.encode(self.encoding, self.errors)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            reason = (
                f"{character!r} can't be written in this file's encoding, {self.encoding}; convert the file "
                "to its own format first, which writes UTF-8"
            )
            raise SubtitleRefused("encoding", reason, line_at(self.text, patch.start)) from None


def errors_of(encoding: str) -> str:
    """How bytes that are none of an encoding are carried in a text."""
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def printable(text: str) -> str:
    """A text that can be said anywhere: bytes that are none of its encoding are question marks."""
    return text.encode("utf-8", "replace").decode()


def line_at(text: str, offset: int) -> int:
    """The number of the line in which an offset is."""
    return 1 + breaks(text, 0, offset)


def breaks(text: str, start: int, end: int) -> int:
    """How many lines end between two offsets, by any of the three ways to end one."""
    returns = text.count("\r", start, end)
    both = text.count("\r\n", start, end) if returns else 0
    return text.count("\n", start, end) + returns - both


def line_end(text: str, near: int = 0) -> str:
    """How the line ends that an offset is in; else how the first one does."""
    for start in (near, 0):
        found = [at for at in (text.find("\n", start), text.find("\r", start)) if at >= 0]
        if found:
            at = min(found)
            return "\r\n" if text.startswith("\r\n", at) else text[at]
    return "\n"
