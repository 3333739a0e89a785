"""Where a database is: what `database.url` means. A URL that may hold a password is never shown as it was written."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from storage.errors import UnknownAddress

_REMEDY = "应为 sqlite:///相对路径.db、sqlite:////绝对路径.db 或 postgresql+psycopg://用户@主机/库名"
_ESCAPES = (
    "应为 postgresql+psycopg://用户:密码@主机:端口/库名；用户名和密码中的符号要写成百分号加两位数字，"
    "如 @ 写成 %40、/ 写成 %2F、: 写成 %3A、% 写成 %25"
)

# Nothing but what a URL may hold unescaped, so that no part of a password can pass for another part of the URL.
_WORD = r"(?:[\w.~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|(?!\[){_WORD})(?::\d+)?"
_POSTGRES = re.compile(
    rf"(?:{_WORD}(?::{_WORD})?@)?(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<name>{_WORD}))?(?:\?[^@#]*)?", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteAddress:
    """A database file, every symbolic link on its way followed."""

    path: Path

    @property
    def shown(self) -> str:
        """How it is named to people."""
        return str(self.path)

    @property
    def name(self) -> str:
        """The database's own name."""
        return self.path.name

    @property
    def logs(self) -> tuple[Path, Path]:
        """SQLite's own files beside it: the log of what is not yet in the file, and the index of the log."""
        return self.path.with_name(f"{self.name}-wal"), self.path.with_name(f"{self.name}-shm")

    def beside(self, ending: str) -> Path:
        """A file that goes with it, such as `kaoji.db.mark`."""
        return self.path.with_name(f"{self.path.name}.{ending}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """A database on a server; `conninfo` is what libpq takes, `url` what SQLAlchemy takes."""

    conninfo: str
    url: str

    @property
    def shown(self) -> str:
        """How it is named to people: where it is, without user, password and options."""
        return f"postgresql://{self._part('hosts')}/{self.name}"

    @property
    def name(self) -> str:
        """The database's own name; empty where the URL leaves it to the user's."""
        return self._part("name")

    def _part(self, name: str) -> str:
        found = _POSTGRES.fullmatch(self.conninfo.partition("://")[2])
        return (found and found[name]) or ""


Address = SqliteAddress | PostgresAddress


def address_of(url: str) -> Address:
    """Read a database URL. Raises UnknownAddress."""
    scheme, found, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and rest != "/:memory:":
        return SqliteAddress(path=Path(unquote(rest[1:])).resolve())
    if scheme in ("postgresql", "postgresql+psycopg") and found and rest:
        if _POSTGRES.fullmatch(rest) is None:
            raise UnknownAddress("数据库地址的写法不对（malformed database url），为防泄密此处不重复原文", _ESCAPES)
        return PostgresAddress(conninfo=f"postgresql://{rest}", url=f"postgresql+psycopg://{rest}")
    raise UnknownAddress(f"数据库地址 {_harmless(url)} 无法识别（unknown database url）", _REMEDY)


def _harmless(url: str) -> str:
    """The URL as far as it can hold no password."""
    scheme, _, rest = url.partition(":")
    is_open = scheme == "sqlite" or not set("@:") & set(rest)
    return f"“{url}”" if is_open else f"“{scheme}:…”"
