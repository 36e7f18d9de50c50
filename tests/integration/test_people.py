"""The directory of people with the service as a process, over the API and by the command."""

import json
from pathlib import Path
from typing import Any

from tests.integration.command import CompletedProcess, asked, document, refusal, run
from tests.service import Service, assigned, running
from tests.smtp_sink import SmtpSink

TABLE = """id,name,email,phone,time_zone,default:id
ana,Ana Silva,ana@example.com,+14155550123,Europe/Lisbon,4711
bob,Bob Jones,nonsense,,,4712
"""


def by_id(number: int, id_: str, **more: str) -> dict[str, Any]:
    event = assigned(number, "x@example.com")
    event["data"]["assignee"] = {"id": id_, **more}
    return event


def remains(folder: Path) -> list[str]:
    """Give which files of the store hold the name or the address."""
    wanted = (b"Ana Silva", b"ana@example.com")
    files = {file.name: file.read_bytes() for file in folder.glob("notifier.db*")}
    return [name for name, held in files.items() if any(text in held for text in wanted)]


def lines(done: CompletedProcess) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


async def posted(service: Service, event: dict[str, Any], key: str) -> dict[str, Any]:
    (delivery, *_) = (await service.post(event, key)).json()["deliveries"]
    found: dict[str, Any] = delivery
    return found


async def test_from_nobody_found_to_a_mail_that_arrives_by_the_words_it_says(
    tmp_path: Path,
) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        failed = await posted(service, by_id(1, "4711", name="Ana Silva"), "one")
        assert (failed["state"], failed["reason"]) == ("failed", "no_address")
        shown = await service.get(f"/v1/deliveries/{failed['id']}")
        assert shown["sentence"] == (
            "The help desk default named only id 4711 (Ana Silva), and no address is known: add "
            "one with notifier people set NAME --source default:4711 --email ADDRESS, then retry."
        )
        (line,) = refusal(await asked(service, "deliveries", "retry", failed["id"]), 1)
        assert "named only id 4711 (Ana Silva)" in line
        said = lines(
            await asked(
                service,
                *("people", "set", "ana", "--source", "default:4711"),
                *("--email", "Ana@EXAMPLE.com", "--phone", "+1 415 555 0123"),
            )
        )
        assert said[0].split() == ["person", "ana"]
        lines(await asked(service, "deliveries", "retry", failed["id"]))
        (ended,) = await service.until_ended([failed["id"]])
        assert (ended["state"], ended["recipient"]) == ("sent", "Ana@example.com")
        found = await service.get(f"/v1/events/{ended['event_id']}")
        assert [(one["channel"], one["state"]) for one in found["deliveries"]] == [
            ("email", "sent"),
            ("sms", "suppressed"),
        ]
        assert len(sink.taken) == 1


