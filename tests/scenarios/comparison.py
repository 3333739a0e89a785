"""Plays a case directory on the product with the in-memory store, and names where it and the model part."""

from pathlib import Path
from typing import Any

from app.bootstrap import rules_of
from app.clock import VirtualClock
from app.config import load
from app.simulate import Play
from app.story import read_story
from tests.memory import MemoryStore
from workflow.queries import Board
from workflow.service import Workflow

Data = dict[str, Any]
REPORT_KEYS = ("report", "state", "round", "overdue", "due_at", "submitted_at", "flags")
CASE_KEYS = ("unit", "indicator", "report", "trigger", "state", "opened_at", "closed_at", "points", "points_status")


def product_plays(directory: Path) -> Data:
    """What the product makes of a case directory, in the form of `expected.json`; reasons stand beside refusals."""
    settings = load(directory / "config.yaml", environment={})
    story = read_story(directory / "story.csv")
    store, clock = MemoryStore(), VirtualClock(story[0].at)
    workflow = Workflow(store, rules_of(settings.definitions), clock, mail_domain="office.example")
    play = Play(workflow, clock, settings.office, directory, lambda: None)
    play.run(story)
    assert not store.state.failures, store.state.failures
    board = Board(
        store,
        timezone="Asia/Shanghai",
        unit_names={unit.code: unit.name for unit in settings.office.units},
        indicators=[indicator.code for indicator in settings.office.indicators],
    )
    return {
        "now": board.local(clock.now()),
        "reports": [report_line(document) for document in board.whole()],
        "cases": [{key: document[key] for key in CASE_KEYS} for document in board.cases()],
        "refused": [line.line for line in play.refused],
        "reasons": {line.line: line.reason for line in play.refused},
    }


def report_line(document: Data) -> Data:
    """One report as `expected.json` has it."""
    flags = {entry["indicator"]: entry["flags"] for entry in document["entries"] if entry["flags"]}
    return {key: {**document, "flags": flags}[key] for key in REPORT_KEYS}


def differences(model: Data, product: Data, directory: Path) -> list[str]:
    """Every place where the two part, the refused lines first and with the line itself."""
    lines = (directory / "story.csv").read_text(encoding="utf-8-sig").splitlines()
    found = []
    for number in sorted({*model["refused"]} ^ {*product["refused"]}):
        who = "product" if number in product["refused"] else "model"
        found.append(f"line {number} refused by {who} only: {lines[number - 1]} {product['reasons'].get(number, '')}")
    for what in ("reports", "cases"):
        pairs = list(zip(model[what], product[what], strict=False))
        found += [f"{what}: model {mine}\n product {its}" for mine, its in pairs if mine != its]
        if len(model[what]) != len(product[what]):
            found.append(f"{what}: {len(model[what])} by the model, {len(product[what])} by the product")
    if model["now"] != product["now"]:
        found.append(f"now: {model['now']} by the model, {product['now']} by the product")
    return found
