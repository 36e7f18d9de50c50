"""Holds every answer of the service against openapi.yaml.

Takes answers, one by one or through an ASGI wrapper, and keeps which operations and statuses it
saw. Refuses (Mismatch) whatever the document does not say: an unknown status, header value,
content type or field, a missing field, a float.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifier.web import document

BASE = "urn:openapi"

Json = Any


class Mismatch(AssertionError):
    """An answer that the document does not describe."""


class OpenApiChecker:
    """Knows the document with every object closed: a field it does not name is a mismatch."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Json] = _closed(_read(path))
        self.seen: set[tuple[str, str, int]] = set()
        self._registry: Registry[Json] = Registry().with_resource(
            BASE, Resource.from_contents(self.document, default_specification=DRAFT202012)
        )
        self._validators: dict[int, Draft202012Validator] = {}

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Give every (METHOD, path template) of the document."""
        return {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method in item
        }

    def check(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Raise Mismatch unless the document describes this answer."""
        headers = {name.lower(): value for name, value in headers.items()}
        template = self._template(path)
        if template is None:
            self._check_problem(404, "not_found", (status, headers, body), method)
            return
        item = self.document["paths"][template]
        verb = "get" if method == "HEAD" else method.lower()
        if verb not in item:
            self._check_problem(405, "method_not_allowed", (status, headers, body), method)
            self._check_allow(item, headers.get("allow"))
            return
        where = f"{method} {template} {status}"
        responses = item[verb]["responses"]
        told = responses.get(str(status), responses.get(f"{status // 100}XX"))
        _expect(told is not None, f"{where}: this status is not documented")
        response = self.resolve(told)
        self._check_headers(response.get("headers", {}), headers, where)
        if "content" in response:
            self._check_content(response["content"], (status, headers, body), method, where)
        else:
            _expect("content-type" not in headers and body == b"", f"{where}: there is a body")
        self.seen.add((verb.upper(), template, status))

    def validate(self, schema: Json, value: Json, where: str) -> None:
        """Raise Mismatch unless `value` is as `schema` has it."""
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = Draft202012Validator(schema, registry=self._registry)
            self._validators[id(schema)] = validator
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        _expect(not errors, f"{where}: {'; '.join(errors)}")

    def resolve(self, node: Json) -> Json:
        """Follow a reference, if it is one."""
        while "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix(f"{BASE}#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def _template(self, path: str) -> str | None:
        if path in self.document["paths"]:
            return path
        for template in self.document["paths"]:
            if "{" in template and _fits(template.split("/"), path.split("/")):
                return str(template)
        return None

    def _check_allow(self, item: Json, given: str | None) -> None:
        known = {verb.upper() for verb in item} | ({"HEAD"} if "get" in item else set())
        # Where a method that is documented may be refused, each source has some of them.
        if any("405" in operation["responses"] for operation in item.values()):
            named = (given or "").split(", ")
            _expect(set(named) <= known and named == sorted(named), f"Allow: {given}")
        else:
            _expect(given == ", ".join(sorted(known)), f"Allow: {given}")

    def _check_problem(
        self, status: int, code: str, answer: tuple[int, Mapping[str, str], bytes], method: str
    ) -> None:
        where = f"{method}: {code}"
        _expect(answer[0] == status, f"{where} wanted, got {answer[0]}")
        schema = self.document["components"]["schemas"]["Problem"]
        self._check_content({"application/problem+json": {"schema": schema}}, answer, method, where)
        if method != "HEAD":
            _expect(json.loads(answer[2])["code"] == code, f"{where}: {answer[2]!r}")

    def _check_headers(self, documented: Json, headers: Mapping[str, str], where: str) -> None:
        for name, node in documented.items():
            header = self.resolve(node)
            given = headers.get(name.lower())
            if given is None:
                _expect(not header.get("required"), f"{where}: {name} is missing")
            else:
                value = int(given) if header["schema"].get("type") == "integer" else given
                self.validate(header["schema"], value, f"{where} {name}")

    def _check_content(
        self,
        content: Json,
        answer: tuple[int, Mapping[str, str], bytes],
        method: str,
        where: str,
    ) -> None:
        status, headers, body = answer
        media = headers.get("content-type")
        _expect(media in content, f"{where}: content type {media} is not documented")
        _expect(headers.get("x-content-type-options") == "nosniff", f"{where}: nosniff is missing")
        if method == "HEAD":
            _expect(body == b"", f"{where}: an answer to HEAD has no body")
        elif "json" in str(media):
            value = json.loads(body, parse_float=_no_float, parse_constant=_no_float)
            self.validate(content[media]["schema"], value, where)
            if media == "application/problem+json":
                _expect(value["status"] == status, f"{where}: status {value['status']} in the body")


class Checked:
    """An ASGI application whose every answer is checked before it leaves."""

    def __init__(self, app: ASGIApp, checker: OpenApiChecker) -> None:
        self._app = app
        self._checker = checker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        # Checked outside of the application, which would take a mismatch for a fault of its own.
        await self._app(scope, receive, hold)
        if held:
            self._check(scope, held)
        for message in held:
            await send(message)

    def _check(self, scope: Scope, held: list[Message]) -> None:
        headers = {name.decode(): value.decode() for name, value in held[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in held[1:])
        self._checker.check(scope["method"], scope["path"], held[0]["status"], headers, body)


@cache
def _read(path: Path) -> Json:
    return yaml.safe_load(path.read_bytes())


@cache
def repository_checker() -> OpenApiChecker:
    """Give the one checker of this test process; its `seen` collects over all tests."""
    return OpenApiChecker(document.path())


def _closed(node: Json) -> Json:
    """Copy, closing every object schema that does not say what else it takes.

    References are made absolute, so that any part can be used as a schema by itself.
    """
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _closed(value) for key, value in node.items()}
    if isinstance(copy.get("$ref"), str):
        copy["$ref"] = copy["$ref"].replace("#/", f"{BASE}#/", 1)
    if "object" in _types(copy) and "properties" in copy:
        copy.setdefault("additionalProperties", False)
    return copy


def _types(node: dict[str, Json]) -> list[Json]:
    kind = node.get("type")
    return kind if isinstance(kind, list) else [kind]


def _fits(template: list[str], path: list[str]) -> bool:
    return len(template) == len(path) and all(
        part == given or (part.startswith("{") and given != "")
        for part, given in zip(template, path, strict=True)
    )


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Mismatch(otherwise)


def _no_float(text: str) -> Json:
    raise Mismatch(f"{text} is not a whole number")
