"""Every example of openapi.yaml is sent to the running service and gets a documented success.

An id in the document leads to nothing in a new store, so that live ones take its place; calls
that a help desk would sign are signed. Every answer is held against the document by the client.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from notifier.sources.signatures import sign
from tests import every_source
from tests.openapi_check import OpenApiChecker, repository_checker
from tests.service import SECRET, TOKEN, Service, assigned, running
from tests.smtp_sink import SmtpSink

Query = list[tuple[str, str | int | float | bool | None]]


def values(node: dict[str, Any]) -> list[Any]:
    """Give every example of a parameter or a body."""
    if "examples" in node:
        return [example["value"] for example in node["examples"].values()]
    return [node["example"]] if "example" in node else []


def queries(checker: OpenApiChecker, operation: dict[str, Any]) -> Iterator[Query]:
    """Give each parameter of a query by itself, then all of them."""
    together: Query = []
    for parameter in map(checker.resolve, operation.get("parameters", [])):
        if parameter["in"] == "query":
            for value in values(parameter):
                every = value if isinstance(value, list) else [value]
                alone: Query = [(parameter["name"], str(one)) for one in every]
                together += alone
                yield alone
    yield together


def bodies(checker: OpenApiChecker, operation: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Give each example of the body with its media type; an empty one where there is none."""
    if "requestBody" not in operation:
        return [("", b"")]
    found = []
    for kind, media in checker.resolve(operation["requestBody"])["content"].items():
        for value in values(media):
            text = json.dumps(value) if kind == "application/json" else value
            found.append((kind, text.encode()))
    return found


def filled(checker: OpenApiChecker, path: str, operation: dict[str, Any], ids: str) -> str:
    """Give the path with its examples in it, an id being a live one."""
    for parameter in map(checker.resolve, operation.get("parameters", [])):
        if parameter["in"] == "path":
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", ids if name == "id" else parameter["example"])
    return path


def asked(checker: OpenApiChecker, operation: dict[str, Any]) -> dict[str, str]:
    """Give the headers that a challenge is made of; a signature is made for each call."""
    found = map(checker.resolve, operation.get("parameters", []))
    return {one["name"]: one["example"] for one in found if one["name"].endswith("-origin")}


def signed(number: int, body: bytes) -> dict[str, str]:
    now, key = int(time.time()), f"example-{number}"
    return {
        "webhook-id": key,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(SECRET, key, now, body),
    }


async def live(service: Service) -> dict[str, str]:
    """Give an event, a call that could not be read, and a delivery that could still be sent."""
    kept = await service.client.post(
        f"{service.url}/webhooks/{every_source.NAME}/{every_source.TAIL}", content=b"no JSON"
    )
    assert kept.json()["status"] == "unmapped"
    happened = assigned(1, "john@example.com")
    happened["data"]["actor"] = happened["data"]["assignee"]
    answer = (await service.post(happened, "live")).json()
    (delivery,) = answer["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("suppressed", "own_action")
    await service.client.put(
        f"{service.url}/v1/people/ana", json={}, headers={"authorization": f"Bearer {TOKEN}"}
    )
    return {
        "/v1/events/{id}/replay": kept.json()["event_id"],
        "/v1/events/{id}": answer["event_id"],
        "/v1/deliveries/{id}": delivery["id"],
        "/v1/people/{id}": "ana",
    }


async def test_every_example_gets_the_documented_answer(tmp_path: Path) -> None:
    checker = repository_checker()
    exercised: set[tuple[str, str]] = set()
    sent = 0
    (tmp_path / "notifier.toml").write_text(every_source.TABLE)
    async with SmtpSink() as sink, running(tmp_path, sink.port) as desk:
        # While its reply is held back a mail can be withdrawn: what was retried is then cancelled.
        sink.hold()
        ids = await live(desk)
        for template, item in checker.document["paths"].items():
            for verb, operation in item.items():
                number = next((ids[one] for one in ids if template.startswith(one)), "")
                path = filled(checker, template, operation, number)
                for query in queries(checker, operation):
                    for kind, body in bodies(checker, operation):
                        sent += 1
                        headers = {"authorization": f"Bearer {TOKEN}"}
                        headers |= {"content-type": kind} if body else {}
                        headers |= asked(checker, operation)
                        headers |= signed(sent, body) if path.startswith("/webhooks") else {}
                        answer = await desk.client.request(
                            verb, desk.url + path, params=query, content=body, headers=headers
                        )
                        assert answer.is_success, f"{verb} {path} {query} {body!r}: {answer.text}"
                exercised.add((verb.upper(), template))
    assert exercised == checker.operations
    assert sent >= len(exercised)
