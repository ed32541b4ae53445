"""Which files of a folder are media to be taken in, by their names and by what .sluiceignore says."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import splitext

from pathspec import GitIgnoreSpec

from connectors.rooted.paths import Inside

_USUAL = frozenset(
    {"@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Folders that systems leave about. What programs have not finished yet does not end as recordings do."""

_ENDINGS = frozenset(
    """
    3g2 3gp asf avi divx dv f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mts mxf ogm ogv qt rm rmvb ts vob
    webm wm wmv aac aif aiff alac amr ape caf dts flac m4a m4b mka mp2 mp3 oga ogg opus spx tak tta wav wma wv
    """.split()  # noqa: SIM905 (as a list it takes a page)
)


def is_media(name: str) -> bool:
    """Whether a file is called as recordings are: what else lies beside them is none of ours."""
    return splitext(name)[1][1:].lower() in _ENDINGS


@dataclass(frozen=True, slots=True)
class Rules:
    """What is passed over: what a folder's ignore file says, or one above it; what is hidden; systems' own.

    A line `!name` takes something in all the same.
    """

    said: tuple[tuple[Inside, GitIgnoreSpec], ...] = ()

    def within(self, folder: Inside, ignore: str) -> Rules:
        """The rules in a folder whose ignore file says this. A line that can't be read counts for nothing."""
        lines = [line for line in ignore.splitlines() if _is_readable(line)]
        return Rules(((folder, GitIgnoreSpec.from_lines(lines)), *self.said)) if lines else self

    def pass_over(self, folder: Inside, name: str, *, is_folder: bool = False) -> bool:
        """Whether something in a folder is not to be looked at."""
        for above, spec in self.said:
            relative = "/".join((*folder.names[len(above.names) :], name)) + ("/" if is_folder else "")
            if (verdict := spec.check_file(relative).include) is not None:
                return verdict
        return name.startswith(".") or (is_folder and name in _USUAL)


def _is_readable(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
