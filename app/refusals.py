"""Says every fault in two lines: what is wrong, and what to do. What is not known is named as an internal error."""

import errno
import logging
import os
from collections.abc import Sequence

from states.errors import Failure
from storage.errors import unusable_file
from workflow.log import log


def explain(fault: Exception) -> Sequence[str]:
    """The lines for standard error."""
    if isinstance(fault, Failure):
        return [fault.message, fault.remedy]
    if isinstance(fault, OSError) and fault.errno in _OF_THE_SYSTEM:
        told = unusable_file(fault, str(fault.filename or ""))
        return [told.message, told.remedy]
    if isinstance(fault, OSError):
        return [f"{fault.filename or ''}：{fault.strerror or fault}", "请检查文件是否存在、路径和权限是否正确"]
    log_when_needed()
    log.error("internal_error", exc_info=fault)
    return [f"内部错误：{type(fault).__name__}: {fault}", "没有任何数据被改动；请把上面的日志交给管理员"]


def log_when_needed() -> None:
    """What a command logs: errors alone, for it speaks to people; more where KAOJI_LOG_LEVEL asks for it."""
    asked = os.environ.get("KAOJI_LOG_LEVEL", "").upper()
    level = asked if asked in ("DEBUG", "INFO", "WARNING") else "ERROR"

    def prepare() -> None:
        from app.log import configure

        configure(level.lower())

    log.when_first_used(prepare, logging.getLevelNamesMapping()[level])


# No fault of a file's name, place or mode.
_OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO)


class Unusable(Failure):
    """Something a command needs is not there, or cannot be used."""
