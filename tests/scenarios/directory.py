"""Reads a case directory as given data for the model: plain rows, nothing of the product."""

import csv
from pathlib import Path
from typing import Any

import docx
import yaml
from python_calamine import CalamineWorkbook

from tests.scenarios.model import play

Row = dict[str, str]


def read_csv(path: Path) -> list[Row]:
    """Rows by column name; the byte order mark is dropped."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_table(path: Path) -> list[Row]:
    """The rows under the form's head, by position."""
    if path.suffix == ".xlsx":
        rows = [
            [str(cell) for cell in row] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        ]
    else:
        rows = [[cell.text for cell in row.cells] for row in docx.Document(str(path)).tables[0].rows]
    found = (dict(zip(("name", "rank", "comparison", "target"), (row[1], *row[3:6]), strict=True)) for row in rows)
    return [row for row in found if row["name"] not in ("", "考绩指标")]


def play_directory(directory: Path) -> dict[str, Any]:
    """What the model makes of a case directory."""
    story = read_csv(directory / "story.csv")
    forms = {row["file"]: read_table(directory / row["file"]) for row in story if row["file"]}
    config = yaml.safe_load((directory / "config.yaml").read_text(encoding="utf-8"))
    return play(config, read_csv(directory / "indicators.csv"), story, forms)
