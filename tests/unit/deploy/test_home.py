"""A home is made whole, held by one, and emptied without touching anything that is not ours."""

from __future__ import annotations

import shutil
import stat
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.backup.archive import Writing
from deploy.local.backup.manifest import FORMAT, Manifest
from deploy.local.backup.restore import into
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.parts import Options
from deploy.local.stack import Stack

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_a_new_home_has_every_folder_and_is_its_owners_alone(home: Home) -> None:
    assert all(f.is_dir() for f in (home.kafka, home.database, home.blobs, home.scratch, home.logs, home.run))
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700


def test_the_token_and_the_secret_are_long_private_and_stay_the_same(home: Home) -> None:
    files = (home.token_file, home.secret_file)
    texts = [file.read_text() for file in files]
    assert len(set(texts)) == 2
    assert min(map(len, texts)) >= 43
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    home.prepare()
    assert [file.read_text() for file in files] == texts


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Failure, match="no home of Sluice"):
        Home(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_home_that_cannot_be_made_is_a_clear_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="--home"):
        Home(tmp_path / "file" / "home").prepare()


@pytest.mark.parametrize(
    ("free_mb", "refused", "warned"), [(50, True, False), (200, False, True), (9000, False, False)]
)
def test_little_space_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, refused: bool, warned: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, free_mb << 20))
    warnings: list[str] = []
    if refused:
        with pytest.raises(Failure, match=f"only {free_mb} MB are free"):
            Home(tmp_path / "home").prepare(warnings.append)
    else:
        Home(tmp_path / "home").prepare(warnings.append)
    assert bool(warnings) is warned


def test_the_lock_is_held_by_one(home: Home) -> None:
    first, second = HomeLock(home), HomeLock(home)
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() is not None
    first.release()
    assert second.holder() is None
    assert second.acquire()
    second.release()


def test_wiping_keeps_the_token_and_whatever_else_is_there(home: Home) -> None:
    (home.blobs / "a").write_text("x")
    (home.root / "demo.mp4").write_text("x")
    deleted = home.wipe()
    assert deleted == ["kafka", "database", "blobs", "scratch", "logs", "run"]
    assert sorted(path.name for path in home.root.iterdir()) == [
        ".sluice-home",
        "demo.mp4",
        "secret",
        "token",
    ]
    home.prepare()


def test_wiping_does_not_follow_links_out(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "film.mp4").write_text("precious")
    home.blobs.rmdir()
    home.blobs.symlink_to(outside)
    (home.scratch / "link").symlink_to(outside)
    home.wipe()
    assert (outside / "film.mp4").read_text() == "precious"
    assert not home.blobs.is_symlink()


def test_a_folder_that_is_no_home_is_never_wiped(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    with pytest.raises(Failure, match="nothing was deleted") as failure:
        Home(tmp_path).wipe()
    assert failure.value.code is Exit.NOT_FOUND
    assert (tmp_path / "kafka").is_dir()


def test_a_home_that_is_being_restored_is_no_home_for_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.begin_restore()
    with pytest.raises(Failure, match="begin it again"):
        Stack.start(home, Options(parts=frozenset()))
    home.end_restore()
    assert not home.is_half_restored
    Stack.start(home, Options(parts=frozenset())).stop()


def test_what_is_half_restored_goes_as_a_whole(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.begin_restore()
    home.prepare()
    home.remove_half_restored()
    assert not home.root.exists()


async def test_a_folder_of_other_things_is_not_restored_into(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("mine")
    with Writing(tmp_path / "backup.tar") as archive:
        now = datetime.now(UTC)
        archive.finish(
            Manifest(
                format=FORMAT,
                version="1",
                began_at=now,
                ended_at=now,
                records=0,
                blobs=0,
                blob_bytes=0,
                gone=[],
                damaged=[],
                members=[],
            )
        )
    with pytest.raises(Failure, match="no home of Sluice"):
        await into(Home(tmp_path / "home"), tmp_path / "backup.tar", print, print)
    assert (tmp_path / "home" / "thesis.txt").read_text() == "mine"
