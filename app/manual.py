"""The manual page `docs/kaoji.1`, written from the parser: `python -m app.manual` writes it anew."""

import argparse
from pathlib import Path

from app.parts import Part, tree
from app.place import PROJECT

PAGE = PROJECT / "docs" / "kaoji.1"


def manual(top: Part) -> str:
    """The page in roff."""
    lines = [
        '.\\" 由命令行的解析器生成；改动命令后运行 python -m app.manual',
        '.TH KAOJI 1 "" kaoji 考绩月报签批系统',
        ".SH 名称",
        "kaoji \\- 考绩指标月报：填报、签批、报送、督查",
        ".SH 用法",
        ".B kaoji",
        _roff(" ".join(top.usage.split()).removeprefix("kaoji")),
        ".SH 总选项",
        *_listed(top.options),
        ".SH 命令",
    ]
    for part in top.all():
        if part.path and not part.commands:
            lines += [f".SS {_roff(' '.join(('kaoji', *part.path)))}", _roff(part.about) + "。"]
            lines += [".PP", _roff(" ".join(part.usage.split()))]
            lines += _listed((*part.arguments, *part.options[1:]))  # -h stands among the general options
    lines += [
        ".SH 环境变量",
        *(".TP", ".B KAOJI_CONFIG", "配置文件，代替当前目录的 config.yaml。"),
        *(".TP", ".B KAOJI_LOG_LEVEL", "命令也写日志，写到哪一级为止：info、warning；不写则只写错误。"),
        ".SH 退出状态",
        "0 办妥；1 被拒绝或有错，标准错误输出一行说错在哪里、一行说怎么办；2 用法不对。",
        ".SH 文件",
        *(".TP", ".I config.yaml", "单位的配置；运行维护见 docs/operations.md。"),
    ]
    return "\n".join(lines) + "\n"


def _listed(actions: tuple[argparse.Action, ...]) -> list[str]:
    lines = []
    for action in actions:
        value = f" \\fI{_roff(str(action.metavar))}\\fR" if action.metavar and action.nargs != 0 else ""
        head = ", ".join(f"\\fB{_roff(option)}\\fR" for option in action.option_strings)
        lines += [".TP", (head + value).strip(), _roff(action.help or "")]
    return lines


def _roff(text: str) -> str:
    """Text that roff prints as it stands: a backslash, a hyphen, a point or quote at the beginning mean something."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def write(page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text(manual(tree()), encoding="utf-8")


if __name__ == "__main__":
    write()
