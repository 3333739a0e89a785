"""The glossary's words for states, flags, triggers and rules, Chinese and English, for whoever speaks to people."""

from typing import Final

ZH: Final = {
    "draft": "起草",
    "sent": "已送签",
    "section_signed": "科室已签",
    "leader_signed": "分管领导已签",
    "submitted": "已报送",
    "supervised": "已督查",
    "tracking": "跟踪督查",
    "interview": "督查约谈",
    "score_deduction": "考绩扣分",
    "closed": "销号",
    "lagging": "落后指标",
    "regressing": "退步指标",
    "weak": "薄弱环节",
    "improved": "已有进位",
    "overdue": "逾期未报",
    "proposed": "拟扣分",
    "confirmed": "已确认扣分",
    "withdrawn": "不予扣分",
    "not_improved": "督查后仍未见成效",
    "repeated_lagging": "多次排名靠后",
    "no_feedback": "逾期未反馈整改情况",
    "closed_by_assessor": "考绩办销号",
    "points_confirmed": "扣分确认",
    "points_waived": "不予扣分",
    "system": "系统",
}

EN: Final = {
    "draft": "draft",
    "sent": "sent for signature",
    "section_signed": "section-signed",
    "leader_signed": "leader-signed",
    "submitted": "submitted",
    "supervised": "supervised",
    "tracking": "tracking",
    "interview": "supervisory interview",
    "score_deduction": "score deduction",
    "closed": "closed",
    "lagging": "lagging",
    "regressing": "regressing",
    "weak": "weak",
    "improved": "improved",
    "overdue": "overdue",
    "proposed": "proposed",
    "confirmed": "confirmed",
    "withdrawn": "withdrawn",
    "not_improved": "not better after supervision",
    "repeated_lagging": "lagging for the third time",
    "no_feedback": "no feedback in time",
    "closed_by_assessor": "closed by the assessor",
    "points_confirmed": "points confirmed",
    "points_waived": "points waived",
    "system": "system",
}

ACTS: Final = {
    "save": "填报",
    "send": "送签",
    "sign": "签字",
    "submit": "报送",
    "return": "退回",
    "withdraw": "撤回",
    "review": "督查",
    "reopen": "重新打开",
    "urge": "催办",
    "feedback": "反馈整改情况",
    "escalate": "转约谈",
    "interview": "登记约谈",
    "deduct": "转扣分",
    "appeal": "申诉",
    "confirm": "确认扣分",
    "waive": "撤销扣分",
    "improve": "进位销号",
    "settle": "报送销号",
    "close": "销号",
}
"""What the acts of the lifecycle tables are called."""


def word(term: str, language: str = "zh") -> str:
    """The glossary's word for a term of the code; the term itself where the glossary has none."""
    return (ZH if language == "zh" else EN).get(term, term)
