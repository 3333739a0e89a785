"""Slips of the hand in YAML that Chinese input methods make: full-width signs, tabs, a colon without its space.

Each is named with its line, and put right, so that the rest of the file is still read and its mistakes told too.
What is put right here never runs: a slip is a mistake of the configuration.
"""

import re
from collections.abc import Iterator

Slip = tuple[int, str, str]
"""The line, what is wrong, and what would be right."""

_QUOTED_OR_COMMENT = re.compile(r"""(?<![^\s:,\[{，：])(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*')|(?:^|(?<=\s))\#.*""")
# Where a key may begin: at the start of a line or item, or after a brace or comma of a mapping in braces.
_KEY = r"((?:^|(?<=[{,，｛]))[ \t　\xa0]*(?:[-－][ 　\xa0]+)?)([A-Za-z_]+)"
_WIDE_COLON = re.compile(_KEY + r"[ ]*：[ 　\xa0]*")
_WIDE_SPACE_AFTER_COLON = re.compile(_KEY + r":[　\xa0]+")
_TIGHT_COLON = re.compile(_KEY + r":(?=[^\s:])")
_WIDE_COMMA_BEFORE_KEY = re.compile(r"，[ 　]*(?=[A-Za-z_]+[ ]*[:：])")
_WIDE_BRACE = re.compile(r"(?:^[ ]*(?:-[ ]+)?|:[ ]+)([｛（［【])")
_CLOSING = {"｛": "}", "（": "}", "［": "]", "【": "]"}
_OPENING = {"｛": "{", "（": "{", "［": "[", "【": "["}
_LIST = re.compile(r"(?<=[:\s])\[([^\[\]{}]*)\]")
_WIDE_DASH = re.compile(r"^([ ]*)－[ 　]*(?=\S)")
_WIDE_HASH = re.compile(r"(?:^|(?<=\s))＃.*")


def put_right(text: str, keys: frozenset[str]) -> tuple[str, list[Slip]]:
    """The text as it was meant, line for line, and the slips in it. `keys` are those a tight colon may follow."""
    slips: list[Slip] = []
    lines = text.split("\n")
    meant = ""  # the indent a line after this one most likely has
    for number, line in enumerate(lines, start=1):
        if not line.isascii() or "\t" in line or _TIGHT_COLON.search(line):
            line = lines[number - 1] = _line(line, number, meant, keys, slips)  # noqa: PLW2901  what was meant
        code = _QUOTED_OR_COMMENT.sub("", line).rstrip()
        if code:
            meant = " " * (len(code) - len(code.lstrip()) + 2 * code.endswith(":"))
    return "\n".join(lines), slips


def _line(line: str, number: int, meant: str, keys: frozenset[str], slips: list[Slip]) -> str:
    """One line put right: only what is code, never what stands in quotes or in a comment."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue001{len(kept) - 1}\ue001"

    def slip(wrong: str, right: str) -> None:
        slips.append((number, wrong, right))

    code = _WIDE_HASH.sub("", _QUOTED_OR_COMMENT.sub(keep, line))
    indent = code[: len(code) - len(code.lstrip())]
    if indent.strip(" ") and code.strip():
        slip("用制表符（Tab）缩进" if "\t" in indent else "用全角空格缩进", "缩进只用半角空格")
        code = meant + code.lstrip()
    for fixed, wrong, right in _fixes(code, keys):
        slip(wrong, right)
        code = fixed
    return re.sub("\ue001(\\d+)\ue001", lambda match: kept[int(match[1])], code)


def _fixes(code: str, keys: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """The code after each slip is put right, with what was wrong and what would be right."""
    if _WIDE_DASH.search(code):
        code = _WIDE_DASH.sub(r"\1- ", code)
        yield code, "列表项前用了全角“－”", "应为半角“- ”，后面空一格"
    if (brace := _WIDE_BRACE.search(code)) is not None and code.rstrip()[-1:] in "｝）］】}]":
        opened = brace[1]
        head, tail = code[: brace.start(1)], code[brace.end(1) :].rstrip()
        code = f"{head}{_OPENING[opened]}{tail[:-1]}{_CLOSING[opened]}"
        yield code, f"用了全角括号“{opened}”", f"应为半角“{_OPENING[opened]}”和“{_CLOSING[opened]}”"
    if _WIDE_COMMA_BEFORE_KEY.search(code) and "{" in code:
        code = _WIDE_COMMA_BEFORE_KEY.sub(", ", code)
        yield code, "用了全角逗号“，”", "各项之间应为半角“, ”"
    if (colon := _WIDE_COLON.search(code)) is not None:
        code = _WIDE_COLON.sub(r"\1\2: ", code)
        yield code, f"{colon[2]} 后用了全角冒号“：”", f"应为半角冒号加一个空格：“{colon[2]}: ”"
    if (colon := _WIDE_SPACE_AFTER_COLON.search(code)) is not None:
        code = _WIDE_SPACE_AFTER_COLON.sub(r"\1\2: ", code)
        yield code, f"{colon[2]} 的冒号后是全角空格", f"应为半角空格：“{colon[2]}: ”"
    tight = [match for match in _TIGHT_COLON.finditer(code) if match[2] in keys]
    if tight:
        code = _TIGHT_COLON.sub(lambda match: f"{match[0]} " if match[2] in keys else match[0], code)
        yield code, f"{tight[0][2]} 的冒号后缺一个空格", f"应为“{tight[0][2]}: ”"
    wide = [match[1] for match in _LIST.finditer(code) if re.search("[，、；]", match[1])]
    if wide:
        code = _LIST.sub(lambda match: re.sub("[，、；]", ", ", match[0]), code)
        yield (
            code,
            f"[{wide[0]}] 里用了全角标点",
            "各项之间应为半角“, ”；若是名称的一部分，请给整个名称加引号",
        )


def chinese_quotes(value: str) -> bool:
    """Whether a value stands in Chinese quotation marks, which YAML takes for part of it."""
    return len(value) >= 2 and (value[0], value[-1]) in (("“", "”"), ("‘", "’"), ("”", "”"), ("“", "“"), ("＂", "＂"))
