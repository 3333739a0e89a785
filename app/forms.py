"""Reads the forms units filled, as the rows of a command."""

from pathlib import Path

from states import commands as c
from states.errors import UnknownSubject
from states.office import Office
from states.periods import is_period


def rows_of_form(path: Path, *, report: str, office: Office) -> tuple[c.RowDraft, ...]:
    """The rows of the form a unit filled for its report. Raises FormError, or UnknownSubject where there is no unit."""
    from documents.form import read_form  # of all acts, only an import reads a form

    period, _, unit = report.partition("/")
    if unit not in office.unit_by_code or not is_period(period):
        raise UnknownSubject("no_such_report", report=report)
    return tuple(
        c.RowDraft(
            indicator=row.indicator,
            rank_text=row.rank_text,
            comparison=row.comparison,
            target=row.target,
            place=row.place,
        )
        for row in read_form(path, office=office, unit=unit, period=period)
    )
