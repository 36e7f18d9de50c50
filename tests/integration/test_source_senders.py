"""Senders with the libraries of CloudEvents, Standard Webhooks and Svix for Python.

Each posts events of ours to the real service, whose `notifier.toml` has the preset for it. (The
same for Node is told by `make test-real`.)
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.service import SECRET, Service, assigned, running
from tests.smtp_sink import SmtpSink

TOKEN = "token-of-the-senders-0123456789"
SOURCES = f"""
[sources.events]
preset = "cloudevents"
secrets = ["{TOKEN}"]

[sources.webhooks]
preset = "standard_webhooks"
secrets = ["{SECRET}"]

[sources.svix]
preset = "svix"
secrets = ["{SECRET}"]
"""
BEARER = {"authorization": f"Bearer {TOKEN}"}
OTHER = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="


class Desk:
    """A running service, and what came of what is posted to it."""

    def __init__(self, service: Service, sink: SmtpSink) -> None:
        self.service = service
        self.sink = sink

    async def post(
        self, where: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        address = f"{self.service.url}/webhooks/{where}"
        answer = await self.service.client.post(address, content=body, headers=dict(headers))
        return answer.status_code, answer.json()

    async def told_by(self, where: str, body: bytes, headers: Mapping[str, str]) -> list[str]:
        """Post what must be accepted; give who got a mail since the start."""
        status, answer = await self.post(where, body, headers)
        assert (status, answer["status"]) == (202, "accepted"), answer
        await self.service.until_ended([one["id"] for one in answer["deliveries"]])
        return sorted(mail.to for mail in self.sink.taken)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    (tmp_path / "notifier.toml").write_text(SOURCES)
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        yield Desk(service, sink)


def cloud_event(number: int, **attributes: str) -> CloudEvent:
    given = {
        "id": f"ce {number}",
        "source": "https://desk.example.com/schöne desks",
        "type": "com.example.ticket.assigned",
        "time": datetime(2026, 11, 23, 9, tzinfo=UTC),
        "datacontenttype": "application/json",
        **attributes,
    }
    return CloudEvent(given, assigned(number, f"p{number}@example.com")["data"])


async def test_cloud_events_in_every_mode(desk: Desk) -> None:
    binary, structured = http.to_binary_event(cloud_event(1)), http.to_structured_event
    told = await desk.told_by("events", binary.body, {**binary.headers, **BEARER})
    assert told == ["p1@example.com"]
    whole = structured(cloud_event(2))
    told = await desk.told_by("events", whole.body, {**whole.headers, **BEARER})
    assert told == ["p1@example.com", "p2@example.com"]
    batch = b"[%s]" % b",".join(structured(cloud_event(number)).body for number in (3, 4))
    media = {"content-type": "application/cloudevents-batch+json"}
    told = await desk.told_by("events", batch, media | BEARER)
    assert told == [f"p{number}@example.com" for number in (1, 2, 3, 4)]


async def test_a_cloud_event_is_known_by_source_and_id_in_whatever_mode_it_comes(
    desk: Desk,
) -> None:
    binary, whole = http.to_binary_event(cloud_event(1)), http.to_structured_event(cloud_event(1))
    await desk.told_by("events", binary.body, {**binary.headers, **BEARER})
    status, answer = await desk.post("events", whole.body, {**whole.headers, **BEARER})
    assert (status, answer["status"]) == (202, "duplicate")
    elsewhere = http.to_structured_event(cloud_event(1, source="https://other.example.com"))
    status, answer = await desk.post("events", elsewhere.body, {**elsewhere.headers, **BEARER})
    assert (status, answer["status"]) == (202, "accepted")


async def test_a_cloud_event_happened_when_it_says(desk: Desk) -> None:
    whole = http.to_structured_event(cloud_event(1))
    await desk.told_by("events", whole.body, {**whole.headers, **BEARER})
    (event,) = (await desk.service.get("/v1/events"))["items"]
    assert event["occurred_at"] == "2026-11-23T09:00:00.000Z"
    assert event["type"] == "ticket.assigned"


async def test_other_cloud_events_are_passed_over(desk: Desk) -> None:
    paid = CloudEvent({"id": "1", "source": "/shop", "type": "com.example.paid"}, {"sum": 1})
    message = http.to_binary(paid, JSONFormat())
    status, answer = await desk.post("events", message.body, {**message.headers, **BEARER})
    assert (status, answer["status"], answer["event_id"]) == (202, "ignored", None)


async def test_the_token_of_cloud_events_may_stand_in_the_address(desk: Desk) -> None:
    message = http.to_structured_event(cloud_event(1))
    told = await desk.told_by(f"events?access_token={TOKEN}", message.body, message.headers)
    assert told == ["p1@example.com"]
    for where in ("events", "events?access_token=another"):
        status, _ = await desk.post(where, message.body, message.headers)
        assert status == 401


async def test_the_handshake_of_cloud_events(desk: Desk) -> None:
    asking = {"webhook-request-origin": "events.example.com", "webhook-request-rate": "120"}
    answer = await desk.service.client.request(
        "OPTIONS", f"{desk.service.url}/webhooks/events", headers=asking
    )
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "events.example.com"
    assert answer.headers["webhook-allowed-rate"] == "120"
    assert "POST" in answer.headers["allow"]


Library = standardwebhooks.Webhook | svix.webhooks.Webhook


def signed(library: type[Library], prefix: str, secret: str, key: str, body: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        f"{prefix}-id": key,
        f"{prefix}-timestamp": str(int(now.timestamp())),
        f"{prefix}-signature": library(secret).sign(key, now, body),
    }


@pytest.mark.parametrize(
    ("library", "source", "prefix"),
    [(standardwebhooks.Webhook, "webhooks", "webhook"), (svix.webhooks.Webhook, "svix", "svix")],
    ids=["standardwebhooks", "svix"],
)
async def test_signed_webhooks(
    desk: Desk, library: type[Library], source: str, prefix: str
) -> None:
    body = json.dumps(assigned(1, "p1@example.com"))
    good = signed(library, prefix, SECRET, "msg_1", body)
    assert await desk.told_by(source, body.encode(), good) == ["p1@example.com"]
    again = await desk.post(source, body.encode(), signed(library, prefix, SECRET, "msg_1", body))
    assert (again[0], again[1]["status"]) == (202, "duplicate")
    for headers in (signed(library, prefix, OTHER, "msg_2", body), {**good, f"{prefix}-id": "x"}):
        status, answer = await desk.post(source, body.encode(), headers)
        assert (status, answer["code"]) == (401, "bad_signature")


async def test_what_is_signed_and_cannot_be_read_is_kept(desk: Desk) -> None:
    headers = signed(standardwebhooks.Webhook, "webhook", SECRET, "msg_1", "{")
    status, answer = await desk.post("webhooks", b"{", headers)
    assert (status, answer["status"]) == (202, "unmapped")
