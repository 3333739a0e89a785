"""`kaoji route`: whether the routes in the files can be followed, and how a route looks."""

import argparse

from app.answers import print_json
from app.bootstrap import read_settings, rules_in_force, rules_of
from app.clock import SystemClock
from app.diagrams import mermaid
from app.place import place
from app.prospect import LEVEL_NAMES, vacancy_said
from app.refusals import Unusable
from states.lifecycle import lifecycle_of
from states.models import Report
from states.office import Level
from states.route import Need, Route
from states.vacancies import vacancies
from states.words import post_word, report_word
from storage.database import open_database
from workflow.queries import Document


def check(parsed: argparse.Namespace) -> int:
    """`kaoji route check`: the routes of the files against their roster; a vacant post is told of, and no mistake.

    Raises ConfigError with every mistake of the files, those of routes among them.
    """
    rules = rules_of(read_settings(place(parsed).config).definitions)
    today = rules.calendar.day_of(SystemClock().now())
    routes = {level: duties.route for level, duties in rules.office.duties.items()}
    empty = [vacancy_said(one, rules, today) for one in vacancies(rules, today) if one.post == "signer"]
    if parsed.json:
        print_json(
            {
                "routes": {level.value: _document(route) for level, route in routes.items()},
                "vacant": [{"detail": detail, "remedy": remedy} for detail, remedy in empty],
            }
        )
        return 0
    for level, route in routes.items():
        print(
            f"{LEVEL_NAMES[level]}报表：{' → '.join(_step_said(route, number) for number in range(len(route.steps)))}"
        )
    for detail, remedy in empty:
        print(f"注意：{detail}（{remedy}）")
    print("路线可以执行")
    return 0


def draw(parsed: argparse.Namespace) -> int:
    """`kaoji route draw [REF]`: Mermaid text of the machine; of a report, on its own route and with where it stands."""
    where = place(parsed)
    with open_database(where.machine().database_url, read_only=True) as database:
        if parsed.ref is None:
            duties = rules_in_force(where, database).office.duties
            drawn = [_drawn(route, level) for level, route in ((level, one.route) for level, one in duties.items())]
        else:
            report = database.report(parsed.ref)
            if report is None:
                raise Unusable(
                    f"没有报表 {parsed.ref}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表"
                )
            drawn = [_drawn(report.route, report.level, report)]
    print("\n".join(drawn), end="")
    return 0


def _drawn(route: Route, level: Level, report: Report | None = None) -> str:
    title = f"%% {LEVEL_NAMES[level]}报表" if report is None else f"%% {report.ref}"
    picture = mermaid(
        lifecycle_of(route), lambda state: report_word(route, state, level), None if report is None else report.state
    )
    return f"{title}\n{picture}"


def _step_said(route: Route, number: int) -> str:
    step = route.steps[number]
    names = []
    for signer in step.signers:
        role, _, unit = signer.partition("@")
        names.append(f"{post_word(role)}（{unit}）" if unit else post_word(role))
    how = "" if len(names) == 1 else " 会签" if step.need is Need.ALL else " 或签"
    return f"{'、'.join(names)}{how}"


def _document(route: Route) -> list[Document]:
    return [
        {
            "state": step.state,
            "signers": list(step.signers),
            "need": step.need.value,
            "opinion": step.opinion.value,
            "cc": list(step.cc),
        }
        for step in route.steps
    ]
