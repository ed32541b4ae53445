"""The OpenAPI document of a gateway as it is wired for real, and what of it is promised to clients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from gateway.app import create_app
from gateway.settings import Settings

_SCHEMA_PROSE = frozenset({"title", "description", "examples"})
_NAMED = frozenset({"properties", "patternProperties"})
_KEPT = ("operationId", "deprecated", "security", "parameters", "requestBody", "responses")

_PROBLEM: dict[str, Any] = {
    "description": "",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
}
"""What most answers that are not success look like: it is written down once."""


def described(folder: Path) -> dict[str, Any]:
    """The document, of a gateway whose files are in this folder."""
    token, secret = folder / "token", folder / "secret"
    for file in (token, secret):
        file.write_text("s" * 43)
        file.chmod(0o600)
    settings = Settings(
        bootstrap="127.0.0.1:9",
        mongodb_url="mongodb://127.0.0.1:9",
        blobs=folder.as_uri(),
        token_file=token,
        secret_file=secret,
    )
    return create_app(settings).openapi()


def promised(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its words, and without the product's version: an OpenAPI document all the same."""
    components = document["components"]
    schemas = {name: _bare(schema) for name, schema in components["schemas"].items()}
    schemes = {
        name: _without(scheme, "description") for name, scheme in components["securitySchemes"].items()
    }
    return {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": "v1"},
        "paths": {path: _path(item) for path, item in document["paths"].items()},
        "components": {
            "responses": {"Problem": _PROBLEM},
            "schemas": schemas,
            "securitySchemes": schemes,
        },
    }


def written(promises: dict[str, Any]) -> str:
    """As it is committed: an operation or a shape on each line, so that a difference can be read."""
    paths = [
        f"{_json(path)}: {{\n{_lines(item.items(), 4)}\n  }}"
        for path, item in sorted(promises["paths"].items())
    ]
    parts = [
        f'"openapi": {_json(promises["openapi"])}',
        f'"info": {_json(promises["info"])}',
        '"paths": {\n  ' + ",\n  ".join(paths) + "\n}",
        '"components": {\n  '
        + ",\n  ".join(_component(*each) for each in promises["components"].items())
        + "\n}",
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _component(kind: str, named: dict[str, Any]) -> str:
    return f"{_json(kind)}: {{\n{_lines(named.items(), 4)}\n  }}"


def _lines(items: Any, indent: int) -> str:
    return ",\n".join(f"{' ' * indent}{_json(name)}: {_json(value)}" for name, value in sorted(items))


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _path(item: dict[str, Any]) -> dict[str, Any]:
    return {verb: _operation(operation) for verb, operation in item.items()}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept = {name: operation[name] for name in _KEPT if name in operation}
    if "parameters" in kept:
        kept["parameters"] = [_parameter(each) for each in kept["parameters"]]
    if "requestBody" in kept:
        kept["requestBody"] = _with_content(_without(kept["requestBody"], "description"))
    kept["responses"] = {status: _answer(answer) for status, answer in kept["responses"].items()}
    return kept


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    bare = _with_content({**_without(answer, "links"), "description": ""})
    return {"$ref": "#/components/responses/Problem"} if bare == _PROBLEM else bare


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    bare = _without(parameter, "description", "example", "examples")
    return {**bare, "schema": _bare(bare["schema"])}


def _with_content(said: dict[str, Any]) -> dict[str, Any]:
    if "content" not in said:
        return said
    content = {
        kind: {"schema": _bare(media["schema"])} if "schema" in media else {}
        for kind, media in said["content"].items()
    }
    return {**said, "content": content}


def _bare(schema: Any) -> Any:
    """A schema without prose; a member that is called `title` is no prose."""
    if isinstance(schema, list):
        return [_bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _said(name, value) for name, value in schema.items() if name not in _SCHEMA_PROSE}


def _said(keyword: str, value: Any) -> Any:
    if keyword in _NAMED:
        return {member: _bare(each) for member, each in value.items()}
    return _ordered(value) if keyword == "default" else _bare(value)


def _ordered(value: Any) -> Any:
    """A default in one order: that of a set is another one in each process."""
    if isinstance(value, dict):
        return {name: _ordered(each) for name, each in value.items()}
    return sorted(value) if isinstance(value, list) else value


def _without(said: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}
