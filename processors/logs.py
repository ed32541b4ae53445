"""One logger for all: JSON for machines in production, readable lines on a terminal."""

from __future__ import annotations

import logging

import structlog


def configure(how: str, **bound: str) -> None:
    """Sets the process's logging up; `bound` is said with every line."""
    final: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if how == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *([structlog.processors.format_exc_info] if how == "json" else []),
            final,
        ],
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
