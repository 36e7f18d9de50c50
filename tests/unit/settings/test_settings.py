import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifier.model.errors import ConfigurationError
from notifier.model.events import Priority
from notifier.model.times import DAY, HOUR, MINUTE, SECOND
from notifier.settings.settings import NAMES, Settings, load

EMAIL = {"SMTP_USER": "desk@example.com", "SMTP_PASSWORD": "a-password"}
SMS = {
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "+14155550100",
}
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ=="
MARK = "Zq7MarkOfASecretZq7"
HIDDEN = ("SMTP_PASSWORD", "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "WEBHOOK_SECRET", "API_TOKENS")


def loaded(**environ: str) -> Settings:
    return load(environ, Path(os.devnull))[0]


def faults(**environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        loaded(**environ)
    return str(caught.value).splitlines()


def without(given: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: text for name, text in given.items() if name not in names}


def test_the_defaults_are_those_of_the_contract() -> None:
    found = loaded()
    assert (found.enable_email, found.enable_sms) == (True, False)
    assert (found.smtp_host, found.smtp_port, found.smtp_max_connections) == (
        "smtp.gmail.com",
        587,
        4,
    )
    assert (found.smtp_tls, found.smtp_auth, found.from_name) == (
        "auto",
        "auto",
        "IT Help Desk System",
    )
    assert (found.sms_max_segments, found.sms_min_priority) == (1, Priority.LOW)
    assert found.database_url == "sqlite:///notifier.db"
    assert (found.notify_self, found.same_save_window) == (False, MINUTE)
    assert (found.email_ttl, found.sms_ttl) == (DAY, HOUR)
    assert (found.retention_bodies, found.retention_deliveries) == (30 * DAY, 400 * DAY)
    assert (found.max_body, found.max_waiting) == (256 * 1024, 1000)
    assert (found.signature_tolerance, found.shutdown_grace) == (300 * SECOND, 20 * SECOND)
    assert (found.host, found.port) == ("127.0.0.1", 8080)
    assert (found.log_format, found.log_level) == ("console", "info")


def test_the_default_limits_are_what_their_texts_say() -> None:
    assert loaded() == loaded(
        RATE_LIMIT_EMAIL="5/1m 60/1h",
        RATE_LIMIT_SMS="1/1m 5/15m 12/1h 20/3h",
        RATE_LIMIT_CRITICAL="10/1m",
    )
    assert loaded(RATE_LIMIT_EMAIL="").rate_limit_email == ()


def test_settings_do_not_read_the_environment_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_HOST", "wrong.example.com")
    assert Settings().smtp_host == "smtp.gmail.com"
    assert loaded().smtp_host == "smtp.gmail.com"


def test_all_faults_come_at_once_one_line_each() -> None:
    assert faults(
        ENABLE_SMS="perhaps",
        SMTP_PORT="tcp://10.0.0.1:25",
        EMAIL_TTL="soon",
        RATE_LIMIT_SMS="often",
        MAX_BODY="large",
        LOG_LEVEL="loud",
        SMTP_USER="desk@example.com",
        SMTP_PASSWORD_FILE="no-such-file",
        TWILIO_ACCOUNT_SID="SK1",
        TICKET_URL_HOST="desk.example.com",
    ) == [
        "SMTP_PASSWORD_FILE: the file cannot be read: No such file or directory",
        "ENABLE_SMS: write true or false",
        "SMTP_PORT: this is an address that Kubernetes' service links put here; set "
        "enableServiceLinks: false on the pod, or set the port explicitly",
        "TWILIO_ACCOUNT_SID: write the Account SID: AC and 32 hexadecimal digits",
        "RATE_LIMIT_SMS: write COUNT/DURATION, several separated by spaces: 5/1m 60/1h",
        "EMAIL_TTL: write a whole number and a unit, such as 15s, 1m, 24h or 30d",
        "MAX_BODY: write a size such as 256KiB or 1MiB",
        "LOG_LEVEL: write 'debug', 'info', 'warning' or 'error'",
        "SMTP_PASSWORD: missing; SMTP_USER is set, so set this too",
        "TICKET_URL_HOST is no setting; did you mean TICKET_URL_HOSTS?",
    ]


def test_a_wrong_value_is_not_said_to_be_missing_as_well() -> None:
    (fault,) = faults(SMTP_AUTH="none", FROM_EMAIL="desk")
    assert fault == "FROM_EMAIL: write a mail address, such as desk@example.com"


def test_a_name_that_is_too_long_is_refused() -> None:
    assert faults(FROM_NAME="a" * 201) == ["FROM_NAME: String should have at most 200 characters"]


def test_a_misspelt_name_alone_is_only_a_warning() -> None:
    _, warnings = load({"SMTP_HOSTS": "a"}, Path(os.devnull))
    assert warnings == ["SMTP_HOSTS is no setting; did you mean SMTP_HOST?"]


@pytest.mark.parametrize("url", ["postgresql://localhost/a", "sqlite:///", "notifier.db"])
def test_another_store_is_refused(url: str) -> None:
    (fault,) = faults(DATABASE_URL=url)
    assert fault.startswith("DATABASE_URL: write sqlite:///FILE")


def test_the_store_is_relative_to_the_working_directory_or_absolute() -> None:
    assert loaded().database == Path("notifier.db")
    assert loaded(DATABASE_URL="sqlite:////data/n.db").database == Path("/data/n.db")


def test_choices_are_taken_in_any_case() -> None:
    found = loaded(LOG_FORMAT="JSON", SMTP_TLS="None", SMS_MIN_PRIORITY="High")
    assert (found.log_format, found.smtp_tls) == ("json", "none")
    assert found.sms_min_priority is Priority.HIGH


@pytest.mark.parametrize(
    ("setting", "port", "tls"),
    [
        ("auto", "465", "implicit"),
        ("auto", "587", "starttls"),
        ("auto", "25", "starttls"),
        ("starttls", "465", "starttls"),
        ("implicit", "587", "implicit"),
        ("none", "465", "none"),
    ],
)
def test_port_465_decides_how_auto_secures_a_connection(setting: str, port: str, tls: str) -> None:
    assert loaded(SMTP_TLS=setting, SMTP_PORT=port).tls == tls


@pytest.mark.parametrize(
    ("host", "written", "meant"),
    [
        ("smtp.gmail.com", "abcd efgh ijkl mnop", "abcdefghijklmnop"),
        ("smtp.gmail.com", "abcd\xa0efgh\xa0ijkl\xa0mnop", "abcdefghijklmnop"),
        ("SMTP.googlemail.com", "abcd efgh ijkl mnop", "abcdefghijklmnop"),
        ("smtp.gmail.com", "abcdefghijklmnop", "abcdefghijklmnop"),
        ("smtp.gmail.com", "abcd efgh ijkl mno1", "abcd efgh ijkl mno1"),
        ("smtp.gmail.com", "a pass phrase", "a pass phrase"),
        ("mail.example.com", "abcd efgh ijkl mnop", "abcd efgh ijkl mnop"),
    ],
)
def test_spaces_leave_an_app_password_of_gmail_and_no_other(
    host: str, written: str, meant: str
) -> None:
    assert loaded(**EMAIL | {"SMTP_HOST": host, "SMTP_PASSWORD": written}).mail_password == meant


def test_without_a_password_there_is_none() -> None:
    assert loaded().mail_password is None


def test_tokens_are_separated_by_spaces() -> None:
    assert loaded(API_TOKENS="a" * 20 + "  " + "b" * 20).tokens == ("a" * 20, "b" * 20)
    assert loaded().tokens == ()


def test_nothing_is_configured_by_default() -> None:
    found = loaded()
    assert not found.email_configured
    assert not found.sms_configured


@pytest.mark.parametrize(
    ("given", "sender"),
    [
        (EMAIL, "desk@example.com"),
        (EMAIL | {"FROM_EMAIL": "it@example.com"}, "it@example.com"),
        (EMAIL | {"SMTP_USER": "apikey", "FROM_EMAIL": "it@example.com"}, "it@example.com"),
        ({"SMTP_AUTH": "none", "FROM_EMAIL": "it@example.com"}, "it@example.com"),
        ({"SMTP_AUTH": "none", "SMTP_USER": "desk@example.com"}, "desk@example.com"),
    ],
)
def test_email_needs_a_sender_and_a_sign_in_or_none(given: dict[str, str], sender: str) -> None:
    found = loaded(**given)
    assert found.email_configured
    assert found.sender == sender


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (without(EMAIL, "SMTP_PASSWORD"), ["SMTP_PASSWORD"]),
        (without(EMAIL, "SMTP_USER"), ["SMTP_USER"]),
        (EMAIL | {"SMTP_USER": "apikey"}, ["FROM_EMAIL"]),
        ({"FROM_EMAIL": "desk@example.com"}, ["SMTP_USER"]),
        ({"SMTP_AUTH": "none"}, ["FROM_EMAIL"]),
        ({"SMTP_AUTH": "none", "SMTP_USER": "apikey"}, ["FROM_EMAIL"]),
        (EMAIL | {"SMTP_CA_FILE": "no-such-file"}, ["SMTP_CA_FILE"]),
        (EMAIL | {"SMTP_CA_FILE": "a" * 5000}, ["SMTP_CA_FILE"]),
    ],
)
def test_half_of_an_email_configuration_is_an_error(
    given: dict[str, str], names: list[str]
) -> None:
    assert [line.partition(":")[0] for line in faults(**given)] == names
    assert not loaded(**given, ENABLE_EMAIL="off").enable_email


