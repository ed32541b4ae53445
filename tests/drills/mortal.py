"""A process of the product that dies by kill -9 at a point that a drill names.

`python -m tests.drills.mortal gateway` is the gateway, with its ports wrapped: until a drill arms a point,
nothing differs.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from connectors.archived.moving import FileArchive
from connectors.blobs import FileStore
from connectors.file_writer import FileWriter
from connectors.kafka import KafkaPublisher
from connectors.mongo import MongoDatabase
from deploy.local.backup import groups
from deploy.local.backup.archive import Writing
from deploy.local.backup.log import Loading
from deploy.local.home import Home

FOLDER = "SLUICE_DRILL_FOLDER"
"""Where points are armed."""
_ARMED = "armed.json"
_PORTS: dict[type[Any] | ModuleType, tuple[str, ...]] = {
    FileWriter: ("commit",),
    FileStore: ("put", "adopt", "remove", "discard"),
    KafkaPublisher: ("send",),
    FileArchive: ("publish", "give_up"),
    MongoDatabase: ("insert", "change", "merge"),
    Writing: ("add", "finish"),
    Loading: ("load",),
    Home: ("begin_restore", "end_restore"),
    groups: ("put_back",),
}


def arm(folder: Path, part: str, at: str, when: str, about: str = "") -> None:
    """The next process of that part to come there dies, `before` or `after` what is done there.

    `about` is part of what the port is given: the next call with something else is not meant.
    """
    said = json.dumps({"part": part, "at": at, "when": when, "about": about})
    (folder / "new").write_text(said)
    (folder / "new").replace(folder / _ARMED)


def has_struck(folder: Path) -> bool:
    """Whether a process died of what was armed last."""
    return not (folder / _ARMED).exists()


def disarm(folder: Path) -> None:
    """Nobody dies any more."""
    (folder / _ARMED).unlink(missing_ok=True)


Step = Callable[..., Any]


def _mortal(step: Step, part: str, at: str, armed: Path) -> Step:
    def die(when: str, given: tuple[Any, ...]) -> None:
        try:
            said = json.loads(armed.read_text())
        except FileNotFoundError:
            return
        is_it = (said["part"], said["at"], said["when"]) == (part, at, when)
        if is_it and said["about"] in repr(given):
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(step)
    async def wrapped(port: Any, *given: Any, **named: Any) -> Any:
        die("before", given)
        done = await step(port, *given, **named)
        die("after", given)
        return done

    @functools.wraps(step)
    def plainly_wrapped(port: Any, *given: Any, **named: Any) -> Any:
        die("before", given)
        done = step(port, *given, **named)
        die("after", given)
        return done

    return wrapped if inspect.iscoroutinefunction(step) else plainly_wrapped


def main() -> None:
    """Runs the module that is named, with its arguments."""
    module, armed = sys.argv[1], Path(os.environ[FOLDER]) / _ARMED
    part = " ".join(sys.argv[1:3])
    for port, names in _PORTS.items():
        for name in names:
            at = f"{port.__name__.rpartition('.')[2]}.{name}"
            setattr(port, name, _mortal(getattr(port, name), part, at, armed))
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
