"""Forms are parsed in a process of their own: whatever becomes of it, the program that asked goes on."""

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import xlwt

from documents.child import MEMORY
from documents.form import FormError, FormRow
from documents.sandbox import Sandbox

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", "鹿城第3、瓯海第7、龙湾第5", "全市前3"]
FORM: list[list[object]] = [[*TITLES], STREETS]
MERGE_CELLS = b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:F5000"/>' * 4_999 + b"</mergeCells>"
SMALL_TABLE = b"<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"


def an_old_workbook(path: Path) -> Path:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("10月")
    for number, row in enumerate(FORM):
        for position, value in enumerate(row):
            sheet.write(number, position, value)
    workbook.save(str(path))
    return path


@contextmanager
def a_sandbox(program: str, seconds: float = 20) -> Iterator[Sandbox]:
    """A sandbox whose process is a few lines of our own."""
    sandbox = Sandbox([sys.executable, "-c", "print('ready', flush=True); input()\n" + program], seconds=seconds)
    try:
        yield sandbox
    finally:
        sandbox.close()


def refused(sandbox: Sandbox) -> FormError:
    with pytest.raises(FormError) as error:
        sandbox.parse("表.xls", b"content", ".xls")
    return error.value


def changed(path: Path, part: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_every_damaged_old_workbook_is_read_or_refused(tmp_path: Path, read: Read) -> None:
    """Bytes flipped all over the file; some of them make the library abort its process."""
    content = an_old_workbook(tmp_path / "good.xls").read_bytes()
    broken = tmp_path / "broken.xls"
    aborted = 0
    for place in (*range(8, len(content), 61), *range(1_695, 1_712)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        broken.write_bytes(damaged)
        try:
            read(broken)
        except FormError as error:
            aborted += "memory allocation" in str(error.__cause__)

    assert aborted >= 1, "no flip made the library abort: move the range to where it does"


def test_a_process_that_dies_is_told_in_one_line_and_replaced(xlsx: Build, tmp_path: Path, read: Read) -> None:
    content = bytearray(an_old_workbook(tmp_path / "good.xls").read_bytes())
    content[1_704] ^= 0xFF  # the size of a table: the library asks for a terabyte and aborts
    (tmp_path / "坏.xls").write_bytes(content)

    with pytest.raises(FormError) as error:
        read(tmp_path / "坏.xls")

    assert str(error.value) == (
        "坏.xls：文件已损坏，读取时出错；请用 WPS 或 Excel、Word 打开，另存为 .xlsx 或 .docx 后再报。"
    )
    assert len(read(xlsx(FORM))) == 1


def test_a_process_that_hangs_is_ended() -> None:
    began = time.monotonic()
    with a_sandbox("import time; time.sleep(600)", seconds=0.3) as sandbox:
        assert "文件读不完" in str(refused(sandbox))

    assert time.monotonic() - began < 10


def test_a_process_that_answers_without_end_is_ended() -> None:
    with a_sandbox("while True: print('x' * 1_000_000, end='')") as sandbox:
        assert "文件读不完" in str(refused(sandbox))


def test_a_process_gets_no_more_memory_than_it_is_given() -> None:
    eats = "from documents.child import restrict; restrict(memory=300_000_000); x = bytes(400_000_000); print('{}')"
    with a_sandbox(eats) as sandbox:
        error = refused(sandbox)

    assert "已损坏" in str(error)
    assert "MemoryError" in str(error.__cause__)


def test_a_process_gets_no_more_time_than_it_is_given() -> None:
    with a_sandbox("from documents.child import allow; allow(0)\nwhile True: pass") as sandbox:
        error = refused(sandbox)

    assert "exit status -24" in str(error.__cause__), "SIGXCPU"


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="this system does not show a process's limits")
def test_the_process_that_reads_forms_is_itself_held_to_limits(tmp_path: Path) -> None:
    (tmp_path / "form").write_bytes(b"no form")
    with subprocess.Popen(
        [sys.executable, "-m", "documents.child", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.write(b'{"file": "form.xlsx", "kind": ".xlsx"}\n')
        child.stdin.flush()
        assert b"problems" in child.stdout.readline()
        limits = Path(f"/proc/{child.pid}/limits").read_text(encoding="ascii")
        child.stdin.close()

    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
    assert (soft["Max address space"], soft["Max core file size"]) == (str(MEMORY), "0")
    assert 10 <= int(soft["Max cpu time"]) <= 20


def test_a_process_is_told_nothing_of_ours() -> None:
    os.environ["KAOJI_TEST_PASSWORD"] = "geheim"
    try:
        with a_sandbox("import os, sys; sys.exit(' '.join(os.environ))") as sandbox:
            told = str(refused(sandbox).__cause__)
    finally:
        del os.environ["KAOJI_TEST_PASSWORD"]

    assert "PYTHONPATH" in told
    assert "KAOJI_TEST_PASSWORD" not in told


def test_a_program_that_does_not_start_is_no_fault_of_the_file() -> None:
    sandbox = Sandbox([sys.executable, "-c", "raise SystemExit('no such module')"])

    with pytest.raises(RuntimeError, match=r"does not start.*no such module"):
        sandbox.parse("表.xls", b"content", ".xls")


def test_one_process_reads_one_form_after_the_other(xlsx: Build) -> None:
    answer = """
import json, os
while True:
    print(json.dumps({"tables": [], "paragraphs": [str(os.getpid())], "has_hidden": False}), flush=True)
    input()
"""
    with a_sandbox(answer) as sandbox:
        told = [sandbox.parse("表.xls", b"", ".xls").paragraphs for _ in range(3)]

    assert all(before == after for before, after in pairwise(told))


def test_threads_read_side_by_side(xlsx: Build, read: Read) -> None:
    paths = [xlsx([TITLES, [1, "市容环境综合整治", "", f"第{n}", "", ""]], name=f"{n}.xlsx") for n in range(1, 9)]

    with ThreadPoolExecutor(4) as pool:
        ranks = [rows[0].rank_text for rows in pool.map(read, paths)]

    assert ranks == [f"第{n}" for n in range(1, 9)]


def test_thousands_of_merged_cells_over_one_another_cost_no_time(xlsx: Build, refuse: Refuse) -> None:
    path = changed(xlsx([*FORM, *([["尾"]] * 4_990)]), "xl/worksheets/sheet1.xml", b"</sheetData>", MERGE_CELLS)
    began = time.monotonic()

    assert "已损坏" in str(refuse(path))
    assert time.monotonic() - began < 5


def test_thousands_of_tables_cost_no_time(word: Build, refuse: Refuse) -> None:
    path = changed(word(FORM), "word/document.xml", b"</w:tbl>", b"</w:tbl>" + SMALL_TABLE * 60_000)
    began = time.monotonic()

    assert "多于 200 张表" in str(refuse(path))
    assert time.monotonic() - began < 5


def test_a_workbook_full_to_the_brim_is_judged_in_seconds(xlsx: Build, refuse: Refuse) -> None:
    rows = [["最新排名", *(f"甲{number}{place}" for place in range(18)), "目前三区比较情况"] for number in range(2_499)]
    began = time.monotonic()

    assert "表头缺少这一列" in str(refuse(xlsx(rows)))
    assert time.monotonic() - began < 15


def test_no_folder_is_left_behind(tmp_path: Path) -> None:
    with a_sandbox("import os, sys; sys.exit(sys.argv[1])") as sandbox:
        folder = str(refused(sandbox).__cause__).rpartition(" ")[2]

    assert "kaoji-form-" in folder
    assert not Path(folder).exists()