@pytest.mark.parametrize(
    "given",
    [
        SMS,
        without(SMS, "TWILIO_PHONE_NUMBER") | {"TWILIO_MESSAGING_SERVICE_SID": "MG1"},
        without(SMS, "TWILIO_AUTH_TOKEN") | {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"},
        SMS | {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"},
    ],
)
def test_texts_need_an_account_a_token_or_a_pair_and_an_origin(given: dict[str, str]) -> None:
    assert loaded(**given).sms_configured


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (without(SMS, "TWILIO_ACCOUNT_SID"), ["TWILIO_ACCOUNT_SID"]),
        (without(SMS, "TWILIO_AUTH_TOKEN"), ["TWILIO_AUTH_TOKEN"]),
        (without(SMS, "TWILIO_PHONE_NUMBER"), ["TWILIO_PHONE_NUMBER"]),
        (without(SMS, "TWILIO_AUTH_TOKEN") | {"TWILIO_API_KEY": "SK1"}, ["TWILIO_API_KEY"]),
        (SMS | {"TWILIO_API_SECRET": "s"}, ["TWILIO_API_KEY"]),
        (
            {"ENABLE_SMS": "1", "TWILIO_MESSAGING_SERVICE_SID": "MG1"},
            ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        ),
        (
            {"ENABLE_SMS": "1", "TWILIO_AUTH_TOKEN": "t"},
            ["TWILIO_ACCOUNT_SID", "TWILIO_PHONE_NUMBER"],
        ),
    ],
)
def test_half_of_an_sms_configuration_is_an_error(given: dict[str, str], names: list[str]) -> None:
    assert [line.partition(":")[0] for line in faults(**given)] == names
    assert not loaded(**given | {"ENABLE_SMS": "off"}).enable_sms


