"""An archive has its name when it is whole, and tells every byte that is not as it was written."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.local.backup import archive, manifest
from deploy.local.backup.archive import Writing, verified
from deploy.local.backup.manifest import Manifest
from deploy.local.failures import Failure

WHEN = datetime(2026, 5, 1, tzinfo=UTC)


def said(writing: Writing, **more: object) -> Manifest:
    plain = {"format": manifest.FORMAT, "version": "1", "began_at": WHEN, "ended_at": WHEN, "records": 0}
    counted = {"blobs": 2, "blob_bytes": 5, "gone": [], "damaged": [], "members": writing.members}
    return Manifest.model_validate({**plain, **counted, **more})


def written(path: Path, **more: object) -> Path:
    with Writing(path) as writing:
        writing.add_bytes("one", b"first")
        writing.add("blobs/two", 3 << 20, io.BytesIO(b"x" * (3 << 20)))
        writing.finish(said(writing, **more))
    return path


def test_what_was_written_is_read_again_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tar")
    assert [each.name for each in verified(path).members] == ["one", "blobs/two"]
    read = [(entry.name, entry.file.read(5)) for entry in archive.entries(path)]
    assert read[:2] == [("one", b"first"), ("blobs/two", b"xxxxx")]
    assert path.stat().st_mode & 0o077 == 0
    with tarfile.open(path) as opened:
        assert opened.getnames() == ["one", "blobs/two", manifest.NAME]


def test_what_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with Writing(tmp_path / "a.tar") as writing:
        writing.add_bytes("one", b"first")
    assert list(tmp_path.iterdir()) == []


def test_fewer_bytes_than_were_said_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="unexpected end"), Writing(tmp_path / "a.tar") as writing:
        writing.add("one", 10, io.BytesIO(b"short"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("member", ["one", "blobs/two", manifest.NAME])
def test_one_wrong_bit_anywhere_is_told(tmp_path: Path, member: str) -> None:
    path = written(tmp_path / "a.tar")
    with tarfile.open(path) as opened:
        info = opened.getmember(member)
    content = bytearray(path.read_bytes())
    content[info.offset_data + info.size // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Failure):
        verified(path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_an_archive_that_ends_too_early_is_none(tmp_path: Path, share: float) -> None:
    path = written(tmp_path / "a.tar")
    content = path.read_bytes()
    with tarfile.open(path) as opened:
        end = opened.getmember(manifest.NAME).offset_data
    path.write_bytes(content[: int(end * share)])
    with pytest.raises(Failure, match="no whole backup"):
        verified(path)


def test_a_member_more_or_less_is_told(tmp_path: Path) -> None:
    with Writing(tmp_path / "more.tar") as writing:
        writing.add_bytes("one", b"first")
        known = said(writing)
        writing.add_bytes("two", b"second")
        writing.finish(known.model_copy(update={"members": known.members[:1]}))
    with pytest.raises(Failure) as more:
        verified(tmp_path / "more.tar")
    assert more.value.problems == ("two is not of it",)
    path = tmp_path / "less.tar"
    with Writing(path) as writing:
        member = writing.add_bytes("one", b"first")
        writing.finish(said(writing, members=[member, member.model_copy(update={"name": "gone"})]))
    with pytest.raises(Failure) as less:
        verified(path)
    assert less.value.problems == ("gone is damaged or missing",)


def test_an_archive_of_a_later_format_says_who_can_read_it(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="restore it with Sluice 9"):
        verified(written(tmp_path / "a.tar", format=2, version="9"))


def test_there_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no"):
        verified(tmp_path / "a.tar")


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot write"), Writing(tmp_path / "none" / "a.tar"):
        pass
