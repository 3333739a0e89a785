"""The log of the one path: structlog's, imported when the first line is written.

An act from the console writes none, and structlog with all it brings takes longer to import than the act to do. So a
line below what is listened to costs nothing, and what lines are to say besides is kept until there is one.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


def _unheard(*_: object, **__: object) -> None:
    """A line nobody listens to."""


class LazyLog:
    """Passes on to structlog every line that is listened to; `least` is the lowest level that is."""

    def __init__(self) -> None:
        self.least = logging.WARNING
        self._prepare: Callable[[], None] | None = None
        self._logger: Any = None
        self._bound: dict[str, object] = {}

    def when_first_used(self, prepare: Callable[[], None], least: int) -> None:
        """Have structlog set up only when something is to be said: what is of that level or above."""
        self._prepare, self.least = prepare, least

    def is_set_up(self, least: int) -> None:
        """Structlog is ready, and writes what is of that level or above."""
        self._prepare, self.least = None, least

    @contextmanager
    def about(self, **bound: object) -> Iterator[None]:
        """While the block lasts, every line written in it says that too."""
        contextvars = sys.modules.get("structlog.contextvars")
        if contextvars is not None:
            tokens = contextvars.bind_contextvars(**bound)
            try:
                yield
            finally:
                contextvars.reset_contextvars(**tokens)
            return
        # Nothing was said in this process so far. There is one act in it, so no other thread could mistake these.
        self._bound = bound
        try:
            yield
        finally:
            self._bound = {}

    def __getattr__(self, name: str) -> Any:
        if _LEVELS.get(name, logging.ERROR) < self.least:
            return _unheard
        if self._logger is None:
            import structlog

            if self._prepare is not None:
                self._prepare()  # which says, once it has, that it is set up
            structlog.contextvars.bind_contextvars(**self._bound)
            self._logger = structlog.get_logger()
        return getattr(self._logger, name)


log = LazyLog()
