"""The operator's templates in the running service."""

import logging
from pathlib import Path

import pytest

from notifier.app.building import build
from notifier.demo.catcher import Catcher
from notifier.rendering import sms
from tests.service import assigned
from tests.unit.app.running import in_folder, served
from tests.unit.app.test_building import RELAY, post
from tests.unit.rendering.folders import SUBJECT, put

FAILS_LATER = "{% if title == 'Boom' %}{{ 1 + title }}{% endif %}Yours: {{ number }}"


async def test_a_mail_has_the_words_of_the_folder_and_leaves_even_when_they_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = put(tmp_path / "mine", SUBJECT, FAILS_LATER)
    async with Catcher(sms.count) as catcher:
        given = {**RELAY, "SMTP_PORT": str(catcher.smtp_port), "TEMPLATES_DIR": str(folder)}
        async with served(in_folder(tmp_path, **given)) as (_, service):
            await post(service.url, assigned(1, "john@example.com", title="Fine"))
            await post(service.url, assigned(22, "mary@example.com", title="Boom"))
            await catcher.wait_for(mails=2, sms=0, seconds=60)
    subjects = {mail.to: mail.subject for mail in catcher.mails}
    assert subjects == {
        "john@example.com": "Yours: #1",
        "mary@example.com": "New Ticket Assigned: #22 - Boom",
    }
    failed = [line for line in caplog.records if vars(line).get("action") == "template.failed"]
    assert failed
    assert {line.getMessage() for line in failed} == {
        f"the template {SUBJECT} did not render, so the built-in one was used: "
        "+ is for whole numbers; ~ joins texts"
    }


def test_what_is_used_and_what_is_broken_is_one_line_each_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = put(tmp_path / "mine", SUBJECT, "Yours: {{ number }}")
    put(folder, "ticket.created/subject.txt.j2", "{% if %}")
    put(folder, "a\nb.txt", "")
    build(in_folder(tmp_path, TEMPLATES_DIR=str(folder)))
    said = [(vars(line)["action"], line.getMessage()) for line in caplog.records]
    assert [action for action, _ in said] == [
        "template.overridden",
        "template.broken",
        "template.broken",
    ]
    assert said[0][1].endswith(SUBJECT)
    assert all("\n" not in words for _, words in said)


def test_without_a_folder_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    build(in_folder(tmp_path))
    assert caplog.records == []
