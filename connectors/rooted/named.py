"""The roots that an operator has named, and what none of them may be."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from connectors.rooted.root import Root


class RootsUnusable(ValueError):
    """The settings name roots that can't be meant; the message says which and why."""


def folders_named(said: object) -> object:
    """What a setting says: name=/an/absolute/path, separated by commas. Raises ValueError."""
    if not isinstance(said, str):
        return said or {}
    pairs = [each.strip().partition("=") for each in said.split(",") if each.strip()]
    found = {name.strip(): Path(path.strip()) for name, _, path in pairs}
    for name, path in found.items():
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) or not path.is_absolute():
            raise ValueError(
                f"{name}={path} is no root: write name=/an/absolute/path, the name in a-z, 0-9 and -"
            )
    return found


def roots_named(
    folders: Mapping[str, Path],
    writable: Collection[str],
    blobs: Path | None,
    archive: Path | None = None,
) -> dict[str, Root]:
    """Raises RootsUnusable. Whether a folder is there is seen when it is asked for: a disk may come later."""
    if unknown := sorted(set(writable) - folders.keys()):
        raise RootsUnusable(f"SLUICE_ROOTS_WRITABLE names {', '.join(unknown)}, and SLUICE_ROOTS does not")
    found = {name: Root(name, path, name in writable) for name, path in folders.items()}
    for name, root in found.items():
        for other, what in [
            *((r.path, f"the root {n}") for n, r in found.items() if n != name),
            *_own(blobs, archive),
        ]:
            if _overlap(root.path.resolve(), other.resolve()):
                raise RootsUnusable(f"the root {name} ({root.path}) and {what} ({other}) lie in each other")
    return found


def _own(blobs: Path | None, archive: Path | None) -> list[tuple[Path, str]]:
    """What Sluice keeps for itself: who may see it is decided elsewhere."""
    return [(path, what) for path, what in ((blobs, "the store of blobs"), (archive, "the archive")) if path]


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
