"""`notifier serve` beside others: on one store, and on one port."""

import json
import signal
from pathlib import Path

import pytest

from tests.integration.command import SIGNED, Serving, refusal, run, serving


@pytest.mark.fault("A9")
def test_a_second_one_on_the_same_store_exits_1_and_names_the_holder(tmp_path: Path) -> None:
    with serving(tmp_path, **SIGNED) as service:
        (line,) = refusal(run(tmp_path, "serve", "--port", "0", "--lock-wait", "0s"), 1)
        assert service.end() == 0
    assert line.startswith("notifier: notifier.db is in use by process ")
    assert "Stop that one first" in line


@pytest.mark.fault("A9")
def test_a_second_one_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    with serving(tmp_path, **SIGNED) as first:
        second = Serving(tmp_path, "--lock-wait", "60s", **SIGNED)
        try:
            assert "notifier.db is in use by process " in second.until("store.waiting")
            assert first.end() == 0
            second.until("service.ready")
            assert second.end() == 0
        finally:
            second.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_waits_can_be_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path, **SIGNED):
        second = Serving(tmp_path, **SIGNED)
        try:
            second.until("store.waiting")
            assert second.end(number) == 0
        finally:
            second.close()


def test_start_lines_stand_as_messages_in_json(tmp_path: Path) -> None:
    given = {
        "LOG_FORMAT": "json",
        "SMTP_HOST": "mail.example.com",
        "SMTP_AUTH": "none",
        "FROM_EMAIL": "desk@example.com",
        "ENABLE_SMS": "yes",
        "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
        "TWILIO_AUTH_TOKEN": "never-shown",
        "TWILIO_MESSAGING_SERVICE_SID": "MG1",
    }
    with serving(tmp_path, **SIGNED, **given) as service:
        assert service.end() == 0
    lines = [json.loads(line) for line in service.lines]
    assert {line["level"] for line in lines} == {"info"}
    configured = [line["message"] for line in lines if line["action"] == "channel.configured"]
    assert configured == [
        "[Email] SMTP relay mail.example.com:587 without sign-in",
        "[SMS] Twilio credentials configured",
    ]
    (ready,) = [line["message"] for line in lines if line["action"] == "service.ready"]
    assert ready.endswith(f" listens on {service.url}")
    assert lines[-1]["action"] == "service.stopped"
    assert "never-shown" not in "".join(service.lines)
