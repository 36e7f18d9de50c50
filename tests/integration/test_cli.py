import json
import socket
import stat
import subprocess
from pathlib import Path

import httpx2
import pytest

from notifier import __version__
from notifier.settings.settings import load
from tests.integration.command import NOTIFIER, SIGNED, document, environment, refusal, run, serving


def test_version_says_what_is_installed(tmp_path: Path) -> None:
    done = run(tmp_path, "version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"notifier {__version__}\n", "")


def test_help_names_every_command(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    for command in (
        "serve",
        "demo",
        "init",
        "check",
        "emit",
        "sign",
        "send-test",
        "deliveries",
        "why",
        "store",
        "health",
        "openapi",
        "version",
    ):
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "nonsense"),
        (("emit",), "TYPE"),
        (("emit", "ticket.assigned", "--id", "é"), "1 to 255 printable ASCII characters"),
        (("sign", "no-such-file"), "no-such-file"),
        (("serve", "--lock-wait", "soon"), "15s, 1m, 24h or 30d"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    lines = refusal(run(tmp_path, *arguments), 2)
    assert lines[0].startswith("Usage: notifier")
    assert said in lines[-1]


def test_wrong_settings_exit_2_with_one_line_for_each_fault(tmp_path: Path) -> None:
    given = {"SMTP_USER": "desk@example.com", "SMTP_PORT": "tcp://10.0.0.1:25", "EMAIL_TTL": "long"}
    lines = refusal(run(tmp_path, "serve", "--port", "port", **given, SMTP_HOSTS="a"), 2)
    assert [line.split()[:2] for line in lines] == [
        ["notifier:", "SMTP_PORT:"],
        ["notifier:", "EMAIL_TTL:"],
        ["notifier:", "PORT:"],
        ["notifier:", "SMTP_PASSWORD:"],
        ["notifier:", "SMTP_HOSTS"],
    ]
    assert "Kubernetes" in lines[0]
    assert lines[-1].endswith("did you mean SMTP_HOST?")


def test_init_writes_settings_for_its_owner_only_and_never_twice(tmp_path: Path) -> None:
    done = run(tmp_path, "init")
    assert (done.returncode, done.stderr) == (0, "")
    assert "notifier serve" in done.stdout
    path = tmp_path / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    (line,) = refusal(run(tmp_path, "init"), 1)
    assert line == "notifier: .env is already there and was left as it is"
    assert path.read_bytes() == before


def test_init_fills_in_secrets_that_nobody_else_has(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert run(tmp_path / name, "init").returncode == 0
        settings, warnings = load({}, tmp_path / name / ".env")
        assert warnings == []
        found.append((settings.webhook_secret.get_secret_value(), *settings.tokens))
    (secret, token), (other_secret, other_token) = found
    assert secret.startswith("whsec_")
    assert (secret != other_secret, token != other_token) == (True, True)


def test_init_leaves_a_link_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    (line,) = refusal(run(tmp_path, "init"), 1)
    assert "was left as it is" in line
    assert not (tmp_path / "elsewhere").exists()


def test_serve_starts_on_what_init_wrote_and_emit_reaches_it(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 0
    with serving(tmp_path) as service:
        port = {"PORT": str(service.port)}
        done = run(tmp_path, "emit", "ticket.assigned", "--to", "john@example.com", **port)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("HTTP 202\n")
        assert '"reason": "channel_not_configured"' in done.stdout
        assert service.end() == 0
    assert any(" [Email] disabled: SMTP_USER and SMTP_PASSWORD " in line for line in service.lines)
    assert any(" [SMS] disabled: ENABLE_SMS is false" in line for line in service.lines)
    assert not any("WEBHOOK_SECRET is not set" in line for line in service.lines)


def test_without_a_secret_it_runs_and_says_what_mends_it(tmp_path: Path) -> None:
    given = {"SMTP_USER": "desk@example.com", "SMTP_PASSWORD": "never-shown"}
    with serving(tmp_path, **given) as service:
        answer = httpx2.post(f"{service.url}/webhooks", content=b"{}", trust_env=False)
        assert answer.status_code == httpx2.codes.UNAUTHORIZED
        ready = httpx2.get(f"{service.url}/health/ready", trust_env=False)
        assert ready.status_code == httpx2.codes.OK
        assert service.end() == 0
    assert any("INFO    [Email] SMTP credentials configured" in line for line in service.lines)
    (error,) = [line for line in service.lines if " ERROR " in line]
    assert "WEBHOOK_SECRET is not set" in error
    assert "notifier init" in error
    assert "never-shown" not in "".join(service.lines)


def test_an_option_wins_over_the_environment_and_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "port.txt").write_text("not a port")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        (line,) = refusal(
            run(tmp_path, "serve", "--port", port, PORT_FILE="port.txt", HOST="127.0.0.1"), 1
        )
    assert line.startswith(f"notifier: cannot listen on 127.0.0.1:{port}: ")
    assert line.endswith("set HOST or PORT, or end what listens there")


def test_a_named_env_file_is_read_instead_of_env(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=not-a-port")
    (tmp_path / "other.env").write_text("HOST=not a host")
    (line,) = refusal(run(tmp_path, "serve", "--env-file", "other.env"), 2)
    assert line.startswith("notifier: HOST: ")
    (line,) = refusal(run(tmp_path, "serve", "--env-file", "gone.env"), 2)
    assert line.startswith("notifier: gone.env: cannot be read: ")


@pytest.mark.fault("C6")
def test_a_damaged_store_exits_1_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").write_text("not a database " * 100)
    (line,) = refusal(run(tmp_path, "serve", "--port", "0"), 1)
    assert line.startswith("notifier: notifier.db is damaged (")
    assert line.endswith("put a backup in its place.")


def test_in_json_the_reason_of_a_failed_start_is_a_line_like_the_others(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").write_bytes(b"this is no database" * 100)
    done = run(tmp_path, "serve", "--port", "0", LOG_FORMAT="json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert lines[-1]["action"] == "service.failed"
    assert "is damaged" in lines[-1]["message"]


def test_a_warning_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")
    done = run(tmp_path, "sign", "body.json", "--id", "one", **SIGNED, SMTP_HOSTS="a")
    assert done.returncode == 0
    assert done.stderr == "notifier: warning: SMTP_HOSTS is no setting; did you mean SMTP_HOST?\n"


def test_json_answers_stand_alone_on_standard_output(tmp_path: Path) -> None:
    with serving(tmp_path, **SIGNED) as service:
        given = {**SIGNED, "PORT": str(service.port), "SMTP_HOSTS": "a"}
        done = run(tmp_path, "emit", "ticket.created", "--json", **given)
    assert done.returncode == 0
    assert done.stderr.startswith("notifier: warning: ")
    assert (document(done)["status"], document(done)["note"]) == ("accepted", "no_assignee")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("deliveries", "list", "--json", "--state", "gone"), 2, "'gone' is not one of"),
        (("deliveries", "list", "--json", "--since", "today"), 2, "or 30m, 2h, 1d ago"),
        (("send-test", "email", "--json"), 2, "Missing argument 'TO'"),
        (("why", "--json", "1"), 2, "API_TOKENS: not set"),
        (("store", "check", "--json"), 1, "there is no store at notifier.db"),
        (("store", "backup", "x.db", "--json"), 1, "there is no store at notifier.db"),
        (("emit", "ticket.assigned", "--json"), 2, "WEBHOOK_SECRET: not set"),
        (("nonsense", "--json"), 2, "nonsense"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_in_json_a_failure_is_a_document_too(
    arguments: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    done = run(tmp_path, *arguments)
    assert (done.returncode, document(done)["status"]) == (status, None)
    assert said in document(done)["detail"]
    assert said in done.stderr


def test_version_and_openapi_are_what_the_service_has(tmp_path: Path) -> None:
    assert document(run(tmp_path, "version", "--json")) == {"version": __version__}
    with serving(tmp_path, **SIGNED) as service:
        served = httpx2.get(f"{service.url}/openapi.yaml", trust_env=False).text
    assert run(tmp_path, "openapi").stdout == served


def test_a_reader_that_goes_away_is_no_error_to_shout_about(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*NOTIFIER, "openapi"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.parametrize("command", ["deliveries", "store"])
def test_a_group_of_commands_says_what_is_in_it(command: str, tmp_path: Path) -> None:
    listed = run(tmp_path, command, "--help").stdout.partition("Commands:\n")[2]
    names = [line.split()[0] for line in listed.splitlines()]
    assert names
    for name in names:
        done = run(tmp_path, command, name, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert "--json" in done.stdout
