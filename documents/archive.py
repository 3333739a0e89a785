"""Zip files from strangers: what is unpacked is bounded, and no parser sees a document type or an entity.

The libraries behind us get a fresh archive of what was checked here, never the sender's bytes: two readers of one
forged zip file may see two different contents.
"""

from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812  an exception by any other name

from documents.problem import FormError, refusal

MAX_UNPACKED = 50 * 1024 * 1024
MAX_MEMBERS = 2_000
MAX_XML = 16 * 1024 * 1024
"""One part that a parser will read; the rest of the 50 MB is pictures."""

_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_RESAVE = "请用 WPS 或 Office 打开后另存一份再报"


def safe_copy(file: str, content: bytes) -> bytes:
    """Return the same archive, uncompressed, of checked members only.

    FormError if it is broken, encrypted, a bomb (more than 50 MB or 2,000 members unpacked), or if any member
    declares a document type or an entity.
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            _check_directory(file, members)
            return _copy(file, archive, members)
    except FormError:
        raise
    except (BadZipFile, ZlibError, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as failure:
        raise refusal(file, "文件已损坏，打不开", _RESAVE) from failure


def _check_directory(file: str, members: list[ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise refusal(
            file, f"解压后超过 {MAX_UNPACKED // 1024**2} MB 或 {MAX_MEMBERS} 个部件", "请删去图片和无关内容再报"
        )
    if any(member.flag_bits & 1 for member in members):
        raise refusal(file, "文件加了密码", "请取消密码，另存后再报")
    if len({member.filename for member in members}) < len(members):
        raise refusal(file, "文件已损坏（部件重名）", _RESAVE)


def _copy(file: str, archive: ZipFile, members: list[ZipInfo]) -> bytes:
    copy = BytesIO()
    with ZipFile(copy, "w") as fresh:
        for member in members:
            content = archive.read(member)
            if _declares(content):
                raise refusal(file, f"部件 {member.filename} 含有不安全的声明（DOCTYPE 或 ENTITY）", _RESAVE)
            if len(content) > MAX_XML and content.lstrip()[:1] == b"<":
                raise refusal(file, f"部件 {member.filename} 过大", "请只留本表，删去无关内容再报")
            fresh.writestr(member.filename, content)
    return copy.getvalue()


def _declares(content: bytes) -> bool:
    plain = content.replace(b"\0", b"")  # UTF-16 must not hide it
    return any(declaration in plain for declaration in _DECLARATIONS)
