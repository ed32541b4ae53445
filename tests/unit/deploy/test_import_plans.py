"""What an import comes to before anything is asked of the gateway: files, accounts, states, works. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.local.failures import Failure
from deploy.local.importing import places, saying, states
from deploy.local.importing.accounts import Wanted, accounts, read
from deploy.local.importing.found import Found, Item, Person, Watched
from deploy.local.importing.places import Folders, OutOfReach
from deploy.local.importing.shelves import Matching
from deploy.local.importing.sources import Source, within
from deploy.local.importing.states import Whose
from deploy.local.importing.verifying import streams
from deploy.local.importing.works import works

NOW = datetime(2026, 5, 1, tzinfo=UTC)
EARLY, LATE = datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of films, with ways out of it, and something beside it that is nobody's business."""
    folder = tmp_path / "films"
    (folder / "disc").mkdir(parents=True)
    (folder / "a.mkv").write_bytes(b"film")
    (tmp_path / "secret.mkv").write_bytes(b"mine")
    (tmp_path / "films-too").mkdir()
    (tmp_path / "films-too" / "b.mkv").write_bytes(b"mine")
    (folder / "link.mkv").symlink_to(tmp_path / "secret.mkv")
    (folder / "out").symlink_to(tmp_path)
    return folder


def test_files_are_found_where_their_folders_are_now(films: Path) -> None:
    folders = Folders([("/media/films", films), ("D:/films", films), ("//nas/films", films)])
    for said in ("/media/films/a.mkv", "D:\\films\\a.mkv", "\\\\nas\\films\\a.mkv"):
        assert folders.local(said).read_bytes() == b"film"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("/media/films/../secret.mkv", "^its path leads out"),
        ("D:\\films\\..\\secret.mkv", "^its path leads out"),
        ("/media/films/out/secret.mkv", "a link"),
        ("/media/films/link.mkv", "a link"),
        ("/media/films-too/b.mkv", "no folder that --map names"),
        ("/etc/passwd", "no folder that --map names"),
        ("a.mkv", "no folder that --map names"),
        ("/media/films/a.mkv\0", "^its path leads out"),
        ("/media/films/disc", "is a folder"),
        ("/media/films/b.mkv", "it is not at"),
    ],
)
def test_nothing_beside_them_is_reached(films: Path, said: str, why: str) -> None:
    with pytest.raises(OutOfReach, match=why):
        Folders([("/media/films", films), ("D:/films", films)]).local(said)


def test_where_a_folder_is_has_to_be_said_well(films: Path) -> None:
    assert places.mapped(f"/old/={films}") == ("/old", films)
    assert places.mapped(str(films)) == (str(films), films)
    for said in ("", "=x", f"/old={films}/nowhere", "/old="):
        with pytest.raises(Failure):
            places.mapped(said)


def person(name: str, id: str = "", **more: Any) -> Person:
    return Person(id or name, name, **more)


def test_people_get_a_login_of_their_name_or_the_one_that_is_said() -> None:
    people = [person("Ada Lovelace"), person("bob"), person("?"), person("BOB", "b2"), person("Eve")]
    wanted = {"Eve": Wanted("eve.e", "eve@example.org")}
    made, troubles = accounts(people, wanted, "home.example")
    assert [(each.login, each.email) for each in made] == [
        ("Ada.Lovelace", "Ada.Lovelace@home.example"),
        ("bob", "bob@home.example"),
        ("eve.e", "eve@example.org"),
    ]
    assert [trouble.what for trouble in troubles] == ["?", "BOB"]


def test_administrators_stay_so_and_who_was_shut_out_stays_out() -> None:
    (admin, barred), _ = accounts([person("adm", is_admin=True), person("old", is_disabled=True)], {}, None)
    assert (admin.order("p")["role"], admin.order("p")["state"]) == ("admin", "active")
    assert (barred.order("p")["role"], barred.order("p")["state"]) == ("viewer", "disabled")


@pytest.mark.parametrize("said", ["[1]", "{", '{"a": 1}'])
def test_a_file_of_people_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "people.json").write_text(said)
    with pytest.raises(Failure, match="has to be JSON"):
        read(tmp_path / "people.json")
    (tmp_path / "people.json").write_text('{"A B": "ab", "C": {"email": "c@example.org"}}')
    assert read(tmp_path / "people.json") == {"A B": Wanted("ab"), "C": Wanted(None, "c@example.org")}


