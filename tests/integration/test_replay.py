"""Calls that a source could not read: kept, shown, and read again by the command as a process."""

import hmac
import json
from pathlib import Path
from typing import Any

import httpx2

from tests.integration.command import asked, document, refusal
from tests.service import TOKEN, Service, running
from tests.smtp_sink import SmtpSink

SECRET = "a-secret-of-the-help-desk-0123456789"
HEAD = f"""
[sources.desk]
secrets = ["{SECRET}"]
auth = [{{ scheme = "hmac", header = "x-signature" }}]
dedupe = {{ key = ["body.call"] }}
"""
WRONG = (
    HEAD
    + """
[sources.desk.map]
each = "body.tickets"
[sources.desk.map.events]
"ticket.assigned" = "true"
[sources.desk.map.fields]
"ticket.id" = "item.id"
"""
)
RIGHT = (
    HEAD
    + """
[sources.desk.map.events]
"ticket.assigned" = "body.to and (not prev or not prev.assignee)"
"ticket.resolved" = "body.done and (not prev or not prev.closed)"
[sources.desk.map.fields]
"ticket.id" = "body.id"
"assignee.email" = "body.to"
"""
)


async def post(service: Service, call: str, **body: Any) -> httpx2.Response:
    content = json.dumps({"call": call, **body}).encode()
    signed = hmac.new(SECRET.encode(), content, "sha256").hexdigest()
    return await service.client.post(
        f"{service.url}/webhooks/desk", content=content, headers={"x-signature": signed}
    )


async def mend(service: Service, text: str) -> None:
    (service.folder / "notifier.toml").write_text(text)
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = await service.client.post(f"{service.url}/v1/reload", headers=headers)
    assert answer.json()["changed"] == ["desk"]


TOLD = {"id": 7, "to": "john@example.com"}


async def test_what_could_not_be_read_is_kept_and_shown_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(WRONG)
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        first, second = await post(service, "one", **TOLD), await post(service, "two", **TOLD)
        again = await post(service, "one", **TOLD)
        assert {one.status_code for one in (first, second, again)} == {200}
        assert (first.json()["status"], first.json()["note"]) == (
            "unmapped",
            "map.each gives no list",
        )
        assert again.json()["event_id"] == first.json()["event_id"]
        assert "map.each gives no list" in await service.until_logged("webhook.unmapped")
        ids = [one.json()["event_id"] for one in (first, second)]

        listed = await asked(service, "events", "list", "--status", "unmapped")
        assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == ids[::-1]
        assert listed.stdout.count("unmapped  map.each gives no list") == 2
        shown = await asked(service, "events", "show", ids[0])
        assert "The call could not be read: map.each gives no list." in shown.stdout
        assert f"notifier events replay {ids[0]}" in " ".join(shown.stdout.split())

        still = await asked(service, "events", "replay", "--source", "desk")
        assert still.stdout.splitlines() == [
            f"{one}: unmapped: map.each gives no list" for one in ids
        ]
        assert (still.returncode, still.stderr) == (1, "")