async def test_a_table_is_tried_imported_listed_and_imported_again(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\ufeff" + TABLE.replace(",", ";"), encoding="utf-8")
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        tried = await asked(service, "people", "import", str(file), "--dry-run")
        assert (tried.returncode, tried.stdout) == (
            1,
            "It would be: 1 created, 0 updated, 0 unchanged, 1 failed\n",
        )
        assert tried.stderr.startswith("row 3, email: must be an email address such as ")
        assert lines(await asked(service, "people", "list")) == ["No such people."]
        file.write_text(TABLE.replace("nonsense", "bob@example.com"), encoding="utf-8")
        done = document(await asked(service, "people", "import", str(file), "--json"))
        assert done == {"created": 2, "updated": 0, "unchanged": 0, "failed": 0, "errors": []}
        again = lines(await asked(service, "people", "import", str(file)))
        assert again == ["0 created, 0 updated, 2 unchanged, 0 failed"]
        ends = await posted(service, by_id(2, "4712"), "two")
        assert ends["recipient"] == "bob@example.com"
        _, first, second = lines(await asked(service, "people", "list"))
        assert first.split() == ["bob", "Bob", "Jones", "bob@example.com", "-", "default:4712"]
        assert second.split()[0] == "ana"
        page = document(
            await asked(service, "people", "list", "--json", "--source", "default", "--id", "4711")
        )
        assert [one["id"] for one in page["items"]] == ["ana"]
        more = await asked(service, "people", "list", "--limit", "1", "--query", "b")
        assert lines(more)[1].startswith("bob")
        more = await asked(service, "people", "list", "--limit", "1")
        assert more.stderr.startswith("There are more: add --cursor ")


async def test_set_changes_what_is_given_and_says_what_is_wrong(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        one = ("people", "set", "ana")
        given = ("--name", "Ana", "--locale", "pt", "--time-zone", "Europe/Lisbon")
        lines(await asked(service, *one, *given, "--login", "jira:asilva"))
        changed = await asked(service, *one, "--email", "ana@example.com", "--json")
        person = document(changed)
        assert (person["name"], person["emails"], person["locale"]) == (
            "Ana",
            ["ana@example.com"],
            "pt",
        )
        assert person["sources"] == [{"source": "jira", "id": None, "login": "asilva"}]
        shown = lines(await asked(service, "people", "show", "ana"))
        assert [line.split()[0] for line in shown] == [
            *("person", "name", "email", "locale", "time", "known")
        ]
        other = await asked(service, "people", "set", "bob", "--email", "ana@example.com")
        assert refusal(other, 1)[0].endswith("Email ana@example.com is already ana's.")
        wrong = refusal(await asked(service, *one, "--email", "ana"), 1)
        assert wrong[1].startswith("notifier: emails.0: must be an email address such as ")
        assert refusal(await asked(service, *one, "--source", "4711"), 2)[-1].endswith(
            "--source 4711: write SOURCE:NAME, such as zammad:4711"
        )
        (line,) = refusal(await asked(service, "people", "show", "eva"), 1)
        assert line.endswith("there is no person eva; notifier people list shows their ids")


async def test_who_is_erased_is_in_no_file(tmp_path: Path) -> None:
    limited = {"RATE_LIMIT_EMAIL": "1/1h"}
    async with SmtpSink() as sink, running(tmp_path, sink.port, **limited) as service:
        ana = {"name": "Ana Silva", "email": "ana@example.com"}
        sent = await posted(service, by_id(1, "4711", **ana), "one")
        await service.until_ended([sent["id"]])
        waits = await posted(service, by_id(2, "4711", **ana), "two")
        person = (await service.get(f"/v1/deliveries/{waits['id']}"))["person"]["id"]
        asking = await asked(service, "people", "erase", person)
        assert asking.returncode == 1, "nobody said yes"
        assert lines(await asked(service, "people", "erase", person, "--yes")) == [
            f"{person} is erased. Backups keep what they hold."
        ]
        assert remains(tmp_path) == []
        ended = [await service.get(f"/v1/deliveries/{one['id']}") for one in (sent, waits)]
        assert [(one["state"], one["recipient"]) for one in ended] == [
            ("sent", None),
            ("cancelled", None),
        ]
        assert ended[0]["person"] == {"id": None, "name": None}
        (line,) = refusal(await asked(service, "deliveries", "retry", waits["id"]), 1)
        assert "was erased" in line
        assert (
            "no person" in refusal(await asked(service, "people", "erase", person, "--yes"), 1)[0]
        )
        text = json.dumps(service.lines)
        assert "Ana Silva" not in text
        assert "ana@example.com" not in text


async def test_without_a_service_the_store_itself_is_asked(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        lines(await asked(service, "people", "set", "ana", "--email", "ana@example.com"))
        await service.stop()
        shown = document(await asked(service, "people", "show", "ana", "--offline", "--json"))
        assert shown["emails"] == ["ana@example.com"]
        erased = await asked(service, "people", "erase", "ana", "--yes", "--offline", "--json")
        assert document(erased) == {"erased": True}
    missing = run(tmp_path, "people", "import", "nothing.csv")
    assert missing.returncode == 2
