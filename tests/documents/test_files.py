"""Files that are missing, of another kind, broken or meant to harm: each is refused with a remedy."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from documents.form import FormError, FormRow

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", "鹿城第3", "全市前3"]
FORM = [TITLES, STREETS]
SHEET = "xl/worksheets/sheet1.xml"


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part of a zip file in place."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_missing_file_is_named(tmp_path: Path, refuse: Refuse) -> None:
    assert "没有.xlsx：找不到这个文件" in str(refuse(tmp_path / "没有.xlsx"))


def test_a_folder_is_no_form(tmp_path: Path, refuse: Refuse) -> None:
    (tmp_path / "夹.xlsx").mkdir()

    assert "夹.xlsx：文件读不出来" in str(refuse(tmp_path / "夹.xlsx"))


@pytest.mark.parametrize("kind", [".doc", ".et", ".wps", ".pdf", ".ods", ""])
def test_other_kinds_are_told_what_to_save_as(tmp_path: Path, refuse: Refuse, kind: str) -> None:
    (tmp_path / f"表{kind}").write_bytes(b"whatever")

    message = str(refuse(tmp_path / f"表{kind}"))
    assert f"表{kind}：不支持这种文件" in message
    assert "另存为 .xlsx 或 .docx" in message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("空.xlsx", b"", "文件是空的"),
        ("网页.xls", b"<html><table>", "内容却不是这种文件"),
        ("旧.xlsx", COMPOUND + b"Workbook", "内容却不是这种文件"),
        ("密.xlsx", COMPOUND + "EncryptedPackage".encode("utf-16-le"), "加了密码"),
        ("密.docx", COMPOUND + "EncryptedPackage".encode("utf-16-le"), "加了密码"),
        ("断.xlsx", b"PK\x03\x04 broken", "已损坏"),
        ("断.docx", b"PK\x03\x04 broken", "已损坏"),
        ("断.xls", COMPOUND + bytes(2_000), "已损坏"),
        ("大.xlsx", b"PK\x03\x04" + bytes(20 * 1024 * 1024), "超过 20 MB"),
    ],
)
def test_what_is_no_office_file_is_refused(
    tmp_path: Path, refuse: Refuse, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)

    message = str(refuse(tmp_path / name))
    assert message.startswith(f"{name}：")
    assert said in message
    assert "请" in message


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_refused(xlsx: Build, word: Build, refuse: Refuse, keep: float) -> None:
    for path in (xlsx(FORM), word(FORM)):
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * keep)])
        assert "已损坏" in str(refuse(path))


def test_a_document_under_the_other_name_is_refused(xlsx: Build, word: Build, refuse: Refuse) -> None:
    book, document = xlsx(FORM), word(FORM)
    as_word, as_book = book.with_suffix(".swapped.docx"), document.with_suffix(".swapped.xlsx")
    book.rename(as_word)
    document.rename(as_book)

    assert "不是 Word 文档" in str(refuse(as_word))
    assert "打不开" in str(refuse(as_book))


def test_a_locked_zip_member_is_a_password(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx(FORM)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)

    assert "加了密码" in str(refuse(path))


def test_a_bomb_is_refused_before_it_is_unpacked(xlsx: Build, word: Build, refuse: Refuse) -> None:
    for path in (xlsx(FORM), word(FORM)):
        rewritten(path, "media/bomb.bin", lambda _: bytes(51 * 1024 * 1024))
        assert path.stat().st_size < 1024 * 1024
        assert "解压后超过 50 MB" in str(refuse(path))


def test_a_crowd_of_members_is_refused(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx(FORM)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"media/{number}", b"")

    assert "2000 个部件" in str(refuse(path))


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_two_members_of_one_name_are_refused(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx(FORM)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")

    assert "部件重名" in str(refuse(path))


def test_a_member_larger_than_it_claims_is_refused(xlsx: Build, refuse: Refuse) -> None:
    path = rewritten(xlsx(FORM), "media/liar.bin", lambda _: bytes(1_000_000))
    content = path.read_bytes()
    path.write_bytes(content.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))

    assert "已损坏" in str(refuse(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_and_no_file_is_read(
    tmp_path: Path, xlsx: Build, word: Build, refuse: Refuse, encoding: str
) -> None:
    (tmp_path / "secret.txt").write_text("机密")
    evil = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret.txt">]><x>&e;</x>'.encode(encoding)

    for path, part in ((xlsx(FORM), "xl/sharedStrings.xml"), (word(FORM), "word/document.xml")):
        message = str(refuse(rewritten(path, part, lambda _: evil)))
        assert "不安全的声明" in message
        assert part in message


def test_more_than_5000_rows_are_refused(xlsx: Build, word: Build, refuse: Refuse) -> None:
    far = rewritten(
        xlsx([*FORM, ["尾"]]), SHEET, lambda xml: xml.replace(b'r="3"', b'r="5001"').replace(b"A3", b"A5001")
    )
    row = b"<w:tr><w:tc><w:p/></w:tc></w:tr>"
    long = rewritten(word(FORM), "word/document.xml", lambda xml: xml.replace(b"</w:tbl>", row * 5_000 + b"</w:tbl>"))

    assert "超过 5,000 行" in str(refuse(far))
    assert "超过 5,000 行" in str(refuse(long))


def test_one_cell_in_the_farthest_corner_costs_no_memory(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([*FORM, ["尾"]])
    rewritten(path, SHEET, lambda xml: xml.replace(b'r="3"', b'r="1048576"').replace(b"A3", b"XFD1048576"))

    assert "表格过大" in str(refuse(path))


def test_formatted_but_empty_rows_far_below_are_no_reason_to_refuse(xlsx: Build, read: Read) -> None:
    frame = b'<row r="1048576"><c r="A1048576" s="0"/></row></sheetData>'
    path = rewritten(xlsx(FORM), SHEET, lambda xml: xml.replace(b"</sheetData>", frame))

    assert len(read(path)) == 1


def test_a_cell_that_spans_a_billion_columns_costs_no_memory(word: Build, refuse: Refuse) -> None:
    wide = b'<w:tc><w:tcPr><w:gridSpan w:val="1000000000"/>'
    path = rewritten(word(FORM), "word/document.xml", lambda xml: xml.replace(b"<w:tc><w:tcPr>", wide, 1))

    assert "表格过大" in str(refuse(path))


def test_one_long_text_in_very_many_cells_costs_no_memory(xlsx: Build, refuse: Refuse) -> None:
    rows = b"<row>" + b'<c t="s"><v>0</v></c>' * 10 + b"</row>"
    path = rewritten(xlsx(FORM), SHEET, lambda xml: xml.replace(b"</sheetData>", rows * 4_000 + b"</sheetData>"))
    rewritten(path, "xl/sharedStrings.xml", lambda _: b"<sst><si><t>" + b"x" * 1_000_000 + b"</t></si></sst>")

    assert "文字过多（最长的单元格有 1000000 字）" in str(refuse(path))


def test_the_kind_does_not_depend_on_the_case_of_its_name(xlsx: Build, read: Read) -> None:
    assert len(read(xlsx(FORM, name="表.XLSX"))) == 1
