"""The log of the one path: structlog's, imported when the first line is written.

An act from the console writes none, and structlog with all it brings takes longer to import than the act to do.
"""

from collections.abc import Callable
from typing import Any


class LazyLog:
    """Passes every line on to structlog; `prepare`, where given, sets structlog up just before the first."""

    def __init__(self) -> None:
        self._prepare: Callable[[], None] | None = None
        self._logger: Any = None

    def when_first_used(self, prepare: Callable[[], None]) -> None:
        """Set structlog up only when something is to be said."""
        self._prepare = prepare

    def __getattr__(self, name: str) -> Any:
        if self._logger is None:
            import structlog

            if self._prepare is not None:
                self._prepare()
            self._logger = structlog.get_logger()
        return getattr(self._logger, name)


log = LazyLog()
