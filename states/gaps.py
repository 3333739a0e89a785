"""What keeps a row of the table from being sent, in words that say what stands there and what should (spec, part 4)."""

import re

from states.ranks import RankKind, read_rank

_DATE = re.compile(r"\d{4}-(?P<first>\d\d)-(?P<second>\d\d)(?: 00:00:00)?")
_TIME = re.compile(r"(?P<first>\d\d):(?P<second>\d\d):00")


def row_gaps(where: str, *, rank_text: str, comparison: str, target: str, field: int) -> list[str]:
    """Return the gaps of one row, each beginning with `where`; none for a row that is complete."""
    found = []
    if not rank_text.strip():
        found.append(f"{where}没有填最新排名（应为名次、预估名次或“暂无排名”）")
    elif read_rank(rank_text, field).kind is RankKind.UNREADABLE:
        found.append(f"{where}最新排名{_unread(rank_text.strip(), field)}")
    if not comparison.strip():
        found.append(f"{where}没有填目前三区比较情况")
    if not target.strip():
        found.append(f"{where}没有填年终承诺目标")
    return found


def _unread(text: str, field: int) -> str:
    if changed := _DATE.fullmatch(text) or _TIME.fullmatch(text):
        # Excel makes 5/12 the twelfth of May and 5:12 a time of day.
        is_date = changed.re is _DATE
        typed = f"{int(changed['first'])}{'/' if is_date else ':'}{int(changed['second'])}"
        meant = typed.replace(":", "/")
        return (
            f"{typed} 被 Excel 变成了{'日期' if is_date else '时间'}（{text.removesuffix(' 00:00:00')}），"
            f"请把单元格设为文本后重填 {meant}"
        )
    return f"“{text}”无法识别（应为 1–{field} 的名次，如“第5”“预估第5”，或“暂无排名”）"
