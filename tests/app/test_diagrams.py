"""The pictures of the lifecycles are drawn from the tables."""

import pytest

from app import permit_table
from app.diagrams import TARGET, arrows, files
from states.acts import move_word
from states.lifecycle import CASE, lifecycle_of
from states.route import BUREAU_ROUTE


@pytest.mark.parametrize("name", sorted(files()))
def test_the_picture_is_not_stale(name: str) -> None:
    """After a change of the tables: `python -m app.diagrams`."""
    assert (TARGET / name).read_text(encoding="utf-8") == files()[name]


def test_the_table_of_permits_is_not_stale() -> None:
    """After a change of the rules: `python -m app.permit_table`."""
    assert permit_table.TARGET.read_text(encoding="utf-8") == permit_table.files()[permit_table.TARGET.name]


def test_every_arrow_of_the_tables_is_drawn() -> None:
    for name, lifecycle in (("report", lifecycle_of(BUREAU_ROUTE)), ("case", CASE)):
        picture = files()[f"{name}.svg"]

        for acts in arrows(lifecycle).values():
            said = [move_word(act) for act in acts]
            assert " / ".join(said) in picture or all(f">{act}<" in picture for act in said)
