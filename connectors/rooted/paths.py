"""Paths below a root as people write them: taken as they are, or refused with a reason; never mended. Pure.

A name that is mended names something else than was checked by whoever checked it before.
"""

from __future__ import annotations

from dataclasses import dataclass

TRASH = ".sluice-trash"
"""What a root keeps of what was deleted or replaced. Nobody reaches it by a path."""

_LONGEST_NAME = 255
_LONGEST_PATH = 4096
_MOST_NAMES = 100


class PathRefused(ValueError):
    """It names nothing below a root; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Inside:
    """A path below a root: a list of names, none for the root itself."""

    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join(self.names)

    @property
    def name(self) -> str:
        """The last name. Raises PathRefused for the root itself."""
        if not self.names:
            raise PathRefused("the root itself can't be what this is done to; give a path in it")
        return self.names[-1]

    @property
    def folder(self) -> Inside:
        """The folder that it lies in. Raises PathRefused for the root itself."""
        return Inside(self.names[:-1]) if self.name else self

    def __truediv__(self, name: str) -> Inside:
        return Inside((*self.names, name))

    def __contains__(self, other: Inside) -> bool:
        """Whether the other one is this, or lies in it."""
        return other.names[: len(self.names)] == self.names


def inside(said: str) -> Inside:
    """The path that was written, with `/` between names. Raises PathRefused."""
    if not said:
        return Inside()
    if len(said.encode(errors="surrogatepass")) > _LONGEST_PATH:
        raise PathRefused(f"a path of more than {_LONGEST_PATH} bytes is too long")
    if said.startswith("/"):
        raise PathRefused("a path begins in its root, without a slash")
    names = tuple(said.removesuffix("/").split("/"))
    if len(names) > _MOST_NAMES:
        raise PathRefused(f"a path goes through at most {_MOST_NAMES} folders")
    for name in names:
        refuse(name)
    return Inside(names)


def refuse(name: str) -> None:
    """Raises PathRefused for what is no name of a file or folder."""
    if not name:
        raise PathRefused("a path has no empty names: write one slash between two")
    if name in (".", ".."):
        raise PathRefused(f"{name} is not followed: write the path itself")
    if "/" in name:
        raise PathRefused("a name has no slash in it")
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise PathRefused("a name has no control characters in it")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in name):
        raise PathRefused("a name is whole Unicode text")
    if len(name.encode()) > _LONGEST_NAME:
        raise PathRefused(f"a name of more than {_LONGEST_NAME} bytes is too long")
    if name == TRASH:
        raise PathRefused(f"{TRASH} is Sluice's own: what is in it is restored from the trash")
