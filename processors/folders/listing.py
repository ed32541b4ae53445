"""The recordings in one folder, by what is there and what is to be passed over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from connectors.rooted.looking import Contents, Seen, contents
from connectors.rooted.paths import Inside, PathRefused
from connectors.rooted.root import Root
from connectors.rooted.store import is_there
from connectors.rooted.walking import NotThere, ReadOnly
from processors.folders.beside import PEOPLE, is_companion, is_image
from processors.folders.ignoring import Rules, is_media
from processors.folders.pages import Folder
from processors.folders.ports import Away, Outcome


@dataclass(frozen=True, slots=True)
class Listing:
    """What of a folder counts."""

    files: list[Seen]
    folders: list[str]
    rules: Rules
    """The rules in that folder."""
    beside: list[Seen] = field(default_factory=list)
    """What may tell of media: NFO files and images."""


NOTHING = Contents()


async def listing(root: Root, path: Inside, rules: Rules, outcome: Outcome) -> Listing | None:
    """None for a folder that can't be read: nothing is known of what is in it. Raises Away."""
    try:
        found = await asyncio.to_thread(contents, root, path)
    except (NotThere, PathRefused, ReadOnly, OSError) as error:
        if not await asyncio.to_thread(is_there, root):
            raise Away(f"{root.name} is not there any more") from error
        outcome.blame(error)
        return None
    there = chosen(path, rules, found)
    if PEOPLE in found.folders:
        there.beside.extend(await _people(root, path / PEOPLE, outcome))
    return there


async def _people(root: Root, path: Inside, outcome: Outcome) -> list[Seen]:
    """The images of people that lie in a folder of their own, by their path from the folder above."""
    try:
        found = await asyncio.to_thread(contents, root, path)
    except (NotThere, PathRefused, ReadOnly, OSError) as error:
        outcome.blame(error)
        return []
    images = (each for each in found.files if each.size_bytes and is_image(each))
    return [replace(each, name=f"{PEOPLE}/{each.name}") for each in images]


def chosen(path: Inside, rules: Rules, found: Contents) -> Listing:
    """What of a folder's contents counts. An empty file is one that is not written yet."""
    rules = rules.within(path, found.ignore)
    files = [
        each
        for each in found.files
        if each.size_bytes and is_media(each.name) and not rules.pass_over(path, each.name)
    ]
    beside = [
        each
        for each in found.files
        if each.size_bytes and is_companion(each) and not rules.pass_over(path, each.name)
    ]
    folders = [name for name in found.folders if not rules.pass_over(path, name, is_folder=True)]
    return Listing(files, folders, rules, beside)


def by_page(folder: Folder, files: list[Seen]) -> dict[int, list[Seen]]:
    """A folder's files by the page that tells of them; pages that tell of none that is there too."""
    found: dict[int, list[Seen]] = {page: [] for page in range(folder.pages)}
    for each in files:
        found[folder.page_of(each.name)].append(each)
    return found