def test_of_several_files_of_a_work_the_last_place_stands_and_all_that_was_done() -> None:
    whose = Whose({"old": "u1", "twin": "u1"}, {"i1": ["m1"], "i2": ["m1"], "i3": ["m3", "m4"]})
    watched = [
        Watched(person="old", item="i1", position_ms=5, plays=2, at=EARLY),
        Watched(person="twin", item="i2", position_ms=9, favourite=True, at=LATE),
        Watched(person="old", item="i3", plays=1, at=datetime(2030, 1, 1, tzinfo=UTC)),
        Watched(person="nobody", item="i1", plays=1),
        Watched(person="old", item="lost", plays=1),
    ]
    late = LATE.isoformat()
    said = {"position_ms": 9, "viewed_at": late, "plays": 2, "played_at": late, "favourite": True}
    assert states.orders(watched, whose, NOW) == [
        {"user_id": "u1", "media_id": "m1", **said},
        *({"user_id": "u1", "media_id": id, "plays": 1, "played_at": None} for id in ("m3", "m4")),
    ]
    assert states.missing(watched, whose) == 2


def item(id: str, version_of: str | None = None, **more: Any) -> Item:
    return Item(**{"id": id, "kind": "Movie", "path": f"/f/{id}.mkv", "version_of": version_of, **more})


def test_files_of_a_work_are_together_the_one_that_is_shown_last() -> None:
    found = works(
        [item("a"), item("b", "a"), item("c", "b"), item("d", "lost"), item("e", "f"), item("f", "e")]
    )
    assert [[each.id for each in work.files] for work in found] == [["b", "c", "a"], ["d"], ["e"], ["f"]]


def test_what_people_said_here_stands_over_what_was_said_there() -> None:
    film = item(
        "a", title="Old", overview="o", rating=8.0, genres=("G",), fields={"imdb id": "tt1", "x": "1"}
    )
    medium = {"id": "m1", "title": "New", "categories": ["Mine"], "custom": {"x": "2"}}
    order = saying.order_of(film, "jellyfin:a", medium, with_place=True)
    assert order == {
        "description": "o",
        "rating": 8.0,
        "custom": {"imdb id": "tt1", "import": "jellyfin:a"},
    }


def test_a_medium_never_gets_more_fields_than_it_may_have() -> None:
    film = item("a", fields={f"f{n}": "v" for n in range(80)})
    order = saying.order_of(film, "mark", {"custom": {"mine": 1}}, with_place=False)
    assert len(order["custom"]) <= 50 - 1 - 2


def medium(id: str, name: str, size: int, sha256: str = "") -> dict[str, Any]:
    return {"id": id, "name": name, "size_bytes": size, "sha256": sha256}


def test_files_in_a_library_are_told_apart_by_what_is_in_them(tmp_path: Path) -> None:
    from connectors.rooted.identity import identity

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.mkv").write_bytes(name.encode())
    with (tmp_path / "two" / "a.mkv").open("rb") as file:
        known = identity(file.fileno(), 3)
    items = [
        item("1", path="/f/one/a.mkv", size_bytes=3),
        item("2", path="/f/two/a.mkv", size_bytes=3),
        item("3", path="/f/b.mkv", size_bytes=7),
        item("4", path="/f/c.mkv"),
        item("5", path="/f/b.mkv", size_bytes=7),
    ]
    media = [medium("m2", "a.mkv", 3, known), medium("m0", "a.mkv", 3, "other"), medium("m3", "b.mkv", 7)]
    media += [medium("m4", "c.mkv", 9), medium("m9", "b.mkv", 8)]
    found = Matching(within(Folders([("/f", tmp_path)]))).of(items, media)
    assert {id: each["id"] for id, each in found.items()} == {"2": "m2", "3": "m3", "4": "m4"}


def test_streams_are_compared_by_kind_and_language() -> None:
    said = [
        {"kind": "video", "language": "eng"},
        {"kind": "video", "is_attached_picture": True},
        {"kind": "audio", "language": "ENG"},
        {"kind": "audio", "language": None},
        {"kind": "data"},
    ]
    assert streams({"streams": said}) == Counter({"video": 1, "audio eng": 1, "audio": 1})


def test_which_files_may_be_sent_has_to_be_said(tmp_path: Path) -> None:
    from deploy.local.importing.running import Options, refuse_unmapped

    found = Found(system="jellyfin", items=[item("a", path="/media/films/x/a.mkv")])
    source = Source(found, within(Folders()), within(Folders()), Folders().local)
    with pytest.raises(Failure) as refused:
        refuse_unmapped(source, [], Options())
    assert refused.value.problems == ("  /media/films (1)",)
    refuse_unmapped(source, [("/media", tmp_path)], Options())
    refuse_unmapped(source, [], Options(library="L"))
    refuse_unmapped(source, [], Options(parts=["users"]))
