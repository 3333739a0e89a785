"""How a value is stored, both ways: instants as fixed-width UTC text, lists and mails' contents as JSON text.

What is the same bytes on both databases can be read with any tool and sorts as it should. Imports nothing heavy: the
fixed text of the act path uses it.
"""

import json
from datetime import datetime
from functools import lru_cache

from states.canonical import instant_text
from states.models import Task
from states.route import route_of, route_text

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


@lru_cache(maxsize=4096)
def signed(text: str) -> tuple[tuple[str, str], ...]:
    """Posts, each with who signed for it, from their JSON list."""
    return tuple((post, person) for post, person in json.loads(text))


@lru_cache(maxsize=4096)
def tasks(text: str) -> tuple[Task, ...]:
    """What a report waits for, from its JSON list."""
    return tuple(Task(post, tuple(persons)) for post, persons in json.loads(text))


@lru_cache(maxsize=4096)
def tasks_text(several: tuple[Task, ...]) -> str:
    """What a report waits for, as a JSON list: each post with who may act by it."""
    return json_text([(task.post, task.persons) for task in several])


__all__ = [
    "instant",
    "instant_text",
    "json_text",
    "json_value",
    "names",
    "names_text",
    "route_of",
    "route_text",
    "signed",
    "tasks",
    "tasks_text",
]
