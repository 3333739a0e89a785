"""The schema that editors use: the loader's own samples are right by it, its mistakes are wrong, every key is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from app.config import ConfigError, load
from app.config_file import read_yaml
from app.config_schema import TARGET, config_schema, written
from app.place import DEMO_CASE, PROJECT
from tests.app.builders import SAMPLE, Change, an_office

Accepts = Callable[[Path], bool]


@pytest.fixture(scope="module")
def accepts() -> Accepts:
    validate = fastjsonschema.compile(config_schema())

    def accepted(config: Path) -> bool:
        try:
            validate(read_yaml(config).data)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    return accepted


@pytest.mark.parametrize("config", [SAMPLE, DEMO_CASE / "config.yaml"], ids=["sample", "case"])
def test_the_shipped_configurations_are_right_by_the_schema(accepts: Accepts, config: Path) -> None:
    assert accepts(config)


BOTH: list[tuple[Change, bool]] = [
    (('digest_time: "08:30"', "digest_time: 8:30"), True),
    (('digest_time: "08:30"', 'digest_time: "08:30:00"'), True),
    (('digest_time: "08:30"', "digest_time: 24:00"), False),
    (('digest_time: "08:30"', "digest_time: 830"), False),
    (("holidays: []", "holidays: [2027-02-20]"), True),
    (("holidays: []", "holidays: [2027-2-20]"), False),
    (("due_day: 13", "due_day: 32"), False),
    (("due_day: 13", "due_dya: 13"), False),
    (("roll: previous", "roll: back"), False),
    (('link_base: ""', "link_base: https://kaoji.office.example"), True),
    (('link_base: ""', "link_base: kaoji.office.example"), False),
    (('# first_period: "2027-01"', 'first_period: "2027-01"'), True),
    (('# first_period: "2027-01"', 'first_period: "0001-01"'), False),
    (("timezone: Asia/Shanghai ", ""), True),
    (("office: 示例区城市管理局", "# office"), False),
    (("language: zh ", "language: fr "), False),
    (("role: unit_head", "role: boss"), False),
    (("email: head@office.example}", "email: head@office.example, shared: true}"), True),
    (("email: head@office.example", "mail: head@office.example"), False),
    (("sqlite:///kaoji.db", "kaoji.db"), False),
]


@pytest.mark.parametrize(("change", "right"), BOTH)
def test_what_the_loader_takes_the_schema_takes(tmp_path: Path, accepts: Accepts, change: Change, right: bool) -> None:
    config = an_office(tmp_path, change)

    assert (accepts(config), loads(config)) == (right, right)


def test_the_organisation_may_be_a_files_name(tmp_path: Path, accepts: Accepts) -> None:
    config = an_office(tmp_path)
    config.write_text(f"{config.read_text(encoding='utf-8').partition('organisation:')[0]}organisation: people.yaml\n")

    assert accepts(config)


def loads(config: Path) -> bool:
    try:
        load(config, environment={})
    except ConfigError:
        return False
    return True


def test_every_key_is_told_in_chinese() -> None:
    schema = config_schema()
    untold = [
        key
        for definition in (schema, *schema["$defs"].values())
        for key, value in definition.get("properties", {}).items()
        if value["description"].isascii()
    ]

    assert untold == []
    assert [text for text in texts(schema) if text.isascii()] == []


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "description" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def test_the_written_schema_is_current() -> None:
    """After a change of the shape: `python -m app.config_schema`."""
    assert TARGET.read_text(encoding="utf-8") == written()


def test_the_sample_names_the_schema_for_editors() -> None:
    first = SAMPLE.read_text(encoding="utf-8").partition("\n")[0]

    assert first.startswith("# yaml-language-server: $schema=")
    assert (PROJECT / first.partition("=")[2]).resolve() == TARGET
