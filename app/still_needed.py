"""What open reports and cases still need of the configuration: a unit, a person or an indicator cannot just vanish."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.refusals import Unusable
from states.models import Report
from states.office import Office
from storage.database import Database

_SHOWN = 5


@dataclass(frozen=True, slots=True, order=True)
class StillNeeded:
    """Something the configuration no longer has, and the open work that needs it."""

    wrong: str
    right: str


def still_needed(database: Database, office: Office) -> list[StillNeeded]:
    """Every unit, person and indicator that open work needs and this configuration lacks; reads open work alone."""
    missing: dict[tuple[str, str], list[str]] = {}
    for report in database.open_reports():
        for kind, code in _needs(report, database):
            missing.setdefault((kind, code), []).append(report.ref)
    for case in database.cases(open_only=True):
        missing.setdefault(("unit", case.unit), []).append(f"督查件{case.id}")
        if case.indicator is not None:
            missing.setdefault(("indicator", case.indicator), []).append(f"督查件{case.id}")
    known = {
        "unit": frozenset(office.unit_by_code),
        "person": frozenset(office.person_by_id),
        "indicator": frozenset(office.indicator_by_code),
    }
    return [_told(kind, code, work) for (kind, code), work in missing.items() if code not in known[kind]]


def refuse_what_is_needed(database: Database, office: Office) -> None:
    """Raise Unusable where this configuration lacks what open work needs, naming everything to put back."""
    needed = still_needed(database, office)
    if needed:
        raise Unusable("；".join(one.wrong for one in needed), "；".join(dict.fromkeys(one.right for one in needed)))


def _needs(report: Report, database: Database) -> Iterator[tuple[str, str]]:
    yield "unit", report.unit
    for entry in report.entries:
        yield "indicator", entry.indicator
    signed = [one.person for one in database.signoffs(report.ref) if one.void_seq is None]
    for person in dict.fromkeys((*report.holders, *report.drafters, *signed)):
        yield "person", person


def _told(kind: str, code: str, work: Iterable[str]) -> StillNeeded:
    refs = list(dict.fromkeys(work))
    listed = "、".join(refs[:_SHOWN]) + (f" 等 {len(refs)} 件" if len(refs) > _SHOWN else "")
    match kind:
        case "unit":
            return StillNeeded(f"单位 {code} 还有未办结的 {listed}，配置里却没有它", f"请保留单位 {code}，直至办结")
        case "person":
            return StillNeeded(
                f"人员 {code} 与未办结的 {listed} 有关，配置里却没有此人",
                f"请保留人员 {code}；其任职写 to，由后任接办",
            )
    return StillNeeded(
        f"指标 {code} 还在未办结的 {listed} 里，指标表里却没有它", f"请在指标表里保留指标 {code}，直至办结"
    )
