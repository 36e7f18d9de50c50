"""What an operator changes from the command line: retry, cancel, and a test message."""

from pathlib import Path

from tests.integration.command import CompletedProcess, asked, document, refusal
from tests.integration.smtp_server import SmtpServer, serving
from tests.service import Service, assigned, free_port, running
from tests.smtp_sink import SmtpSink

ONE_AN_HOUR = {"RATE_LIMIT_EMAIL": "1/1h"}


async def accepted(service: Service, number: int, to: str = "john@example.com") -> str:
    answer = await service.post(assigned(number, to), f"call-{number}")
    (delivery,) = answer.json()["deliveries"]
    found: str = delivery["id"]
    return found


def unwrapped(done: CompletedProcess) -> str:
    return " ".join(done.stdout.split())


async def test_what_was_refused_for_good_is_tried_again_and_arrives(tmp_path: Path) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [b"550 5.1.1 no such user\r\n"]
    async with serving(server), running(tmp_path, server.port) as service:
        id_ = await accepted(service, 1)
        await service.until_ended([id_])
        shown = await asked(service, "deliveries", "show", id_)
        assert "at the recipient's address: 550 5.1.1 no such user" in unwrapped(shown)
        assert f"notifier deliveries retry {id_}" in unwrapped(shown)
        done = await asked(service, "deliveries", "retry", id_)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{id_} is ")
        (ended,) = await service.until_ended([id_])
        assert ended["state"] == "sent"
        told = document(await asked(service, "deliveries", "show", id_, "--json"))
        assert [one["outcome"] for one in told["attempts"]] == ["failed", "sent"]
        (line,) = refusal(await asked(service, "deliveries", "retry", id_), 1)
        assert line.endswith(": It was sent; the provider has it.")
        as_json = await asked(service, "deliveries", "cancel", id_, "--json")
    assert (as_json.returncode, document(as_json)["code"]) == (1, "wrong_state")
    assert len(server.mails) == 1


async def test_what_waits_is_taken_back_and_let_go_again(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port, **ONE_AN_HOUR) as service:
        sent, waits = await accepted(service, 1), await accepted(service, 2)
        await service.until_ended([sent])
        done = await asked(service, "deliveries", "cancel", waits)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == f"{waits} is cancelled: operator"
        again = await asked(service, "deliveries", "retry", waits, "--json")
        assert (document(again)["id"], document(again)["state"]) == (waits, "pending")
        (line,) = refusal(await asked(service, "deliveries", "cancel", "dlv_none"), 1)
        assert line.startswith("notifier: there is no delivery dlv_none; ")


async def test_what_is_on_its_way_is_only_marked(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        sink.shut_gate()
        id_ = await accepted(service, 1)
        await sink.wait_for(lambda sink: sink.asked == 1)
        done = await asked(service, "deliveries", "cancel", id_)
        assert done.stdout.splitlines()[:2] == [
            f"{id_} is sending",
            "It is with the provider; if it is not taken, it is cancelled and not retried.",
        ]
        sink.open_gate()
        (ended,) = await service.until_ended([id_])
    assert ended["state"] in ("sent", "cancelled")


async def test_offline_it_is_decided_before_the_service_runs_again(tmp_path: Path) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [b"550 5.7.1 not today\r\n"] * 2
    async with serving(server):
        service = Service(tmp_path, server.port)
        try:
            await service.start()
            ids = [await accepted(service, 1, "john@example.com")]
            ids.append(await accepted(service, 2, "jane@example.com"))
            await service.until_ended(ids)
            assert await service.stop() == 0
            wanted, given_up = ids
            for id_ in ids:
                done = await asked(service, "deliveries", "retry", id_, "--offline")
                assert done.stdout.startswith(f"{id_} is pending\n")
            done = await asked(service, "deliveries", "cancel", given_up, "--offline")
            assert done.stdout.startswith(f"{given_up} is cancelled: operator\n")
            tested = await asked(service, "send-test", "email", "eve@example.com", "--offline")
            assert (tested.returncode, tested.stderr) == (0, "")
            assert server.mails == []
            await service.start()
            await server.until(lambda server: len(server.mails) == 2)
            await service.until_ended([wanted])
            ended = {one["id"]: one["state"] for one in await service.deliveries()}
        finally:
            await service.close()
    assert (ended[wanted], ended[given_up]) == ("sent", "cancelled")
    assert sorted(mail.to for mail in server.mails) == ["eve@example.com", "john@example.com"]


async def test_a_test_message_shows_that_a_channel_works(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        done = await asked(service, "send-test", "email", "eve@example.com", "--wait")
        assert (done.returncode, done.stderr) == (0, "")
        first, *story = done.stdout.splitlines()
        assert first.endswith(" is sent")
        assert any("taken: 250 2.0.0 queued as 1" in line for line in story)
        assert any("Test message" in line for line in story)
        at_once = document(await asked(service, "send-test", "email", "eve@example.com", "--json"))
        assert at_once["recipient"] == "eve@example.com"
        await service.until_ended([at_once["id"]])
    assert [mail.to for mail in sink.taken] == ["eve@example.com"] * 2


async def test_a_test_message_that_cannot_leave_exits_1_and_says_why(tmp_path: Path) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [b"550 5.7.1 relaying denied\r\n"]
    async with serving(server), running(tmp_path, server.port) as service:
        failed = await asked(service, "send-test", "email", "eve@example.com", "--wait")
        off = await asked(service, "send-test", "sms", "+14155550123")
        wrong = refusal(await asked(service, "send-test", "email", "nobody"), 1)
        unknown = await asked(service, "send-test", "pigeon", "eve@example.com", "--json")
    assert (failed.returncode, off.returncode) == (1, 1)
    assert "550 5.7.1 relaying denied" in unwrapped(failed)
    assert "is suppressed: channel_disabled" in off.stdout
    assert "ENABLE_SMS" in off.stdout
    assert any(line.startswith("notifier: to: must be an email address") for line in wrong)
    assert (unknown.returncode, document(unknown)["status"]) == (1, 422)
    assert document(unknown)["errors"][0]["path"] == "channel"


async def test_waiting_needs_a_service_that_sends(tmp_path: Path) -> None:
    service = Service(tmp_path, free_port())
    lines = refusal(
        await asked(service, "send-test", "email", "a@b.example", "--wait", "--offline"), 2
    )
    assert lines[-1] == "Error: --wait needs the running service: without one nothing is sent"
    await service.close()
