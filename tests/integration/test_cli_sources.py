"""`notifier sources` as a process, on files and beside a running service."""

import hashlib
import hmac
import json
from pathlib import Path

import httpx2
import pytest

from tests.integration.command import SIGNED, asked, document, refusal, run
from tests.service import Service, running

NOWHERE = 1
"""A port that nothing is sent to: mails are off."""

SECRET = "a-secret-of-the-help-desk-0123456789"
TABLE = f"""
[sources.desk]
desk_url = "https://desk.example.com"
secrets = ["{SECRET}"]
auth = [{{ scheme = "hmac", header = "x-signature" }}]
ignore = "body.kind == 'ping'"
[sources.desk.map.events]
"ticket.assigned" = "prev.assignee.id != assignee.id"
[sources.desk.map.fields]
"ticket.id" = "body.id"
"ticket.title" = "body.title"
"assignee.id" = "body.to"
"assignee.email" = "body.email"
"""
BODY = {"id": 7, "title": "Printer Not Working", "to": 5, "email": "john@example.com"}


def write(folder: Path, body: object = BODY, secret: str = SECRET) -> tuple[str, ...]:
    """Write the table, a call and its headers; give the options that name them."""
    (folder / "notifier.toml").write_text(TABLE)
    (folder / "notifier.toml").chmod(0o600)
    content = json.dumps(body).encode()
    (folder / "body.json").write_bytes(content)
    signed = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    (folder / "headers.txt").write_text(f"Content-Type: application/json\nX-Signature: {signed}\n")
    return ("--body", "body.json", "--headers", "headers.txt")


async def post(service: Service, body: object, secret: str = SECRET) -> httpx2.Response:
    content = json.dumps(body).encode()
    signed = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return await service.client.post(
        f"{service.url}/webhooks/desk", content=content, headers={"x-signature": signed}
    )


async def test_sources_and_their_calls_are_shown_beside_a_running_service(tmp_path: Path) -> None:
    write(tmp_path)
    base = "https://notify.example.com"
    async with running(tmp_path, NOWHERE, ENABLE_EMAIL="false", PUBLIC_BASE_URL=base) as service:
        silent = await asked(service, "sources", "calls", "desk")
        assert silent.stdout == "desk has not called since the service was started.\n"
        assert (await post(service, BODY)).status_code == 200
        assert (await post(service, {"kind": "ping"})).json()["status"] == "ignored"
        assert (await post(service, BODY, "another")).status_code == 401
        listed = await asked(service, "sources", "list")
        assert "default" in listed.stdout
        assert f"{base}/webhooks/desk" in listed.stdout
        assert "HMAC-SHA256 in x-signature" in listed.stdout
        found = document(await asked(service, "sources", "list", "--json"))
        assert [one["name"] for one in found["items"]] == ["default", "desk"]
        shown = await asked(service, "sources", "show", "desk")
        assert "https://desk.example.com" in shown.stdout
        native = await asked(service, "sources", "show", "default")
        assert "headers['webhook-id']" in native.stdout
        told = (await asked(service, "sources", "calls", "desk")).stdout.splitlines()
        assert [line.split("  ")[1] for line in told if "UTC" in line] == [
            "refused",
            "ignored",
            "accepted",
        ]
        assert "evt_" in told[-1]
        whole = await asked(service, "sources", "calls", "desk", "-v")
        assert "Printer Not Working" in whole.stdout
        assert "x-signature: " in whole.stdout
        calls = document(await asked(service, "sources", "calls", "desk", "--json"))
        assert len(calls["items"]) == 3
        for command in ("show", "calls"):
            lines = refusal(await asked(service, "sources", command, "nobody"), 1)
            assert lines == [
                "notifier: there is no source nobody; notifier sources list shows them"
            ]
        text = "".join([listed.stdout, shown.stdout, whole.stdout, *service.lines])
        assert SECRET not in text


def test_sources_are_listed_from_the_store_itself(tmp_path: Path) -> None:
    write(tmp_path)
    run(tmp_path, "store", "migrate", **SIGNED)
    done = run(tmp_path, "sources", "list", "--offline", "--json", **SIGNED)
    assert [one["name"] for one in document(done)["items"]] == ["default", "desk"]


def test_a_right_file_is_right(tmp_path: Path) -> None:
    done = run(tmp_path, "sources", "check")
    assert (done.returncode, done.stdout) == (
        0,
        "There is no notifier.toml here; notifier connect makes one.\n",
    )
    write(tmp_path)
    done = run(tmp_path, "sources", "check")
    assert (done.returncode, done.stdout) == (0, "notifier.toml is right: desk\n")
    (tmp_path / "notifier.toml").chmod(0o644)
    done = run(tmp_path, "sources", "check", "--json", "--config", "notifier.toml")
    assert document(done)["sources"] == ["desk"]
    assert "others may read it" in done.stderr


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(
        TABLE.replace("body.id", "body.id(").replace("prev.assignee.id !=", "prev.assignee.id !")
        + "[rest]\n"
    )
    lines = refusal(run(tmp_path, "sources", "check", "--config", "other.toml"), 2)
    assert [line.split(": ")[1:3] for line in lines] == [
        ["other.toml:14", "rest"],
        ["other.toml:10", 'sources.desk.map.fields."ticket.id"'],
        ["other.toml:8", 'sources.desk.map.events."ticket.assigned"'],
    ]


