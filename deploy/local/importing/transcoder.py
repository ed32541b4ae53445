"""What the older transcoder kept: uploads under `raw/`, results under `processed/`, perhaps `jobs.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

import orjson

from deploy.local.importing.found import Found, Item, Trouble

SYSTEM = "transcoder"
RAW, PROCESSED, JOBS = "raw", "processed", "jobs.json"
_MADE = "processed"
"""The tag of what it had made."""
_IDS, _INPUTS = ("job_id", "jobId", "id", "_id"), ("input", "inputKey", "raw", "file", "source", "key")
_MOST_JOBS_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One file in it."""

    path: str
    """From the top, with `/` between names."""
    size_bytes: int


class Store(Protocol):
    """A folder or a bucket in that layout."""

    def files(self) -> Iterator[Kept]:
        """All of its files. Raises Failure."""

    def text(self, path: str, most_bytes: int) -> bytes | None:
        """What a small file has; None where there is none, or it is too large. Raises Failure."""


def read(store: Store) -> Found:
    """All uploads, then all results, each of the latter with what it was made from. Raises Failure."""
    found = Found(system=SYSTEM)
    areas: dict[str, list[Kept]] = {RAW: [], PROCESSED: []}
    for kept in sorted(store.files(), key=lambda each: each.path):
        area = kept.path.partition("/")[0]
        if area in areas and kept.size_bytes > 0:
            areas[area].append(kept)
        elif area in areas:
            found.troubles.append(Trouble(kept.path, "it is empty"))
        elif kept.path != JOBS:
            found.left["file of neither raw/ nor processed/"] += 1
    inputs = _inputs(store, found)
    found.items += [_item(kept) for kept in areas[RAW]]
    found.items += _results(areas[PROCESSED], areas[RAW], inputs, found)
    return found


def _item(kept: Kept, made_of: str | None = None, *, tags: tuple[str, ...] = ()) -> Item:
    """The same path with another size is another file."""
    folder = kept.path.split("/")[1:-1]
    return Item(
        id=_id(kept),
        kind=kept.path.partition("/")[0],
        path=kept.path,
        size_bytes=kept.size_bytes,
        tags=tags,
        fields={"transcoder folder": "/".join(folder)[:500]} if folder else {},
        made_of=made_of,
    )


def _id(kept: Kept) -> str:
    return f"{kept.path[-400:]}#{kept.size_bytes}"


def _results(
    made: Iterable[Kept], raw: Iterable[Kept], inputs: Mapping[str, str], found: Found
) -> Iterator[Item]:
    sources = _Sources.of(raw)
    for kept in made:
        source = sources.of_result(kept.path, inputs)
        if source is None:
            found.troubles.append(Trouble(kept.path, "what it was made from can't be told: it comes without"))
        yield _item(kept, _id(source) if source else None, tags=(_MADE,))


@dataclass(frozen=True, slots=True)
class _Sources:
    """Uploads by what results may name them: their path, their folder, their name without its ending."""

    by_path: Mapping[str, Kept]
    by_folder: Mapping[str, list[Kept]]
    by_stem: Mapping[str, list[Kept]]

    @classmethod
    def of(cls, raw: Iterable[Kept]) -> _Sources:
        by_folder: dict[str, list[Kept]] = {}
        by_stem: dict[str, list[Kept]] = {}
        every = list(raw)
        for kept in every:
            by_folder.setdefault(_folder(kept.path), []).append(kept)
            by_stem.setdefault(PurePosixPath(kept.path).stem, []).append(kept)
        return cls({kept.path: kept for kept in every}, by_folder, by_stem)

    def of_result(self, path: str, inputs: Mapping[str, str]) -> Kept | None:
        """What a result was made from; None where that is not sure."""
        folder = _folder(path)
        named = inputs.get(folder.partition("/")[0], "")
        if named:
            return self.by_path.get(named) or self.by_path.get(f"{RAW}/{named}")
        beside = self.by_folder.get(folder, []) if folder else []
        stem = PurePosixPath(path).stem
        for among in (beside, [each for each in self.by_stem.get(stem, ()) if each in beside or not beside]):
            if len(among) == 1:
                return among[0]
        return None


def _folder(path: str) -> str:
    """Whose, or of which job, a file is: the folders below its area."""
    return "/".join(path.split("/")[1:-1])


def _inputs(store: Store, found: Found) -> dict[str, str]:
    """By job, the upload that it was for."""
    said = store.text(JOBS, _MOST_JOBS_BYTES)
    if said is None:
        return {}
    try:
        jobs = _jobs(orjson.loads(said))
    except (orjson.JSONDecodeError, TypeError):
        found.troubles.append(Trouble(JOBS, "it is no list of jobs, and is passed over"))
        return {}
    named = {_first(job, _IDS): _first(job, _INPUTS) for job in jobs if isinstance(job, dict)}
    return {id: path.lstrip("/") for id, path in named.items() if id and path}


def _jobs(said: Any) -> list[Any]:
    if isinstance(said, dict):
        said = said.get("jobs", [{"id": id, **job} for id, job in said.items() if isinstance(job, dict)])
    return list(said)


def _first(job: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(job[name]) for name in names if isinstance(job.get(name), str | int)), "")
