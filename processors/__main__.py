"""`python -m processors stages [NAME…] | worker | rebuild`: the entry points of the processes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict

import orjson
import structlog
import uvloop

from connectors.archive import ArchiveUnusable
from connectors.brokers import KafkaSecurityUnusable
from connectors.logs import configure
from connectors.mongo import DatabaseUrlUnusable
from connectors.ports import Transient
from connectors.rooted.named import RootsUnusable
from processors.settings import Settings

log = structlog.get_logger()

_EXIT_FAILED, _EXIT_CANNOT_START = 1, 3


def main() -> int:
    """Runs what the command line asks for; the exit status says how it ended."""
    parser = argparse.ArgumentParser(prog="python -m processors", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    stages = commands.add_parser("stages", help="host stages: all of them, or those named")
    stages.add_argument("names", nargs="*")
    commands.add_parser("worker", help="do tasks")
    commands.add_parser("rebuild", help="build the read models anew from the log, beside those served")
    asked = parser.parse_args()
    settings = Settings()
    configure(settings.log, instance=settings.instance)
    return uvloop.run(_run(asked, settings))


async def _run(asked: argparse.Namespace, settings: Settings) -> int:
    from processors.app import CannotStart, DatabaseReplaced, run_stages, run_worker

    try:
        match asked.command:
            case "stages":
                await run_stages(settings, asked.names)
            case "worker":
                await run_worker(settings)
            case "rebuild":
                return await _rebuild(settings)
    except (
        CannotStart,
        KafkaSecurityUnusable,
        DatabaseUrlUnusable,
        RootsUnusable,
        ArchiveUnusable,
    ) as error:
        log.error("cannot start", why=str(error))
        return _EXIT_CANNOT_START
    except DatabaseReplaced as error:
        log.warning("ends, to start anew", why=str(error))
        return _EXIT_FAILED
    except asyncio.CancelledError:
        raise
    except Exception as error:
        log.exception("ends because of an error", error=str(error))
        return _EXIT_FAILED
    return 0


async def _rebuild(settings: Settings) -> int:
    from processors.app import connected
    from processors.views.activity import Keeping
    from processors.views.rebuild import Rebuild, RebuildFailed

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    async with connected(settings) as world:
        try:
            keeping = Keeping(settings.activity_months)
            done = await Rebuild(world.database, world.history, world.clock, say, keeping).run()
        except (RebuildFailed, Transient) as error:
            say(f"the rebuild did not succeed, and nothing was changed: {error}")
            return _EXIT_FAILED
    sys.stdout.write(orjson.dumps(asdict(done)).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
