"""One stream of JSON lines on standard error, for the product's own events and its libraries' warnings.

Logging never fails and never waits: a full disk or a reader that went away costs lines of the log, and nothing else.
"""

import io
import logging
import os
import select
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

_AT_ONCE = 4096
"""Bytes; what a pipe takes whole once it takes anything."""
_PATIENCE_MS = 200


class _Unfailing(io.TextIOBase):
    """Standard error without its buffer, which would keep what could not be written and fail again at every line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waits = True

    def write(self, text: str) -> int:
        """Write what can be written; the rest of the text is lost."""
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):  # a stand-in for standard error has no descriptor
                self._stream.write(text)
            return len(text)
        content = text.encode("utf-8", "backslashreplace")
        with suppress(OSError, ValueError):
            for start in range(0, len(content), _AT_ONCE):
                if not self._takes(descriptor):
                    break
                os.write(descriptor, content[start : start + _AT_ONCE])
        return len(text)

    def _takes(self, descriptor: int) -> bool:
        """Whether a write would go through. A reader that stands still is waited for once, then it is left behind."""
        watch = select.poll()
        watch.register(descriptor, select.POLLOUT)
        self._waits = bool(watch.poll(_PATIENCE_MS if self._waits else 0))
        return self._waits

    def flush(self) -> None:
        """Nothing is kept back."""


def configure(level: str = "info", *, quiet: bool = False) -> None:
    """Set up logging once per process. `quiet` leaves only errors: commands speak to people, not to logs."""
    threshold = logging.ERROR if quiet else logging.getLevelNamesMapping()[level.upper()]
    out = cast(TextIO, _Unfailing(sys.stderr))
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))
