from collections.abc import Mapping
from pathlib import Path

import pytest

from notifier.settings.reading import PLACEHOLDERS, Written, gather
from notifier.settings.settings import NAMES

Env = Mapping[str, str]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(environ: Env, env_file: Path | None = None) -> Written:
    return gather(environ, env_file, NAMES)


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_the_environment_wins_over_a_named_file_and_that_over_env_and_that_over_nothing() -> None:
    secret = write("host.txt", "named.example.com\n")
    assert found({}).values == {}
    write(".env", "SMTP_HOST=dotenv.example.com\nSMTP_USER=dotenv")
    assert found({}).values["SMTP_HOST"] == "dotenv.example.com"
    assert found({"SMTP_HOST_FILE": secret}).values == {
        "SMTP_HOST": "named.example.com",
        "SMTP_USER": "dotenv",
    }
    write(".env", f"SMTP_HOST_FILE={secret}")
    assert found({}).values["SMTP_HOST"] == "named.example.com"
    assert found({"SMTP_HOST": "env.example.com"}).values["SMTP_HOST"] == "env.example.com"


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_name_given_both_as_itself_and_as_a_file_is_an_error(place: str) -> None:
    pair = {"SMTP_PASSWORD": "one", "SMTP_PASSWORD_FILE": write("two", "two")}
    if place == ".env":
        write(".env", "\n".join(f"{name}={text}" for name, text in pair.items()))
        pair = {}
    assert found(pair).faults == [
        "SMTP_PASSWORD: both SMTP_PASSWORD and SMTP_PASSWORD_FILE are set; remove one of them"
    ]


def test_empty_means_not_set() -> None:
    write(".env", "SMTP_HOST=mail.example.com\nFROM_NAME=  ")
    assert found({"SMTP_HOST": "", "SMTP_USER": " "}).values == {"SMTP_HOST": "mail.example.com"}


def test_an_empty_limit_means_no_limit() -> None:
    write(".env", "RATE_LIMIT_SMS=1/1m")
    assert found({"RATE_LIMIT_SMS": "", "RATE_LIMIT_EMAIL": " "}).values == {
        "RATE_LIMIT_SMS": "",
        "RATE_LIMIT_EMAIL": "",
    }


def test_an_empty_name_gives_way_to_its_file() -> None:
    secret = write("secret", "  a secret \n")
    for pair in (
        {"SMTP_PASSWORD": "", "SMTP_PASSWORD_FILE": secret},
        {"SMTP_PASSWORD_FILE": secret, "SMTP_PASSWORD": ""},
        {"SMTP_PASSWORD": "your-app-password", "SMTP_PASSWORD_FILE": secret},
    ):
        assert found(pair) == Written(values={"SMTP_PASSWORD": "a secret"})


def test_a_file_that_is_empty_or_not_named_sets_nothing() -> None:
    empty = write("empty", "\n")
    given = {"SMTP_PASSWORD_FILE": empty, "API_TOKENS_FILE": "", "RATE_LIMIT_SMS_FILE": empty}
    assert found(given) == Written(values={"RATE_LIMIT_SMS": ""})


def test_a_file_that_holds_a_placeholder_sets_nothing() -> None:
    assert found({"SMTP_PASSWORD_FILE": write("p", "your-app-password\n")}) == Written()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"x" * 65_537, "it is not a short text file"),
        (b"\xff\xfe", "it is not a short text file"),
    ],
    ids=["missing", "large", "not text"],
)
def test_a_named_file_that_cannot_be_read_is_an_error(content: bytes | None, reason: str) -> None:
    if content is not None:
        Path("secret").write_bytes(content)
    assert found({"SMTP_PASSWORD_FILE": "secret"}).faults == [
        f"SMTP_PASSWORD_FILE: the file cannot be read: {reason}"
    ]


def test_a_path_that_no_file_can_have_is_an_error() -> None:
    for path in ("a\0b", "a" * 5000, "."):
        (fault,) = found({"SMTP_PASSWORD_FILE": path}).faults
        assert fault.startswith("SMTP_PASSWORD_FILE: the file cannot be read: ")


def test_a_file_that_was_asked_for_must_be_there() -> None:
    (fault,) = found({}, Path("other.env")).faults
    assert fault.startswith("other.env: cannot be read: ")


def test_a_file_that_was_asked_for_is_read_instead_of_env() -> None:
    write(".env", "SMTP_HOST=one.example.com\nSMTP_USER=john")
    write("other.env", "SMTP_HOST=two.example.com")
    assert found({}, Path("other.env")).values == {"SMTP_HOST": "two.example.com"}


def test_an_env_file_that_is_not_text_is_an_error() -> None:
    Path(".env").write_bytes(b"SMTP_PASSWORD=\xff")
    (fault,) = found({}).faults
    assert fault.startswith(".env: cannot be read: ")


