"""The monthly tables of random offices: what their cells say, and the files they are written to."""

import random
from pathlib import Path
from typing import Any

import docx
from openpyxl import Workbook

Data = dict[str, Any]
Row = dict[str, str]
HEAD = ("序号", "考绩指标", "考核主要内容", "最新排名\n（或预估排名）", "目前三区比较情况", "年终承诺目标")
NOTE = "注：1.本表填写要突出重点，简明扼要。2.无法进行排名的考绩指标，要结合考核细则进行预估。"
SPELLINGS = (
    "第{n}", "第{n}位", "全市第{n}", "全市第{n}位", "{n}/{field}", "预估第{n}", "预计第{n}位", "并列第{n}",
    "全市并列第{n}",
    "全市第{n}（三区第{three}）", "预计第{n}位（三区第{three}）", "第{n}名", " 第 {n} 名 ",
)  # fmt: skip
DEFECTS = ("", "良好", "第{outside}", "第0")


class RankWalk:
    """Each indicator's rank from period to period: it drifts, sticks at the bottom, recovers."""

    def __init__(self, rng: random.Random, config: Data, indicators: list[Row], *, doomed: bool) -> None:
        self.rng = rng
        self.indicators = {row["code"]: row for row in indicators}
        self.own = config["districts"]["own"][:2]
        self.sisters = [name[:2] for name in config["districts"]["sisters"]]
        self.values: dict[tuple[str, str], int] = {}
        self.last = {code: rng.randint(1, int(row["field"])) for code, row in self.indicators.items()}
        self.gloom = 1.0 if doomed else rng.choice([0.0, 0.2, 0.9])

    def value(self, period: str, code: str) -> int:
        """The rank of a period."""
        if (period, code) not in self.values:
            field, rng = int(self.indicators[code]["field"]), self.rng
            step = rng.choice([-4, -2, -1, -1, 0, 0, 0, 1, 1, 2, 4])
            self.last[code] = min(field, max(1, self.last[code] + step))
            if rng.random() < self.gloom:
                self.last[code] = rng.randint(field - 2, field)
            self.values[period, code] = self.last[code]
        return self.values[period, code]

    def table(self, period: str, codes: list[str], *, first: bool) -> list[Row]:
        """The rows of a form; now and then something is missing."""
        rows = [self.row(period, code) for code in codes]
        if self.rng.random() < 0.12:
            bad = self.rng.choice(rows)
            outside = int(self.rng.choice([99, 15]))
            rank = self.rng.choice(DEFECTS).format(outside=outside)
            flaw = self.rng.choice([{"rank": rank}, {"rank": rank}, {"comparison": ""}, {"target": " "}])
            if first and len(rows) > 1 and self.rng.random() < 0.2:
                rows.remove(bad)
            else:
                bad |= flaw
        return rows

    def row(self, period: str, code: str) -> Row:
        """One indicator's row."""
        rng, its = self.rng, self.indicators[code]
        field, rank = int(its["field"]), self.value(period, code)
        others = rng.sample([place for place in range(1, field + 1) if place != rank], 2)
        three = 1 + sum(place < rank for place in others)
        if rng.random() < 0.05:
            three = rng.randint(1, 3)
        text = rng.choice(SPELLINGS).format(n=rank, field=field, three=three)
        if rng.random() < 0.08:
            text = rng.choice(["暂无", "暂无排名", "暂无排名（年终考核）", "市里未公布"])
        elif rank > 1 and rng.random() < 0.06:
            text = rng.choice([f"预计{rank - 1}-{rank}名", f"预估{rank - 1}～{rank}位"])
        elif rng.random() < 0.03:
            text = f"全市前{rank}"
        name = its["name"].replace("指标", "指 标") if rng.random() < 0.1 else its["name"]
        return {
            "name": name,
            "rank": text,
            "comparison": self.comparison(rank, others),
            "target": its["year_end_target"],
        }

    def comparison(self, rank: int, others: list[int]) -> str:
        """The three districts side by side, sometimes not all of them."""
        rng = self.rng
        said = [f"{name}第{place}" for name, place in zip(self.sisters, others, strict=True)]
        if rng.random() < 0.9:
            said.append(f"{self.own}第{rank}")
        if rng.random() < 0.1:
            said.pop(0)
        if rng.random() < 0.3:
            rng.shuffle(said)
        return "、".join(said) + "；" + rng.choice(["不足在长效管理。", "优势在覆盖面。", "与先进区差距在处置速度。"])


def write(path: Path, rows: list[Row]) -> None:
    """附1 as a spreadsheet or a text document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells: list[tuple[str, ...]] = [
        (str(number), row["name"], "月度考评得分", row["rank"], row["comparison"], row["target"])
        for number, row in enumerate(rows, start=1)
    ]
    if path.suffix == ".docx":
        write_text(path, cells)
        return
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["2015年市对区考绩指标进展情况表"])
    sheet.append(["单位（盖章）：          单位主要负责人（签字）：            区分管领导（签字）："])
    for line in (HEAD, *cells, [NOTE]):
        sheet.append(list(line))
    for row in (1, 2, 4 + len(cells)):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)
    book.save(path)


def write_text(path: Path, cells: list[tuple[str, ...]]) -> None:
    """As a text document."""
    document = docx.Document()
    document.add_paragraph("2015年市对区考绩指标进展情况表")
    table = document.add_table(rows=0, cols=6)
    for line in (HEAD, *cells):
        for cell, text in zip(table.add_row().cells, line, strict=True):
            cell.text = text
    document.add_paragraph(NOTE)
    document.save(str(path))
