"""One class is the only place of a table: what is made of it is up to date, loses nothing, and needs nothing heavy."""

import shutil
import subprocess
import sys
from pathlib import Path

from sqlmodel import Session, create_engine, select

from app.place import PROJECT
from storage.database import open_database
from storage.generate import TARGET, written
from storage.revision import REVISION
from storage.tables import CaseTable, EntryTable, MessageTable, ReportTable
from tests.storage.builders import NOW, RARE, a_case, a_message, a_report, an_event, attempt, stored


def test_the_fixed_text_is_that_of_the_tables() -> None:
    assert TARGET.read_text(encoding="utf-8") == written(), "run: python -m storage.generate"


def test_the_fixed_text_needs_no_sqlalchemy() -> None:
    heavy = {"sqlalchemy", "sqlmodel", "pydantic", "alembic"}
    asked = f"import sys, storage.database; print(sorted({heavy} & {{*sys.modules}}))"

    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=PROJECT)

    assert said.stdout == "[]\n"


def test_a_session_and_the_fixed_text_read_one_and_the_same(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "office.db"
    shutil.copy(sqlite_template, path)
    report, case = a_report(last_actor=RARE, drafters=("一", "二")), a_case()
    with open_database(f"sqlite:///{path}") as database:
        stored(database, report, case, events=[an_event()])
        attempt(database, lambda tx: tx.enqueue([a_message(1)]))

    with Session(create_engine(f"sqlite:///{path}")) as session:
        row = session.exec(select(ReportTable).where(ReportTable.due_at > NOW)).one()
        first = session.exec(select(EntryTable).order_by("position")).first()
        case_row = session.exec(select(CaseTable).where(CaseTable.state == case.state)).one()
        mail = session.exec(select(MessageTable)).one()

    assert (row.state, row.due_at, row.route, row.drafters) == (report.state, report.due_at, report.route, ("一", "二"))
    assert first is not None
    assert (first.read_kind, first.flags) == (report.entries[0].reading.kind, report.entries[0].flags)
    assert (case_row.wake_at, case_row.points_status) == (case.wake_at, None)
    assert mail.facts == a_message(1).facts


NOTE = ("    note: str | None = column(WORDS, changes=True)\n", "    note: str | None = None\n")
TRY = """
import dataclasses, sys
from storage.database import open_database
from storage.schema import migrate
from tests.storage.builders import a_report, stored
migrate(sys.argv[1])
with open_database(sys.argv[1]) as database:
    old = database.report("2015-10/shirong")
    assert old.note is None and old == a_report()
    stored(database, a_report(unit="other", note="第一"))
    noted = database.report("2015-10/other")
    with database.begin(noted.opened_at) as tx:
        tx.save_report(noted, dataclasses.replace(noted, note="第二"))
        tx.commit()
    print(database.report("2015-10/other").note)
"""


def test_a_new_column_is_one_line_in_its_class(tmp_path: Path, sqlite_template: Path) -> None:
    """The model has a field more, its table a line; the rest is made, and a database of the version before goes on."""
    for folder in ("states", "storage", "workflow", "tests/storage", "pyproject.toml"):
        copy = shutil.copytree if (PROJECT / folder).is_dir() else shutil.copy
        copy(PROJECT / folder, tmp_path / folder)
    _insert(tmp_path / "storage/tables.py", "    wake_at: datetime | None = column(INSTANT, changes=True)\n", NOTE[0])
    _insert(tmp_path / "states/models.py", "    entries: tuple[Entry, ...] = ()\n", NOTE[1])
    old = tmp_path / "old.db"
    shutil.copy(sqlite_template, old)
    with open_database(f"sqlite:///{old}") as database:
        stored(database, a_report())

    _run(tmp_path, "-m", "storage.generate")
    _run(tmp_path, "-m", "storage.revise", "note", "A report bears a note")
    added = next((tmp_path / "storage/migrations/versions").glob("*_note.py"))
    revision = tmp_path / "storage/revision.py"
    number = added.name.partition("_")[0]
    revision.write_text(revision.read_text().replace(f'"{REVISION}"', f'"{number}"'))

    assert _run(tmp_path, "-c", TRY, f"sqlite:///{old}") == "第二\n"
    assert added.read_text().count("op.") == 1


def _insert(file: Path, after: str, line: str) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(after, after + line, 1), encoding="utf-8")


def _run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