def test_presets_are_listed_and_explained(tmp_path: Path) -> None:
    listed = run(tmp_path, "sources", "presets")
    assert ["zammad", "Zammad"] in [line.split() for line in listed.stdout.splitlines()]
    items = document(run(tmp_path, "sources", "presets", "--json"))["items"]
    assert {"name": "zammad", "title": "Zammad"} in items
    one = run(tmp_path, "sources", "presets", "zammad")
    assert one.stdout.startswith("Zammad\n\n 1. In Zammad open Settings")
    assert "What it tells:" in one.stdout
    assert "notifier connect zammad" in one.stdout
    assert "https://notifier.example.com/webhooks/zammad" in one.stdout
    assert "{url}" not in one.stdout
    assert document(run(tmp_path, "sources", "presets", "zammad", "--json"))["name"] == "zammad"
    lines = refusal(run(tmp_path, "sources", "presets", "zamad"), 2)
    assert lines == ["notifier: preset: there is no preset zamad; did you mean zammad?"]


def test_a_call_is_tried_and_its_events_are_told_the_assignee_first(tmp_path: Path) -> None:
    done = run(tmp_path, "sources", "try", "desk", *write(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[:4] == [
        ["read", "as"],
        [],
        ["ticket.assigned"],
        ["assignee.id", "5"],
    ]
    assert ["ticket.title", "Printer", "Not", "Working"] in lines


@pytest.mark.parametrize(
    ("more", "status", "outcome"),
    [
        ((), 0, "mapped"),
        (("--prev", "prev.json"), 0, "ignored"),
        (("--method", "put"), 1, "refused"),
    ],
)
def test_what_becomes_of_a_call_depends_on_what_was_known(
    more: tuple[str, ...], status: int, outcome: str, tmp_path: Path
) -> None:
    options = write(tmp_path)
    (tmp_path / "prev.json").write_text('{"assignee": {"id": "5"}}')
    done = run(tmp_path, "sources", "try", "desk", "--json", *options, *more)
    assert done.returncode == status
    assert document(done)["outcome"] == outcome


def test_what_is_not_authentic_or_not_readable_says_exactly_why(tmp_path: Path) -> None:
    options = write(tmp_path, secret="another")
    done = run(tmp_path, "sources", "try", "desk", *options)
    assert (done.returncode, done.stdout.splitlines()[0][:9]) == (1, "refused: ")
    assert SECRET not in done.stdout
    unverified = run(tmp_path, "sources", "try", "desk", *options, "--no-verify")
    assert unverified.returncode == 0
    unread = run(tmp_path, "sources", "try", "desk", *write(tmp_path, {"to": 5}))
    assert unread.returncode == 1
    assert unread.stdout.startswith("not readable: ")


def test_a_shipped_preset_is_tried_without_any_file(tmp_path: Path) -> None:
    body = b'{"ticket": {"id": 81, "title": "Printer Not Working", "owner": {"id": 5}}}'
    (tmp_path / "body.json").write_bytes(body)
    signed = hmac.new(SECRET.encode(), body, "sha1").hexdigest()
    (tmp_path / "headers.json").write_text(json.dumps({"X-Hub-Signature": f"sha1={signed}"}))
    options = ("--preset", "zammad", "--body", "body.json", "--headers", "headers.json")
    good = run(tmp_path, "sources", "try", "any", *options, "--secret", "env:DESK", DESK=SECRET)
    assert good.stdout.splitlines()[2] == "ticket.assigned"
    bad = run(tmp_path, "sources", "try", "any", *options, "--secret", "env:DESK", DESK="x" * 40)
    assert bad.returncode == 1
    none = refusal(run(tmp_path, "sources", "try", "any", *options), 2)
    assert "secrets" in "".join(none)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "--body", "body.json"), "there is no source nobody in the file; there are: d"),
        (("desk", "--body", "body.json", "--headers", "body.txt"), "write lines `Name: value`"),
        (("desk", "--body", "body.json", "--prev", "body.txt"), "--prev: write one JSON object"),
        (("desk", "--body", "body.json", "--now", "x"), "write a time like"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "body.txt").write_text("no header")
    assert said in "".join(refusal(run(tmp_path, "sources", "try", *arguments), 2))


def test_an_old_call_is_taken_when_that_is_asked_for(tmp_path: Path) -> None:
    body = b'{"id": 7}'
    (tmp_path / "body.json").write_bytes(body)
    (tmp_path / "notifier.toml").write_text(
        TABLE.replace(
            'header = "x-signature"',
            'header = "x-signature", signed = "{header:x-time}{body}", '
            'timestamp = { from = "header:x-time", unit = "s" }',
        )
    )
    signed = hmac.new(SECRET.encode(), b"1795424400" + body, "sha256").hexdigest()
    (tmp_path / "headers").write_text(f"x-time: 1795424400\nx-signature: {signed}\n")
    options = ("sources", "try", "desk", "--body", "body.json", "--headers", "headers")
    late = run(tmp_path, *options, "--now", "2026-11-23T10:00:00Z")
    assert (late.returncode, late.stdout[:9]) == (1, "refused: ")
    assert run(tmp_path, *options, "--now", "2026-11-23T09:00:10Z").returncode == 0
    assert run(tmp_path, *options, "--any-time").returncode == 0
    assert "challenge" not in late.stdout
