"""Says every fault in two lines: what is wrong, and what to do. What is not known is named as an internal error."""

import errno
from collections.abc import Sequence

from storage.errors import unusable_file
from workflow.log import log


def explain(fault: Exception) -> Sequence[str]:
    """The lines for standard error."""
    message, remedy = getattr(fault, "message", None), getattr(fault, "remedy", None)
    if isinstance(message, str) and isinstance(remedy, str):
        return [message, remedy]
    if type(fault).__name__ in ("ConfigError", "FormError", "StoryError"):
        return [str(fault), _REMEDIES[type(fault).__name__]]
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


_REMEDIES = {
    "ConfigError": "请按上面各行修改配置后重试；改好之前什么也不会启动",
    "FormError": "请按上面各处修改表格后重新导入；没有保存任何内容",
    "StoryError": "请修改故事文件后重试",
}


class Unusable(Exception):  # noqa: N818  it says what the thing is
    """Something a command needs is not there; carries what is wrong and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