def test_an_env_file_may_have_quotes_comments_and_the_mark_of_windows() -> None:
    text = (
        "\ufeffSMTP_HOST='a.example.com'\r\n# a comment\r\nexport SMTP_USER=john # me\r\nPORT\r\n"
    )
    Path(".env").write_bytes(text.encode())
    assert found({}).values == {"SMTP_HOST": "a.example.com", "SMTP_USER": "john"}


def test_a_dollar_in_a_password_is_a_dollar() -> None:
    write(".env", "SMTP_PASSWORD=a$HOME${HOME}b")
    assert found({"HOME": "wrong"}).values == {"SMTP_PASSWORD": "a$HOME${HOME}b"}


@pytest.mark.parametrize("place", ["environment", ".env"])
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("DATABASE_ULR", "DATABASE_URL"),
        ("MAX_BODDY", "MAX_BODY"),
        ("LOG_LEVL", "LOG_LEVEL"),
        ("PUBLIC_BASE_ULR", "PUBLIC_BASE_URL"),
        ("DEFAULT_REGON", "DEFAULT_REGION"),
        ("SMTP_PASWORD", "SMTP_PASSWORD"),
        ("TWILIO_SID", "TWILIO_ACCOUNT_SID"),
        ("WEBHOOK_SECRETS", "WEBHOOK_SECRET"),
        ("API_TOKEN", "API_TOKENS"),
        ("RATE_LIMIT_EMAILS", "RATE_LIMIT_EMAIL"),
        ("SMTP_PASWORD_FILE", "SMTP_PASSWORD"),
    ],
)
def test_a_misspelt_name_is_warned_about_with_the_nearest_one(
    name: str, nearest: str, place: str
) -> None:
    environ = {name: "a value that is not shown"}
    if place == ".env":
        write(".env", f"{name}=a value that is not shown")
        environ = {}
    assert found(environ) == Written(warnings=[f"{name} is no setting; did you mean {nearest}?"])


def test_other_programs_may_have_their_own_names() -> None:
    assert found({"PATH": "/bin", "HOSTNAME": "a", "KUBERNETES_PORT": "tcp://a"}) == Written()


@pytest.mark.fault("G7")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SMTP_USER", "your.address@example.com"),
        ("SMTP_PASSWORD", "your-app-password"),
        ("FROM_EMAIL", "your.address@example.com"),
        ("WEBHOOK_SECRET", "whsec_run-notifier-init-to-make-one"),
        ("API_TOKENS", "token-made-by-notifier-init"),
        ("TWILIO_ACCOUNT_SID", "AC" + 32 * "0"),
        ("TWILIO_AUTH_TOKEN", "your-auth-token"),
        ("TWILIO_PHONE_NUMBER", "your-twilio-number"),
    ],
)
def test_a_placeholder_left_as_it_was_counts_as_not_set(name: str, text: str) -> None:
    assert text in PLACEHOLDERS
    assert found({name: text}) == Written()
    write(".env", f"{name}={text}")
    assert found({}) == Written()


def test_a_placeholder_does_not_hide_a_value_from_env() -> None:
    write(".env", "SMTP_PASSWORD=a-real-one")
    assert found({"SMTP_PASSWORD": "your-app-password"}).values == {"SMTP_PASSWORD": "a-real-one"}


def test_a_placeholder_where_none_belongs_is_a_value() -> None:
    assert found({"FROM_NAME": "your-auth-token"}).values == {"FROM_NAME": "your-auth-token"}


def test_a_name_that_is_twice_in_the_file_is_warned_about_and_the_last_counts() -> None:
    write(".env", "# one\n\nSMTP_TLS=none\nSMTP_AUTH=none\n\n \nSMTP_TLS=auto\nSMTP_AUTH=none\n")
    assert found({}) == Written(
        values={"SMTP_TLS": "auto", "SMTP_AUTH": "none"},
        warnings=[
            "SMTP_TLS is on lines 3 and 7 of .env, and the last one counts; keep one of them"
        ],
    )


@pytest.mark.parametrize("line", ["SMTP_TLS none", "SMTP_HOST", "'SMTP_HOST", "FROM_NAME='open"])
def test_a_line_that_assigns_nothing_is_warned_about_and_takes_nothing_away(line: str) -> None:
    write(".env", f"SMTP_HOST=mail.example.com\n\n{line}\nSMTP_PORT=25\n")
    assert found({}) == Written(
        values={"SMTP_HOST": "mail.example.com", "SMTP_PORT": "25"},
        warnings=[".env, line 3 is passed over: it is not NAME=value"],
    )


def test_a_warning_about_a_line_does_not_show_it() -> None:
    write(".env", "SMTP_PASSWORD='abcd efgh\nSMTP_PASSWORD=one\nSMTP_PASSWORD=two")
    assert len(found({}).warnings) == 2
    assert not [said for said in found({}).warnings if "abcd" in said or "two" in said]
