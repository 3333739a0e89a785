"""`kaoji init`: founds an office in a folder. Nothing else ever makes a database."""

import argparse
import os
from pathlib import Path

from app.bootstrap import read_settings
from app.config_schema import written
from app.place import named_database
from storage.address import address_of
from storage.schema import create

SAMPLE = Path(__file__).with_name("sample")
CONFIG, INDICATORS, SCHEMA = "config.yaml", "indicators.csv", "config.schema.json"


def init(parsed: argparse.Namespace) -> int:
    """Found an office in two steps, and never write over anything.

    1. Where the folder lacks `config.yaml` or `indicators.csv`, write the sample's, and stop: they are to be edited.
    2. Else check the configuration whole and make the database.

    Raises ConfigError on a wrong configuration; DatabaseExists where there is a database, or a trace of a lost one.
    """
    config = _config(parsed)
    made = _samples(config)
    if made:
        print(f"已写好样例：{'、'.join(map(str, made))}")
        print("请改成本单位的内容，运行 kaoji check，无误后再运行一次 kaoji init 建立数据库")
        return 0
    settings = read_settings(config)
    url = named_database(parsed) or settings.database_url
    create(url)
    print(f"数据库已建立：{address_of(url).shown}")
    if _body(config) == _body(SAMPLE / CONFIG):
        print("注意：config.yaml 还是样例，正式使用前请改成本单位的内容")
    print("请再运行 kaoji check，它会说首次启动将开启哪一期；然后运行 kaoji serve")
    return 0


def _config(parsed: argparse.Namespace) -> Path:
    """The configuration of the office to found: in the folder named, else the one named, else in this folder."""
    if parsed.directory is not None:
        return Path(parsed.directory) / CONFIG
    return Path(parsed.config or os.environ.get("KAOJI_CONFIG") or CONFIG)


def _body(config: Path) -> bytes:
    """All but the first line, which names the schema from where the file stands."""
    return config.read_bytes().partition(b"\n")[2]


def _samples(config: Path) -> list[Path]:
    """The files written. Only the configuration's first line speaks of the schema, so it is no reason to stop."""
    folder, made = config.parent, []
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(config, SAMPLE / CONFIG)]
    if not config.exists():  # one that exists may name another table, and says so itself where it is missing
        wanted.append((folder / INDICATORS, SAMPLE / INDICATORS))
    for target, sample in wanted:
        try:
            with target.open("xb") as file:
                file.write(sample.read_bytes())
        except FileExistsError:
            continue
        made.append(target)
    if made and not (folder / SCHEMA).exists():
        (folder / SCHEMA).write_text(written(), encoding="utf-8")
    return made
