"""Founding an office: a sample to edit, then a database; nothing is ever written over, nothing made unasked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.init import SAMPLE as SHIPPED
from app.place import PROJECT
from app.replay import Replayed
from storage.database import open_database
from tests.app.builders import an_office

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def kaoji(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_an_empty_folder_gets_a_sample_first_and_a_database_then(kaoji: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "office"

    status, printed, said = kaoji("init", folder)

    assert (status, said) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["config.schema.json", "config.yaml", "indicators.csv"]
    assert "kaoji check" in printed
    assert "再运行一次 kaoji init" in printed

    status, printed, said = kaoji("init", folder)

    assert (status, said) == (0, "")
    assert f"数据库已建立：{folder / 'kaoji.db'}" in printed
    assert "还是样例" in printed
    with open_database(f"sqlite:///{folder / 'kaoji.db'}", read_only=True) as database:
        assert list(database.duties()) == []


def test_the_folder_one_stands_in_is_the_default(kaoji: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAOJI_CONFIG", raising=False)

    assert kaoji("init")[0] == 0

    assert (tmp_path / "config.yaml").exists()


def test_what_stands_there_is_never_written_over(kaoji: Run, tmp_path: Path) -> None:
    (tmp_path / "indicators.csv").write_text("mine", encoding="utf-8")

    assert kaoji("init", tmp_path)[0] == 0

    assert (tmp_path / "indicators.csv").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "config.yaml").read_bytes() == (SHIPPED / "config.yaml").read_bytes()


def test_a_configuration_without_its_table_gets_no_foreign_one(kaoji: Run, tmp_path: Path) -> None:
    an_office(tmp_path).with_name("indicators.csv").unlink()

    status, printed, said = kaoji("init", tmp_path)

    assert (status, printed) == (1, "")
    assert "indicators.csv:1  读不出" in said
    assert not (tmp_path / "kaoji.db").exists()


def test_a_wrong_configuration_founds_nothing(kaoji: Run, tmp_path: Path) -> None:
    an_office(tmp_path, ("due_day: 13", "due_day: 99"))

    status, printed, said = kaoji("init", tmp_path)

    assert (status, printed) == (1, "")
    assert "levels.bureau.due_day" in said
    assert not (tmp_path / "kaoji.db").exists()


@pytest.mark.parametrize("trace", ["kaoji.db", "kaoji.db.mark", "kaoji.db.lock"])
def test_where_a_database_is_or_was_none_is_made(kaoji: Run, tmp_path: Path, trace: str) -> None:
    an_office(tmp_path)
    (tmp_path / trace).write_text("1", encoding="ascii")
    before = sorted(path.name for path in tmp_path.iterdir())

    status, printed, said = kaoji("init", tmp_path)

    assert (status, printed, len(said.splitlines())) == (1, "", 2)
    assert trace in said
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_database_may_be_named_in_the_environment(
    kaoji: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_office(tmp_path)
    monkeypatch.setenv("KAOJI_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")

    assert kaoji("init", tmp_path)[0] == 0

    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "kaoji.db").exists()
    assert kaoji("--config", tmp_path / "config.yaml", "status", "--json") == (0, "[]\n", "")


def test_serve_makes_no_database(kaoji: Run, tmp_path: Path) -> None:
    config = an_office(tmp_path)

    status, _, said = kaoji("--config", config, "serve")

    assert status == 1
    assert "没有数据库文件" in said.splitlines()[-2]
    assert "kaoji init" in said.splitlines()[-1]
    assert not (tmp_path / "kaoji.db").exists()


def test_after_a_serve_without_database_one_may_still_be_made(kaoji: Run, tmp_path: Path) -> None:
    kaoji("--config", an_office(tmp_path), "serve")

    assert kaoji("init", tmp_path)[0] == 0


@pytest.fixture
def demonstrated(played: tuple[Replayed, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, on a machine where the demonstration was run."""
    outcome, folder = played
    note = {"database": f"sqlite:///{folder / 'office.db'}", "now": outcome.now}
    (tmp_path / "note.json").write_text(json.dumps(note), encoding="utf-8")
    monkeypatch.setattr("app.place.DEMO_NOTE", tmp_path / "note.json")
    monkeypatch.delenv("KAOJI_CONFIG", raising=False)
    (tmp_path / "office").mkdir()
    monkeypatch.chdir(tmp_path / "office")
    return tmp_path / "office"


@pytest.mark.parametrize("question", [["status", "--json"], ["case", "list"], ["audit", "verify"], ["check"]])
@pytest.mark.parametrize("has_configuration", [False, True])
def test_the_demonstration_never_answers_for_an_office_unasked(
    kaoji: Run, demonstrated: Path, question: list[str], has_configuration: bool
) -> None:
    """An office whose database is gone, or that is asked from another folder, must not take it for its own."""
    assert kaoji("--demo", "status", "--json")[0] == 0, "there is no demonstration to answer"
    if has_configuration:
        an_office(demonstrated)

    _, printed, said = kaoji(*question)

    assert ("没有数据库" if has_configuration else "找不到配置文件") in printed + said
    assert [name for name in ("龙湾", "shirong", "条，有效", "有效：") if name in printed] == []


def test_an_edited_sample_is_no_sample_any_more(kaoji: Run, tmp_path: Path) -> None:
    an_office(tmp_path, ("office: 示例区城市管理局", "office: 东岸区城市管理局"))

    assert "还是样例" not in kaoji("init", tmp_path)[1]


@pytest.mark.parametrize("name", ["config.yaml", "indicators.csv"])
def test_the_sample_that_ships_is_the_one_the_project_shows(name: str) -> None:
    """After a change of one: change the other; only the place of the schema differs."""
    shown = (PROJECT / name).read_text(encoding="utf-8")

    assert (SHIPPED / name).read_text(encoding="utf-8") == shown.replace("docs/config.schema", "config.schema")
