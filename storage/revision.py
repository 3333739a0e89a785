"""Which version of the tables this program is written for, and whether a database has it."""

from storage.errors import MIGRATE, SchemaNotCurrent

REVISION = "0001"
"""The version of the tables this program is written for."""

_EMPTY = "请核对 database.url；新建的数据库请运行 kaoji init，本来有数据的请找回原来的文件或用 kaoji restore 恢复备份"


def need_current(revision: str | None, shown: str) -> None:
    """Raise SchemaNotCurrent unless the tables are of this program's version."""
    if revision is None:
        raise SchemaNotCurrent(f"数据库 {shown} 里没有表（schema is missing）", _EMPTY)
    if revision > REVISION:
        raise SchemaNotCurrent(
            f"数据库 {shown} 的结构是 {revision}，比本程序的 {REVISION} 新（schema is newer）", "请使用新版程序"
        )
    if revision < REVISION:
        raise SchemaNotCurrent(
            f"数据库 {shown} 的结构是 {revision}，本程序需要 {REVISION}（schema is not current）", MIGRATE
        )
