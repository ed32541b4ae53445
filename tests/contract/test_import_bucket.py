"""The older transcoder's files in a bucket are what they are in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.failures import Failure
from deploy.local.importing import transcoder
from deploy.local.importing.places import OutOfReach
from deploy.local.importing.stores import BucketStore, FolderStore
from tests import earlier_systems as systems
from tests.contract.blob_homes import Home
from tests.s3_server import S3Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = {"ada/holiday.mp4": b"1", "b/ü c.mp4": b"22"}
    return systems.transcoder(tmp_path / "files", raw, {"job-9/holiday.webm": b"333"})


@pytest.fixture
def bucket(server: S3Server, own: Home, folder: Path, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    """Reached as boto3 is told to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    found = BucketStore.of(own.url)
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found.client.upload_file(str(path), found.bucket, found.prefix + name)
    return found


def test_both_say_the_same(bucket: BucketStore, folder: Path) -> None:
    there, here = transcoder.read(bucket), transcoder.read(FolderStore(folder))
    assert there == here
    assert [item.made_of for item in there.items] == [None, None, "raw/ada/holiday.mp4#1"]


def test_bytes_are_had_under_their_name_while_they_are_read(bucket: BucketStore, folder: Path) -> None:
    for store in (bucket, FolderStore(folder)):
        with store.at("raw/b/ü c.mp4") as file:
            assert (file.name, file.read_bytes()) == ("ü c.mp4", b"22")
        with pytest.raises(OutOfReach), store.at("raw/nothing.mp4"):
            pass
    with bucket.at("raw/b/ü c.mp4") as passing:
        pass
    assert not passing.exists()


def test_a_bucket_that_is_not_there_is_told(bucket: BucketStore) -> None:
    with pytest.raises(Failure, match="cannot read the bucket nowhere"):
        list(BucketStore("nowhere", "", bucket.client).files())
