"""Says every fault in two lines: what is wrong, and what to do. What is not known is named as an internal error."""

import errno
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
    log.when_first_used(configure_quietly)
    log.error("internal_error", exc_info=fault)
    return [f"内部错误：{type(fault).__name__}: {fault}", "没有任何数据被改动；请把上面的日志交给管理员"]


def configure_quietly() -> None:
    """Set up a log of errors alone: commands speak to people."""
    from app.log import configure

    configure(quiet=True)


# No fault of a file's name, place or mode.
_OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO)


class Unusable(Failure):
    """Something a command needs is not there, or cannot be used."""
