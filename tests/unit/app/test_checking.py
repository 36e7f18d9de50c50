import socket
from pathlib import Path

import pytest

from notifier.app import checking
from notifier.app.checking import check
from notifier.app.secret_places import Places
from notifier.demo.catcher import Catcher
from notifier.model.errors import ConfigurationError
from notifier.model.findings import Condition, Finding
from notifier.rendering import sms
from tests.service import SECRET
from tests.unit.app.files import own
from tests.unit.app.running import in_folder
from tests.unit.rendering.folders import CLOSING, SUBJECT, put

RELAY = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "none",
    "SMTP_AUTH": "none",
    "FROM_EMAIL": "desk@example.com",
}
TWILIO = {
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "Help Desk",
}
OFF = {"ENABLE_EMAIL": "false"}


async def about(name: str, folder: Path, *warnings: str, **given: str) -> list[Finding]:
    found = await check(in_folder(folder, **given), warnings)
    assert sorted({one.about for one in found}) == [
        "email",
        "settings",
        "sms",
        "sources",
        "store",
        "templates",
    ]
    return [one for one in found if one.about == name]


async def test_all_that_works_is_told_in_order(tmp_path: Path) -> None:
    async with Catcher(sms.count) as catcher:
        given = {**RELAY, "SMTP_PORT": str(catcher.smtp_port)}
        given |= {**TWILIO, "TWILIO_API_BASE": catcher.api_base}
        found = await check(in_folder(tmp_path, **given), ())
        assert (len(catcher.mails), len(catcher.sms)) == (0, 0)
    assert [(one.about, one.condition.value) for one in found] == [
        ("settings", "ok"),
        ("sources", "ok"),
        ("store", "ok"),
        ("templates", "ok"),
        ("email", "ok"),
        ("sms", "ok"),
        ("sms", "warning"),
    ]
    assert "no sign-in is asked for" in found[4].cause


async def test_what_is_off_is_off_and_what_is_not_configured_fails(tmp_path: Path) -> None:
    (email,) = await about("email", tmp_path, **OFF)
    assert email == Finding("email", Condition.OFF, "ENABLE_EMAIL is false")
    (email,) = await about("email", tmp_path)
    assert email.condition is Condition.FAILED
    assert email.cause == "SMTP_USER and SMTP_PASSWORD are not set, so no mail is sent"
    (text,) = await about("sms", tmp_path, **OFF)
    assert text == Finding("sms", Condition.OFF, "ENABLE_SMS is false")
    (text,) = await about("sms", tmp_path, **OFF, ENABLE_SMS="true")
    assert text.condition is Condition.FAILED
    assert text.cause == "no Twilio account is set, so no text message is sent"


async def test_what_only_building_finds_to_be_wrong_is_an_error_of_the_settings(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_HOST is not the name of a server"):
        await check(in_folder(tmp_path, **{**RELAY, "SMTP_HOST": "mail example"}), ())


async def test_settings_that_let_nobody_in_are_told(tmp_path: Path) -> None:
    found = await about("settings", tmp_path, "SMTP_HOTS is no setting", **OFF, API_TOKENS="")
    assert [(one.condition.value, one.cause) for one in found] == [
        ("warning", "SMTP_HOTS is no setting"),
        ("warning", "API_TOKENS is not set, so every call of /v1 gets 401"),
    ]
    (finding,) = await about("settings", tmp_path, **OFF, WEBHOOK_SECRET="")
    assert finding.condition is Condition.FAILED
    assert finding.cause == "WEBHOOK_SECRET is not set, so every webhook gets 401"
    assert finding.mend == "run notifier init, or set it"
    (finding,) = await about("settings", tmp_path, **OFF)
    assert SECRET not in repr(finding)


async def test_templates_are_told_by_name_and_broken_ones_with_their_mend(tmp_path: Path) -> None:
    (built_in,) = await about("templates", tmp_path, **OFF)
    assert built_in.cause == "the built-in ones are used; TEMPLATES_DIR is not set"
    folder = tmp_path / "mine"
    folder.mkdir()
    given = {**OFF, "TEMPLATES_DIR": str(folder)}
    (empty,) = await about("templates", tmp_path, **given)
    assert empty.condition is Condition.WARNING
    put(folder, SUBJECT, "Yours: {{ number }}")
    put(folder, CLOSING, "{{ colour }}")
    fine, broken = await about("templates", tmp_path, **given)
    assert fine == Finding("templates", Condition.OK, f"these are yours: {SUBJECT}")
    assert broken.condition is Condition.FAILED
    assert broken.cause.startswith(f"{CLOSING} is not used: there is no variable colour; ")
    assert broken.mend == "mend the file or remove it"
    put(folder, SUBJECT, "{% if %}")
    found = await about("templates", tmp_path, **given)
    assert [one.condition for one in found] == [Condition.FAILED] * 2


async def test_the_whole_is_bounded_whatever_a_part_does(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        given = {**RELAY, "SMTP_PORT": str(silent.getsockname()[1])}
        found = await check(in_folder(tmp_path, **given), (), seconds=0.2)
    (email,) = (one for one in found if one.about == "email")
    assert email.cause == "this could not be found out within 0.2 s"
    assert email.condition is Condition.FAILED
    assert checking.SECONDS <= 30


async def sources(folder: Path, text: str) -> list[Finding]:
    path = folder / "notifier.toml"
    path.write_text(text)
    path.chmod(0o644)
    given = in_folder(folder, **OFF, CONFIG_FILE=str(path), WEBHOOK_SECRET="")
    found = await check(given, (), places=Places({}, path.with_name("none.env")))
    assert not any("WEBHOOK_SECRET" in one.cause for one in found)
    return [one for one in found if one.about == "sources"]


async def test_every_source_has_its_line(tmp_path: Path) -> None:
    free = 'auth = [{ scheme = "none" }]\nmap = { events = { "ticket.created" = "true" }, fields = '
    free += '{ "ticket.id" = "body.id" } }\n'
    exposed, desk, open_ = await sources(tmp_path, f"{own()}[sources.open]\n{free}")
    assert exposed.condition is Condition.WARNING
    assert "others may read it" in exposed.cause
    assert (desk.condition, desk.cause) == (Condition.OK, "desk: HMAC-SHA256 in x-signature")
    assert (open_.condition, open_.cause) == (Condition.WARNING, "open: none: anybody may call")


async def test_every_fault_of_the_sources_is_told(tmp_path: Path) -> None:
    first, second = await sources(tmp_path, "[sources.Desk]\n[other]\n")
    assert {first.condition, second.condition} == {Condition.FAILED}
    assert "notifier.toml:2: other: only tables" in first.cause
    assert "notifier.toml:1: sources.Desk: cannot be the name" in second.cause
