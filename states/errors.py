"""One class per reason to refuse. The message is for the person who caused it; `remedy` says what to do."""


class Refused(Exception):  # noqa: N818  it is the glossary's word for the outcome, not a fault of the program
    """A command the rules do not allow; nothing has changed."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UnknownSubject(Refused):
    """There is no such report, case or unit."""


class WrongActor(Refused):
    """The person does not hold the role this act needs, or may not act now."""


class WrongState(Refused):
    """The subject stands where this act is not possible."""


class Stale(Refused):
    """The command was decided on a version that is no longer the present one."""


class Incomplete(Refused):
    """The table still has gaps; each is named."""


class ReasonMissing(Refused):
    """The act needs a reason in words."""


class WrongTime(Refused):
    """Too early or too late for this act."""


class ClockDoubted(Refused):
    """The clock stands where the office cannot believe it; nothing is done until it is right, or confirmed."""


class NotFounded(Refused):
    """The office has not begun to work: it has defined nothing yet."""


class AlreadyDone(Refused):
    """What may happen once has happened."""


class WrongContent(Refused):
    """The content handed in does not fit the report."""
