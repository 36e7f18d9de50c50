import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from notifier.cli import init, options
from notifier.model.errors import ConfigurationError
from notifier.settings.settings import load


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("192.0.2.7", "http://192.0.2.7:8080"),
        ("::1", "http://[::1]:8080"),
        ("::", "http://127.0.0.1:8080"),
        (".".join("0000"), "http://127.0.0.1:8080"),
        ("notifier.example.com", "http://notifier.example.com:8080"),
    ],
)
def test_the_service_is_where_its_settings_say(
    host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFIER_URL", raising=False)
    settings, _ = load({"HOST": host}, Path(os.devnull))
    assert options.url(settings) == url


def test_another_address_may_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = load({}, Path(os.devnull))
    monkeypatch.setenv("NOTIFIER_URL", "https://notify.example.com/")
    assert options.url(settings) == "https://notify.example.com"
    monkeypatch.setenv("NOTIFIER_URL", "notify.example.com")
    with pytest.raises(ConfigurationError, match="NOTIFIER_URL: write an address"):
        options.url(settings)


def test_init_says_when_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    done = CliRunner().invoke(init.command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "notifier: .env cannot be written: No such file or directory\n"
