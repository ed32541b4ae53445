"""What breaks a client of an API, and what does not: the rules that hold v1, tried on a small document."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.contract.openapi_rules import UnknownKeyword, breaks

Change = Callable[[dict[str, Any]], Any]

THING: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string"},
        "state": {"type": "string", "enum": ["on", "off"]},
        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "title": {"type": "string"},
    },
}
ORDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 9},
        "how": {"enum": ["well", "fast"], "default": "well"},
        "count": {"type": "number"},
    },
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "post": {
                "operationId": "make",
                "security": [{"token": []}],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
                },
                "responses": {
                    "202": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                    },
                    "404": {"$ref": "#/components/responses/Problem"},
                },
            },
            "get": {"operationId": "list", "responses": {"200": {}}},
        }
    },
    "components": {
        "responses": {"Problem": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
        "schemas": {"Thing": THING, "Order": ORDER},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}


def _post(document: dict[str, Any]) -> Any:
    return document["paths"]["/things"]["post"]


def _shape(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def _member(document: dict[str, Any], shape: str, name: str) -> Any:
    return _shape(document, shape)["properties"][name]


BREAKS: dict[str, Change] = {
    "a path is gone": lambda d: d["paths"].pop("/things"),
    "a method is gone": lambda d: d["paths"]["/things"].pop("get"),
    "an operation has another name": lambda d: _post(d).update(operationId="create"),
    "who may ask has changed": lambda d: _post(d).pop("security"),
    "who may ask is asked of those who were not": lambda d: d["paths"]["/things"]["get"].update(
        security=[{}]
    ),
    "the security scheme is another": lambda d: d["components"]["securitySchemes"]["token"].update(
        scheme="x"
    ),
    "a parameter is gone": lambda d: _post(d)["parameters"].clear(),
    "a parameter is needed now": lambda d: _post(d)["parameters"][0].update(required=True),
    "a new parameter is needed": lambda d: _post(d)["parameters"].append(
        {"name": "more", "in": "query", "required": True, "schema": {}}
    ),
    "a parameter moved": lambda d: _post(d)["parameters"][0].update({"in": "header"}),
    "a parameter is of another type": lambda d: _post(d)["parameters"][0]["schema"].update(type="boolean"),
    "a parameter takes less": lambda d: _post(d)["parameters"][0]["schema"].update(maximum=8),
    "a parameter has a lower bound now": lambda d: _post(d)["parameters"][0]["schema"].update(minimum=1),
    "the body is needed now": lambda d: _post(d)["requestBody"].update(required=True),
    "the body is gone": lambda d: _post(d).pop("requestBody"),
    "a body is needed where there was none": lambda d: d["paths"]["/things"]["get"].update(
        requestBody={"required": True, "content": {}}
    ),
    "the body is in another form": lambda d: _post(d)["requestBody"].update(content={"text/plain": {}}),
    "a new member is needed": lambda d: _shape(d, "Order").update(required=["name", "how"]),
    "a member is taken no more": lambda d: _shape(d, "Order")["properties"].pop("count"),
    "a member takes fewer values": lambda d: _member(d, "Order", "how").update(enum=["well"]),
    "a member takes less": lambda d: _member(d, "Order", "name").update(maxLength=8),
    "a member has a pattern now": lambda d: _member(d, "Order", "name").update(pattern="^a"),
    "a member's type is narrower": lambda d: _member(d, "Order", "count").update(type="integer"),
    "a default is another one": lambda d: _member(d, "Order", "how").update(default="fast"),
    "a status is gone": lambda d: _post(d)["responses"].pop("404"),
    "an answer is of another kind": lambda d: _post(d)["responses"]["202"].update(content={"text/plain": {}}),
    "a problem is of another kind": lambda d: d["components"]["responses"]["Problem"].update(content={}),
    "a member of an answer is gone": lambda d: _shape(d, "Thing")["properties"].pop("title"),
    "a member of an answer may lack": lambda d: _shape(d, "Thing").update(required=["id"]),
    "a member of an answer is of another type": lambda d: _member(d, "Thing", "id").update(type="integer"),
    "a member of an answer may be null": lambda d: _shape(d, "Thing")["properties"].update(
        id={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a value of an answer is gone": lambda d: _member(d, "Thing", "state").update(enum=["on"]),
    "an answer may have any value": lambda d: _member(d, "Thing", "state").pop("enum"),
    "a part of an answer is of another type": lambda d: _member(d, "Thing", "parts").update(
        items={"type": "string"}
    ),
}

GROWS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a path": lambda d: d["paths"].update({"/more": d["paths"]["/things"]}),
    "a method": lambda d: d["paths"]["/things"].update(put=_post(d)),
    "a parameter": lambda d: _post(d)["parameters"].append(
        {"name": "more", "in": "query", "schema": {"type": "string"}}
    ),
    "a parameter that takes more": lambda d: _post(d)["parameters"][0]["schema"].update(maximum=99),
    "a member to send": lambda d: _shape(d, "Order")["properties"].update(more={"type": "string"}),
    "a member that may be left out": lambda d: _shape(d, "Order").update(required=[]),
    "a member that takes more": lambda d: _member(d, "Order", "name").pop("maxLength"),
    "a member that takes null": lambda d: _shape(d, "Order")["properties"].update(
        count={"anyOf": [{"type": "number"}, {"type": "null"}]}
    ),
    "a value to send": lambda d: _member(d, "Order", "how")["enum"].append("cheap"),
    "other members to send": lambda d: _shape(d, "Order").pop("additionalProperties"),
    "a status": lambda d: _post(d)["responses"].update({"409": {}}),
    "a form of an answer": lambda d: _post(d)["responses"]["202"]["content"].update({"text/csv": {}}),
    "a member of an answer": lambda d: _shape(d, "Thing")["properties"].update(more={"type": "string"}),
    "a member of an answer that is always there": lambda d: _shape(d, "Thing")["required"].append("title"),
    "a value of an answer": lambda d: _member(d, "Thing", "state")["enum"].append("broken"),
    "an answer that is never null": lambda d: _member(d, "Thing", "size").update(anyOf=[{"type": "integer"}]),
    "words": lambda d: _shape(d, "Thing").update(title="A thing", description="Of some kind."),
    "a security scheme": lambda d: d["components"]["securitySchemes"].update(password={"type": "http"}),
}


@pytest.mark.parametrize("change", BREAKS.values(), ids=BREAKS)
def test_what_breaks_a_client_is_noticed(change: Change) -> None:
    changed = deepcopy(DOCUMENT)
    change(changed)
    assert breaks(DOCUMENT, changed) != []


@pytest.mark.parametrize("change", GROWS.values(), ids=GROWS)
def test_what_is_added_breaks_nobody(change: Change) -> None:
    changed = deepcopy(DOCUMENT)
    change(changed)
    assert breaks(DOCUMENT, changed) == []


def test_what_breaks_is_said_with_its_place() -> None:
    changed = deepcopy(DOCUMENT)
    del changed["components"]["schemas"]["Thing"]["properties"]["title"]
    assert breaks(DOCUMENT, changed) == ["POST /things: 202.title: it is gone"]


@pytest.mark.parametrize("strange", [{"not": {}}, {"type": "object", "anyOf": [{"type": "object"}]}])
def test_what_the_rules_cannot_compare_is_never_passed(strange: dict[str, Any]) -> None:
    changed = deepcopy(DOCUMENT)
    changed["components"]["schemas"]["Thing"] = strange
    with pytest.raises(UnknownKeyword):
        breaks(DOCUMENT, changed)
