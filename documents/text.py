"""Text as people type it into office programs: cleaned for keeping, folded for comparing."""

import re
import unicodedata

_LINE_ENDS = re.compile(r"[ \t]*[\n\r\t\v\f\x85\u2028\u2029]+[ \t]*")
_BLANKS = re.compile(r"\s+")
_QUOTES = "“”„‟\"「」『』﹁﹂﹃﹄〝〞‘’‛'`´《》〈〉"
_DASHES = "‐‑‒–—―−－─━﹣"
_BRACKETS = {"【": "(", "】": ")", "[": "(", "]": ")", "〔": "(", "〕": ")", "{": "(", "}": ")"}
_ALIKE = str.maketrans({**dict.fromkeys(_QUOTES, '"'), **dict.fromkeys(_DASHES, "-"), **_BRACKETS})
_DIGITS = r"(?:[0-9０-９]{1,3}|[一二三四五六七八九十]{1,3})"
_NUMBERING = re.compile(
    rf"^\s*(?:[（(]\s*{_DIGITS}\s*[）)]\s*[、.．]?|第?{_DIGITS}\s*[、.．,，:：)）]|[0-9０-９]{{1,3}}\s+|[①-⑳⑴-⒛])\s*"
)


def clean(text: str) -> str:
    """Return text fit to be kept: NFC, lines joined by a blank, control and invisible characters gone, stripped.

    The characters themselves stay as written: full-width digits stay full-width.
    """
    if text.isprintable():  # neither line ends nor anything invisible, and so are nearly all cells
        return unicodedata.normalize("NFC", text).strip()
    joined = _LINE_ENDS.sub(" ", text)
    visible = (char for char in joined if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    return unicodedata.normalize("NFC", "".join(visible)).strip()


def fold(text: str) -> str:
    """Return what two spellings of one name share: NFKC, no white space, one kind of quote, dash, bracket and case."""
    compatible = unicodedata.normalize("NFKC", clean(text).translate(_ALIKE)).translate(_ALIKE)
    return _BLANKS.sub("", compatible).casefold()


def without_numbering(text: str) -> str:
    """Return the text without a leading `1.`, `1、`, `（1）`, `一、` or `①`."""
    return _NUMBERING.sub("", text)


def shortened(text: str, limit: int = 30) -> str:
    """Return the text as a message can show it."""
    return text if len(text) <= limit else text[:limit] + "…"
