"""One stream of lines on standard error, for the product's own events and its libraries' warnings.

Logging never fails and never waits: a full disk or a reader that went away costs lines of the log, and nothing else.
"""

import io
import logging
import os
import select
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from states.plainwords import cleaned
from workflow.log import log as of_the_path

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
    """Set up logging once per process. `quiet` leaves only errors: commands speak to people, not to logs.

    A person at a terminal reads lines in colour; everybody else gets one JSON object a line.
    """
    threshold = logging.ERROR if quiet else logging.getLevelNamesMapping()[level.upper()]
    out = cast(TextIO, _Unfailing(sys.stderr))
    is_read = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_read else "iso", utc=not is_read),
    ]
    last = _for_terminals() if is_read else _for_machines()
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    of_the_path.is_set_up(threshold)


def _for_machines() -> list[structlog.typing.Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _for_terminals() -> list[structlog.typing.Processor]:
    # The traceback is the plain one: the library's own shows what stands in variables, passwords too.
    renderer = structlog.dev.ConsoleRenderer(
        colors="NO_COLOR" not in os.environ, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )
    return [_steering_nothing, renderer]


def _steering_nothing(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A terminal obeys what it is told: what people wrote is shown without its controls."""
    return {name: cleaned(value) if isinstance(value, str) else value for name, value in line.items()}
