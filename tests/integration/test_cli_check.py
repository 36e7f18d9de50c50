"""`notifier check` as a process: exit status, one line for each thing, one document."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tests.integration.command import SIGNED, document, run, serving
from tests.integration.smtp_certificates import certificate
from tests.integration.smtp_server import SmtpServer
from tests.integration.smtp_server import serving as smtp_serving
from tests.integration.smtp_setting import PASSWORD, USER
from tests.smtp_sink import SmtpSink
from tests.unit.rendering.folders import SUBJECT, put

OFF = {**SIGNED, "ENABLE_EMAIL": "false"}
RELAY = {
    **SIGNED,
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "none",
    "SMTP_AUTH": "none",
    "FROM_EMAIL": "desk@example.com",
}
ACCOUNT = {
    **SIGNED,
    "SMTP_HOST": "127.0.0.1",
    "SMTP_USER": USER,
    "SMTP_PASSWORD": PASSWORD,
}


async def test_all_well_exits_0_with_one_line_for_each_part(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        done = await asyncio.to_thread(run, tmp_path, "check", **RELAY, SMTP_PORT=str(sink.port))
        assert (sink.connections, sink.taken) == (1, [])
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ok       settings",
        "ok       sources",
        "ok       store",
        "ok       templates",
        "ok       email",
        "off      sms",
    ]
    assert lines[4].endswith("no sign-in is asked for, mails from desk@example.com")
    assert os.listdir(tmp_path) == ["notifier.db.lock"]


async def test_a_failure_exits_1_with_its_cause_and_its_mend(tmp_path: Path) -> None:
    server = SmtpServer("starttls", (await certificate()).context())
    async with smtp_serving(server):
        port = str(server.port)
        done = await asyncio.to_thread(run, tmp_path, "check", **ACCOUNT, SMTP_PORT=port)
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("failed"))
    assert line == (
        f"failed   email: the certificate of 127.0.0.1:{port} comes from an authority that is not "
        "known here. To mend it: set SMTP_CA_FILE to the authority's certificate in PEM; for a "
        "public provider, look for something on this network that intercepts TLS"
    )
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_settings_exit_2_one_line_each(as_json: bool, tmp_path: Path) -> None:
    given = {"SMTP_USER": "desk@example.com", "SMTP_PORT": "port", "TEMPLATES_DIR": "gone"}
    done = run(tmp_path, "check", *(["--json"] if as_json else []), **given)
    assert (done.returncode, done.stderr) == (2, "")
    if as_json:
        found = document(done)
        assert found["ok"] is False
        causes = [one["cause"] for one in found["findings"]]
    else:
        causes = [line.partition("settings: ")[2] for line in done.stdout.splitlines()]
    assert [cause.split(":")[0] for cause in causes] == [
        "SMTP_PORT",
        "SMTP_PASSWORD",
        "TEMPLATES_DIR",
    ]


def test_an_account_that_cannot_work_is_an_error_of_the_settings(tmp_path: Path) -> None:
    done = run(tmp_path, "check", **RELAY | {"SMTP_HOST": "mail example"})
    assert done.returncode == 2
    assert "settings: SMTP_HOST is not the name of a server" in done.stdout


def test_json_is_one_document(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = str(closed.getsockname()[1])
        done = run(tmp_path, "check", "--json", **RELAY, SMTP_PORT=port, SMTP_HOTS="a")
    assert (done.returncode, done.stderr) == (1, "")
    found = document(done)
    assert set(found) == {"ok", "findings"}
    assert found["ok"] is False
    assert {tuple(one) for one in found["findings"]} == {("about", "condition", "cause", "mend")}
    by_name = {one["about"]: one for one in found["findings"]}
    assert by_name["settings"]["condition"] == "warning"
    assert by_name["settings"]["cause"].endswith("did you mean SMTP_HOST?")
    assert by_name["store"]["mend"] is None
    assert by_name["email"] == {
        "about": "email",
        "condition": "failed",
        "cause": f"127.0.0.1:{port} refused the connection: nothing listens there",
        "mend": "check SMTP_HOST and SMTP_PORT: 587 with STARTTLS, or 465 with TLS from the "
        "start; and that the server runs",
    }


def test_beside_a_running_service_the_store_is_fine_and_names_its_holder(tmp_path: Path) -> None:
    with serving(tmp_path, **OFF):
        done = run(tmp_path, "check", **OFF)
    assert done.returncode == 0, done.stdout
    assert "ok       store: notifier.db is in use by process " in done.stdout
    assert ": the service runs\n" in done.stdout


def test_a_broken_template_is_reported_at_start_and_by_check_and_does_not_stop_anything(
    tmp_path: Path,
) -> None:
    folder = put(tmp_path / "mine", SUBJECT, "{{ colour }}")
    put(folder, "ticket.created/subject.txt.j2", "New: {{ number }}")
    given = {**OFF, "TEMPLATES_DIR": "mine"}
    done = run(tmp_path, "check", **given)
    assert done.returncode == 1
    assert "ok       templates: these are yours: ticket.created/subject.txt.j2\n" in done.stdout
    assert f"failed   templates: {SUBJECT} is not used: there is no variable colour" in done.stdout
    with serving(tmp_path, **given) as service:
        assert service.end() == 0
    (broken,) = [line for line in service.lines if "template.broken" in line]
    assert f"the template {SUBJECT} is not used, the built-in one is: there is no" in broken
    (overridden,) = [line for line in service.lines if "template.overridden" in line]
    assert "these templates are yours: ticket.created/subject.txt.j2" in overridden
