"""What a scan says of a folder: what is new, what moved, what is missing; and what it leaves alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from connectors.rooted import identity as reading
from connectors.rooted.located import located
from processors.folders.missing import Missing
from processors.folders.pages import COLLECTION
from processors.folders.ports import Away
from processors.folders.recalled import Recalled
from schemas.versions import FIRST_DROPPED
from tests.unit.processors.scanning import Shelved


@pytest.fixture
def shelved(tmp_path: Path) -> Shelved:
    return Shelved(tmp_path)


async def test_what_is_in_a_folder_becomes_media_of_the_library(shelved: Shelved) -> None:
    shelved.put("a.mkv", "one")
    shelved.put("old/b.mp4", "two")
    shelved.put("old/notes.txt", "three")
    outcome = await shelved.scan()
    assert (outcome.new, outcome.files, outcome.opened) == (2, 2, 2)
    said = {each.name: each for each in shelved.found}
    assert {(e.library_id, e.owner_id, e.origin) for e in said.values()} == {("l1", "admin", "folder")}
    at = located(said["b.mp4"].location)
    assert (str(at.place), at.media_id) == ("films/new/old/b.mp4", said["b.mp4"].media_id)
    assert said["a.mkv"].size_bytes == 3


async def test_a_rescan_with_nothing_changed_opens_no_file_and_says_nothing(shelved: Shelved) -> None:
    for number in range(30):
        shelved.put(f"{number % 3}/{number}.mp4", str(number))
    await shelved.scan()
    said = len(shelved.log.records)
    outcome = await shelved.scan()
    assert (outcome.files, outcome.opened, len(shelved.log.records)) == (30, 0, said)


async def test_a_scan_without_memory_says_the_same_again(shelved: Shelved) -> None:
    """As two scanners do, or one that was killed before it had remembered what it said."""
    shelved.put("a.mkv", "one")
    await shelved.scan()
    shelved.database.collections[COLLECTION].clear()
    await shelved.scan()
    first, again = shelved.found
    assert (first.media_id, first.meta.event_id) == (again.media_id, again.meta.event_id)


@pytest.mark.parametrize("to", ["b.mkv", "deep/er/a.mkv"])
async def test_what_moved_is_the_same_medium_at_another_place(shelved: Shelved, to: str) -> None:
    path = shelved.put("a.mkv", "one")
    shelved.put("z.mkv", "another")
    await shelved.scan()
    shelved.path(to).parent.mkdir(parents=True, exist_ok=True)
    path.rename(shelved.path(to))
    outcome = await shelved.scan()
    [moved] = shelved.changed
    medium = next(each for each in shelved.found if each.name == "a.mkv")
    assert (moved.media_id, moved.change, moved.values) == (
        medium.media_id,
        "moved",
        {"place": f"films/new/{to}"},
    )
    assert (outcome.moved, outcome.new, len(shelved.missing)) == (1, 0, 0)
    assert (await shelved.scan()).opened == 0


async def test_a_folder_that_is_renamed_takes_its_media_along(shelved: Shelved) -> None:
    for number in range(5):
        shelved.put(f"before/{number}.mkv", f"film {number}")
    await shelved.scan()
    shelved.path("before").rename(shelved.path("after"))
    outcome = await shelved.scan("new")
    assert (outcome.moved, outcome.new) == (5, 0)
    assert {each.values["place"] for each in shelved.changed} == {
        f"films/new/after/{number}.mkv" for number in range(5)
    }


async def test_what_moved_is_found_also_when_it_was_missing_before(shelved: Shelved) -> None:
    path = shelved.put("a.mkv", "one")
    shelved.put("z.mkv", "another")
    await shelved.scan()
    elsewhere = path.rename(shelved.root.path / "a.mkv")
    assert (await shelved.scan()).missing == 1
    elsewhere.rename(shelved.path("b.mkv"))
    assert (await shelved.scan()).moved == 1


async def test_a_copy_is_a_medium_of_its_own(shelved: Shelved) -> None:
    shutil.copy2(shelved.put("a.mkv", "one"), shelved.path("b.mkv"))
    outcome = await shelved.scan()
    assert (outcome.new, len({each.media_id for each in shelved.found})) == (2, 2)


async def test_a_copy_back_to_where_a_medium_was_is_another_medium(shelved: Shelved) -> None:
    path = shelved.put("a.mkv", "one")
    await shelved.scan()
    path.rename(shelved.path("deep.mkv"))
    await shelved.scan()
    shutil.copy2(shelved.path("deep.mkv"), path)
    assert (await shelved.scan()).new == 1
    assert len({each.media_id for each in shelved.found}) == 2


async def test_what_is_missing_is_deleted_after_the_grace_and_not_before(shelved: Shelved) -> None:
    shelved.put("a.mkv", "one").unlink()
    shelved.put("a.mkv", "one")
    shelved.put("b.mkv", "two")
    await shelved.scan()
    shelved.path("a.mkv").unlink()
    await shelved.scan()
    shelved.clock.advance(86_000)
    await shelved.scan()
    assert shelved.changed == []
    shelved.clock.advance(1_000)
    assert (await shelved.scan()).deleted == 1
    [gone] = shelved.changed
    assert (gone.change, gone.media_id) == (
        "deleted",
        next(each.media_id for each in shelved.found if each.name == "a.mkv"),
    )
    assert (await shelved.scan()).deleted == 0


async def test_a_medium_that_was_replaced_outlives_its_file(shelved: Shelved) -> None:
    shelved.put("a.mkv", "film")
    await shelved.scan()
    [film] = shelved.found
    shelved.known.replaced.add(film.media_id)
    shelved.put("b.mkv", "another")
    shelved.path("a.mkv").unlink()
    await shelved.scan()
    shelved.clock.advance(2 * 86_400)
    await shelved.scan()
    assert [(each.media_id, each.change) for each in shelved.changed] == [(film.media_id, FIRST_DROPPED)]
    await shelved.scan()
    assert len(shelved.changed) == 1


async def test_what_comes_back_in_time_was_never_gone(shelved: Shelved) -> None:
    path = shelved.put("deep/a.mkv", "one")
    shelved.put("b.mkv", "two")
    await shelved.scan()
    aside = path.parent.rename(shelved.root.path / "aside")
    assert (await shelved.scan()).missing == 1
    aside.rename(shelved.path("deep"))
    shelved.clock.advance(200_000)
    outcome = await shelved.scan()
    assert (outcome.missing, outcome.new, shelved.changed, len(shelved.found)) == (0, 0, [], 2)


async def test_what_comes_back_after_it_was_deleted_is_a_new_medium(shelved: Shelved) -> None:
    shelved.put("b.mkv", "two")
    shelved.put("deep/a.mkv", "one")
    await shelved.scan()
    shutil.rmtree(shelved.path("deep"))
    await shelved.scan()
    shelved.clock.advance(90_000)
    await shelved.scan()
    shelved.put("deep/a.mkv", "one", age_s=60)
    assert (await shelved.scan()).new == 1
    first, again = (each for each in shelved.found if each.name == "a.mkv")
    assert first.media_id != again.media_id


async def test_a_disk_that_went_away_takes_nothing_with_it(shelved: Shelved) -> None:
    shelved.put("a.mkv", "one")
    await shelved.scan()
    mounted = shelved.root.path.rename(shelved.root.path.with_name("elsewhere"))
    with pytest.raises(Away):
        await shelved.scan()
    shelved.path("").mkdir(parents=True)  # the empty folder that a disk is mounted on
    shelved.clock.advance(1_000_000)
    with pytest.raises(Away, match="mounted"):
        await shelved.scan()
    shutil.rmtree(shelved.root.path)
    mounted.rename(shelved.root.path)
    outcome = await shelved.scan()
    assert (outcome.missing, outcome.new, shelved.changed) == (0, 0, [])


async def test_the_grace_does_not_run_while_a_disk_is_away(shelved: Shelved) -> None:
    shelved.put("b.mkv", "two")
    path = shelved.put("a.mkv", "one")
    await shelved.scan()
    path.unlink()
    await shelved.scan()
    shelved.clock.advance(1_000_000)
    back_at = shelved.clock.now()
    shelved.clock.advance(60)
    assert (await shelved.scan(since=back_at)).deleted == 0
    shelved.clock.advance(86_400)
    assert (await shelved.scan(since=back_at)).deleted == 1


async def test_a_file_that_is_still_written_to_is_taken_in_once_and_whole(shelved: Shelved) -> None:
    for written in (b"the first", b"the first and the second"):
        shelved.put("a.mkv", written, age_s=2)
        outcome = await shelved.scan()
        assert (outcome.new, {str(each) for each in outcome.writing}) == (0, {"new"})
    shelved.clock.advance(11)
    await shelved.scan()
    [found] = shelved.found
    assert found.size_bytes == len(b"the first and the second")


async def test_a_file_that_was_only_touched_is_read_again_and_is_the_same(shelved: Shelved) -> None:
    path = shelved.put("a.mkv", "one")
    await shelved.scan()
    os.utime(path, (1_700_000_000, 1_700_000_000))
    outcome = await shelved.scan()
    assert (outcome.opened, outcome.new, outcome.moved, shelved.changed) == (1, 0, 0, [])
    assert ((await shelved.scan()).opened, len(shelved.missing)) == (0, 0)


async def test_a_file_that_was_replaced_is_a_new_medium_and_the_old_one_is_missing(shelved: Shelved) -> None:
    shelved.put("a.mkv", "one")
    await shelved.scan()
    shelved.put("a.mkv", "one, and better", age_s=60)
    await shelved.scan()
    assert (len({each.media_id for each in shelved.found}), len(shelved.missing)) == (2, 1)
    shelved.clock.advance(90_000)
    await shelved.scan()
    [gone] = shelved.changed
    assert (gone.change, gone.media_id) == ("deleted", shelved.found[0].media_id)


async def test_a_file_that_another_took_the_place_of_is_found_where_it_went(shelved: Shelved) -> None:
    path = shelved.put("a.mkv", "one")
    await shelved.scan()
    path.rename(shelved.path("b.mkv"))
    shelved.put("a.mkv", "one, and better", age_s=60)
    outcome = await shelved.scan()
    assert (outcome.moved, outcome.new) == (1, 1)
    assert shelved.changed[0].values == {"place": "films/new/b.mkv"}


async def test_no_link_is_followed_and_nothing_beside_the_root_is_opened(shelved: Shelved) -> None:
    outside = shelved.root.path.parent / "outside"
    outside.mkdir()
    (outside / "secret.mkv").write_text("secret")
    shelved.put("a.mkv", "one")
    shelved.path("link").symlink_to(outside)
    shelved.path("link.mkv").symlink_to(outside / "secret.mkv")
    os.mkfifo(shelved.path("pipe.mkv"))
    before = os.stat(outside / "secret.mkv").st_atime_ns
    outcome = await shelved.scan()
    assert ([each.name for each in shelved.found], outcome.opened) == (["a.mkv"], 1)
    assert os.stat(outside / "secret.mkv").st_atime_ns == before


async def test_what_a_library_is_told_to_pass_over_is_passed_over(shelved: Shelved) -> None:
    for name in ("a.mkv", ".hidden.mkv", "@eaDir/a.mkv", "b.mkv.part", "extras/x.mkv", "deep/sample-1.mkv"):
        shelved.put(name, name)
    shelved.put(".sluiceignore", "extras/\n")
    shelved.put("deep/.sluiceignore", "sample-*\n")
    await shelved.scan()
    assert [each.name for each in shelved.found] == ["a.mkv"]


async def test_only_what_is_asked_for_is_looked_at(shelved: Shelved) -> None:
    for name in ("one/a.mkv", "two/b.mkv", "two/deep/c.mkv"):
        shelved.put(name, name)
    await shelved.scan()
    for name in ("one/d.mkv", "two/e.mkv", "two/deep/f.mkv"):
        shelved.put(name, name)
    await shelved.scan("new/two")
    assert [each.name for each in shelved.found[3:]] == ["e.mkv"]


async def test_a_folder_that_can_t_be_read_keeps_what_is_known_of_it(shelved: Shelved) -> None:
    shelved.put("deep/a.mkv", "one")
    shelved.put("b.mkv", "two")
    await shelved.scan()
    shelved.path("deep").rename(shelved.root.path / "deep")
    shelved.path("deep").symlink_to(shelved.root.path / "deep")
    outcome = await shelved.scan()  # a link is no folder: what was in it is missing, and nothing is opened
    assert (outcome.missing, outcome.opened) == (1, 0)


async def test_a_large_folder_is_kept_in_many_documents_and_grows_into_them(shelved: Shelved) -> None:
    for number in range(700):
        shelved.put(f"{number}.mkv", str(number))
    await shelved.scan()
    for number in range(700, 1000):
        shelved.put(f"{number}.mkv", str(number))
    assert (await shelved.scan()).new == 300
    largest = max(len(each.get("files", ())) for each in shelved.database.collections[COLLECTION].values())
    assert largest == 700 or len(shelved.database.collections[COLLECTION]) == 17
    assert ((await shelved.scan()).opened, len(shelved.found)) == (0, 1000)


async def test_a_lost_database_is_derived_again_from_the_log(shelved: Shelved) -> None:
    for name in ("a.mkv", "deep/b.mkv", "deep/c.mkv", "d.mkv"):
        shelved.put(name, name)
    await shelved.scan()
    shelved.path("a.mkv").rename(shelved.path("deep/moved.mkv"))
    shelved.path("d.mkv").unlink()
    await shelved.scan()
    shelved.clock.advance(90_000)
    await shelved.scan()
    recalled, said = Recalled(), len(shelved.log.records)
    for delivery in reversed(shelved.log.records):
        recalled.hear(delivery.event)
    shelved.database.collections[COLLECTION].clear()
    shelved.missing = Missing()
    for name, document in recalled.documents():
        await shelved.database.insert(name, document)
    outcome = await shelved.scan()
    assert (outcome.opened, len(shelved.log.records)) == (3, said)
    shelved.put("d.mkv", "d.mkv", age_s=60)  # it was deleted
    shelved.put("a.mkv", "a.mkv", age_s=60)  # it has moved
    await shelved.scan()
    assert len({each.media_id for each in shelved.found}) == 6


async def test_what_can_t_be_read_is_told_of_and_nothing_else_waits_for_it(
    shelved: Shelved, tmp_path: Path
) -> None:
    shelved.put("a.mkv", "one")
    (shelved.path("deep")).mkdir()
    shelved.path("deep").chmod(0)
    outcome = await shelved.scan()
    shelved.path("deep").chmod(0o755)
    assert outcome.new == 1
    assert outcome.troubles == (0 if os.geteuid() == 0 else 1)


def test_the_middle_of_a_large_file_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 34)
    descriptor = os.open(large, os.O_RDONLY)
    try:
        first = reading.identity(descriptor, 1 << 34)
        assert first != reading.identity(descriptor, (1 << 34) - 1)
    finally:
        os.close(descriptor)
