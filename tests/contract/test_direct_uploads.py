"""One suite for what clients put into the store by themselves: a real S3 passes it, and so does the fake."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.blobs import FileStore
from connectors.direct import open_direct
from connectors.ports import BlobMissing, BlobStore, DirectUploads, content_of
from connectors.s3.options import S3Options
from tests.contract.blob_homes import Home
from tests.direct import FakeDirect, putting

MIB = 1 << 20
PART = 6 * MIB
DATA = random.Random(11).randbytes(2 * PART + 1000)
SIZES = {1: PART, 2: PART, 3: 1000}
ID, OTHER = "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e7f", "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e80"


class Scene:
    """A store, what clients put into it, and clients."""

    def __init__(self, store: BlobStore, direct: DirectUploads, home: Home | None) -> None:
        self.store, self.direct, self.home = store, direct, home
        self.put = putting(direct)

    def kept(self) -> set[str]:
        return {name for name in self.home.kept() if "/tmp/" not in name} if self.home else set()

    async def sent(self, id: str = ID, sizes: dict[int, int] = SIZES) -> None:
        """Each part, by its address, the last one first."""
        urls = await self.direct.addresses(id, sizes, 600)
        for number in sorted(sizes, reverse=True):
            at = (number - 1) * PART
            assert self.put(urls[number], DATA[at : at + sizes[number]]).status_code == 200


@pytest.fixture(params=["fake", "s3"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "fake":
        store = FileStore(tmp_path / "blobs", "gateway-1")
        yield Scene(store, FakeDirect(store), None)
        return
    own: Home = request.getfixturevalue("own")
    options = replace(own.options, public_endpoint=own.options.endpoint)
    direct = open_direct(own.url, "gateway-1", options)
    assert direct is not None
    yield Scene(own.open(), direct, own)


async def test_parts_that_a_client_puts_become_a_blob(scene: Scene) -> None:
    await scene.direct.begin(ID)
    await scene.sent()
    arrived = await scene.direct.arrived(ID)
    assert {each.number: each.size_bytes for each in arrived} == SIZES
    blob = await scene.direct.commit(ID, "raw")
    assert (blob.size_bytes, blob.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert await content_of(scene.store, blob.location) == DATA
    assert await scene.direct.commit(ID, "raw") == blob, "done again it gives the same"
    assert await scene.direct.arrived(ID) == [], "none comes any more"
    await scene.direct.abort(ID)
    await scene.direct.abort(ID)
    assert await content_of(scene.store, blob.location) == DATA
    assert scene.home is None or scene.kept() == {blob.location}


async def test_an_address_takes_its_part_alone_and_ends(scene: Scene) -> None:
    await scene.direct.begin(ID)
    await scene.direct.begin(OTHER)
    urls = await scene.direct.addresses(ID, SIZES, 600)
    for bad in (DATA[:999], DATA[:1001]):
        assert scene.put(urls[3], bad).status_code >= 400
    assert scene.put(urls[3].replace(ID, OTHER), DATA[:1000]).status_code >= 400
    assert scene.put(urls[3].replace("partNumber=3", "partNumber=4"), DATA[:1000]).status_code >= 400
    assert await scene.direct.arrived(ID) == await scene.direct.arrived(OTHER) == []


async def test_a_part_may_be_put_again_and_the_last_one_counts(scene: Scene) -> None:
    await scene.direct.begin(ID)
    urls = await scene.direct.addresses(ID, {1: 1000}, 600)
    for content in (b"x" * 1000, DATA[:1000]):
        assert scene.put(urls[1], content).status_code == 200
    blob = await scene.direct.commit(ID, "raw")
    assert blob.sha256 == hashlib.sha256(DATA[:1000]).hexdigest()


async def test_what_is_given_up_or_never_was_is_not_there(scene: Scene) -> None:
    await scene.direct.begin(ID)
    await scene.sent()
    await scene.direct.abort(ID)
    for id in (ID, OTHER, "../x", "x"):
        with pytest.raises(BlobMissing):
            await scene.direct.addresses(id, {1: 1}, 600)
        with pytest.raises(BlobMissing):
            await scene.direct.arrived(id)
        with pytest.raises(BlobMissing):
            await scene.direct.commit(id, "raw")
    assert scene.kept() == set()


async def test_nothing_is_made_of_no_parts(scene: Scene) -> None:
    await scene.direct.begin(ID)
    with pytest.raises(BlobMissing):
        await scene.direct.commit(ID, "raw")


async def test_those_that_nobody_comes_back_to_are_given_up(scene: Scene) -> None:
    await scene.direct.begin(ID)
    await scene.sent()
    await scene.direct.forget_unused(timedelta(hours=1))
    assert len(await scene.direct.arrived(ID)) == 3
    await scene.direct.forget_unused(timedelta(seconds=-5))
    with pytest.raises(BlobMissing):
        await scene.direct.arrived(ID)
    assert scene.kept() == set()


def test_a_folder_and_a_bucket_that_clients_don_t_reach_have_none(tmp_path: Path) -> None:
    public = S3Options(public_endpoint="https://s3.example.org")
    assert open_direct(tmp_path.as_uri(), "gateway-1", public) is None
    assert open_direct("s3://bucket", "gateway-1", S3Options()) is None


async def test_an_address_of_the_store_ends(own: Home) -> None:
    options = replace(own.options, public_endpoint=own.options.endpoint)
    direct = open_direct(own.url, "gateway-1", options)
    assert direct is not None
    await direct.begin(ID)
    past = (await direct.addresses(ID, {1: 1000}, 1))[1]
    for _ in range(600):
        if httpx.put(past, content=DATA[:1000]).status_code == 403:
            return
    raise AssertionError("it is good for ever")
