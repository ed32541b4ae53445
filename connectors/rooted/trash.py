"""What was deleted or replaced in a root: kept beside it, told of, restored or ended.

Each has a folder of its own, with the thing itself and what there is to say of it. That is written first: of
nothing in the trash it is unknown whence it came.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson

from connectors.rooted import walking
from connectors.rooted.paths import Inside, inside
from connectors.rooted.root import Kind, Root, Written, move, second_name
from connectors.rooted.walking import NotThere, Taken, troubles

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_THING, _SAID = Inside(("thing",)), "said.json"
_TEMPORARY = "tmp-"
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_STALE = timedelta(days=1)
"""What is being written for so long is written by nobody any more."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """Something in the trash."""

    id: str
    path: str
    kind: Kind
    at: datetime
    by: str
    why: str
    """`deleted` or `replaced`."""


def throw(root: Root, path: Inside, id: str, *, at: datetime, by: str, why: str) -> Thrown:
    """Puts what is at a path into the trash. Raises NotThere, PathRefused, ReadOnly, NotOnOneDisk, Full."""
    root.refuse_changes()
    thrown = Thrown(id, str(path), root.look(path).kind, at, by, why)
    with root.trash_folder() as trash, walking.folder(root.path, path.folder) as held:
        with troubles(path):
            os.mkdir(id, 0o700, dir_fd=trash)
        try:
            with _folder_of(trash, id) as own:
                _say(own, thrown)
                move(path, held, _THING, own)
        except BaseException:
            _end(trash, id)
            raise
    return thrown


def replace(root: Root, written: Written, id: str, at: datetime, by: str) -> Thrown | None:
    """Gives a whole file its path at one stroke; the file that was there stays in the trash. None where there
    was nothing. Raises Taken for what is no file, and what `Root.keep` does.
    """
    try:
        before = root.look(written.path)
    except NotThere:
        root.keep(written)
        return None
    if before.kind != "file":
        raise Taken(f"what is at {written.path} is no file, and is not replaced")
    thrown = Thrown(id, str(written.path), "file", at, by, "replaced")
    with root.trash_folder() as trash, walking.folder(root.path, written.path.folder) as held:
        with troubles(written.path):
            os.mkdir(id, 0o700, dir_fd=trash)
        try:
            with _folder_of(trash, id) as own, troubles(written.path):
                _say(own, thrown)
                second_name(written.path.name, held, _THING.name, own)
                os.fsync(written.descriptor)
                os.rename(written.name, written.path.name, src_dir_fd=written.held, dst_dir_fd=held)
                os.fsync(held)
        except BaseException:
            _end(trash, id)
            raise
    return thrown


def listing(root: Root) -> list[Thrown]:
    """What is in the trash, the latest first."""
    if not root.writable:
        return []
    with root.trash_folder() as trash:
        found = [each for id in os.listdir(trash) if _ID.fullmatch(id) and (each := _said(trash, id))]
    return sorted(found, key=lambda each: (each.at, each.id), reverse=True)


def restore(root: Root, id: str, to: Inside | None = None) -> Inside:
    """Puts something back where it was, or elsewhere, and says where. Raises NotThere, Taken, PathRefused,
    ReadOnly.
    """
    root.refuse_changes()
    with root.trash_folder() as trash:
        thrown = _known(trash, id)
        target = to or inside(thrown.path)
        with walking.folder(root.path, target.folder) as held, _folder_of(trash, id) as own:
            move(_THING, own, target, held)
        _end(trash, id)
    return target


def end(root: Root, id: str) -> None:
    """Deletes something for good. Raises NotThere, ReadOnly."""
    root.refuse_changes()
    with root.trash_folder() as trash:
        _known(trash, id)
        _end(trash, id)


def sweep(root: Root, before: datetime) -> list[Thrown]:
    """Deletes for good what was thrown away before then, and what was never written to its end."""
    old = [thrown for thrown in listing(root) if thrown.at < before]
    for thrown in old:
        end(root, thrown.id)
    with root.trash_folder() as trash:
        for name in os.listdir(trash):
            if not _is_stale(trash, name, before):
                continue
            if name.startswith(_TEMPORARY):
                os.unlink(name, dir_fd=trash)
            elif _said(trash, name) is None:
                _end(trash, name)
    return old


def _is_stale(trash: int, name: str, before: datetime) -> bool:
    stale_s = (before - _STALE).timestamp()
    return os.stat(name, dir_fd=trash, follow_symlinks=False).st_mtime < stale_s


@contextmanager
def _folder_of(trash: int, id: str) -> Iterator[int]:
    held = os.open(id, walking.FOLDER, dir_fd=trash)
    try:
        yield held
    finally:
        os.close(held)


def _say(own: int, thrown: Thrown) -> None:
    with os.fdopen(os.open(_SAID, _WRITE, 0o600, dir_fd=own), "wb") as file:
        file.write(orjson.dumps(asdict(thrown)))
        file.flush()
        os.fsync(file.fileno())


def _known(trash: int, id: str) -> Thrown:
    found = _said(trash, id) if _ID.fullmatch(id) else None
    if found is None:
        raise NotThere(f"there is no {id} in the trash")
    return found


def _said(trash: int, id: str) -> Thrown | None:
    """None for what was ended, or never came to be there."""
    try:
        with _folder_of(trash, id) as own:
            os.stat(_THING.name, dir_fd=own, follow_symlinks=False)
            with os.fdopen(os.open(_SAID, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=own), "rb") as file:
                said = orjson.loads(file.read())
    except (OSError, ValueError):
        return None
    return Thrown(**{**said, "at": datetime.fromisoformat(said["at"])})


def _end(trash: int, id: str) -> None:
    """rmtree follows no links where the system lets it work by descriptors."""
    shutil.rmtree(id, dir_fd=trash)
