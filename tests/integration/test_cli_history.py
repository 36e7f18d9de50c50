"""`notifier deliveries` and `notifier why`, against the real service and a real mail server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.command import asked, document, refusal
from tests.service import Service, assigned, free_port, running
from tests.smtp_sink import SmtpSink

LONG = "Printer Not Working in the whole building, the annex and the garden \x1b[31m" * 3


def created(number: int, **data: object) -> dict[str, Any]:
    ticket = {"id": str(number), "title": LONG}
    return {"type": "ticket.created", "data": {"ticket": ticket, **data}}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with SmtpSink() as sink, running(tmp_path, sink.port, RATE_LIMIT_EMAIL="2/1s") as one:
        yield one


async def told(service: Service, event: dict[str, Any], key: str) -> list[str]:
    answer = await service.post(event, key)
    assert answer.status_code == httpx2.codes.ACCEPTED
    return [one["id"] for one in answer.json()["deliveries"]]


async def why(service: Service, ticket: str, *arguments: str) -> str:
    done = await asked(service, "why", ticket, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    return " ".join(done.stdout.split())


async def test_a_ticket_told_once_says_so_for_each_of_its_events(service: Service) -> None:
    john = {"id": "john@example.com", "email": "john@example.com"}
    (merged_away,) = await told(service, assigned(1, "john@example.com", title="Other"), "one")
    (merged,) = await told(service, created(1, assignee=john), "two")
    await service.until_ended([merged_away])
    said = await why(service, "1")
    assert "Ticket #1 Printer Not Working" in said
    assert "\x1b" not in said
    assert "2 events, oldest first; times in UTC" in said
    assert "ticket.assigned for John Smith by Administrator (medium)" in said
    assert "after the time it names, 2026-11-23 09:00:00." in said
    assert f"email to john@example.com: sent ({merged_away})" in said
    assert "Planned because ticket.assigned tells the assignee." in said
    assert ": taken: 250 2.0.0 queued as 1" in said
    assert "look into spam and quarantine" in said
    assert f"email to john@example.com: merged: same_save ({merged})" in said
    assert f"That one is {merged_away}: sent." in said
    assert f"notifier deliveries show {merged_away}" in said


async def test_an_event_that_told_nobody_says_why(service: Service) -> None:
    own = {"id": "9", "name": "Ann", "email": "ann@example.com", "phone": "+14155550123"}
    await told(service, created(2), "one")
    await told(service, {**created(2), "type": "ticket.updated"}, "two")
    await told(service, {**created(2), "type": "ticket.exploded"}, "three")
    await told(service, created(2, assignee=own, actor=own), "four")
    (sms,) = await told(service, created(2, assignee={"phone": "+14155550124"}), "five")
    await told(service, created(2, assignee={"name": "Eve"}), "six")
    said = await why(service, "#2")
    assert "6 events" in said
    assert "The ticket has no assignee, so there was nobody to tell." in said
    assert "the help desk must send data.assignee" in said
    assert "Nobody was told: nobody is told of this type." in said
    assert "This version does not know the type, so it was kept, and nobody was told." in said
    assert said.count("suppressed: own_action") == 2
    assert "NOTIFY_SELF=true" in said
    assert f"sms to +14155550124: suppressed: channel_disabled ({sms})" in said
    assert f"notifier deliveries retry {sms}" in said
    assert "nothing to nobody: failed: no_address" in said


async def test_a_roll_up_says_with_how_many_others_it_left(service: Service) -> None:
    ids = []
    for number in range(1, 6):
        event = assigned(number, "john@example.com")
        event["data"]["ticket"]["number"] = "77"
        ids += await told(service, event, f"call-{number}")
    await service.until_ended(ids)
    said = await why(service, "77", "--limit", "3")
    assert "Several tickets are known as 77:" in said
    assert "Ticket #77 Printer Not Working 3 (id 3)" in said
    assert "3 events, oldest first (older ones with --limit 6)" in said
    assert said.count("It shares one message with 2 more, a roll-up: ") == 3
    assert "3 tickets need your attention: #77, #77, #77" in said
    shown = await asked(service, "deliveries", "show", ids[-1])
    assert shown.returncode == 0
    assert f"delivery   {ids[-1]}\n" in shown.stdout
    assert "\nrecipient  john@example.com\n" in shown.stdout
    assert "It shares one message with 2 more" in shown.stdout


async def test_a_ticket_that_waits_says_what_is_wrong_with_the_service(tmp_path: Path) -> None:
    async with running(tmp_path, free_port()) as service:
        (waits,) = await told(service, assigned(1, "john@example.com"), "one")
        await service.until_logged("[Email Error]")
        said = await why(service, "1")
        assert f"email to john@example.com: pending ({waits})" in said
        assert "Try 1," in said
        assert (
            f", 127.0.0.1:{service.environment['SMTP_PORT']}: came to nothing while connecting"
            in said
        )
        assert "It waits for its next try, due at " in said
        found = document(await asked(service, "why", "1", "--json"))
    (event,) = found["events"]
    (delivery,) = event["deliveries"]
    assert (found["ticket"], found["more"], found["service"]["reasons"]) == ("1", False, [])
    assert event["sentences"][0].startswith("It came ")
    assert event["next"] is None
    assert delivery["attempts"][0]["phase"] == "connect"
    assert any(
        line.startswith("It waits for its next try, due at ") for line in delivery["sentences"]
    )
    assert delivery["next"].startswith("The replies above say why; notifier check ")


async def test_of_an_unknown_ticket_it_says_where_to_look(service: Service) -> None:
    done = await asked(service, "why", "404")
    first, second = refusal(done, 1)
    assert first.startswith("notifier: Nothing is known of a ticket 404: ")
    assert "refused calls" in second
    as_json = await asked(service, "why", "404", "--json")
    assert (as_json.returncode, document(as_json)["events"], as_json.stderr) == (1, [], "")


async def test_a_list_takes_the_filters_of_the_api_and_fits(service: Service) -> None:
    (sent,) = await told(service, assigned(1, "a.very.long.name@example.com", title=LONG), "one")
    (sms,) = await told(service, created(2, assignee={"id": "5", "phone": "+14155550123"}), "two")
    await service.until_ended([sent])

    async def ids(*arguments: str) -> list[str]:
        done = await asked(service, "deliveries", "list", "--json", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return [one["id"] for one in document(done)["items"]]

    whole = await asked(service, "deliveries", "list")
    heads, *rows = whole.stdout.splitlines()
    assert heads.split() == ["ID", "CREATED", "(UTC)", "TICKET", "CHANNEL", "RECIPIENT", "STATE"]
    assert [row.split()[0] for row in rows] == [sms, sent]
    assert {row.index("email") for row in rows if "email" in row} == {heads.index("CHANNEL")}
    assert {row.index("sent") for row in rows if "sent" in row} == {heads.index("STATE")}
    assert max(map(len, [heads, *rows])) <= 100
    assert await ids() == [sms, sent]
    assert await ids("--state", "sent", "--state", "failed", "--channel", "email") == [sent]
    assert await ids("--recipient", "+14155550123", "--ticket", "2", "--source", "default") == [sms]
    assert await ids("--since", "2h", "--until", "2026-01-01T00:00:00Z") == []
    first = await asked(service, "deliveries", "list", "--limit", "1")
    (hint,) = first.stderr.splitlines()
    assert hint.startswith("There are more: add --cursor ")
    assert await ids("--limit", "1", *hint.split()[-2:]) == [sent]
    nothing = await asked(service, "deliveries", "list", "--state", "expired")
    assert (nothing.returncode, nothing.stdout) == (0, "No such deliveries.\n")


async def test_a_terminal_of_ascii_survives(service: Service) -> None:
    (one,) = await told(service, assigned(1, "john@example.com", title="日本語 Ünïcode"), "one")
    await service.until_ended([one])
    for arguments in (("why", "1"), ("deliveries", "list"), ("deliveries", "show", one)):
        done = await asked(service, *arguments, PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (0, "")
        assert "??? ?n?code" in done.stdout


async def test_what_the_service_refuses_is_said_with_what_to_do(service: Service) -> None:
    (line,) = refusal(await asked(service, "deliveries", "show", "dlv_none"), 1)
    assert line == (
        "notifier: there is no delivery dlv_none; notifier deliveries list shows their ids"
    )
    (line,) = refusal(await asked(service, "deliveries", "show", "../events"), 1)
    assert "there is no delivery ../events" in line
    wrong = {"NOTIFIER_TOKEN": "a-token-that-nobody-knows"}
    first, second = refusal(await asked(service, "deliveries", "list", **wrong), 1)
    assert first == (
        "notifier: No valid token: This needs the header Authorization: Bearer, with a token of "
        "API_TOKENS."
    )
    assert "set NOTIFIER_TOKEN" in second
    assert wrong["NOTIFIER_TOKEN"] not in first + second
    as_json = await asked(service, "deliveries", "list", "--json", **wrong)
    assert (as_json.returncode, document(as_json)["code"]) == (1, "unauthorized")
    line = refusal(await asked(service, "deliveries", "list", "--cursor", "x"), 1)[1]
    assert line.startswith("notifier: cursor: ")


async def test_the_token_may_be_given_where_the_settings_are_not(
    service: Service, tmp_path: Path
) -> None:
    elsewhere = {"NOTIFIER_URL": service.url, "API_TOKENS": "", "PORT": ""}
    (line,) = refusal(await asked(service, "deliveries", "list", **elsewhere), 2)
    assert line.startswith("notifier: API_TOKENS: not set, so /v1 lets nobody in; ")
    given = {**elsewhere, "NOTIFIER_TOKEN": service.environment["API_TOKENS"]}
    done = await asked(service, "deliveries", "list", "--json", **given)
    assert document(done) == {"items": [], "next_cursor": None}
    bad = {**elsewhere, "NOTIFIER_TOKEN": "tökén"}
    (line,) = refusal(await asked(service, "deliveries", "list", **bad), 2)
    assert line == "notifier: NOTIFIER_TOKEN: write one of the service's API_TOKENS"
