"""What is told to people when something cannot be done: the root of all such errors, and the reasons to refuse.

A refusal is data: a code and its particulars. Its sentences stand in `refusals.py`, in both languages.
"""

from states.refusals import Particular, in_words


class Failure(Exception):  # noqa: N818  its kinds are named for what is wrong
    """Root of every error that speaks to people, in all packages: `message` says what is wrong, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self._told = message, remedy

    @property
    def message(self) -> str:
        """What is wrong, in Chinese; several lines where there are several things."""
        return self._told[0]

    @property
    def remedy(self) -> str:
        """What to do, in Chinese."""
        return self._told[1]


class Refused(Failure):
    """A command the rules do not allow; nothing has changed.

    `code` names the sentences, `particulars` what they speak of: ids, names, numbers, instants on the office's clock.
    """

    def __init__(self, code: str, /, **particulars: Particular) -> None:
        super().__init__(*in_words(code, particulars, "zh"))
        self.code, self.particulars = code, particulars

    def in_words(self, language: str) -> tuple[str, str]:
        """Message and remedy in `zh` or `en`."""
        return in_words(self.code, self.particulars, language)


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


class WrongDoor(Refused):
    """The act came by a door that is closed to it."""


class AlreadyDone(Refused):
    """What may happen once has happened."""


class WrongContent(Refused):
    """The content handed in does not fit the report."""
