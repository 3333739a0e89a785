"""What people write, rid of what cannot be seen: it is shown on terminals, in mails and in documents."""

import re
from typing import Final

# Default-ignorable characters that change how their neighbours read or are hidden in them. The joiners U+200C and
# U+200D stay: scripts and emoji need them.
_INVISIBLE: Final = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060\u3164\ufeff\uffa0"
) | {
    chr(code)
    for first, last in ((0x202A, 0x202E), (0x2061, 0x206F), (0xFFF0, 0xFFFB))
    for code in range(first, last + 1)
}


# C0 (ESC among them) but the line end, C1, what no encoding can carry, and tags.
_UNSEEN: Final = re.compile(
    f"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\U000e0000-\U000e007f{''.join(sorted(_INVISIBLE))}]"
)

_SPACING: Final = str.maketrans("\r\u2028\u2029\t", "\n\n\n ")


def cleaned(text: str, *, one_line: bool = False) -> str:
    r"""The words without control characters, unpaired surrogates and characters that show nothing.

    Line ends become `\n`; tabs become blanks. With `one_line` line ends become blanks too.
    """
    lines = text.replace("\r\n", "\n").translate(_SPACING)
    kept = _UNSEEN.sub("", lines)
    return kept.replace("\n", " ") if one_line else kept
