"""Which files of a folder are media to be taken in, by their names and by what .sluiceignore says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from pathspec import GitIgnoreSpec

from connectors.rooted.paths import Inside

USUAL = (
    ".*",
    "@eaDir/",
    "#recycle/",
    "#snapshot/",
    "$RECYCLE.BIN/",
    "System Volume Information/",
    "lost+found/",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.tmp",
    "*.!qB",
    "*~",
)
"""What systems and programs leave about. A line `!name` in .sluiceignore takes something in all the same."""

_ENDINGS = frozenset(
    """
    3g2 3gp asf avi divx dv f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mts mxf ogm ogv qt rm rmvb ts vob
    webm wm wmv aac aif aiff alac amr ape caf dts flac m4a m4b mka mp2 mp3 oga ogg opus spx tak tta wav wma wv
    """.split()  # noqa: SIM905 (as a list it takes a page)
)


def is_media(name: str) -> bool:
    """Whether a file is called as recordings are: what else lies beside them is none of ours."""
    return PurePosixPath(name).suffix[1:].lower() in _ENDINGS


@dataclass(frozen=True, slots=True)
class Rules:
    """What is passed over, by the lines of a folder's ignore file and of those above, which count less."""

    said: tuple[tuple[Inside, GitIgnoreSpec], ...]

    @classmethod
    def usual(cls, top: Inside) -> Self:
        """What is passed over in any library's folder."""
        return cls(((top, GitIgnoreSpec.from_lines(USUAL)),))

    def within(self, folder: Inside, ignore: str) -> Rules:
        """The rules in a folder whose ignore file says this. A line that can't be read counts for nothing."""
        lines = [line for line in ignore.splitlines() if _is_readable(line)]
        return Rules(((folder, GitIgnoreSpec.from_lines(lines)), *self.said)) if lines else self

    def pass_over(self, path: Inside, *, is_folder: bool = False) -> bool:
        """Whether something is not to be looked at."""
        for folder, spec in self.said:
            relative = "/".join(path.names[len(folder.names) :]) + ("/" if is_folder else "")
            if (verdict := spec.check_file(relative).include) is not None:
                return verdict
        return False


def _is_readable(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
