"""A history that was shortened or exchanged is known by its mark, which is kept outside the database."""

import shutil
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.errors import HistoryCut
from storage.mark import Mark, need_whole, place_of, problem_of, read, write
from tests.storage.builders import NOW, an_event, append


def lived(database: Database, events: int, actor: str = "shirong.clerk") -> None:
    """So many events more."""
    for _ in range(events):
        with database.begin(NOW) as tx:
            seq, _ = tx.head()
            append(tx, an_event(item_seq=seq + 1, actor=actor))
            tx.commit()


@pytest.fixture
def place(url: str, tmp_path: Path) -> Path:
    return place_of(url, tmp_path)


def test_a_database_at_its_mark_or_ahead_of_it_is_whole(database: Database, place: Path) -> None:
    need_whole(place, database)
    for _ in range(3):
        write(place, database.mark())
        need_whole(place, database)
        lived(database, 3)

    assert read(place) == Mark(seq=6, hash=str(database.hash_at(6)), at="2015-10-08T01:30:00.000000Z")
    assert place.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in place.parent.iterdir() if file.name.startswith(f"{place.name}.")] == []


def test_a_database_behind_its_mark_is_refused_and_the_gap_named(tmp_path: Path, sqlite_template: Path) -> None:
    office, backup = tmp_path / "office.db", tmp_path / "backup.db"
    shutil.copy(sqlite_template, office)
    with open_database(f"sqlite:///{office}") as database:
        lived(database, 46)
    shutil.copy(office, backup)
    with open_database(f"sqlite:///{office}") as database:
        lived(database, 33)
        write(place_of(f"sqlite:///{office}", tmp_path), database.mark())
    shutil.copy(backup, office)

    with open_database(f"sqlite:///{office}") as database, pytest.raises(HistoryCut) as refused:
        need_whole(place_of(f"sqlite:///{office}", tmp_path), database)

    assert "缺第 47–79 条" in refused.value.message
    assert "kaoji restore" in refused.value.remedy


def test_a_database_has_one_mark_by_whatever_name_it_is_called(tmp_path: Path, sqlite_template: Path) -> None:
    """Else a history cut short would be whole under the other name."""
    shutil.copy(sqlite_template, tmp_path / "office.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "office.db")
    with open_database(f"sqlite:///{tmp_path / 'office.db'}") as database:
        lived(database, 3)
        write(place_of(f"sqlite:///{tmp_path / 'office.db'}", tmp_path), database.mark())
    shutil.copy(sqlite_template, tmp_path / "office.db")

    linked = f"sqlite:///{tmp_path / 'link.db'}"
    with open_database(linked) as database, pytest.raises(HistoryCut):
        need_whole(place_of(linked, tmp_path), database)


def test_another_history_of_the_same_length_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    place = tmp_path / "office.db.mark"
    for name, actor in (("one.db", "shirong.clerk"), ("other.db", "huanwei.clerk")):
        shutil.copy(sqlite_template, tmp_path / name)
        with open_database(f"sqlite:///{tmp_path / name}") as database:
            lived(database, 5, actor)
            if name == "one.db":
                write(place, database.mark())
            else:
                assert "第 5 条" in str(problem_of(place, database))


def test_a_mark_is_never_set_back_but_by_a_restore(database: Database, place: Path) -> None:
    lived(database, 2)
    earlier = database.mark()
    lived(database, 2)
    write(place, database.mark())

    write(place, earlier)
    assert read(place) == database.mark()
    write(place, earlier, back=True)
    assert read(place) == earlier


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"seq": "x", "hash": "y", "at": "z"}'])
def test_a_mark_that_cannot_be_read_is_told(database: Database, place: Path, text: str) -> None:
    place.write_text(text)

    with pytest.raises(HistoryCut, match="unreadable") as refused:
        need_whole(place, database)
    assert "--mailbox" in refused.value.remedy


def test_the_mark_of_a_database_on_a_server_is_kept_on_this_machine(tmp_path: Path) -> None:
    assert place_of("postgresql+psycopg://u:p@db.example/kaoji", tmp_path) == tmp_path / "kaoji.mark"
