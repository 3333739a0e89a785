"""From a path to tables: is it a file of a kind we read, of a sensible size, and what it claims to be."""

from pathlib import Path

from documents.document import Document
from documents.problem import refusal
from documents.sandbox import parse

__all__ = ["Document", "read_document"]

MAX_BYTES = 20 * 1024 * 1024
"""A form larger than this is not read."""

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = {".xlsx": _ZIP, ".docx": _ZIP, ".xls": _COMPOUND}
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "请用 WPS 或 Excel、Word 打开，另存为 .xlsx 或 .docx 后再报"


def read_document(path: Path) -> Document:
    """Return the tables of an office file. FormError if it is missing, unsafe, of another kind, or broken."""
    kind = path.suffix.lower()
    if kind not in _MAGIC:
        raise refusal(path.name, f"不支持这种文件（{kind or '没有扩展名'}）", _SAVE_AS)
    content = _content(path)
    _check_magic(path.name, kind, content)
    return parse(path.name, content, kind)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refusal(path.name, "找不到这个文件", f"请核对路径 {path}") from None
    except OSError as failure:
        raise refusal(
            path.name, f"文件读不出来（{failure.strerror}）", "请核对它是不是文件、有没有读取权限"
        ) from failure
    if not content:
        raise refusal(path.name, "文件是空的（0 字节）", "请重新保存或重新上传")
    if len(content) > MAX_BYTES:
        raise refusal(path.name, f"文件超过 {MAX_BYTES // 1024**2} MB", "请删去图片和无关工作表后再报")
    return content


def _check_magic(file: str, kind: str, content: bytes) -> None:
    if content.startswith(_MAGIC[kind]):
        return
    if content.startswith(_COMPOUND) and _ENCRYPTED in content:
        raise refusal(file, "文件加了密码", "请取消打开密码，另存后再报")
    raise refusal(file, f"扩展名是 {kind}，内容却不是这种文件", _SAVE_AS)
