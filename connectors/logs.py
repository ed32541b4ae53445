"""How log lines look, from here and from the libraries: JSON for machines, or something for people."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, Literal

import structlog

_OURS = ("__main__", "connectors", "gateway", "processors")
"""The loggers whose information is wanted; libraries are heard from warnings on."""

_STEERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

SERVER: dict[str, Any] = {"loggers": {"_granian": {"handlers": [], "propagate": True}}}
"""For Granian: its lines go where all others go."""


def configure(style: Literal["json", "console"], **bound: str) -> None:
    """Sends every log line to standard error in this style; `bound` is said with each."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last(style))
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in _OURS:
        logging.getLogger(ours).setLevel(logging.INFO)


def _printable(_: Any, __: str, said: structlog.types.EventDict) -> structlog.types.EventDict:
    """What strangers sent is not to steer the terminal that shows it."""
    return {
        key: _STEERS.sub(lambda found: repr(found[0])[1:-1], value) if isinstance(value, str) else value
        for key, value in said.items()
    }


def _last(style: Literal["json", "console"]) -> list[structlog.types.Processor]:
    first = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "console":
        colors, plain = sys.stderr.isatty(), structlog.dev.plain_traceback
        # By itself it would show what variables hold: somebody's password, perhaps.
        return [first, _printable, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [first, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
