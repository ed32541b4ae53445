"""Below a root everything, beside it nothing: whatever is written as a path, and whoever puts links there."""

from __future__ import annotations

import errno
import os
import threading
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.rooted import trash, walking
from connectors.rooted.paths import TRASH, Inside, PathRefused, inside
from connectors.rooted.root import Root
from connectors.rooted.walking import NotOnOneDisk, NotThere, ReadOnly, Taken, troubles
from schemas.events import new_id

NOW = datetime(2026, 5, 1, tzinfo=UTC)

REFUSED = [
    "/etc/passwd",
    "../secret",
    "a/../../secret",
    "a/..",
    "..",
    ".",
    "./a",
    "a/./b",
    "a//b",
    "//a",
    "a\0b",
    "a\nb",
    "a\x7f",
    "\ud800",
    "x" * 256,
    "é" * 128,
    "a/" * 101 + "b",
    "a/" * 2500,
    TRASH,
    f"{TRASH}/x",
    f"a/{TRASH}",
]
PLAIN = [
    "..a",
    "a..",
    "...",
    "..\\secret",
    "C:\\Windows\\system32",
    "CON",
    "aux.txt",
    "%2e%2e",
    "..%2fsecret",
    "~",
    "$HOME",
    "-rf",
    "a b",
    " ",
    "ünï",
    "日本語",
    "עברית",
    "\u202ereversed",
    "file:x",
    "é" * 127,
    unicodedata.normalize("NFD", "é"),
    unicodedata.normalize("NFC", "é"),
    "．．",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    made = tmp_path / "root"
    (made / "a").mkdir(parents=True)
    (made / "a" / "b.txt").write_text("b")
    return made


@pytest.fixture
def root(folder: Path) -> Root:
    return Root("films", folder, writable=True)


def put(root: Root, path: str, content: bytes = b"new") -> None:
    with root.writing(inside(path)) as written:
        written.write(content)
        root.keep(written)


def read(root: Root, path: str) -> bytes:
    descriptor = root.opened(inside(path))
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def names(root: Root, path: str = "") -> list[str]:
    return [found.name for found in root.listing(inside(path))]


@pytest.mark.parametrize("path", REFUSED, ids=repr)
def test_what_names_nothing_below_a_root_is_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        inside(path)


@pytest.mark.parametrize("path", PLAIN, ids=repr)
def test_every_other_name_is_just_a_name(root: Root, folder: Path, path: str) -> None:
    put(root, path)
    assert path in os.listdir(folder)
    assert read(root, path) == b"new"
    assert path in names(root)
    assert (folder.parent / "secret").read_text() == "secret"


def test_names_that_are_alike_are_two(root: Root) -> None:
    one, other = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    put(root, one, b"1")
    put(root, other, b"2")
    assert (read(root, one), read(root, other)) == (b"1", b"2")


def _everything(root: Root, path: str) -> list[Callable[[], object]]:
    at, free = inside(path), inside("free")
    return [
        lambda: root.opened(at),
        lambda: root.listing(at),
        lambda: root.make_folder(at / "new"),
        lambda: put(root, f"{path}/new"),
        lambda: root.move(at / "x", free),
        lambda: root.move(inside("a/b.txt"), at / "x"),
        lambda: root.copy(at / "x", free),
        lambda: root.copy(inside("a/b.txt"), at / "x"),
        lambda: trash.throw(root, at / "x", new_id(), at=NOW, by="ann", why="deleted"),
    ]


@pytest.mark.parametrize("number", range(9))
@pytest.mark.parametrize("target", ["..", "/etc", "a", "nowhere", "../secret"])
def test_no_link_is_followed_by_anything(root: Root, folder: Path, target: str, number: int) -> None:
    (folder / "link").symlink_to(target)
    (folder.parent / "x").write_text("beside")
    (folder / "a" / "x").write_text("inside")
    with pytest.raises((PathRefused, NotThere)):
        _everything(root, "link")[number]()
    assert sorted(os.listdir(folder.parent)) == ["root", "secret", "x"]
    assert sorted(os.listdir(folder / "a")) == ["b.txt", "x"]


def test_a_link_is_shown_and_thrown_away_as_itself(root: Root, folder: Path) -> None:
    (folder / "link").symlink_to("../secret")
    assert root.look(inside("link")).kind == "link"
    thrown = trash.throw(root, inside("link"), new_id(), at=NOW, by="ann", why="deleted")
    assert "link" not in names(root)
    trash.restore(root, thrown.id)
    assert os.readlink(folder / "link") == "../secret"
    root.move(inside("link"), inside("a/link"))
    trash.throw(root, inside("a"), again := new_id(), at=NOW, by="ann", why="deleted")
    trash.end(root, again)
    assert (folder.parent / "secret").read_text() == "secret"


def test_a_folder_that_becomes_a_link_while_we_walk_leads_nowhere(root: Root, folder: Path) -> None:
    """Somebody swaps a folder and a link as fast as they can; the secret is never read."""
    (folder.parent / "out").mkdir()
    (folder.parent / "out" / "b.txt").write_text("secret")
    (folder / "link").symlink_to("../out")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            os.rename(folder / "a", folder / "other")
            os.rename(folder / "link", folder / "a")
            os.rename(folder / "a", folder / "link")
            os.rename(folder / "other", folder / "a")

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        for _ in range(2000):
            try:
                seen.add(read(root, "a/b.txt"))
            except (PathRefused, NotThere):
                seen.add(b"refused")
    finally:
        over.set()
        swapping.join()
    assert seen <= {b"b", b"refused"}
    assert b"b" in seen


def test_a_pipe_is_no_file_and_is_not_waited_for(root: Root, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(PathRefused, match="no file"):
        root.opened(inside("pipe"))
    assert root.look(inside("pipe")).kind == "other"


def test_a_folder_is_listed_by_name_a_page_at_a_time(root: Root, folder: Path) -> None:
    for name in ("c", "b", "e", "d"):
        (folder / name).touch()
    (folder / os.fsdecode(b"not \xff text")).touch()
    assert names(root) == ["a", "b", "c", "d", "e"]
    assert [found.name for found in root.listing(Inside(), "b", 2)] == ["c", "d"]
    found = root.look(inside("a/b.txt"))
    assert (found.kind, found.size_bytes) == ("file", 1)
    assert (root.look(Inside()).kind, root.look(inside("a")).size_bytes) == ("folder", None)


def test_what_is_there_is_never_written_over(root: Root) -> None:
    put(root, "c")
    for over in ("c", "a"):
        with pytest.raises(Taken):
            put(root, over, b"other")
        with pytest.raises(Taken):
            root.move(inside("a/b.txt"), inside(over))
        with pytest.raises(Taken):
            root.copy(inside("a/b.txt"), inside(over))
    root.make_folder(inside("d"))
    for over in ("a", "d", "c"):
        with pytest.raises(Taken):
            root.make_folder(inside(over))
    for over in ("d", "c"):  # an empty folder is something, too
        with pytest.raises(Taken):
            root.move(inside("a"), inside(over))
    assert (read(root, "c"), read(root, "a/b.txt"), names(root, "d")) == (b"new", b"b", [])


def test_files_and_folders_are_moved_whole(root: Root) -> None:
    root.move(inside("a"), inside("z"))
    root.move(inside("z/b.txt"), inside("c.txt"))
    assert (names(root), names(root, "z"), read(root, "c.txt")) == (["c.txt", "z"], [], b"b")
    for to in ("z", "z/y", "z/y/x"):
        with pytest.raises(PathRefused, match="lies in it"):
            root.move(inside("z"), inside(to))


def test_a_copy_that_is_wanted_no_more_leaves_nothing(root: Root, folder: Path) -> None:
    assert root.copy(inside("a/b.txt"), inside("c")) == 1
    with pytest.raises(InterruptedError):
        root.copy(inside("a/b.txt"), inside("d"), lambda: False)
    assert names(root) == ["a", "c"]
    assert os.listdir(folder / TRASH) == []


def test_a_file_that_was_not_kept_leaves_nothing(root: Root, folder: Path) -> None:
    with root.writing(inside("c")) as written:
        written.write(b"half")
        assert names(root) == ["a"]
    assert (names(root), os.listdir(folder / TRASH)) == (["a"], [])


@pytest.mark.parametrize("path", ["", "nowhere/c", "a/b.txt/c"])
def test_where_nothing_can_be_is_said(root: Root, folder: Path, path: str) -> None:
    with pytest.raises((PathRefused, NotThere)):
        put(root, path)
    assert os.listdir(folder / TRASH) == [] if (folder / TRASH).exists() else True


def test_a_root_that_is_not_writable_is_never_written_to(root: Root, folder: Path) -> None:
    closed = Root("films", folder)
    acts: list[Callable[[], object]] = [
        lambda: put(closed, "c"),
        lambda: closed.make_folder(inside("c")),
        lambda: closed.move(inside("a"), inside("c")),
        lambda: closed.copy(inside("a/b.txt"), inside("c")),
        lambda: trash.throw(closed, inside("a"), new_id(), at=NOW, by="ann", why="deleted"),
        lambda: trash.restore(closed, new_id()),
        lambda: trash.end(closed, new_id()),
    ]
    for act in acts:
        with pytest.raises(ReadOnly, match="SLUICE_ROOTS_WRITABLE"):
            act()
    assert (trash.listing(closed), os.listdir(folder)) == ([], ["a"])


@pytest.mark.parametrize("what", ["a", "a/b.txt"])
def test_what_is_thrown_away_comes_back(root: Root, what: str) -> None:
    thrown = trash.throw(root, inside(what), new_id(), at=NOW, by="ann", why="deleted")
    with pytest.raises(NotThere):
        root.look(inside(what))
    assert trash.listing(root) == [thrown]
    assert (thrown.path, thrown.at, thrown.by, thrown.why) == (what, NOW, "ann", "deleted")
    assert trash.restore(root, thrown.id) == inside(what)
    assert (read(root, "a/b.txt"), trash.listing(root)) == (b"b", [])


def test_what_was_thrown_away_takes_nothing_s_place(root: Root) -> None:
    thrown = trash.throw(root, inside("a/b.txt"), new_id(), at=NOW, by="ann", why="replaced")
    put(root, "a/b.txt", b"newer")
    with pytest.raises(Taken):
        trash.restore(root, thrown.id)
    assert trash.restore(root, thrown.id, inside("a/old.txt")) == inside("a/old.txt")
    assert (read(root, "a/b.txt"), read(root, "a/old.txt")) == (b"newer", b"b")


@pytest.mark.parametrize("id", ["..", "", "x", "../..", "0198c9a2-7d0e-7c11-9d3f-5e6a1b2c3d4e"])
def test_what_is_not_in_the_trash_is_not_found(root: Root, id: str) -> None:
    for act in (trash.restore, trash.end):
        with pytest.raises(NotThere):
            act(root, id)


def test_what_lay_in_the_trash_long_enough_goes(root: Root, folder: Path) -> None:
    put(root, "c")
    old = trash.throw(root, inside("a"), new_id(), at=NOW, by="ann", why="deleted")
    young = trash.throw(root, inside("c"), new_id(), at=NOW + timedelta(days=2), by="ann", why="deleted")
    left, half = folder / TRASH / "tmp-left", folder / TRASH / new_id()
    left.touch()
    half.mkdir()
    long_ago = (NOW - timedelta(days=3)).timestamp()
    for each in (left, half):
        os.utime(each, (long_ago, long_ago))
    (folder / TRASH / "tmp-young").touch()
    assert trash.sweep(root, NOW + timedelta(days=1)) == [old]
    assert sorted(os.listdir(folder / TRASH)) == sorted([young.id, "tmp-young"])


def test_a_crash_before_it_was_moved_leaves_it_where_it_is(root: Root, folder: Path) -> None:
    id = new_id()
    half = folder / TRASH / id
    half.mkdir(parents=True)
    (half / "said.json").write_text("{}")
    assert trash.listing(root) == []
    assert names(root) == ["a"]


def test_where_a_disk_knows_no_second_names_nothing_is_written_over_either(
    root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refused)
    put(root, "c")
    with pytest.raises(Taken):
        put(root, "c", b"other")
    root.move(inside("c"), inside("d"))
    assert (names(root), read(root, "d")) == (["a", "d"], b"new")


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOENT, NotThere),
        (errno.ELOOP, PathRefused),
        (errno.ENOTDIR, PathRefused),
        (errno.EEXIST, Taken),
        (errno.EROFS, ReadOnly),
        (errno.EACCES, ReadOnly),
        (errno.ENOSPC, walking.Full),
        (errno.EDQUOT, walking.Full),
        (errno.EXDEV, NotOnOneDisk),
        (errno.EIO, OSError),
    ],
)
def test_what_the_system_says_is_told_in_our_words(number: int, told: type[Exception]) -> None:
    with pytest.raises(told), troubles(inside("a")):
        raise OSError(number, "x")


def test_the_root_itself_is_not_moved_or_thrown_away(root: Root) -> None:
    with pytest.raises(PathRefused, match="root itself"):
        root.move(Inside(), inside("b"))
    with pytest.raises(PathRefused, match="root itself"):
        trash.throw(root, Inside(), new_id(), at=NOW, by="ann", why="deleted")