def test_several_wrong_secrets_are_told_by_their_place() -> None:
    lines = faults(WEBHOOK_SECRET=f"{WEBHOOK_SECRET} {MARK} whsec_short")
    assert lines[0].startswith("WEBHOOK_SECRET: Webhook secret 2 of 3: ")
    assert lines[1].startswith("Webhook secret 3 of 3: ")
    assert MARK not in "".join(lines)


def test_a_short_token_is_refused_without_showing_it() -> None:
    lines = faults(API_TOKENS="Zq7Mark")
    assert lines == [
        "API_TOKENS: each token needs at least 20 ASCII characters; notifier init makes one"
    ]


def test_secrets_stand_in_no_repr() -> None:
    given = EMAIL | SMS | {"SMTP_PASSWORD": MARK, "TWILIO_AUTH_TOKEN": MARK}
    given |= {"API_TOKENS": MARK * 2, "WEBHOOK_SECRET": WEBHOOK_SECRET}
    given |= {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": MARK}
    found = loaded(**given)
    shown = repr(found) + str(found) + str(found.model_dump()) + found.model_dump_json()
    assert MARK not in shown
    assert WEBHOOK_SECRET not in shown


anything = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["", "tcp://a", "\udcff", "1/1m", "true", "a@b", "+14155550100", "https://a/{id}", "..", "none"]
)
names = st.sampled_from(sorted(NAMES | {f"{name}_FILE" for name in NAMES}))


@hypothesis_settings(max_examples=300)
@given(environ=st.dictionaries(names, anything, max_size=8), wrapped=anything)
def test_no_text_raises_anything_but_a_configuration_error_or_shows_a_secret(
    environ: dict[str, str], wrapped: str
) -> None:
    marked = {
        name: f"{text}{MARK}{wrapped}" if name in HIDDEN else text for name, text in environ.items()
    }
    try:
        found, warnings = load(marked, Path(os.devnull))
    except ConfigurationError as error:
        shown = f"{error}{error!r}{error.__cause__!r}{error.__context__!r}"
    else:
        shown = f"{found}{found!r}{warnings}"
    assert MARK not in shown


def test_the_file_of_the_sources_is_notifier_toml_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load({}, Path(os.devnull))[0]
    assert settings.configuration is None
    Path("notifier.toml").touch()
    assert settings.configuration == Path("notifier.toml")


def test_a_file_of_the_sources_that_is_named_must_be_there(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    with pytest.raises(ConfigurationError, match=r"CONFIG_FILE: there is no file .*other\.toml"):
        load({"CONFIG_FILE": str(other)}, Path(os.devnull))
    other.touch()
    assert load({"CONFIG_FILE": str(other)}, Path(os.devnull))[0].configuration == other
