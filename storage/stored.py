"""How a value is stored, both ways: instants as fixed-width UTC text, lists and mails' contents as JSON text.

What is the same bytes on both databases can be read with any tool and sorts as it should. Imports nothing heavy: the
fixed text of the act path uses it.
"""

import json
from datetime import datetime
from functools import lru_cache

from states.canonical import instant_text

json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
json_value = json.loads
instant = datetime.fromisoformat


@lru_cache(maxsize=4096)
def names(text: str) -> tuple[str, ...]:
    """Several names, from their JSON list."""
    return tuple(json.loads(text))


@lru_cache(maxsize=4096)
def names_text(several: tuple[str, ...]) -> str:
    """Several names, as a JSON list."""
    return json_text(several)


__all__ = ["instant", "instant_text", "json_text", "json_value", "names", "names_text"]
