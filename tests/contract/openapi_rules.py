"""What breaks clients between two OpenAPI documents. Pure.

What clients send has to be taken as before, and what they read has to be told as before. What is added breaks
nobody: a path, an optional parameter, a member of an answer, a value of an enumeration, a status.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Mapping[str, Any]
Direction = Literal["sent", "read"]

_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_BESIDE = frozenset({"title", "description", "examples", "default", "deprecated"})
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "propertyNames", "patternProperties")
_LOOKED_AT = {
    "$ref",
    "anyOf",
    "type",
    "enum",
    "const",
    "items",
    "properties",
    "required",
    "additionalProperties",
}
_KNOWN = _BESIDE | _LOOKED_AT | {*_LOWER, *_UPPER, *_EXACT}


class UnknownKeyword(ValueError):
    """A schema says something that these rules do not compare: teach them first."""


def breaks(old: Json, new: Json) -> list[str]:
    """What clients of the old document would stumble over, each as `GET /path: what`."""
    return [*_Comparison(old, new).run()]


@dataclass(slots=True)
class _Comparison:
    """Two documents, and which of their shapes are under comparison already."""

    old: Json
    new: Json
    _open: set[tuple[str, str, Direction]] = field(default_factory=set)

    def run(self) -> Iterator[str]:
        schemes = self.new.get("components", {}).get("securitySchemes", {})
        for name, scheme in self.old.get("components", {}).get("securitySchemes", {}).items():
            if schemes.get(name) != scheme:
                yield f"security {name}: it is another one"
        for path, item in self.old["paths"].items():
            for verb, operation in item.items():
                if verb in _VERBS:
                    now = self.new["paths"].get(path, {}).get(verb)
                    said = ["it is gone"] if now is None else self._operation(operation, now)
                    yield from (f"{verb.upper()} {path}: {each}" for each in said)

    def _operation(self, old: Json, new: Json) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"operationId: {old.get('operationId')} is now {new.get('operationId')}"
        if old.get("security") != new.get("security"):
            yield "security: it is another one"
        yield from self._parameters(_parameters(old), _parameters(new))
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{status}: it is answered no more"
            else:
                was, now = _answer(self.old, answer), _answer(self.new, new["responses"][status])
                yield from self._content(was, now, status, "read")

    def _parameters(self, old: Json, new: Json) -> Iterator[str]:
        for name, parameter in old.items():
            if name not in new:
                yield f"{name}: it is taken no more"
            else:
                yield from self._schema(parameter["schema"], new[name]["schema"], name, "sent")
        for name, parameter in new.items():
            if parameter.get("required") and not old.get(name, {}).get("required"):
                yield f"{name}: it is needed now"

    def _body(self, old: Json | None, new: Json | None) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield "body: it is needed now"
        elif new is None:
            yield "body: it is taken no more"
        else:
            if new.get("required") and not old.get("required"):
                yield "body: it is needed now"
            yield from self._content(old["content"], new["content"], "body", "sent")

    def _content(self, old: Json, new: Json, at: str, way: Direction) -> Iterator[str]:
        for kind, media in old.items():
            if kind not in new:
                yield f"{at}: it is {kind} no more"
            elif "schema" in media:
                yield from self._schema(media["schema"], new[kind].get("schema", {}), at, way)

    def _schema(self, old: Json, new: Json, at: str, way: Direction) -> Iterator[str]:
        """Each form that is sent has to be taken; each form that is told has to be an old one."""
        key = (str(old.get("$ref", "")), str(new.get("$ref", "")), way)
        if all(key[:2]):
            if key in self._open:
                return
            self._open.add(key)
        if way == "sent" and "default" in old and new.get("default", old) != old["default"]:
            yield f"{at}: its default is another one"
        given, allowed = [*_forms(self.old, old)], [*_forms(self.new, new)]
        if way == "read":
            given, allowed = allowed, given
        for form in given:
            said = [[*self._form(form, other, at, way)] for other in allowed]
            yield from min(said, key=len)
        self._open.discard(key)

    def _form(self, given: Json, allowed: Json, at: str, way: Direction) -> Iterator[str]:
        """Where what is given would not be allowed. For what is sent the old is given, else the new."""
        if not _types_agree(given, allowed):
            yield (
                f"{at}: {_named(given)} is not {_named(allowed)}"
                if way == "read"
                else (f"{at}: {_named(given)} is taken no more")
            )
            return
        yield from _values(given, allowed, at, way)
        yield from _bounds(given, allowed, at)
        old, new = (given, allowed) if way == "sent" else (allowed, given)
        if "items" in old or "items" in new:
            yield from self._schema(old.get("items", {}), new.get("items", {}), f"{at}[]", way)
        yield from self._members(old, new, at, way)

    def _members(self, old: Json, new: Json, at: str, way: Direction) -> Iterator[str]:
        members, now = old.get("properties", {}), new.get("properties", {})
        for name, member in members.items():
            if name in now:
                yield from self._schema(member, now[name], f"{at}.{name}", way)
            else:
                yield f"{at}.{name}: it is gone"
        before, after = set(old.get("required", ())), set(new.get("required", ()))
        if way == "sent":
            yield from (f"{at}.{name}: it is needed now" for name in sorted(after - before))
        else:
            gone = (before - after) & set(now)
            yield from (f"{at}.{name}: it is not always there now" for name in sorted(gone))
        yield from self._others(old.get("additionalProperties", True), new, at, way)

    def _others(self, old: Any, of_new: Json, at: str, way: Direction) -> Iterator[str]:
        new = of_new.get("additionalProperties", True)
        if way == "sent" and old is not False and new is False:
            yield f"{at}: other members are taken no more"
        elif isinstance(old, Mapping):
            yield from self._schema(old, new if isinstance(new, Mapping) else {}, f"{at}.*", way)
        elif isinstance(new, Mapping) and way == "sent" and old is True:
            yield from self._schema({}, new, f"{at}.*", way)


def _parameters(operation: Json) -> dict[str, Any]:
    return {f"{each['in']} {each['name']}": each for each in operation.get("parameters", ())}


def _answer(document: Json, answer: Json) -> Json:
    """The content of an answer, which may be kept among the components."""
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    found: Json = answer.get("content", {})
    return found


def _forms(document: Json, schema: Json) -> Iterator[Json]:
    """The alternatives of a schema, each without references or a choice at its top."""
    choice = {"$ref", "anyOf"} & set(schema)
    if unknown := set(schema) - (_BESIDE | choice if choice else _KNOWN):
        raise UnknownKeyword(f"the rules compare no {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        yield from _forms(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _forms(document, each)
    else:
        yield schema


def _named(form: Json) -> str:
    return str(form.get("type") or ("a constant" if "const" in form else "anything"))


def _types_agree(given: Json, allowed: Json) -> bool:
    if "type" not in allowed:
        return "const" in allowed or "enum" in allowed or not set(allowed) - _BESIDE
    return given.get("type") == allowed["type"] or (given.get("type"), allowed["type"]) == (
        "integer",
        "number",
    )


def _choices(form: Json) -> list[Any] | None:
    return [form["const"]] if "const" in form else form.get("enum")


def _values(given: Json, allowed: Json, at: str, way: Direction) -> Iterator[str]:
    """Enumerations may grow, both ways: clients are told to expect that. They never lose a value."""
    given_values, allowed_values = _choices(given), _choices(allowed)
    old, new = (given_values, allowed_values) if way == "sent" else (allowed_values, given_values)
    if old is None and new is not None and way == "sent":
        yield f"{at}: only some values are taken now"
    elif old is not None and new is None and way == "read":
        yield f"{at}: it may be anything now"
    elif old is not None and new is not None:
        yield from (f"{at}: {value!r} is no value of it any more" for value in old if value not in new)


def _bounds(given: Json, allowed: Json, at: str) -> Iterator[str]:
    for name in _LOWER:
        if name in allowed and given.get(name, float("-inf")) < allowed[name]:
            yield f"{at}: {name} is another one"
    for name in _UPPER:
        if name in allowed and given.get(name, float("inf")) > allowed[name]:
            yield f"{at}: {name} is another one"
    for name in _EXACT:
        if name in allowed and given.get(name) != allowed[name]:
            yield f"{at}: {name} is another one"
