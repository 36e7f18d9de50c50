"""`--offline`: the store itself, read by a command while no service runs."""

import os
from pathlib import Path

import pytest

from tests.integration.command import asked, document, refusal, run
from tests.service import Service, assigned, running
from tests.smtp_sink import SmtpSink


async def test_beside_a_running_service_it_names_who_holds_the_store(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        assert service.process is not None
        for arguments in (("deliveries", "list", "--offline"), ("store", "migrate")):
            (line,) = refusal(await asked(service, *arguments), 1)
            assert f"is in use by process {service.process.pid} on " in line
        (line,) = refusal(await asked(service, "why", "1", "--offline"), 1)
        assert line.endswith("or ask that service: leave out --offline")


async def test_without_a_service_it_reads_the_same_history(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        answer = await service.post(assigned(1, "john@example.com"), "one")
        (id_,) = [one["id"] for one in answer.json()["deliveries"]]
        await service.until_ended([id_])
        online = document(await asked(service, "deliveries", "list", "--json"))
        assert await service.stop() == 0
        # No token of the service is needed: whoever reads the file needs none.
        offline = await asked(service, "deliveries", "list", "--json", "--offline", API_TOKENS="")
        shown = await asked(service, "deliveries", "show", id_, "--offline")
        why = await asked(service, "why", "1", "--offline")
        nobody = await asked(service, "why", "2", "--offline")
    assert document(offline) == online
    assert (shown.returncode, why.returncode, nobody.returncode) == (0, 0, 1)
    assert "250 2.0.0 queued as 1" in shown.stdout
    assert f"email to john@example.com: sent ({id_})" in why.stdout
    assert not [name for name in os.listdir(tmp_path) if name.startswith("notifier.db-")]


async def test_it_sends_nothing_even_when_something_is_due(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await service.start()
            sink.shut_gate()
            answer = await service.post(assigned(1, "john@example.com"), "one")
            await sink.wait_for(lambda sink: sink.asked == 1)
            await service.stop(9)
            why = document(await asked(service, "why", "1", "--offline", "--json"))
            assert sink.taken == []
            sink.open_gate()
            await service.start()
            (ended,) = await service.until_ended([answer.json()["deliveries"][0]["id"]])
        finally:
            await service.close()
    (delivery,) = why["events"][0]["deliveries"]
    assert (delivery["state"], ended["state"], len(sink.taken)) == ("unknown", "sent", 1)
    assert (delivery["finished_at"], why["service"]) == (None, None)


@pytest.mark.parametrize(
    "arguments",
    [("why", "1", "--offline"), ("deliveries", "list", "--offline"), ("store", "check")],
    ids=str,
)
def test_where_there_is_no_store_none_is_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (line,) = refusal(run(tmp_path, *arguments), 1)
    assert line.startswith("notifier: there is no store at notifier.db; DATABASE_URL names it")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").write_text("not a database " * 100)
    (line,) = refusal(run(tmp_path, "why", "1", "--offline"), 1)
    assert line.endswith("put a backup in its place.")


@pytest.mark.parametrize(
    "arguments", [("why", "1", "--offline"), ("serve", "--port", "0"), ("store", "check")], ids=str
)
def test_a_folder_is_no_store(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notifier.db").mkdir()
    (line,) = refusal(run(tmp_path, *arguments), 1)
    assert line == "notifier: notifier.db is a folder; DATABASE_URL must name a file in it"
