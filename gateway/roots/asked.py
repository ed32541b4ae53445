"""From what a request says to a root and a path, and from what a disk says to an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, TypeVar

from fastapi import Path, Query

from connectors.ports import StoreFull
from connectors.rooted.paths import Inside, PathRefused, inside
from connectors.rooted.root import Root
from connectors.rooted.walking import Full, NotOnOneDisk, NotThere, ReadOnly, Taken
from gateway.audit.acts import Act
from gateway.audit.entry import Target
from gateway.commands import Command
from gateway.errors import BadRequest, Conflict, Forbidden, NotFound

T = TypeVar("T")

RootName = Annotated[str, Path(max_length=64, description="The root's name.", examples=["films"])]
AtPath = Annotated[
    str,
    Query(
        max_length=4096,
        description="From the root on, with `/` between names, taken as it is: nothing in it is mended.",
        examples=["Films/Alien (1979)/alien.mkv"],
    ),
]


def root_of(roots: Mapping[str, Root], name: str) -> Root:
    """Raises NotFound."""
    if name not in roots:
        raise NotFound("no-root", f"There is no root of that name; there are: {', '.join(roots) or 'none'}.")
    return roots[name]


@contextmanager
def answering() -> Iterator[None]:
    """Raises what a root says as a Problem, or StoreFull."""
    try:
        yield
    except PathRefused as error:
        raise BadRequest("bad-path", _sentence(error)) from error
    except NotThere as error:
        raise NotFound("not-found", _sentence(error)) from error
    except Taken as error:
        raise Conflict("taken", _sentence(error)) from error
    except NotOnOneDisk as error:
        raise Conflict("other-disk", _sentence(error)) from error
    except ReadOnly as error:
        raise Forbidden("read-only", _sentence(error)) from error
    except Full as error:
        raise StoreFull(str(error)) from error


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."


def path_of(said: str) -> Inside:
    """Raises BadRequest."""
    with answering():
        return inside(said)


async def done(act: Callable[..., T], *given: object) -> T:
    """What a root does, in a thread: a disk may be slow, or a network. Raises Problem, StoreFull."""
    with answering():
        return await asyncio.to_thread(act, *given)


async def written_down(command: Command, action: str, root: Root, path: Inside, **details: str) -> None:
    """Has the audit log say what is about to happen. Raises Unavailable: then nothing must be done."""
    about = {"root": root.name, "path": str(path)[:1000], **details}
    await command.written_down(Act(f"file.{action}", Target("root", root.name), about))
