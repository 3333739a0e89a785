"""One value, one sequence of bytes, on every machine: canonical JSON, instants as text, and the hashes made of them."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from states.models import Entry

_to_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@lru_cache(maxsize=4096)
def instant_text(instant: datetime) -> str:
    """Fixed-width ISO 8601 in UTC. ValueError for a naive instant: nothing naive is ever stored."""
    if instant.tzinfo is None:
        raise ValueError(f"时间 {instant.isoformat()} 没有时区")
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    text = utc.isoformat()[:-6]
    return (text if len(text) > 19 else text + ".000000") + "Z"


def canonical(value: Any) -> str:
    """Canonical JSON of plain values."""
    return _to_json(value)


def sha256(text: str) -> str:
    """Hex SHA-256 of the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_sha256(ref: str, entries: Sequence[Entry]) -> str:
    """The hash a sign-off binds to: the report's name and its rows as written, in order (spec, part 4)."""
    rows = [[entry.indicator, entry.rank_text, entry.comparison, entry.target] for entry in entries]
    return sha256(canonical(["kaoji report content 1", ref, rows]))
