"""The kinds of mail (spec, part 11)."""

from enum import StrEnum


class Purpose(StrEnum):
    """The kinds of mail; each has a template pair of the same name."""

    OPENED = "opened"
    REMINDER = "reminder"
    OVERDUE = "overdue"
    URGE = "urge"
    HANDED_OVER = "handed_over"
    SIGNATURE_NEEDED = "signature_needed"
    SUBMISSION_NEEDED = "submission_needed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    REOPENED = "reopened"
    CASE_OPENED = "case_opened"
    FEEDBACK_RECORDED = "feedback_recorded"
    INTERVIEW_SET = "interview_set"
    INTERVIEW_DUE = "interview_due"
    INTERVIEW_RECORDED = "interview_recorded"
    DEDUCTION_PROPOSED = "deduction_proposed"
    APPEAL_RECORDED = "appeal_recorded"
    DEDUCTION_CONFIRMED = "deduction_confirmed"
    CASE_CLOSED = "case_closed"
    LIAISON_DUE = "liaison_due"
    LIAISON_BEHIND = "liaison_behind"
    DIGEST = "digest"
    BULLETIN = "bulletin"