async def test_what_could_not_be_read_is_read_when_the_source_was_mended(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(WRONG)
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        ids = [(await post(service, one, **TOLD)).json()["event_id"] for one in ("one", "two")]
        await mend(service, RIGHT)
        done = document(await asked(service, "events", "replay", "--source", "desk", "--json"))
        assert [(one["id"], one["status"]) for one in done["items"]] == [
            (ids[0], "accepted"),
            # Somebody holds the ticket by now: nothing of the second is an event.
            (ids[1], "ignored"),
        ]
        (event,) = done["items"][0]["events"]
        shown = await asked(service, "events", "show", event)
        assert "email to john@example.com: " in shown.stdout
        replayed = await asked(service, "events", "show", ids[0])
        assert f"It was read again as {event}: accepted." in " ".join(replayed.stdout.split())
        (delivery,) = (await service.get(f"/v1/events/{event}"))["deliveries"]
        (ended,) = await service.until_ended([delivery["id"]])
        assert (ended["state"], ended["recipient"]) == ("sent", "john@example.com")

        nothing = await asked(service, "events", "replay", "--source", "desk")
        assert (nothing.returncode, nothing.stdout) == (0, "Nothing of desk is unmapped.\n")
        refused = await asked(service, "events", "replay", ids[0], event, "evt_none")
        assert refused.returncode == 1
        lines = refused.stdout.splitlines()
        assert lines[0].startswith(f"{ids[0]}: refused: Not in this state: The call was read ")
        assert "The event is not unmapped" in lines[1]
        assert lines[2].startswith("evt_none: refused: there is no event evt_none; ")


async def test_all_of_a_source_are_read_again_oldest_first_however_many(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(WRONG)
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        ids = [
            (await post(service, str(number), id=number)).json()["event_id"]
            for number in range(205)
        ]
        await mend(service, RIGHT)
        done = await asked(service, "events", "replay", "--source", "desk", "--json")
        assert done.returncode == 0
        assert [one["id"] for one in document(done)["items"]] == ids
        page = await service.get("/v1/events", status="unmapped")
        assert page["items"] == []


async def test_events_are_listed_page_by_page_and_shown_as_documents(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(RIGHT)
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        for number in (1, 2):
            await post(service, str(number), id=number, to="john@example.com")
        page = await asked(service, "events", "list", "--limit", "1", "--source", "desk")
        assert page.stdout.splitlines()[1].split()[-4:] == ["accepted", "#2", "(no", "title)"]
        cursor = page.stderr.split("--cursor ")[1].strip()
        rest = await asked(service, "events", "list", "--cursor", cursor, "--json")
        (event,) = document(rest)["items"]
        assert event["ticket"]["id"] == "1"
        shown = document(await asked(service, "events", "show", event["id"], "--json"))
        assert (shown["sentences"], shown["next"]) == ([], None)
        told = (await asked(service, "events", "show", event["id"])).stdout
        assert "assignee    john@example.com" in told
        assert "email to john@example.com: suppressed: channel_disabled" in told
        await service.stop()
        (line, *_) = refusal(await asked(service, "events", "replay", event["id"]), 1)
        assert line.startswith("notifier: no answer from ")


async def test_the_last_calls_are_shown_with_what_became_of_them(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(RIGHT)
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        both = await post(service, "one", id=1, to="john@example.com", done=True)
        assert len(both.json()["events"]) == 2
        repeat = await post(service, "one", id=1, to="john@example.com", done=True)
        assert repeat.json()["events"] == both.json()["events"]
        await service.client.post(
            f"{service.url}/webhooks/desk", content=b"{}", headers={"x-signature": "0" * 64}
        )
        calls = (await service.get("/v1/sources/desk/calls"))["items"]
        assert [(one["outcome"], one["status"]) for one in calls] == [
            ("refused", 401),
            ("duplicate", 200),
            ("accepted", 200),
        ]
        assert "no signature matches" in calls[0]["cause"]
        assert calls[2]["events"] == both.json()["events"]
        assert (calls[2]["client"], json.loads(calls[2]["body"])["call"]) == ("127.0.0.1", "one")


async def test_calls_are_read_again_without_a_service(tmp_path: Path) -> None:
    (tmp_path / "notifier.toml").write_text(WRONG)
    async with running(tmp_path, 1, ENABLE_EMAIL="false") as service:
        kept = (await post(service, "one", id=7)).json()["event_id"]
        await service.stop()
        (tmp_path / "notifier.toml").write_text(RIGHT)
        done = await asked(service, "events", "replay", kept, "--offline")
        assert (done.returncode, done.stdout) == (0, f"{kept}: ignored\n")
        empty = await asked(service, "events", "list", "--status", "unmapped", "--offline")
        assert empty.stdout == "No such events.\n"
        (line,) = refusal(await asked(service, "events", "show", "evt_none", "--offline"), 1)
        assert line.startswith("notifier: there is no event evt_none; ")
        wrong = await asked(service, "events", "replay", "--offline")
        assert wrong.returncode == 2
        assert "write the ids of events, or --source" in wrong.stderr
