"""The JSON Schema of `config.yaml`, for editors: what may be written where, with the Chinese text of every key.

After a change of the shape: `python -m app.config_schema` writes `docs/config.schema.json` anew.
"""

import ast
import inspect
import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app import config_shape
from app.config_shape import ConfigShape

TARGET = Path(__file__).resolve().parents[1] / "docs" / "config.schema.json"


def config_schema() -> dict[str, Any]:
    """What the loader accepts, as far as a schema can say it; names that must match are for `kaoji check`."""
    schema = ConfigShape.model_json_schema(by_alias=True)
    for definition in (schema, *schema["$defs"].values()):
        _describe(definition)
    # A name of a file stands for the three lists in it.
    inner = schema["properties"]["organisation"]
    schema["properties"]["organisation"] = {
        "description": inner["description"],
        "anyOf": [{"$ref": inner["$ref"]}, {"type": "string"}],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "kaoji config.yaml"}


def written() -> str:
    """As the file holds it."""
    return json.dumps(config_schema(), ensure_ascii=False, indent=2) + "\n"


def _describe(definition: dict[str, Any]) -> None:
    """Put the text under a key in the shape where editors look for it; pydantic would read it at every start."""
    shape = getattr(config_shape, definition.get("title", ""), None)
    definition.pop("title", None)
    if not (inspect.isclass(shape) and issubclass(shape, BaseModel)):
        definition.pop("description", None)  # a docstring of the rules, in English
        return
    texts = _texts(shape)
    names = {field.alias or name: name for name, field in shape.model_fields.items()}
    for key, value in definition["properties"].items():
        value.pop("title", None)
        value["description"] = texts[names[key]]
        if isinstance(value.get("default"), str):
            value["default"] = (
                value["default"].removesuffix(":00") if value["default"].count(":") == 2 else value["default"]
            )


@cache
def _texts(shape: type[BaseModel]) -> dict[str, str]:
    """The text that stands under each key of the shape."""
    (body,) = ast.parse(inspect.getsource(shape)).body
    found: dict[str, str] = {}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for statement, following in pairwise(statements):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = text
    return found


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
