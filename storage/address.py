"""Where a database is: what `database.url` means."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from storage.errors import UnknownAddress

_REMEDY = "应为 sqlite:///相对路径.db、sqlite:////绝对路径.db 或 postgresql+psycopg://用户@主机/库名"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteAddress:
    """A database file."""

    path: Path

    @property
    def shown(self) -> str:
        """How it is named to people."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """A database on a server; `conninfo` is what libpq takes, `url` what SQLAlchemy takes."""

    conninfo: str
    url: str

    @property
    def shown(self) -> str:
        """How it is named to people: without the password."""
        parts = urlsplit(self.conninfo)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


Address = SqliteAddress | PostgresAddress


def address_of(url: str) -> Address:
    """Read a database URL. Raises UnknownAddress."""
    scheme, found, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and rest != "/:memory:":
        return SqliteAddress(path=Path(unquote(rest[1:])).absolute())
    if scheme in ("postgresql", "postgresql+psycopg") and found and rest:
        return PostgresAddress(conninfo=f"postgresql://{rest}", url=f"postgresql+psycopg://{rest}")
    raise UnknownAddress(f"数据库地址 {url!r} 无法识别（unknown database url）", _REMEDY)
